// link: a bounded lock-free ring of packets with one producer and one consumer.
//
// The same link joins two apps on one worker or on two. The consumer's index, the producer's
// index and the constants live on cache lines of their own, and each side keeps a copy of the
// other's index, so that a line moves between cores once per burst and not once per packet.
// A full link drops the newest packets and counts them.
//
// The indices never wrap: `tail` is the number of packets ever accepted and `head` the number
// ever taken, so the ring counts by existing.
//
// Thread rule: take only by the consumer's worker, give and publish only by the producer's.
#pragma once

#include <sluice/packet.h>
#include <stdatomic.h>

#pragma GCC visibility push(default)

enum {
	SL_LINE = 64,   // bytes of a cache line
	SL_APART = 128, // between what two cores write: processors fetch lines in pairs
};

struct sl_link {
	// consumer
	_Alignas(SL_APART) _Atomic uint64_t head; // packets taken; written by the consumer
	uint64_t tail_seen;                       // what the consumer last saw of tail

	// producer
	_Alignas(SL_APART) uint64_t tail_next; // packets accepted, published or not
	uint64_t head_seen;                    // what the producer last saw of head
	uint64_t bytes_next;                   // bytes accepted, published or not
	_Atomic uint64_t bytes;                // bytes accepted and published
	_Atomic uint64_t drops;                // packets dropped

	// what the producer shows: a line of its own, or a consumer that waits would take the
	// producer's other fields away with it
	_Alignas(SL_APART) _Atomic uint64_t tail; // packets accepted and published

	// constant
	_Alignas(SL_APART) uint64_t size; // slots, a power of two
	_Alignas(SL_APART) struct rte_mbuf *slots[];
};

// Create a link of at least `size` slots (rounded up to a power of two, at most 2^20).
// Returns it, owned by the caller, or NULL (out of memory).
struct sl_link *sl_link_create(unsigned size);

// Free the link and every packet in it. No side may use it any more. NULL is legal.
void sl_link_destroy(struct sl_link *l);

// Count and free the n newest packets, for which the link had no room. By the producer.
void sl_link_overflow(struct sl_link *l, struct rte_mbuf *const *p, unsigned n);

// Packets in the link as the consumer sees it, exact up to n: where there are as many, it does not
// look for more.
static inline uint64_t sl_link_waiting_up_to(struct sl_link *l, uint64_t n)
{
	uint64_t head = atomic_load_explicit(&l->head, memory_order_relaxed);

	if (l->tail_seen - head < n)
		l->tail_seen = atomic_load_explicit(&l->tail, memory_order_acquire);
	return l->tail_seen - head;
}

// Whether there are any, and some of how many.
static inline uint64_t sl_link_waiting(struct sl_link *l)
{
	return sl_link_waiting_up_to(l, 1);
}

// Free slots as the producer sees it, exact up to n: where there are as many, it does not look for
// more.
static inline uint64_t sl_link_room_up_to(struct sl_link *l, uint64_t n)
{
	if (l->size - (l->tail_next - l->head_seen) < n)
		l->head_seen = atomic_load_explicit(&l->head, memory_order_acquire);
	return l->size - (l->tail_next - l->head_seen);
}

// Whether there is room for a burst, and some of how much.
static inline uint64_t sl_link_room(struct sl_link *l)
{
	return sl_link_room_up_to(l, SL_BURST);
}

// Copy n pointers. They are few: a call, or a string instruction, would cost more than the copy.
static inline void sl_link_copy(struct rte_mbuf **to, struct rte_mbuf *const *from, unsigned n)
{
	for (; n >= 4; n -= 4, to += 4, from += 4)
		memcpy(to, from, 4 * sizeof(*to));
	for (unsigned i = 0; i < n; i++)
		to[i] = from[i];
}

// Copy n pointers, four at a time, because every link does this to every packet. Returns the bytes
// of their packets.
static inline uint64_t sl_link_copy_counting(struct rte_mbuf **to, struct rte_mbuf *const *from,
					     unsigned n)
{
	uint64_t bytes = 0;

	// pkt_len is data_len, and wide enough to be added from where it lies
	for (; n >= 4; n -= 4, to += 4, from += 4) {
		bytes += from[0]->pkt_len + from[1]->pkt_len + from[2]->pkt_len + from[3]->pkt_len;
		memcpy(to, from, 4 * sizeof(*to));
	}
	for (unsigned i = 0; i < n; i++) {
		bytes += from[i]->pkt_len;
		to[i] = from[i];
	}
	return bytes;
}

// Take up to max of the oldest packets. The caller owns them. Returns how many.
static inline unsigned sl_link_take(struct sl_link *l, struct rte_mbuf **p, unsigned max)
{
	uint64_t head = atomic_load_explicit(&l->head, memory_order_relaxed);
	uint64_t mask = l->size - 1;
	unsigned n, first;

	if (l->tail_seen - head < max)
		l->tail_seen = atomic_load_explicit(&l->tail, memory_order_acquire);
	n = (unsigned)RTE_MIN(l->tail_seen - head, (uint64_t)max);
	first = (unsigned)RTE_MIN((uint64_t)n, l->size - (head & mask));
	sl_link_copy(p, &l->slots[head & mask], first);
	if (first < n)
		sl_link_copy(p + first, &l->slots[0], n - first);
	atomic_store_explicit(&l->head, head + n, memory_order_release);
	return n;
}

// Put n packets behind those already there. The link owns them; what does not fit is dropped
// and counted. The consumer sees them after sl_link_publish.
static inline void sl_link_give(struct sl_link *l, struct rte_mbuf *const *p, unsigned n)
{
	uint64_t mask = l->size - 1, tail = l->tail_next;
	unsigned first;

	if (__builtin_expect(tail - l->head_seen + n > l->size, 0)) {
		unsigned room;

		l->head_seen = atomic_load_explicit(&l->head, memory_order_acquire);
		room = (unsigned)RTE_MIN(l->size - (tail - l->head_seen), (uint64_t)n);
		if (room < n) {
			sl_link_overflow(l, p + room, n - room);
			n = room;
		}
	}
	first = (unsigned)RTE_MIN((uint64_t)n, l->size - (tail & mask));
	l->bytes_next += sl_link_copy_counting(&l->slots[tail & mask], p, first);
	if (first < n)
		l->bytes_next += sl_link_copy_counting(&l->slots[0], p + first, n - first);
	l->tail_next = tail + n;
}

// Show the consumer everything given so far. The engine calls it after each callback of an app.
static inline void sl_link_publish(struct sl_link *l)
{
	atomic_store_explicit(&l->bytes, l->bytes_next, memory_order_relaxed);
	atomic_store_explicit(&l->tail, l->tail_next, memory_order_release);
}

#pragma GCC visibility pop
