#include "core/ip/meta.h"
#include "core/ip/rib.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ALL = 1 << 20, LAN = 0, WAN = 1 };

static struct sl_rib *make(void)
{
	struct sl_rib *rib = sl_rib_create(
		&(struct sl_rib_limits){.routes = 64, .sets = 16, .nexthops = 16});

	assert_non_null(rib);
	return rib;
}

// "10.1.0.0/16", "fe80::2": hops follow by add_hop.
static struct sl_rib_route route(const char *prefix, uint32_t metric)
{
	struct sl_rib_route r = {.metric = metric};

	assert_true(sl_prefix_parse(prefix, &r.prefix));
	return r;
}

static void add_hop(const struct sl_rib *rib, struct sl_rib_route *r, const char *gateway,
		    uint16_t iface)
{
	struct sl_hop *h = &r->hops[r->n_hops++];

	*h = (struct sl_hop){.iface = iface, .weight = 1, .life = sl_rib_life(rib, iface)};
	if (*gateway)
		assert_true(sl_ip_parse(gateway, &h->gateway));
}

static struct sl_rib_route via(const struct sl_rib *rib, const char *prefix, uint32_t metric,
			       const char *gateway, uint16_t iface)
{
	struct sl_rib_route r = route(prefix, metric);

	add_hop(rib, &r, gateway, iface);
	return r;
}

static void add(struct sl_rib *rib, const struct sl_rib_route *r, enum sl_rib_how how)
{
	assert_int_equal(sl_rib_add(rib, r, how), 0);
}

// All that is told next, "; " between: "10.1.0.0/16 via 10.0.0.2 if 0", "-10.1.0.0/16".
static const char *told(struct sl_rib *rib)
{
	static char text[8192];
	unsigned budget = ALL, n = 0;
	struct sl_control c;
	char ip[SL_IP_TEXT];

	while (sl_rib_walk(rib, 7))
		;
	text[0] = '\0';
	while (sl_rib_tell(rib, 4, &budget, &c) || sl_rib_tell(rib, 6, &budget, &c)) {
		assert_in_range(n, 0, sizeof(text) / 2);
		n += (unsigned)snprintf(text + n, sizeof(text) - n, "%s%s%s%s", n ? "; " : "",
					c.remove ? "-" : "", sl_prefix_print(&c.route.prefix, ip),
					c.route.kind ? " refused" : "");
		for (unsigned i = 0; i < c.route.n_hops; i++)
			n += (unsigned)snprintf(text + n, sizeof(text) - n, " via %s if %u",
						c.route.hops[i].gateway.family
							? sl_ip_print(&c.route.hops[i].gateway, ip)
							: "link",
						c.route.hops[i].iface);
	}
	return text;
}

static void routes_are_told_and_told_gone(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route r = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN);

	(void)state;
	add(rib, &r, SL_RIB_FIRST);
	assert_true(sl_rib_has_news(rib, 4));
	assert_false(sl_rib_has_news(rib, 6));
	assert_string_equal(told(rib), "10.1.0.0/16 via 10.0.0.2 if 0");
	assert_int_equal(sl_rib_count_told(rib), 1);
	add(rib, &r, SL_RIB_FIRST); // nothing new
	assert_string_equal(told(rib), "");
	sl_rib_remove(rib, &r);
	assert_string_equal(told(rib), "-10.1.0.0/16");
	assert_int_equal(sl_rib_count_told(rib), 0);
	assert_int_equal(sl_rib_count_routes(rib), 0);
	sl_rib_destroy(rib);
}

// 10.SECOND.0.0/24, 10.SECOND.1.0/24 and so on, on the link of an interface.
static void add_many(struct sl_rib *rib, unsigned second, uint16_t iface, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct sl_rib_route r;
		char prefix[SL_IP_TEXT];

		snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", second, i);
		r = via(rib, prefix, 0, "", iface);
		add(rib, &r, SL_RIB_FIRST);
	}
}

