#include "core/ip/control.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROOM = 2048 };

// A packet without a pool: a buffer of its own.
struct packet {
	struct rte_mbuf mbuf;
	uint8_t bytes[ROOM];
};

static struct rte_mbuf *packet(struct packet *p)
{
	p->mbuf = (struct rte_mbuf){.buf_addr = p->bytes, .buf_len = ROOM};
	return &p->mbuf;
}

static struct sl_control route(unsigned hops)
{
	struct sl_control c = {.kind = SL_CONTROL_ROUTE};

	sl_prefix_parse("10.0.0.0/8", &c.route.prefix);
	c.route.n_hops = (uint8_t)hops;
	for (unsigned i = 0; i < hops; i++)
		c.route.hops[i] = (struct sl_route_hop){.iface = (uint16_t)i, .weight = 1};
	return c;
}

static void records_come_back_in_order(void **state)
{
	struct sl_control in[3] = {route(0), {.kind = SL_CONTROL_ADDRESS, .iface = 3}, route(16)};
	struct sl_control out;
	struct packet memory;
	struct rte_mbuf *p = packet(&memory);

	(void)state;
	sl_prefix_parse("fd00::1/64", &in[1].address);
	for (unsigned i = 0; i < 3; i++)
		assert_true(sl_control_put(p, &in[i]));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(sl_control_get(p, &out));
		assert_int_equal(out.kind, in[i].kind);
		assert_int_equal(out.iface, in[i].iface);
		assert_int_equal(out.address.len, in[i].address.len);
	}
	assert_int_equal(out.route.n_hops, 16);
	assert_int_equal(out.route.hops[15].iface, 15);
	assert_false(sl_control_get(p, &out));
	assert_int_equal(sl_len(p), 0);
}

static void a_full_packet_takes_no_more(void **state)
{
	struct sl_control in = route(16), out;
	struct packet memory;
	struct rte_mbuf *p = packet(&memory);
	unsigned n = 0, got = 0;

	(void)state;
	while (sl_control_put(p, &in))
		n++;
	assert_true(n > 1);
	while (sl_control_get(p, &out))
		got++;
	assert_int_equal(got, n);
}

static void what_is_cut_short_is_no_record(void **state)
{
	struct sl_control in = route(2), out;
	struct packet memory;
	struct rte_mbuf *p = packet(&memory);

	(void)state;
	assert_true(sl_control_put(p, &in));
	sl_trim_tail(p, 1);
	assert_false(sl_control_get(p, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_back_in_order),
		cmocka_unit_test(a_full_packet_takes_no_more),
		cmocka_unit_test(what_is_cut_short_is_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
