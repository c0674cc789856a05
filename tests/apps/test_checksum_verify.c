#include "tests/harness/app_harness.h"
#include "tests/harness/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { OUT, BAD };

static const char *const bad_metrics[] = {"bad_ipv4", "bad_udp",    "bad_tcp",
					  "bad_icmp", "bad_icmpv6", "bad_gre"};

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void feed(struct sl_harness *h, const struct frame *f)
{
	assert_true(sl_harness_feed(h, 0, f->bytes, f->len));
	sl_harness_breathe(h);
}

// Take the only packet there is, which is f, from a port.
static void expect(struct sl_harness *h, unsigned port, const struct frame *f)
{
	uint8_t got[FRAME_MOST];

	assert_int_equal(sl_harness_take(h, port, got, sizeof(got)), f->len);
	assert_memory_equal(got, f->bytes, f->len);
	assert_int_equal(sl_harness_waiting_out(h, OUT) + sl_harness_waiting_out(h, BAD), 0);
}

static uint64_t all_bad(struct sl_harness *h)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < sizeof(bad_metrics) / sizeof(bad_metrics[0]); i++)
		sum += sl_harness_metric(h, bad_metrics[i]);
	return sum;
}

static void packets_that_are_right_pass_unchanged(void **state)
{
	struct sl_harness *h = make("checksum-verify");
	struct frame f;

	(void)state;
	for (unsigned i = 0; frame_words[i]; i++) {
		frame_build(&f, frame_words[i], i * 5);
		feed(h, &f);
		expect(h, OUT, &f);
	}
	assert_int_equal(all_bad(h), 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

// One checksum after the other of each frame; outer ones cover the inner, so they are bad, too.
static void a_wrong_checksum_leaves_on_bad_and_counts_for_its_layer(void **state)
{
	struct sl_harness *h = make("checksum-verify");
	struct frame f;

	(void)state;
	for (unsigned i = 0; frame_words[i]; i++) {
		frame_build(&f, frame_words[i], 21);
		for (unsigned n = 0; n < f.n; n++) {
			const struct sl_walk_layer *l = &f.layers[n];
			uint8_t *field = f.bytes + l->offset + l->field;
			uint64_t before = sl_harness_metric(h, bad_metrics[l->kind]);

			if (load_be16(field) == 0)
				continue;
			field[1] ^= 0x10;
			feed(h, &f);
			expect(h, BAD, &f);
			assert_true(sl_harness_metric(h, bad_metrics[l->kind]) > before);
			field[1] ^= 0x10;
		}
	}
	assert_string_equal(sl_harness_destroy(h), "");
}

static void good_and_bad_of_a_burst_part_in_order(void **state)
{
	struct sl_harness *h = make("checksum-verify");
	struct frame f;
	uint8_t got[FRAME_MOST];
	unsigned bad = 0;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 500; i++) {
		frame_build(&f, i % 3 ? "ether ipv4 udp" : "ether ipv6 tcp", 20);
		f.bytes[5] = 0;
		if (rand() & 1) {
			f.bytes[f.len - 1] ^= 1;
			f.bytes[5] = 1;
			bad++;
		}
		store_be16(f.bytes + 6, (uint16_t)i);
		assert_true(sl_harness_feed(h, 0, f.bytes, f.len));
	}
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_waiting_out(h, BAD), bad);
	assert_int_equal(sl_harness_waiting_out(h, OUT), 500 - bad);
	for (unsigned port = 0; port < 2; port++) {
		int last = -1;

		while (sl_harness_take(h, port, got, sizeof(got)) > 0) {
			assert_int_equal(got[5], port);
			assert_true(load_be16(got + 6) > last);
			last = load_be16(got + 6);
		}
	}
	assert_int_equal(all_bad(h), bad);
	assert_string_equal(sl_harness_destroy(h), "");
}

static struct frame wrong(void)
{
	struct frame f;

	frame_build(&f, "ether ipv4 udp", 20);
	f.bytes[f.len - 1] ^= 1;
	return f;
}

static struct frame malformed(void)
{
	struct frame f;

	frame_build(&f, "ether ipv4 udp", 20);
	f.bytes[14] = 0x44;
	return f;
}

static struct frame truncated(void)
{
	struct frame f;