static void what_finds_no_room_is_withheld_until_there_is_some(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route r = via(rib, "10.1.1.0/24", 0, "", LAN);

	(void)state;
	sl_rib_set_room(rib, 2);
	add_many(rib, 1, LAN, 4);
	assert_string_equal(told(rib), "10.1.0.0/24 via link if 0; 10.1.1.0/24 via link if 0");
	assert_int_equal(sl_rib_count_withheld(rib), 2);
	sl_rib_refill(rib);
	assert_string_equal(told(rib), "");
	sl_rib_remove(rib, &r);
	assert_string_equal(told(rib), "-10.1.1.0/24");
	sl_rib_refill(rib);
	assert_string_equal(told(rib), "10.1.2.0/24 via link if 0");
	assert_int_equal(sl_rib_count_withheld(rib), 1);
	r = via(rib, "10.1.3.0/24", 0, "", LAN);
	sl_rib_remove(rib, &r);
	assert_string_equal(told(rib), "");
	assert_int_equal(sl_rib_count_withheld(rib), 0);
	assert_int_equal(sl_rib_count_told(rib), 2);
	sl_rib_destroy(rib);
}

static void less_room_tells_routes_gone_before_others_are_told_again(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route r = via(rib, "fd00::/16", 0, "", LAN);

	(void)state;
	add_many(rib, 1, LAN, 3);
	add(rib, &r, SL_RIB_FIRST);
	told(rib);
	sl_rib_set_room(rib, 1);
	sl_rib_retell(rib);
	assert_string_equal(told(rib), "-10.1.0.0/24; -10.1.1.0/24; 10.1.2.0/24 via link if 0; "
				       "fd00::/16 via link if 0");
	sl_rib_retell(rib);
	assert_string_equal(told(rib), "10.1.2.0/24 via link if 0; fd00::/16 via link if 0");
	sl_rib_set_room(rib, 4);
	sl_rib_refill(rib);
	assert_string_equal(told(rib), "10.1.0.0/24 via link if 0; 10.1.1.0/24 via link if 0");
	sl_rib_destroy(rib);
}

static void a_walk_meets_every_prefix_though_others_come_meanwhile(void **state)
{
	struct sl_rib *rib = make();
	unsigned budget = ALL;
	struct sl_control c;

	(void)state;
	add_many(rib, 1, LAN, 8);
	told(rib);
	sl_rib_down(rib, WAN);
	sl_rib_walk(rib, 5); // the next walk begins in the middle
	assert_false(sl_rib_tell(rib, 4, &budget, &c));
	sl_rib_down(rib, LAN);
	add_many(rib, 2, WAN, 4);
	told(rib);
	assert_int_equal(sl_rib_count_told(rib), 4);
	sl_rib_destroy(rib);
}

static void change_back_is_no_news(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route a = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN);
	struct sl_rib_route b = via(rib, "10.1.0.0/16", 0, "10.0.1.2", WAN);

	(void)state;
	add(rib, &a, SL_RIB_FIRST);
	told(rib);
	add(rib, &b, SL_RIB_REPLACE);
	add(rib, &a, SL_RIB_REPLACE);
	assert_string_equal(told(rib), "");
	sl_rib_destroy(rib);
}

static void first_of_a_metric_counts_and_replaced_is_the_first(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route a = via(rib, "10.1.0.0/16", 5, "10.0.0.2", LAN);
	struct sl_rib_route b = via(rib, "10.1.0.0/16", 5, "10.0.0.3", LAN);
	struct sl_rib_route c = via(rib, "10.1.0.0/16", 5, "10.0.0.4", LAN);

	(void)state;
	add(rib, &a, SL_RIB_FIRST);
	add(rib, &b, SL_RIB_LAST);
	assert_string_equal(told(rib), "10.1.0.0/16 via 10.0.0.2 if 0");
	add(rib, &c, SL_RIB_FIRST);
	assert_string_equal(told(rib), "10.1.0.0/16 via 10.0.0.4 if 0");
	sl_rib_remove(rib, &c);
	add(rib, &c, SL_RIB_REPLACE); // a's place
	assert_string_equal(told(rib), "");
	sl_rib_remove(rib, &c);
	assert_string_equal(told(rib), "10.1.0.0/16 via 10.0.0.3 if 0");
	sl_rib_destroy(rib);
}

