#include "tests/drivers/merge_rig.h"

#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "core/proto/tcp.h"
#include "tests/harness/ip.h"

#include <stdlib.h>

enum {
	OPTIONS = 12,
	UDP_LEN = 8,
	UDP_CHECKSUM = 6,
	TCP_CHECKSUM = offsetof(struct sl_tcp_hdr, checksum),
};

struct merge_packet merge_packet(uint32_t room)
{
	struct merge_packet p = {.bytes = malloc(room ? room : 1)};

	p.mbuf = (struct rte_mbuf){.buf_addr = p.bytes,
				   .buf_len = (uint16_t)RTE_MIN(room, (uint32_t)UINT16_MAX)};
	return p;
}

static uint32_t build_ip(uint8_t *bytes, const struct merge_segment *s, uint32_t len)
{
	if (s->ipv6) {
		memset(bytes, 0x20, sizeof(struct sl_ipv6_hdr));
		store_be32(bytes, 0x60012345u | (uint32_t)s->tos << 20);
		store_be16(bytes + 4, (uint16_t)len);
		bytes[6] = s->udp ? SL_PROTO_UDP : SL_PROTO_TCP;
		return sizeof(struct sl_ipv6_hdr);
	}
	memset(bytes, 10, sizeof(struct sl_ipv4_hdr));
	bytes[0] = 0x45;
	bytes[1] = s->tos;
	store_be16(bytes + 2, (uint16_t)(len + sizeof(struct sl_ipv4_hdr)));
	store_be16(bytes + 4, s->id);
	store_be16(bytes + 6, s->may_fragment ? 0 : SL_IPV4_DF);
	bytes[9] = s->udp ? SL_PROTO_UDP : SL_PROTO_TCP;
	store_be16(bytes + 10, 0);
	store_be16(bytes + 10, ip_checksum(bytes, sizeof(struct sl_ipv4_hdr), NULL));
	return sizeof(struct sl_ipv4_hdr);
}

static uint32_t build_tcp(struct sl_tcp_hdr *tcp, const struct merge_segment *s)
{
	uint32_t hdr = sizeof(*tcp) + (s->options ? OPTIONS : 0);

	memset(tcp, 1, hdr); // options: that do nothing
	store_be32(tcp->sequence, s->sequence);
	store_be32(tcp->ack, s->ack);
	tcp->data_offset = (uint8_t)(hdr / 4 << 4);
	tcp->flags = s->flags;
	store_be16(tcp->window, s->window);
	return hdr;
}

static uint32_t build_udp(uint8_t *udp, const struct merge_segment *s)
{
	store_be32(udp, s->ack); // the ports
	store_be16(udp + 4, (uint16_t)(UDP_LEN + s->size));
	return UDP_LEN;
}

uint32_t merge_build(uint8_t *bytes, const struct merge_segment *s)
{
	uint32_t tcp = sizeof(struct sl_tcp_hdr) + (s->options ? OPTIONS : 0);
	uint32_t ip_len = build_ip(bytes, s, (s->udp ? UDP_LEN : tcp) + s->size);
	uint8_t *upper = bytes + ip_len;
	uint32_t hdr = s->udp ? build_udp(upper, s) : build_tcp((struct sl_tcp_hdr *)upper, s);
	unsigned field = s->udp ? UDP_CHECKSUM : TCP_CHECKSUM;
	uint16_t sum;

	for (uint32_t i = 0; i < s->size; i++)
		upper[hdr + i] = (uint8_t)((s->sequence + i) * 2654435761u >> 24);
	store_be16(upper + field, 0);
	sum = ip_checksum(upper, hdr + s->size, bytes);
	store_be16(upper + field, s->udp && sum == 0 ? 0xffff : sum);
	return ip_len + hdr + s->size;
}

void merge_unfinish(uint8_t *bytes, uint32_t len)
{
	bool is_ipv4 = bytes[0] >> 4 == 4;
	uint32_t ip_len = is_ipv4 ? sizeof(struct sl_ipv4_hdr) : sizeof(struct sl_ipv6_hdr);
	bool is_udp = bytes[is_ipv4 ? 9 : 6] == SL_PROTO_UDP;
	uint8_t *zeros = calloc(1, len);

	store_be16(bytes + ip_len + (is_udp ? UDP_CHECKSUM : TCP_CHECKSUM),
		   (uint16_t)~ip_checksum(zeros, len - ip_len, bytes));
	free(zeros);
}

