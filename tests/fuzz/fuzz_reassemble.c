// Any bytes as orders to send fragments of four datagrams, and a naive model that knows what must
// become of them: which datagrams are whole, and with which bytes.

#include "core/ip/reassemble.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/fuzz/fuzz.h"
#include "tests/harness/ip.h"

#include <stdlib.h>

enum { DATAGRAMS = 4, ORDER = 4, ORDERS_MAX = 200, LONGEST = 64 * 8 + 256 };

// What is known of a datagram, byte by byte.
struct model {
	unsigned n; // fragments
	struct {
		unsigned start, end;
		bool more;
		uint8_t fill;
	} pieces[SL_REASSEMBLY_PIECES];
	bool bad;
};

static struct sl_harness *h; // its pool
static struct model models[DATAGRAMS];

static void lost(void *context, struct rte_mbuf *p, enum sl_reassembly_fate fate)
{
	(void)context;
	(void)fate;
	sl_free(p);
}

static struct sl_reassembly *make(void)
{
	struct sl_error err;
	struct sl_reassembly_options o = {.datagrams = 64, .fragments = 1000, .timeout_ns = 1000};
	struct sl_reassembly *r;

	if (!h)
		h = sl_harness_create(&(struct sl_harness_options){.line = "join"}, &err);
	must(h != NULL);
	o.pool = sl_harness_app(h)->pool;
	r = sl_reassembly_create(&o);
	must(r != NULL);
	sl_reassembly_listen(r, lost, NULL);
	return r;
}

// A fragment of n equal bytes.
static struct rte_mbuf *build(unsigned datagram, unsigned start, unsigned n, bool more,
			      uint8_t fill)
{
	static struct ip_packet p;
	struct rte_mbuf *m;

	if (datagram < 2) {
		ip_build(&p, "10.0.0.9", "10.0.0.1", SL_PROTO_UDP, NULL, n);
		store_be16(p.bytes + 4, (uint16_t)datagram);
		store_be16(p.bytes + 6, (uint16_t)(start / 8 | (more ? SL_IPV4_MF : 0)));
		memset(p.bytes + 20, fill, n);
		ip_seal(&p);
	} else {
		ip_build(&p, "2001:db8::9", "fd00::1", SL_PROTO_FRAGMENT, NULL, n + 8);
		p.bytes[40] = 253; // a protocol without least header
		store_be16(p.bytes + 42, (uint16_t)(start | (more ? SL_IPV6_MORE : 0)));
		store_be32(p.bytes + 44, datagram);
		memset(p.bytes + 48, fill, n);
	}
	m = ip_packet(h, &p);
	must(m != NULL);
	return m;
}

static bool is_duplicate(const struct model *d, unsigned start, unsigned end, bool more,
			 uint8_t fill)
{
	for (unsigned i = 0; i < d->n; i++)
		if (d->pieces[i].start == start && d->pieces[i].end == end &&
		    d->pieces[i].more == more && d->pieces[i].fill == fill)
			return true;
	return false;
}

static bool is_contrary(const struct model *d, unsigned start, unsigned end, bool more)
{
	for (unsigned i = 0; i < d->n; i++) {
		if (start < d->pieces[i].end && d->pieces[i].start < end)
			return true;
		if (!d->pieces[i].more && (!more || end > d->pieces[i].end))
			return true;
		if (!more && d->pieces[i].end > end)
			return true;
	}
	return false;
}

// Write the datagram's bytes; returns its length, or 0 where some are missing.
static unsigned whole(const struct model *d, uint8_t *bytes)
{
	unsigned have = 0, end = 0;

	for (unsigned i = 0; i < d->n; i++) {
		have += d->pieces[i].end - d->pieces[i].start;
		memset(bytes + d->pieces[i].start, d->pieces[i].fill,
		       d->pieces[i].end - d->pieces[i].start);
		if (!d->pieces[i].more)
			end = d->pieces[i].end;
	}
	return have == end ? end : 0;
}

// What must come of it: the length of the datagram that is whole now, or 0.
static unsigned model_add(struct model *d, bool ipv6, unsigned start, unsigned n, bool more,
			  uint8_t fill, uint8_t *bytes)
{
	unsigned end = start + n, len;

	if (ipv6 && start == 0 && !more) {
		memset(bytes, fill, n);
		return n;
	}
	if (n == 0 || (more && n % 8 != 0) || d->bad || is_duplicate(d, start, end, more, fill))
		return 0;
	if (is_contrary(d, start, end, more) || d->n == SL_REASSEMBLY_PIECES) {
		*d = (struct model){.bad = true};
		return 0;
	}
	d->pieces[d->n].start = start;
	d->pieces[d->n].end = end;
	d->pieces[d->n].more = more;
	d->pieces[d->n++].fill = fill;
	len = whole(d, bytes);
	if (len > 0)
		*d = (struct model){0};
	return len;
}

static void one_order(struct sl_reassembly *r, const uint8_t *order)
{
	static uint8_t bytes[LONGEST];
	unsigned datagram = order[0] % DATAGRAMS, start = order[1] % 64 * 8, n = order[2];
	bool more = order[0] & 4, ipv6 = datagram >= 2;
	uint8_t fill = order[3] & 1;
	unsigned want = model_add(&models[datagram], ipv6, start, n, more, fill, bytes);
	struct rte_mbuf *got = sl_reassembly_add(r, build(datagram, start, n, more, fill), 40, 1);
	unsigned hdr = ipv6 ? 40 : 20;

	if (ipv6 && start == 0 && !more && n == 0) {
		must(got != NULL && sl_len(got) == hdr);
	} else {
		must((got != NULL) == (want > 0));
		must(!got ||
		     (sl_len(got) == hdr + want && memcmp(sl_data(got) + hdr, bytes, want) == 0));
	}
	if (got)
		sl_free(got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_reassembly *r = make();

	memset(models, 0, sizeof(models));
	for (size_t i = 0; i + ORDER <= size && i < ORDER * ORDERS_MAX; i += ORDER)
		one_order(r, data + i);
	sl_reassembly_expire(r, 2000);
	must(sl_reassembly_held(r) == 0);
	sl_reassembly_destroy(r);
	must(rte_mempool_in_use_count(sl_harness_app(h)->pool) == 0);
	return 0;
}