static void what_a_round_has_not_met_goes(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route a = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN);
	struct sl_rib_route b = via(rib, "fd01::/64", 0, "fe80::2", WAN);

	(void)state;
	add(rib, &a, SL_RIB_FIRST);
	add(rib, &b, SL_RIB_FIRST);
	told(rib);
	sl_rib_begin(rib);
	add(rib, &b, SL_RIB_DUMPED);
	assert_string_equal(told(rib), "");
	sl_rib_end(rib);
	assert_string_equal(told(rib), "-10.1.0.0/16");
	assert_int_equal(sl_rib_count_routes(rib), 1);
	sl_rib_destroy(rib);
}

// The kernel may have written a part of the dump before the event, which we read before the dump.
static void event_of_a_round_has_the_last_word(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route a = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN);
	struct sl_rib_route b = via(rib, "10.2.0.0/16", 0, "10.0.0.2", LAN);
	struct sl_rib_route c = via(rib, "10.2.0.0/16", 0, "10.0.0.3", LAN);
	struct sl_rib_route d = via(rib, "10.3.0.0/16", 0, "10.0.0.3", LAN);

	(void)state;
	add(rib, &a, SL_RIB_FIRST);
	add(rib, &b, SL_RIB_FIRST);
	told(rib);
	sl_rib_begin(rib);
	sl_rib_remove(rib, &a);
	add(rib, &c, SL_RIB_REPLACE);
	sl_rib_remove(rib, &d); // not known yet
	add(rib, &a, SL_RIB_DUMPED);
	add(rib, &b, SL_RIB_DUMPED);
	add(rib, &d, SL_RIB_DUMPED);
	sl_rib_end(rib);
	assert_string_equal(told(rib), "-10.1.0.0/16; 10.2.0.0/16 via 10.0.0.3 if 0");
	assert_int_equal(sl_rib_count_routes(rib), 1);
	sl_rib_begin(rib); // in the next one, dumps count again
	add(rib, &a, SL_RIB_DUMPED);
	add(rib, &c, SL_RIB_DUMPED);
	sl_rib_end(rib);
	assert_string_equal(told(rib), "10.1.0.0/16 via 10.0.0.2 if 0");
	sl_rib_destroy(rib);
}

static void round_given_up_is_begun_again(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route a = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN);

	(void)state;
	add(rib, &a, SL_RIB_FIRST);
	told(rib);
	sl_rib_begin(rib);
	sl_rib_remove(rib, &a);
	sl_rib_begin(rib);
	add(rib, &a, SL_RIB_DUMPED);
	sl_rib_end(rib);
	told(rib);
	assert_int_equal(sl_rib_count_told(rib), 1);
	assert_int_equal(sl_rib_count_routes(rib), 1);
	sl_rib_destroy(rib);
}

static void link_that_returns_brings_nothing_back_by_itself(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route a = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN);
	struct sl_rib_route both = via(rib, "10.2.0.0/16", 0, "10.0.0.2", LAN);

	(void)state;
	add_hop(rib, &both, "10.0.1.2", WAN);
	add(rib, &a, SL_RIB_FIRST);
	add(rib, &both, SL_RIB_FIRST);
	told(rib);
	sl_rib_down(rib, LAN);
	assert_string_equal(told(rib), "-10.1.0.0/16; 10.2.0.0/16 via 10.0.1.2 if 1");
	a = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN); // of its new life
	add(rib, &a, SL_RIB_DUMPED);
	assert_string_equal(told(rib), "10.1.0.0/16 via 10.0.0.2 if 0");
	assert_int_equal(sl_rib_count_routes(rib), 2);
	sl_rib_destroy(rib);
}

