// packet: the few verbs an app needs on a packet.
//
// A packet is a DPDK mbuf of exactly one segment, never shared (reference count 1), with headroom
// for tunnel headers. Apps read and write the bytes [sl_data, sl_data + sl_len) and use these
// verbs for the rest; they touch no mbuf field themselves. Offload flags are never read.
//
// Ownership: a packet has one owner at a time: its pool, a link, an app or a driver.
// Thread rule: only the owner's thread may call.
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum {
	SL_BURST = 64,                      // packets an app takes or gives at once, at most
	SL_HEADROOM = RTE_PKTMBUF_HEADROOM, // bytes in front of a fresh packet
	SL_FRAME_MAX = 65535 - 512,         // longest frame any pool can hold, bytes
};

// First byte of the frame.
static inline uint8_t *sl_data(const struct rte_mbuf *p)
{
	return (uint8_t *)p->buf_addr + p->data_off;
}

// Length of the frame in bytes, without FCS.
static inline uint16_t sl_len(const struct rte_mbuf *p)
{
	return p->data_len;
}

// Bytes that the frame can still grow by at its end.
static inline uint16_t sl_tailroom(const struct rte_mbuf *p)
{
	return (uint16_t)(p->buf_len - p->data_off - p->data_len);
}

// Set the length. len must not exceed what sl_len + sl_tailroom gives; new bytes are undefined.
static inline void sl_set_len(struct rte_mbuf *p, uint16_t len)
{
	p->data_len = len;
	p->pkt_len = len;
}

// Make room of n bytes in front by moving the frame towards the end of its buffer.
// The slow path of sl_prepend. Returns false, p untouched, where the buffer is too small.
bool sl_packet_shift(struct rte_mbuf *p, uint16_t n);

// Grow the frame by n undefined bytes at its front.
//
// Returns the new first byte, or NULL, p untouched, where the buffer cannot hold it.
static inline uint8_t *sl_prepend(struct rte_mbuf *p, uint16_t n)
{
	if (__builtin_expect(p->data_off < n, 0) && !sl_packet_shift(p, n))
		return NULL;
	p->data_off = (uint16_t)(p->data_off - n);
	sl_set_len(p, (uint16_t)(p->data_len + n));
	return sl_data(p);
}

// Grow the frame by n undefined bytes at its end.
//
// Returns the first of them, or NULL, p untouched, where the buffer cannot hold them.
static inline uint8_t *sl_append(struct rte_mbuf *p, uint16_t n)
{
	uint8_t *end = sl_data(p) + p->data_len;

	if (sl_tailroom(p) < n)
		return NULL;
	sl_set_len(p, (uint16_t)(p->data_len + n));
	return end;
}

// Cut n bytes off the front. n must not exceed sl_len. Returns the new first byte.
static inline uint8_t *sl_trim_head(struct rte_mbuf *p, uint16_t n)
{
	p->data_off = (uint16_t)(p->data_off + n);
	sl_set_len(p, (uint16_t)(p->data_len - n));
	return sl_data(p);
}

// Cut n bytes off the end. n must not exceed sl_len.
static inline void sl_trim_tail(struct rte_mbuf *p, uint16_t n)
{
	sl_set_len(p, (uint16_t)(p->data_len - n));
}

// When the frame was captured or received, ns since 1970; 0 = unknown.
// It lives where NICs put a hash that Sluice never asks for: no second cache line is touched.
static inline uint64_t sl_stamp_ns(const struct rte_mbuf *p)
{
	uint64_t ns;

	memcpy(&ns, &p->hash, sizeof(ns));
	return ns;
}

static inline void sl_set_stamp_ns(struct rte_mbuf *p, uint64_t ns)
{
	memcpy(&p->hash, &ns, sizeof(ns));
}

// Make a packet that its pool just gave a fresh one: length 0, full headroom, no time stamp.
static inline void sl_packet_fresh(struct rte_mbuf *p)
{
	// data_off, refcnt, nb_segs, port: the eight bytes DPDK calls rearm_data
	const uint16_t fresh[4] = {SL_HEADROOM, 1, 1, RTE_MBUF_PORT_INVALID};

	memcpy(&p->rearm_data, fresh, sizeof(fresh));
	p->ol_flags = 0;
	sl_set_len(p, 0);
	sl_set_stamp_ns(p, 0);
}

// Take n fresh, empty packets from the pool: length 0, full headroom, no time stamp.
//
// pool  Any mbuf pool; best from a worker of the engine (its cache makes this a few cycles).
//
// Returns true and the caller owns all n, or false and nothing was taken.
static inline bool sl_alloc_burst(struct rte_mempool *pool, struct rte_mbuf **p, unsigned n)
{
	if (rte_mempool_get_bulk(pool, (void **)p, n) < 0)
		return false;
	for (unsigned i = 0; i < n; i++)
		sl_packet_fresh(p[i]);
	return true;
}

// Give n packets back to their pools. The caller no longer owns them.
static inline void sl_free_burst(struct rte_mbuf *const *p, unsigned n)
{
	unsigned start = 0;

	for (unsigned i = 1; i <= n; i++) {
		if (i < n && p[i]->pool == p[start]->pool)
			continue;
		rte_mempool_put_bulk(p[start]->pool, (void *const *)&p[start], i - start);
		start = i;
	}
}

static inline void sl_free(struct rte_mbuf *p)
{
	rte_mempool_put(p->pool, p);
}

// Copy src into a fresh packet of the pool: bytes and time stamp.
//
// src  Caller keeps it.
//
// Returns the copy, owned by the caller, or NULL where the pool is empty or its buffers too small.
struct rte_mbuf *sl_copy(struct rte_mempool *pool, const struct rte_mbuf *src);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
