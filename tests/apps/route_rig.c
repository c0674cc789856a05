#include "tests/apps/route_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const outputs[] = {"lan", "wan"};

struct ip_packet p, got;

struct sl_harness *make(const char *line)
{
	struct sl_harness_options o = {.line = line, .outputs = 2, .output_names = outputs};
	struct sl_error err = {0};
	struct sl_harness *h = sl_harness_create(&o, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

void done(struct sl_harness *h)
{
	assert_string_equal(sl_harness_destroy(h), "");
}

void leaves_from(struct sl_harness *h, unsigned input, unsigned output)
{
	assert_true(ip_feed(h, input, &p));
	sl_harness_breathe(h);
	for (unsigned i = 0; i < OUTPUTS; i++)
		assert_int_equal(sl_harness_waiting_out(h, i), i == output);
	assert_true(ip_take(h, output, &got));
}

void leaves(struct sl_harness *h, unsigned output)
{
	leaves_from(h, IN, output);
}

void is_dropped(struct sl_harness *h, unsigned input, const char *reason)
{
	uint64_t before = sl_harness_drop(h, reason);

	assert_true(ip_feed(h, input, &p));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, reason), before + 1);
}

void to(const char *dst)
{
	const char *src = strchr(dst, ':') ? "fd00::9" : "10.0.0.9";

	ip_build(&p, src, dst, SL_PROTO_UDP, NULL, 100);
}

uint8_t hops_left(const struct ip_packet *packet)
{
	return packet->bytes[packet->bytes[0] >> 4 == 4 ? 8 : 7];
}

void set_hops(struct ip_packet *packet, uint8_t hops)
{
	packet->bytes[packet->bytes[0] >> 4 == 4 ? 8 : 7] = hops;
	ip_seal(packet);
}

void expect_next_hop(const char *expected)
{
	struct sl_ip ip = {.family = got.bytes[0] >> 4};
	char text[SL_IP_TEXT];

	memcpy(ip.bytes, got.meta.next_hop, sl_ip_len(ip.family));
	assert_string_equal(sl_ip_print(&ip, text), expected);
}

void expect_forwarded(const char *next_hop, unsigned iface)
{
	struct ip_packet older = p;

	set_hops(&older, (uint8_t)(hops_left(&p) - 1));
	assert_int_equal(got.len, older.len);
	assert_memory_equal(got.bytes, older.bytes, older.len);
	assert_int_equal(got.meta.iface_out, iface);
	expect_next_hop(next_hop);
}

void expect_untouched(void)
{
	assert_int_equal(got.len, p.len);
	assert_memory_equal(got.bytes, p.bytes, p.len);
}

void expect_error(struct sl_harness *h, enum sl_ip_error error)
{
	leaves(h, ERROR);
	expect_untouched();
	assert_int_equal(got.meta.error, error);
	assert_int_equal(got.meta.iface_in, 0);
}
