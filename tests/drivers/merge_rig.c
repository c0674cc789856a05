#include "tests/drivers/merge_rig.h"

#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "core/proto/tcp.h"
#include "tests/harness/ip.h"

#include <stdlib.h>

enum { OPTIONS = 12 };

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
		bytes[6] = SL_PROTO_TCP;
		return sizeof(struct sl_ipv6_hdr);
	}
	memset(bytes, 10, sizeof(struct sl_ipv4_hdr));
	bytes[0] = 0x45;
	bytes[1] = s->tos;
	store_be16(bytes + 2, (uint16_t)(len + sizeof(struct sl_ipv4_hdr)));
	store_be16(bytes + 4, s->id);
	store_be16(bytes + 6, SL_IPV4_DF);
	bytes[9] = SL_PROTO_TCP;
	store_be16(bytes + 10, 0);
	store_be16(bytes + 10, ip_checksum(bytes, sizeof(struct sl_ipv4_hdr), NULL));
	return sizeof(struct sl_ipv4_hdr);
}

uint32_t merge_build(uint8_t *bytes, const struct merge_segment *s)
{
	uint32_t hdr = sizeof(struct sl_tcp_hdr) + (s->options ? OPTIONS : 0);
	uint32_t ip_len = build_ip(bytes, s, hdr + s->size);
	struct sl_tcp_hdr *tcp = (struct sl_tcp_hdr *)(bytes + ip_len);

	memset(tcp, 1, hdr); // options: that do nothing
	store_be32(tcp->sequence, s->sequence);
	store_be32(tcp->ack, s->ack);
	tcp->data_offset = (uint8_t)(hdr / 4 << 4);
	tcp->flags = s->flags;
	store_be16(tcp->window, s->window);
	store_be16(tcp->checksum, 0);
	for (uint32_t i = 0; i < s->size; i++)
		bytes[ip_len + hdr + i] = (uint8_t)((s->sequence + i) * 2654435761u >> 24);
	store_be16(tcp->checksum, ip_checksum(tcp, hdr + s->size, bytes));
	return ip_len + hdr + s->size;
}

void merge_unfinish(uint8_t *bytes, uint32_t len)
{
	uint32_t ip_len = bytes[0] >> 4 == 4 ? sizeof(struct sl_ipv4_hdr)
					     : sizeof(struct sl_ipv6_hdr);
	struct sl_tcp_hdr *tcp = (struct sl_tcp_hdr *)(bytes + ip_len);
	uint8_t *zeros = calloc(1, len);

	store_be16(tcp->checksum, (uint16_t)~ip_checksum(zeros, len - ip_len, bytes));
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
		same = is(&to->mbuf, bytes[i], len[i]);
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
	n_runs = sl_merge(p, n, runs);
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