// Put a run together as the kernel gets it. Returns the length.
static uint32_t join(struct rte_mbuf *const *p, const struct sl_merge_run *run, uint8_t *to)
{
	uint32_t len = sl_len(p[0]);

	memcpy(to, sl_data(p[0]), len);
	for (unsigned i = 1; i < run->n; i++) {
		uint32_t more = sl_len(p[i]) - run->payload;

		memcpy(to + len, sl_data(p[i]) + run->payload, more);
		len += more;
	}
	return len;
}

static bool is(const struct rte_mbuf *p, const uint8_t *bytes, uint32_t len)
{
	return sl_len(p) == len && memcmp(sl_data(p), bytes, len) == 0;
}

// Whether p is the k-th packet of a piece that began as `first`. The identification of what may not
// be fragmented means nothing: it counts on.
static bool is_cut(const struct rte_mbuf *p, const uint8_t *bytes, uint32_t len,
		   const uint8_t *first, unsigned k)
{
	uint8_t *wanted = malloc(len);
	bool same;

	memcpy(wanted, bytes, len);
	if (bytes[0] >> 4 == 4 && bytes[6] & SL_IPV4_DF >> 8) {
		store_be16(wanted + 4, (uint16_t)(load_be16(first + 4) + k));
		store_be16(wanted + 10, 0);
		store_be16(wanted + 10, ip_checksum(wanted, sizeof(struct sl_ipv4_hdr), NULL));
	}
	same = is(p, wanted, len);
	free(wanted);
	return same;
}

// Cut a run again and compare it with what it was made of.
static bool cuts_into(struct rte_mbuf *const *p, const struct sl_merge_run *run,
		      const uint8_t *const *bytes, const uint32_t *len)
{
	static uint8_t whole[MERGE_ROOM];
	uint32_t room = RTE_MAX(len[0], len[run->n - 1]), all = join(p, run, whole);
	struct merge_packet first = merge_packet(room);
	struct sl_cut c = {.bytes = {first.bytes, room, whole + room}, .len = all};
	bool same;

	memcpy(first.bytes, whole, RTE_MIN(room, all));
	same = all <= UINT16_MAX && sl_cut_plan(&c, &run->header) && c.n == run->n;
	for (unsigned i = run->n; same && i-- > 0;) {
		struct merge_packet other = merge_packet(room);
		struct merge_packet *to = i > 0 ? &other : &first;

		sl_cut_make(&c, i, &to->mbuf);
		same = is_cut(&to->mbuf, bytes[i], len[i], bytes[0], i);
		free(other.bytes);
	}
	free(first.bytes);
	return same;
}

unsigned merge_and_cut(const uint8_t *const *bytes, const uint32_t *len, unsigned n)
{
	struct merge_packet packets[SL_BURST];
	struct rte_mbuf *p[SL_BURST] = {NULL};
	struct sl_merge_run runs[SL_BURST];
	unsigned n_runs, done = 0;
	bool same = true;

	for (unsigned i = 0; i < n; i++) {
		packets[i] = merge_packet(len[i]);
		p[i] = &packets[i].mbuf;
		memcpy(packets[i].bytes, bytes[i], len[i]);
		sl_set_len(p[i], (uint16_t)len[i]);
	}
	n_runs = sl_merge(p, n, true, runs);
	for (unsigned r = 0; r < n_runs && same; r++) {
		same = runs[r].start == done && runs[r].n > 0 && done + runs[r].n <= n &&
		       (runs[r].n == 1 ? is(p[done], bytes[done], len[done])
				       : cuts_into(p + done, &runs[r], bytes + done, len + done));
		done += runs[r].n;
	}
	for (unsigned i = 0; i < n; i++)
		free(packets[i].bytes);
	return same && done == n ? n_runs : 0;
}