static void objects_lead_routes_and_a_later_one_is_another(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route r = route("10.1.0.0/16", 0);
	struct sl_nexthop n = {.id = 7, .hop = {.weight = 1, .iface = WAN}};

	(void)state;
	r.nexthop = 7;
	add(rib, &r, SL_RIB_FIRST);
	assert_string_equal(told(rib), ""); // it leads nowhere yet
	assert_int_equal(sl_rib_add_nexthop(rib, &n, true), 0);
	assert_string_equal(told(rib), "10.1.0.0/16 via link if 1");
	n.hop.iface = LAN;
	assert_int_equal(sl_rib_add_nexthop(rib, &n, true), 0);
	assert_string_equal(told(rib), "10.1.0.0/16 via link if 0");
	sl_rib_remove_nexthop(rib, 7);
	assert_string_equal(told(rib), "-10.1.0.0/16");
	assert_int_equal(sl_rib_add_nexthop(rib, &n, true), 0);
	assert_string_equal(told(rib), "");
	add(rib, &r, SL_RIB_FIRST); // which binds it anew
	assert_string_equal(told(rib), "10.1.0.0/16 via link if 0");
	sl_rib_destroy(rib);
}

static void what_the_router_cannot_do_is_refused_by_name(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route a = via(rib, "10.1.0.0/16", 0, "fe80::2", LAN);
	struct sl_rib_route b = via(rib, "10.2.0.0/16", 0, "fe80::2", LAN);

	(void)state;
	add_hop(rib, &b, "10.0.1.2", WAN); // but for this
	add(rib, &a, SL_RIB_FIRST);
	add(rib, &b, SL_RIB_FIRST);
	assert_string_equal(told(rib), "10.1.0.0/16 refused; 10.2.0.0/16 via 10.0.1.2 if 1");
	sl_rib_destroy(rib);
}

static void route_goes_by_its_whole_name_or_a_part(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route half = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN), whole = half;

	(void)state;
	add_hop(rib, &whole, "10.0.1.2", WAN); // not in use when we heard of it
	add(rib, &half, SL_RIB_FIRST);
	told(rib);
	sl_rib_remove(rib, &whole);
	assert_string_equal(told(rib), "-10.1.0.0/16");
	sl_rib_destroy(rib);
}

static void interfaces_may_have_other_numbers(void **state)
{
	uint16_t to[SL_IFACES_MAX];
	struct sl_rib *rib = make();
	struct sl_rib_route a = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN);
	struct sl_rib_route b = via(rib, "10.2.0.0/16", 0, "10.0.1.2", WAN);

	(void)state;
	add(rib, &a, SL_RIB_FIRST);
	add(rib, &b, SL_RIB_FIRST);
	told(rib);
	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		to[i] = SL_IFACE_NONE;
	to[WAN] = LAN;
	sl_rib_renumber(rib, to);
	assert_string_equal(told(rib), "-10.1.0.0/16; 10.2.0.0/16 via 10.0.1.2 if 0");
	b = via(rib, "10.2.0.0/16", 0, "10.0.1.2", LAN);
	add(rib, &b, SL_RIB_FIRST); // which is the same
	assert_int_equal(sl_rib_count_routes(rib), 2);
	sl_rib_destroy(rib);
}

static void all_is_told_again_when_asked_for(void **state)
{
	struct sl_rib *rib = make();
	struct sl_rib_route a = via(rib, "10.1.0.0/16", 0, "10.0.0.2", LAN);
	struct sl_rib_route b = via(rib, "10.2.0.0/16", 0, "10.0.1.2", WAN);

	(void)state;
	add(rib, &a, SL_RIB_FIRST);
	add(rib, &b, SL_RIB_FIRST);
	told(rib);
	sl_rib_remove(rib, &a); // and is not told yet
	sl_rib_retell(rib);
	assert_string_equal(told(rib), "-10.1.0.0/16; 10.2.0.0/16 via 10.0.1.2 if 1");
	sl_rib_destroy(rib);
}

