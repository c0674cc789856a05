#include "core/tunnel/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PACKETS = 2 * SL_STAGE_MOST };

static struct rte_mbuf packets[PACKETS];

static void packets_come_in_the_order_they_waited(void **state)
{
	struct sl_stage *s = sl_stage_create(PACKETS);
	struct sl_staged q = {0}, other = {0};

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		assert_null(sl_stage_put(s, i % 2 ? &q : &other, &packets[i]));
	assert_int_equal(sl_stage_count(s), 10);
	for (unsigned i = 1; i < 10; i += 2)
		assert_ptr_equal(sl_stage_take(s, &q), &packets[i]);
	assert_null(sl_stage_take(s, &q));
	for (unsigned i = 0; i < 10; i += 2)
		assert_ptr_equal(sl_stage_take(s, &other), &packets[i]);
	assert_int_equal(sl_stage_count(s), 0);
	sl_stage_destroy(s);
}

static void a_full_queue_drops_its_oldest(void **state)
{
	struct sl_stage *s = sl_stage_create(PACKETS);
	struct sl_staged q = {0};

	(void)state;
	for (unsigned i = 0; i < SL_STAGE_MOST; i++)
		assert_null(sl_stage_put(s, &q, &packets[i]));
	assert_ptr_equal(sl_stage_put(s, &q, &packets[SL_STAGE_MOST]), &packets[0]);
	assert_int_equal(q.n, SL_STAGE_MOST);
	for (unsigned i = 1; i <= SL_STAGE_MOST; i++)
		assert_ptr_equal(sl_stage_take(s, &q), &packets[i]);
	sl_stage_destroy(s);
}

static void a_full_store_takes_from_the_own_queue_alone(void **state)
{
	struct sl_stage *s = sl_stage_create(2);
	struct sl_staged q = {0}, other = {0};

	(void)state;
	assert_null(sl_stage_put(s, &q, &packets[0]));
	assert_null(sl_stage_put(s, &q, &packets[1]));
	assert_ptr_equal(sl_stage_put(s, &other, &packets[2]), &packets[2]);
	assert_ptr_equal(sl_stage_put(s, &q, &packets[3]), &packets[0]);
	assert_ptr_equal(sl_stage_take(s, &q), &packets[1]);
	assert_null(sl_stage_put(s, &other, &packets[2]));
	assert_ptr_equal(sl_stage_take(s, &q), &packets[3]);
	assert_ptr_equal(sl_stage_take(s, &other), &packets[2]);
	assert_int_equal(sl_stage_count(s), 0);
	sl_stage_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_in_the_order_they_waited),
		cmocka_unit_test(a_full_queue_drops_its_oldest),
		cmocka_unit_test(a_full_store_takes_from_the_own_queue_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