	frame_build(&f, "ether ipv4 udp", 20);
	f.len--;
	return f;
}

static void without_bad_packets_are_dropped_by_name(void **state)
{
	struct sl_harness *h = make("checksum-verify");
	struct frame a = wrong(), b = malformed(), c = truncated();

	(void)state;
	sl_harness_disconnect(h, BAD);
	feed(h, &a);
	feed(h, &b);
	feed(h, &b);
	feed(h, &c);
	assert_int_equal(sl_harness_drop(h, "bad_checksum"), 1);
	assert_int_equal(sl_harness_drop(h, "malformed"), 2);
	assert_int_equal(sl_harness_drop(h, "truncated"), 1);
	assert_int_equal(sl_harness_app(h)->unconnected, 0);
	assert_int_equal(sl_harness_waiting_out(h, OUT), 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void malformed_and_truncated_go_where_the_config_says(void **state)
{
	static const char *const lines[] = {"checksum-verify", "checksum-verify malformed=pass",
					    "checksum-verify truncated=pass",
					    "checksum-verify malformed=pass truncated=pass"};
	struct frame m = malformed(), t = truncated(), w = wrong();

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct sl_harness *h = make(lines[i]);

		feed(h, &m);
		expect(h, i & 1 ? OUT : BAD, &m);
		feed(h, &t);
		expect(h, i & 2 ? OUT : BAD, &t);
		feed(h, &w);
		expect(h, BAD, &w);
		assert_int_equal(sl_harness_metric(h, "malformed"), 1);
		assert_int_equal(sl_harness_metric(h, "truncated"), 1);
		assert_int_equal(sl_harness_metric(h, "partial"), 1);
		assert_string_equal(sl_harness_destroy(h), "");
	}
}

static void a_truncated_packet_with_a_wrong_checksum_is_bad_whatever_the_config(void **state)
{
	struct sl_harness *h = make("checksum-verify truncated=pass");
	struct frame f = truncated();

	(void)state;
	f.bytes[24] ^= 1; // IPv4 header
	feed(h, &f);
	expect(h, BAD, &f);
	assert_int_equal(sl_harness_metric(h, "bad_ipv4"), 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void udp_over_ipv6_without_checksum_passes_only_where_allowed(void **state)
{
	struct sl_harness *h = make("checksum-verify");
	struct frame f;

	(void)state;
	frame_build(&f, "ether ipv6 udp0", 20);
	feed(h, &f);
	expect(h, BAD, &f);
	assert_int_equal(sl_harness_metric(h, "bad_udp"), 1);
	assert_string_equal(sl_harness_destroy(h), "");
	h = make("checksum-verify udp6-zero=yes");
	feed(h, &f);
	expect(h, OUT, &f);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void what_cannot_be_verified_passes(void **state)
{
	struct sl_harness *h = make("checksum-verify");
	struct frame f;

	(void)state;
	frame_build(&f, "ether", 30);
	feed(h, &f);
	expect(h, OUT, &f);
	frame_build(&f, "ether ipv6 route9 udp", 30);
	feed(h, &f);
	expect(h, OUT, &f);
	assert_int_equal(sl_harness_metric(h, "partial"), 1);
	frame_build(&f, "ether ipv6 ipv6 ipv6 ipv6 ipv6 ipv6 ipv6 ipv6 ipv6 tcp", 30);
	feed(h, &f);
	expect(h, OUT, &f);
	assert_int_equal(sl_harness_metric(h, "too_deep"), 1);
	assert_string_equal(sl_harness_destroy(h), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_that_are_right_pass_unchanged),
		cmocka_unit_test(a_wrong_checksum_leaves_on_bad_and_counts_for_its_layer),
		cmocka_unit_test(good_and_bad_of_a_burst_part_in_order),
		cmocka_unit_test(without_bad_packets_are_dropped_by_name),
		cmocka_unit_test(malformed_and_truncated_go_where_the_config_says),
		cmocka_unit_test(
			a_truncated_packet_with_a_wrong_checksum_is_bad_whatever_the_config),
		cmocka_unit_test(udp_over_ipv6_without_checksum_passes_only_where_allowed),
		cmocka_unit_test(what_cannot_be_verified_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
