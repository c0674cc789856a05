#include "core/eal.h"
#include "core/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PACKETS = 512 };

static struct rte_mempool *pool;

static int make_pool(void **state)
{
	static const struct sl_engine_options options = {.no_huge = true};
	struct sl_error err = {0};

	(void)state;
	if (sl_eal_init(&options, &err) < 0)
		return -1;
	pool = sl_pool_create("link", PACKETS, 1500, false, &err);
	return pool ? 0 : -1;
}

static int pool_is_whole(void **state)
{
	(void)state;
	return rte_mempool_avail_count(pool) == PACKETS ? 0 : -1;
}

static int free_pool(void **state)
{
	(void)state;
	sl_pool_destroy(pool);
	return 0;
}

// n packets whose time stamps count from `first`, each of `length` bytes.
static void make(struct rte_mbuf **p, unsigned n, uint64_t first, uint16_t length)
{
	assert_true(sl_alloc_burst(pool, p, n));
	for (unsigned i = 0; i < n; i++) {
		sl_set_stamp_ns(p[i], first + i);
		sl_set_len(p[i], length);
	}
}

static void take_and_free(struct sl_link *l, uint64_t first, unsigned n)
{
	struct rte_mbuf *p[SL_BURST];

	assert_int_equal(sl_link_take(l, p, n), n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sl_stamp_ns(p[i]), first + i);
	sl_free_burst(p, n);
}

static void size_is_rounded_up_to_a_power_of_two(void **state)
{
	static const struct {
		unsigned asked, got;
	} cases[] = {{0, 64}, {1, 64}, {64, 64}, {65, 128}, {1000, 1024}, {1 << 20, 1 << 20}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct sl_link *l = sl_link_create(cases[i].asked);

		assert_int_equal(l->size, cases[i].got);
		sl_link_destroy(l);
	}
}

static void packets_come_out_in_order(void **state)
{
	struct sl_link *l = sl_link_create(64);
	struct rte_mbuf *p[SL_BURST];
	uint64_t sent = 0, got = 0;

	(void)state;
	// Odd bursts through a small ring: every position of the wrap is met.
	for (unsigned round = 0; round < 1000; round++) {
		unsigned n = 1 + round % 37;

		make(p, n, sent, 60);
		sl_link_give(l, p, n);
		sl_link_publish(l);
		sent += n;
		take_and_free(l, got, n);
		got += n;
	}
	assert_int_equal(l->drops, 0);
	assert_int_equal(l->tail, sent);
	assert_int_equal(l->bytes, sent * 60);
	sl_link_destroy(l);
}

static void nothing_is_seen_before_it_is_published(void **state)
{
	struct sl_link *l = sl_link_create(64);
	struct rte_mbuf *p[SL_BURST];

	(void)state;
	make(p, 3, 0, 60);
	sl_link_give(l, p, 3);
	assert_int_equal(sl_link_waiting(l), 0);
	assert_int_equal(sl_link_take(l, p, SL_BURST), 0);
	sl_link_publish(l);
	assert_int_equal(sl_link_waiting(l), 3);
	take_and_free(l, 0, 3);
	sl_link_destroy(l);
}

static void full_link_drops_newest(void **state)
{
	struct sl_link *l = sl_link_create(64);
	struct rte_mbuf *p[SL_BURST];

	(void)state;
	make(p, 60, 0, 100);
	sl_link_give(l, p, 60);
	make(p, 10, 60, 100);
	sl_link_give(l, p, 10);
	sl_link_publish(l);
	assert_int_equal(l->drops, 6);
	assert_int_equal(l->tail, 64);
	assert_int_equal(l->bytes, 6400);
	take_and_free(l, 0, 64);
	assert_int_equal(sl_link_waiting(l), 0);
	sl_link_destroy(l);
}

static void room_is_what_can_be_given(void **state)
{
	struct sl_link *l = sl_link_create(128);
	struct rte_mbuf *p[SL_BURST];

	(void)state;
	assert_int_equal(sl_link_room(l), 128);
	make(p, 50, 0, 60);
	sl_link_give(l, p, 50);
	assert_int_equal(sl_link_room(l), 78);
	make(p, 50, 50, 60);
	sl_link_give(l, p, 50);
	sl_link_publish(l);
	assert_int_equal(sl_link_room(l), 28);
	take_and_free(l, 0, 40);
	assert_int_equal(sl_link_room(l), 68);
	sl_link_destroy(l);
}

static void what_is_asked_for_is_counted_exactly(void **state)
{
	struct sl_link *l = sl_link_create(512);
	struct rte_mbuf *p[SL_BURST];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		make(p, 64, 64 * i, 60);
		sl_link_give(l, p, 64);
		sl_link_publish(l);
		assert_int_equal(sl_link_waiting_up_to(l, 256), 64 * i + 64);
	}
	take_and_free(l, 0, 64);
	assert_int_equal(sl_link_room_up_to(l, 512), 320);
	make(p, 1, 256, 60);
	sl_link_give(l, p, 1);
	sl_link_publish(l);
	assert_int_equal(sl_link_waiting_up_to(l, 193), 193);
	assert_int_equal(sl_link_room_up_to(l, 1), 319);
	sl_link_destroy(l);
}

static void destroy_frees_published_and_unpublished_packets(void **state)
{
	struct sl_link *l = sl_link_create(64);
	struct rte_mbuf *p[SL_BURST];

	(void)state;
	make(p, 10, 0, 60);
	sl_link_give(l, p, 5);
	sl_link_publish(l);
	sl_link_give(l, p + 5, 5);
	sl_link_destroy(l);
	sl_link_destroy(NULL);
}

// A ring of 64 against a naive queue, random bursts on both sides.
static void random_bursts_agree_with_a_naive_queue(void **state)
{
	struct sl_link *l = sl_link_create(64);
	uint64_t queue[64], next = 0, drops = 0;
	struct rte_mbuf *p[SL_BURST];
	unsigned held = 0, seed = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		unsigned n = 1 + (unsigned)rand_r(&seed) % SL_BURST, taken;

		if (rand_r(&seed) & 1) {
			make(p, n, next, 60);
			sl_link_give(l, p, n);
			sl_link_publish(l);
			for (unsigned i = 0; i < n; i++, next++) {
				if (held < 64)
					queue[held++] = next;
				else
					drops++;
			}
			continue;
		}
		taken = sl_link_take(l, p, n);
		assert_int_equal(taken, RTE_MIN(n, held));
		for (unsigned i = 0; i < taken; i++)
			assert_int_equal(sl_stamp_ns(p[i]), queue[i]);
		held -= taken;
		memmove(queue, queue + taken, held * sizeof(*queue));
		sl_free_burst(p, taken);
	}
	assert_int_equal(l->drops, drops);
	sl_link_destroy(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(size_is_rounded_up_to_a_power_of_two, pool_is_whole),
		cmocka_unit_test_teardown(packets_come_out_in_order, pool_is_whole),
		cmocka_unit_test_teardown(nothing_is_seen_before_it_is_published, pool_is_whole),
		cmocka_unit_test_teardown(full_link_drops_newest, pool_is_whole),
		cmocka_unit_test_teardown(room_is_what_can_be_given, pool_is_whole),
		cmocka_unit_test_teardown(what_is_asked_for_is_counted_exactly, pool_is_whole),
		cmocka_unit_test_teardown(destroy_frees_published_and_unpublished_packets,
					  pool_is_whole),
		cmocka_unit_test_teardown(random_bursts_agree_with_a_naive_queue, pool_is_whole),
	};

	return cmocka_run_group_tests(tests, make_pool, free_pool);
}
