#include "core/ip/hops.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FLOWS = 40000 };

static struct sl_route_hop hop(uint8_t gateway, uint16_t iface, uint8_t weight)
{
	struct sl_route_hop h = {.gateway = {.family = 4}, .iface = iface, .weight = weight};

	h.gateway.bytes[3] = gateway;
	return h;
}

static struct sl_route route_via(unsigned n, const struct sl_route_hop *hops)
{
	struct sl_route r = {.kind = SL_ROUTE_FORWARD, .n_hops = (uint8_t)n};

	memcpy(r.hops, hops, n * sizeof(*hops));
	return r;
}

static const struct sl_target *take(struct sl_hops *h, const struct sl_route *r)
{
	int id = sl_hops_take(h, r);

	assert_true(id > 0);
	return &sl_hops_targets(h)[id];
}

static void routes_that_say_the_same_share_a_target(void **state)
{
	struct sl_route a = route_via(1, (struct sl_route_hop[]){hop(1, 0, 1)}), b = a;
	struct sl_hops *h = sl_hops_create(10);
	int id = sl_hops_take(h, &a);

	(void)state;
	b.prefix.len = 9;
	assert_int_equal(sl_hops_take(h, &b), id);
	b.hops[0].iface = 1;
	assert_int_not_equal(sl_hops_take(h, &b), id);
	assert_int_equal(sl_hops_count(h), 2);
	sl_hops_give(h, (uint32_t)id);
	assert_int_equal(sl_hops_count(h), 2);
	sl_hops_give(h, (uint32_t)id);
	assert_int_equal(sl_hops_count(h), 1);
	sl_hops_destroy(h);
}

static void ids_are_used_again(void **state)
{
	struct sl_hops *h = sl_hops_create(100);
	int ids[100];

	(void)state;
	for (unsigned turn = 0; turn < 5; turn++) {
		for (unsigned i = 0; i < 100; i++) {
			struct sl_route_hop one = hop((uint8_t)i, (uint16_t)turn, 1);
			struct sl_route r = route_via(1, &one);

			ids[i] = sl_hops_take(h, &r);
			assert_in_range(ids[i], 1, 100);
		}
		struct sl_route more = {.kind = SL_ROUTE_BLACKHOLE};

		assert_int_equal(sl_hops_take(h, &more), -ENOSPC);
		for (unsigned i = 0; i < 100; i++) // from both ends
			sl_hops_give(h, (uint32_t)ids[i % 2 ? i : 99 - (i / 2 * 2 + 1)]);
		assert_int_equal(sl_hops_count(h), 0);
	}
	sl_hops_destroy(h);
}

static void kinds_are_targets_of_their_own(void **state)
{
	struct sl_hops *h = sl_hops_create(10);

	(void)state;
	assert_int_equal(sl_hops_targets(h)[0].kind, SL_TARGET_NONE);
	for (uint8_t kind = SL_ROUTE_BLACKHOLE; kind <= SL_TARGET_LOCAL; kind++) {
		struct sl_route r = {.kind = kind};

		if (kind == SL_TARGET_NONE)
			continue;
		assert_int_equal(take(h, &r)->kind, kind);
	}
	sl_hops_destroy(h);
}

static void a_forward_without_next_hops_is_unreachable(void **state)
{
	struct sl_hops *h = sl_hops_create(10);
	struct sl_route r = {.kind = SL_ROUTE_FORWARD};

	(void)state;
	assert_int_equal(take(h, &r)->kind, SL_ROUTE_UNREACHABLE);
	sl_hops_destroy(h);
}

static void count_flows(const struct sl_target *t, unsigned *counts)
{
	for (uint32_t i = 0; i < FLOWS; i++)
		counts[sl_target_choose(t, i * 2654435761u) - t->hops]++;
}

static void flows_spread_evenly(void **state)
{
	struct sl_hops *h = sl_hops_create(SL_ROUTE_HOPS_MAX);

	(void)state;
	for (unsigned n = 1; n <= SL_ROUTE_HOPS_MAX; n++) {
		struct sl_route_hop hops[SL_ROUTE_HOPS_MAX];
		unsigned counts[SL_ROUTE_HOPS_MAX] = {0};

		for (unsigned i = 0; i < n; i++)
			hops[i] = hop((uint8_t)(i + 1), 0, 1);
		struct sl_route r = route_via(n, hops);

		count_flows(take(h, &r), counts);
		for (unsigned i = 0; i < n; i++)
			assert_in_range(counts[i], FLOWS * 9 / 10 / n, FLOWS * 11 / 10 / n);
	}
	sl_hops_destroy(h);
}

static void weights_count(void **state)
{
	struct sl_route r = route_via(2, (struct sl_route_hop[]){hop(1, 0, 1), hop(2, 0, 3)});
	struct sl_hops *h = sl_hops_create(10);
	unsigned counts[2] = {0};

	(void)state;
	count_flows(take(h, &r), counts);
	assert_in_range(counts[0], FLOWS * 22 / 100, FLOWS * 28 / 100);
	sl_hops_destroy(h);
}

// Only the flows of the next hop that went move, and they spread over the others.
static void removing_a_next_hop_moves_its_flows_alone(void **state)
{
	struct sl_route_hop hops[] = {hop(1, 0, 1), hop(2, 0, 1), hop(3, 1, 1), hop(4, 1, 1)};
	struct sl_route four = route_via(4, hops), three = route_via(3, hops);
	struct sl_hops *h = sl_hops_create(10);
	const struct sl_target *before = take(h, &four), *after = take(h, &three);
	unsigned moved[3] = {0};

	(void)state;
	for (uint32_t i = 0; i < FLOWS; i++) {
		const struct sl_hop *a = sl_target_choose(before, i),
				    *b = sl_target_choose(after, i);

		if (a->gateway[3] == 4)
			moved[b - after->hops]++;
		else
			assert_int_equal(a->gateway[3], b->gateway[3]);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(moved[i], FLOWS / 14, FLOWS / 10);
	sl_hops_destroy(h);
}

static void interfaces_are_renumbered(void **state)
{
	struct sl_route r = route_via(
		3, (struct sl_route_hop[]){hop(1, 0, 1), hop(2, 1, 1), hop(3, 7, 1)});
	struct sl_hops *h = sl_hops_create(10);
	const struct sl_target *t = take(h, &r);
	const uint16_t map[] = {5, SL_IFACE_NONE};

	(void)state;
	sl_hops_renumber(h, map, 2);
	assert_int_equal(t->hops[0].iface, 5);
	assert_int_equal(t->hops[1].iface, SL_IFACE_NONE);
	assert_int_equal(t->hops[2].iface, SL_IFACE_NONE);
	r = route_via(3, (struct sl_route_hop[]){hop(1, 5, 1), hop(2, SL_IFACE_NONE, 1),
						 hop(3, SL_IFACE_NONE, 1)});
	assert_ptr_equal(take(h, &r), t); // is found by its new numbers
	sl_hops_destroy(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_that_say_the_same_share_a_target),
		cmocka_unit_test(ids_are_used_again),
		cmocka_unit_test(kinds_are_targets_of_their_own),
		cmocka_unit_test(a_forward_without_next_hops_is_unreachable),
		cmocka_unit_test(flows_spread_evenly),
		cmocka_unit_test(weights_count),
		cmocka_unit_test(removing_a_next_hop_moves_its_flows_alone),
		cmocka_unit_test(interfaces_are_renumbered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
