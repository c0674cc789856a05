#include "tests/harness/app_harness.h"
#include "tests/harness/frames.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const fixed_metrics[] = {"fixed_ipv4", "fixed_udp",    "fixed_tcp",
					    "fixed_icmp", "fixed_icmpv6", "fixed_gre"};

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

// Send f through; what comes out must be the bytes of `right`.
static void expect(struct sl_harness *h, const struct frame *f, const struct frame *right)
{
	uint8_t got[FRAME_MOST];

	assert_true(sl_harness_feed(h, 0, f->bytes, f->len));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_take(h, 0, got, sizeof(got)), right->len);
	assert_memory_equal(got, right->bytes, right->len);
}

static void every_checksum_of_every_nesting_is_made_right(void **state)
{
	uint64_t fixed[SL_WALK_KINDS] = {0};
	struct sl_harness *h = make("checksum-fix");
	struct frame f, right;

	(void)state;
	for (unsigned i = 0; frame_words[i]; i++) {
		frame_build(&right, frame_words[i], 21);
		f = right;
		for (unsigned n = 0; n < f.n; n++) {
			uint8_t *field = f.bytes + f.layers[n].offset + f.layers[n].field;

			if (load_be16(field) == 0)
				continue;
			store_be16(field, (uint16_t)(load_be16(field) ^ 0x0110));
			fixed[f.layers[n].kind]++;
		}
		expect(h, &f, &right);
	}
	for (unsigned i = 0; i < SL_WALK_KINDS; i++)
		assert_int_equal(sl_harness_metric(h, fixed_metrics[i]), fixed[i]);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void what_is_right_already_is_not_counted(void **state)
{
	struct sl_harness *h = make("checksum-fix");
	struct frame f;

	(void)state;
	for (unsigned i = 0; frame_words[i]; i++) {
		frame_build(&f, frame_words[i], 21);
		expect(h, &f, &f);
	}
	for (unsigned i = 0; i < SL_WALK_KINDS; i++)
		assert_int_equal(sl_harness_metric(h, fixed_metrics[i]), 0);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void what_cannot_be_computed_stays_and_passes(void **state)
{
	struct sl_harness *h = make("checksum-fix");
	struct frame f;

	(void)state;
	frame_build(&f, "ether ipv4 tcp", 21);
	f.bytes[50] ^= 1; // TCP's
	f.len--;
	expect(h, &f, &f);
	assert_int_equal(sl_harness_metric(h, "truncated"), 1);
	assert_int_equal(sl_harness_metric(h, "partial"), 1);
	frame_build(&f, "ether ipv4 udp", 21);
	f.bytes[14] = 0x44;
	expect(h, &f, &f);
	assert_int_equal(sl_harness_metric(h, "malformed"), 1);
	frame_build(&f, "ether ipv6 ipv6 ipv6 ipv6 ipv6 ipv6 ipv6 ipv6 ipv6 tcp", 30);
	f.bytes[f.len - 1] ^= 1;
	expect(h, &f, &f);
	assert_int_equal(sl_harness_metric(h, "too_deep"), 1);
	f.len = 0;
	expect(h, &f, &f);
	assert_string_equal(sl_harness_destroy(h), "");
}

static void udp_over_ipv6_without_checksum_gets_one_unless_allowed(void **state)
{
	struct sl_harness *h = make("checksum-fix");
	struct frame f, right;

	(void)state;
	frame_build(&f, "ether ipv6 udp0", 20);
	frame_build(&right, "ether ipv6 udp", 20);
	expect(h, &f, &right);
	assert_int_equal(sl_harness_metric(h, "fixed_udp"), 1);
	assert_string_equal(sl_harness_destroy(h), "");
	h = make("checksum-fix udp6-zero=yes");
	expect(h, &f, &f);
	assert_string_equal(sl_harness_destroy(h), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_checksum_of_every_nesting_is_made_right),
		cmocka_unit_test(what_is_right_already_is_not_counted),
		cmocka_unit_test(what_cannot_be_computed_stays_and_passes),
		cmocka_unit_test(udp_over_ipv6_without_checksum_gets_one_unless_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
