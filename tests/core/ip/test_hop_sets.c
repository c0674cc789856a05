#include "core/ip/hop_sets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 8 };

static struct sl_hop hop(uint16_t iface, uint8_t last)
{
	return (struct sl_hop){
		.iface = iface, .weight = 1, .gateway = {.family = 4, .bytes = {10, 0, 0, last}}};
}

static void same_hops_are_one_set(void **state)
{
	const struct sl_hop two[] = {hop(0, 1), hop(1, 2)}, other[] = {hop(0, 1), hop(1, 3)};
	struct sl_hop younger[] = {hop(0, 1), hop(1, 2)};
	struct sl_hop_sets s;
	uint32_t a, b, c, d;

	(void)state;
	younger[1].life = 1;
	assert_true(sl_hop_sets_init(&s, MOST));
	a = sl_hop_sets_get(&s, two, 2);
	b = sl_hop_sets_get(&s, two, 2);
	c = sl_hop_sets_get(&s, other, 2);
	d = sl_hop_sets_get(&s, younger, 2);
	assert_int_equal(a, b);
	assert_int_not_equal(a, c);
	assert_int_not_equal(a, d);
	assert_int_not_equal(sl_hop_sets_get(&s, two, 1), a);
	assert_int_equal(s.slots.used, 4);
	sl_hop_sets_put(&s, a);
	assert_int_equal(s.slots.used, 4);
	sl_hop_sets_put(&s, b);
	assert_int_equal(s.slots.used, 3);
	assert_int_equal(sl_hop_sets_get(&s, other, 2), c);
	sl_hop_sets_fini(&s);
}

static void way_is_the_same_with_other_weights_and_lives(void **state)
{
	struct sl_hop a = hop(0, 1), b = hop(0, 1);

	(void)state;
	b.weight = 7;
	b.life = 3;
	assert_true(sl_hop_same_way(&a, &b));
	assert_false(sl_hop_equal(&a, &b));
	b = hop(1, 1);
	assert_false(sl_hop_same_way(&a, &b));
	assert_false(sl_hop_among(&a, 1, &b));
}

static void full_table_gives_none(void **state)
{
	struct sl_hop_sets s;
	struct sl_hop h;

	(void)state;
	assert_true(sl_hop_sets_init(&s, MOST));
	for (uint8_t i = 0; i < MOST; i++) {
		h = hop(0, i);
		assert_int_not_equal(sl_hop_sets_get(&s, &h, 1), 0);
	}
	h = hop(0, MOST);
	assert_int_equal(sl_hop_sets_get(&s, &h, 1), 0);
	h = hop(0, 0);
	assert_int_not_equal(sl_hop_sets_get(&s, &h, 1), 0);
	sl_hop_sets_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_hops_are_one_set),
		cmocka_unit_test(way_is_the_same_with_other_weights_and_lives),
		cmocka_unit_test(full_table_gives_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