static void full_table_refuses_and_goes_on(void **state)
{
	struct sl_rib *rib = make();
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 70; i++) {
		struct sl_rib_route r;

		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		r = via(rib, text, 0, "10.0.0.2", LAN);
		assert_int_equal(sl_rib_add(rib, &r, SL_RIB_FIRST), i < 64 ? 0 : -ENOSPC);
	}
	told(rib);
	assert_int_equal(sl_rib_count_told(rib), 64);
	for (unsigned i = 0; i < 70; i++) {
		struct sl_rib_route r;

		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		r = via(rib, text, 0, "10.0.0.2", LAN);
		sl_rib_remove(rib, &r);
	}
	told(rib);
	assert_int_equal(sl_rib_count_routes(rib), 0);
	sl_rib_destroy(rib);
}

static void too_many_sets_of_hops_are_refused(void **state)
{
	struct sl_rib *rib = make();
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct sl_rib_route r;

		snprintf(text, sizeof(text), "10.0.0.%u", i + 1);
		r = via(rib, "10.1.0.0/16", i, text, LAN);
		assert_int_equal(sl_rib_add(rib, &r, SL_RIB_FIRST), i < 16 ? 0 : -ENOSPC);
	}
	assert_int_equal(sl_rib_count_routes(rib), 16);
	sl_rib_destroy(rib);
}

// What the kernel would do, as plain as can be: the best of a few metrics of a few prefixes.
static void random_changes_end_as_in_a_naive_table(void **state)
{
	enum { PREFIXES = 5, METRICS = 3, ROUNDS = 20000 };
	bool there[PREFIXES][METRICS] = {{false}};
	int shown[PREFIXES] = {-1, -1, -1, -1, -1};
	struct sl_rib *rib = make();
	uint32_t random = 1;
	struct sl_control c;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned p, m, budget = 2;
		struct sl_rib_route r;
		char text[32];

		random = random * 1664525 + 1013904223;
		p = random >> 16 & 0xff;
		m = (random >> 8 & 0xff) % METRICS;
		snprintf(text, sizeof(text), "10.%u.0.0/16", p % PREFIXES);
		r = via(rib, text, m, m ? "10.0.0.2" : "10.0.0.3", (uint16_t)m);
		if (random >> 28 & 1)
			add(rib, &r, SL_RIB_LAST);
		else
			sl_rib_remove(rib, &r);
		there[p % PREFIXES][m] = random >> 28 & 1;
		if (i == ROUNDS - 1)
			budget = ALL;
		while (sl_rib_tell(rib, 4, &budget, &c))
			shown[c.route.prefix.ip.bytes[1]] = c.remove ? -1 : c.route.hops[0].iface;
	}
	for (unsigned p = 0; p < PREFIXES; p++) {
		int best = -1;

		for (int m = METRICS - 1; m >= 0; m--)
			best = there[p][m] ? m : best;
		assert_int_equal(shown[p], best);
	}
	sl_rib_destroy(rib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_told_and_told_gone),
		cmocka_unit_test(what_finds_no_room_is_withheld_until_there_is_some),
		cmocka_unit_test(less_room_tells_routes_gone_before_others_are_told_again),
		cmocka_unit_test(a_walk_meets_every_prefix_though_others_come_meanwhile),
		cmocka_unit_test(change_back_is_no_news),
		cmocka_unit_test(first_of_a_metric_counts_and_replaced_is_the_first),
		cmocka_unit_test(what_a_round_has_not_met_goes),
		cmocka_unit_test(event_of_a_round_has_the_last_word),
		cmocka_unit_test(round_given_up_is_begun_again),
		cmocka_unit_test(link_that_returns_brings_nothing_back_by_itself),
		cmocka_unit_test(objects_lead_routes_and_a_later_one_is_another),
		cmocka_unit_test(what_the_router_cannot_do_is_refused_by_name),
		cmocka_unit_test(route_goes_by_its_whole_name_or_a_part),
		cmocka_unit_test(interfaces_may_have_other_numbers),
		cmocka_unit_test(all_is_told_again_when_asked_for),
		cmocka_unit_test(full_table_refuses_and_goes_on),
		cmocka_unit_test(too_many_sets_of_hops_are_refused),
		cmocka_unit_test(random_changes_end_as_in_a_naive_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
