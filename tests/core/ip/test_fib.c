// The FIB beside a list that is searched from end to end.

#include "core/ip/fib.h"
#include "core/proto/bytes.h"

#include <errno.h>
#include <rte_common.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	NAIVE_MOST = 512,
	OPERATIONS = 6000,
	IN_A_CROWD = 2000,
	LOOKUPS = 64,
};

// What each origin says for a prefix: the gateway's last byte, 0 = nothing.
struct naive_route {
	struct sl_prefix prefix;
	uint8_t gateway[SL_FIB_ORIGINS];
};

struct naive {
	struct naive_route routes[NAIVE_MOST];
	unsigned n;
};

static uint64_t state_of_random;
static uint32_t few_lines; // that the trie may have; 0 = enough
static unsigned refused;   // routes, for want of lines

static uint32_t draw(uint32_t below)
{
	state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state_of_random >> 33) % below);
}

static struct sl_fib *make(uint8_t family, uint32_t routes)
{
	struct sl_fib_limits limits = {.routes = routes, .lines = few_lines};
	struct sl_fib *f;

	assert_int_equal(sl_fib_create(&f, family, &limits, NULL), 0);
	return f;
}

static struct sl_prefix prefix(const char *text)
{
	struct sl_prefix p;

	assert_true(sl_prefix_parse(text, &p));
	return p;
}

static struct sl_route via(struct sl_prefix p, uint8_t gateway)
{
	struct sl_route r = {.prefix = p, .kind = SL_ROUTE_FORWARD, .n_hops = 1};

	r.hops[0] = (struct sl_route_hop){.gateway = {.family = p.ip.family}, .weight = 1};
	r.hops[0].gateway.bytes[0] = 9;
	r.hops[0].gateway.bytes[3] = gateway;
	return r;
}

static int set(struct sl_fib *f, const char *text, uint8_t gateway)
{
	struct sl_route r = via(prefix(text), gateway);

	return sl_fib_set(f, SL_FIB_STATIC, &r, NULL);
}

static int unset(struct sl_fib *f, const char *text)
{
	struct sl_prefix p = prefix(text);

	return sl_fib_remove(f, SL_FIB_STATIC, &p);
}

// The targets of n addresses: the gateway's last byte, 0 = no route.
static void look(const struct sl_fib *f, const struct sl_ip *ips, uint8_t *gateways, unsigned n)
{
	_Alignas(16) uint8_t keys[LOOKUPS * 16];
	size_t len = sl_ip_len(ips[0].family);
	uint32_t ids[LOOKUPS];

	for (unsigned i = 0; i < n; i++)
		memcpy(keys + i * len, ips[i].bytes, len);
	sl_fib_lookup(f, keys, ids, n);
	for (unsigned i = 0; i < n; i++) {
		const struct sl_target *t = &sl_fib_targets(f)[ids[i]];

		assert_int_equal(t->kind, ids[i] ? SL_ROUTE_FORWARD : SL_TARGET_NONE);
		gateways[i] = ids[i] ? t->hops[0].gateway[3] : 0;
	}
}

static uint8_t look_up(const struct sl_fib *f, const char *text)
{
	struct sl_ip ip;
	uint8_t gateway;

	assert_true(sl_ip_parse(text, &ip));
	look(f, &ip, &gateway, 1);
	return gateway;
}

// ---- against the naive list

static uint8_t deciding(const struct naive_route *r)
{
	for (unsigned i = 0; i < SL_FIB_ORIGINS; i++)
		if (r->gateway[i])
			return r->gateway[i];
	return 0;
}

static uint8_t naive_look(const struct naive *n, const struct sl_ip *ip)
{
	uint8_t best = 0;
	int len = -1;

	for (unsigned i = 0; i < n->n; i++) {
		const struct naive_route *r = &n->routes[i];

		if (deciding(r) && r->prefix.len > len && sl_prefix_contains(&r->prefix, ip)) {
			best = deciding(r);
			len = r->prefix.len;
		}
	}
	return best;
}

static struct naive_route *naive_find(struct naive *n, const struct sl_prefix *p)
{
	for (unsigned i = 0; i < n->n; i++)
		if (n->routes[i].prefix.len == p->len &&
		    sl_ip_equal(&n->routes[i].prefix.ip, &p->ip))
			return &n->routes[i];
	assert_true(n->n < NAIVE_MOST);
	n->routes[n->n].prefix = *p;
	return &n->routes[n->n++];
}

// An address whose every byte has few values, so that prefixes nest and meet.
static struct sl_ip random_ip(uint8_t family)
{
	static const uint8_t edges[] = {0, 1, 127, 128, 255};
	struct sl_ip ip = {.family = family};

	for (unsigned i = 0; i < sl_ip_len(family); i++)
		ip.bytes[i] = edges[draw(i < 3 ? 3 : sizeof(edges))];
	return ip;
}

// Where prefixes are crowded: under one, so many bits long, of any bits.
struct crowd {
	uint8_t under, least, most;
};

static struct crowd crowd; // none where most is 0

static struct sl_prefix random_prefix(uint8_t family)
{
	struct sl_prefix p = {.ip = random_ip(family)};

	if (crowd.most) {
		p.ip = (struct sl_ip){.family = family, .bytes = {0x20, 1, 0x0d, 0xb8}};
		for (unsigned i = crowd.under / 8; i < sl_ip_len(family); i++)
			p.ip.bytes[i] = (uint8_t)draw(256);
		p.len = (uint8_t)(crowd.least + draw(crowd.most - crowd.least + 1u));
		return sl_prefix_masked(&p);
	}
	p.len = (uint8_t)draw(sl_ip_bits(family) + 1);
	if (family == 6 && draw(2))
		p.len = (uint8_t)draw(65);
	return sl_prefix_masked(&p);
}

// One that a prefix known to both covers, mostly at one of its ends, or any.
static struct sl_ip near_ip(const struct naive *n, uint8_t family)
{
	struct sl_ip ip = random_ip(family);
	unsigned fill = draw(3);

	if (n->n == 0 || draw(4) == 0)
		return ip;
	const struct sl_prefix *p = &n->routes[draw(n->n)].prefix;

	for (unsigned bit = 0; bit < sl_ip_bits(family); bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);
		bool one = bit < p->len ? (p->ip.bytes[bit / 8] & mask) != 0
					: (fill == 2 ? draw(2) : fill);

		ip.bytes[bit / 8] &= (uint8_t)~mask;
		ip.bytes[bit / 8] |= one ? mask : 0;
	}
	return ip;
}

static void compare(const struct sl_fib *f, const struct naive *n, uint8_t family)
{
	struct sl_ip ips[LOOKUPS];
	uint8_t got[LOOKUPS];

	for (unsigned i = 0; i < LOOKUPS; i++)
		ips[i] = near_ip(n, family);
	look(f, ips, got, LOOKUPS);
	for (unsigned i = 0; i < LOOKUPS; i++)
		assert_int_equal(got[i], naive_look(n, &ips[i]));
}

static uint32_t naive_count(const struct naive *n)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < n->n; i++)
		count += deciding(&n->routes[i]) != 0;
	return count;
}

// One random change of both.
static void change(struct sl_fib *f, struct naive *n, uint8_t family)
{
	enum sl_fib_origin origin = draw(SL_FIB_ORIGINS);
	bool known = n->n > NAIVE_MOST - 2 || (n->n > 0 && draw(2));
	struct sl_prefix p = known ? n->routes[draw(n->n)].prefix : random_prefix(family);
	struct naive_route *r = naive_find(n, &p);

	if (draw(2)) {
		struct sl_route route = via(p, (uint8_t)(1 + draw(20)));
		int rc = sl_fib_set(f, origin, &route, NULL);

		if (few_lines && rc == -ENOSPC) {
			refused++;
			return;
		}
		assert_int_equal(rc, 0);
		r->gateway[origin] = route.hops[0].gateway.bytes[3];
	} else {
		int expected = r->gateway[origin] ? 0 : -ENOENT;

		r->gateway[origin] = 0;
		assert_int_equal(sl_fib_remove(f, origin, &p), expected);
	}
}

static void churn(uint8_t family, unsigned operations)
{
	struct naive *n = calloc(1, sizeof(*n));
	struct sl_fib *f = make(family, NAIVE_MOST);

	state_of_random = family;
	for (unsigned i = 0; i < operations; i++) {
		change(f, n, family);
		if (i % 4 == 0)
			compare(f, n, family);
	}
	assert_int_equal(sl_fib_routes(f), naive_count(n));
	for (; n->n > 0; n->n--) {
		if (n->n % 8 == 0)
			compare(f, n, family);
		for (unsigned origin = 0; origin < SL_FIB_ORIGINS; origin++)
			sl_fib_remove(f, origin, &n->routes[n->n - 1].prefix);
	}
	compare(f, n, family);
	assert_int_equal(sl_fib_routes(f), 0);
	assert_int_equal(sl_fib_targets_used(f), 0);
	sl_fib_destroy(f);
	free(n);
}

static void changes_of_ipv4_agree_with_a_list(void **state)
{
	(void)state;
	churn(4, OPERATIONS);
}

static void changes_of_ipv6_agree_with_a_list(void **state)
{
	(void)state;
	churn(6, OPERATIONS);
}

// As many prefixes in one place as make the tables there grow and shrink.
static void churn_crowds(unsigned operations)
{
	static const struct crowd crowds[] = {{16, 17, 32},  {24, 25, 32}, {24, 30, 56},
					      {32, 33, 48},  {40, 41, 48}, {32, 40, 66},
					      {64, 65, 128}, {48, 49, 66}, {96, 97, 128}};

	for (unsigned i = 0; i < RTE_DIM(crowds); i++) {
		crowd = crowds[i];
		churn(crowd.most > 32 ? 6 : 4, operations);
	}
	crowd.most = 0;
}

static void changes_in_a_crowd_agree_with_a_list(void **state)
{
	(void)state;
	churn_crowds(IN_A_CROWD);
}

// What finds no room changes nothing, and nothing else ever needs room that is not there.
static void changes_without_room_agree_with_a_list(void **state)
{
	(void)state;
	for (few_lines = 180; few_lines < 260; few_lines += 40) {
		refused = 0;
		churn_crowds(IN_A_CROWD / 4);
		assert_true(refused > 0);
	}
	few_lines = 0;
}

// ---- by hand

static void nothing_matches_an_empty_fib(void **state)
{
	struct sl_fib *f = make(4, 10);

	(void)state;
	assert_int_equal(look_up(f, "10.0.0.1"), 0);
	assert_int_equal(unset(f, "10.0.0.0/8"), -ENOENT);
	sl_fib_destroy(f);
}

static void default_route_is_the_last_resort(void **state)
{
	struct sl_fib *f = make(4, 10);

	(void)state;
	set(f, "0.0.0.0/0", 1);
	set(f, "10.1.2.0/24", 2);
	set(f, "10.1.2.3/32", 3);
	assert_int_equal(look_up(f, "255.255.255.255"), 1);
	assert_int_equal(look_up(f, "0.0.0.0"), 1);
	assert_int_equal(look_up(f, "10.1.2.2"), 2);
	assert_int_equal(look_up(f, "10.1.2.3"), 3);
	unset(f, "10.1.2.0/24");
	assert_int_equal(look_up(f, "10.1.2.2"), 1);
	assert_int_equal(look_up(f, "10.1.2.3"), 3);
	unset(f, "0.0.0.0/0");
	assert_int_equal(look_up(f, "10.1.2.2"), 0);
	assert_int_equal(look_up(f, "10.1.2.3"), 3);
	sl_fib_destroy(f);
}

static void default_route_of_ipv6_changes_without_a_walk(void **state)
{
	struct sl_fib *f = make(6, 10);
	uint64_t before;

	(void)state;
	set(f, "2001:db8::/32", 2);
	set(f, "2001:db8::1/128", 3);
	before = sl_fib_work(f);
	set(f, "::/0", 1);
	set(f, "2000::/3", 4);
	assert_true(sl_fib_work(f) - before < 3000);
	assert_int_equal(look_up(f, "2a00::1"), 4);
	assert_int_equal(look_up(f, "fd00::1"), 1);
	assert_int_equal(look_up(f, "2001:db8::2"), 2);
	assert_int_equal(look_up(f, "2001:db8::1"), 3);
	unset(f, "2000::/3");
	assert_int_equal(look_up(f, "2a00::1"), 1);
	sl_fib_destroy(f);
}

// No change of one route may hold the packets up: it looks at what its prefix covers in the first
// table and in the chunks below, never at all of it.
static void no_short_prefix_costs_more_than_one_of_eight_bits(void **state)
{
	struct sl_fib *f = make(4, 100);

	(void)state;
	for (unsigned len = 0; len <= 32; len++) {
		uint64_t before = sl_fib_work(f);
		struct sl_route r = via(prefix("10.0.0.0/8"), 1);

		r.prefix.len = (uint8_t)len;
		assert_int_equal(sl_fib_set(f, SL_FIB_STATIC, &r, NULL), 0);
		assert_true(sl_fib_work(f) - before < 100000);
	}
	sl_fib_destroy(f);
}

static void bits_behind_the_prefix_do_not_count(void **state)
{
	struct sl_fib *f = make(4, 10);

	(void)state;
	set(f, "10.1.2.3/16", 1);
	assert_int_equal(look_up(f, "10.1.0.0"), 1);
	assert_int_equal(unset(f, "10.1.9.9/16"), 0);
	assert_int_equal(look_up(f, "10.1.0.0"), 0);
	sl_fib_destroy(f);
}

static void static_route_wins_and_gives_back_to_the_kernels(void **state)
{
	struct sl_route kernel = via(prefix("10.0.0.0/8"), 7);
	struct sl_fib *f = make(4, 10);

	(void)state;
	assert_int_equal(sl_fib_set(f, SL_FIB_KERNEL, &kernel, NULL), 0);
	set(f, "10.0.0.0/8", 1);
	assert_int_equal(look_up(f, "10.0.0.1"), 1);
	kernel = via(prefix("10.0.0.0/8"), 8);
	assert_int_equal(sl_fib_set(f, SL_FIB_KERNEL, &kernel, NULL), 0);
	assert_int_equal(look_up(f, "10.0.0.1"), 1);
	assert_int_equal(sl_fib_routes(f), 1);
	unset(f, "10.0.0.0/8");
	assert_int_equal(look_up(f, "10.0.0.1"), 8);
	assert_int_equal(sl_fib_find(f, SL_FIB_KERNEL, &kernel.prefix)->hops[0].gateway[3], 8);
	assert_null(sl_fib_find(f, SL_FIB_STATIC, &kernel.prefix));
	sl_fib_destroy(f);
}

static void flush_removes_one_origin(void **state)
{
	struct sl_fib *f = make(4, 1000);
	size_t at = 0;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		struct sl_route r = via(prefix("10.0.0.0/24"), 7);

		r.prefix.ip.bytes[1] = (uint8_t)(i / 256);
		r.prefix.ip.bytes[2] = (uint8_t)i;
		assert_int_equal(sl_fib_set(f, SL_FIB_KERNEL, &r, NULL), 0);
	}
	set(f, "10.0.7.0/24", 1);
	set(f, "11.0.0.0/8", 2);
	assert_false(sl_fib_flush(f, SL_FIB_KERNEL, &at, 10));
	while (!sl_fib_flush(f, SL_FIB_KERNEL, &at, 10))
		;
	assert_int_equal(sl_fib_routes(f), 2);
	assert_int_equal(sl_fib_count(f, SL_FIB_KERNEL), 0);
	assert_int_equal(look_up(f, "10.0.7.1"), 1);
	assert_int_equal(look_up(f, "10.1.1.1"), 0);
	assert_int_equal(look_up(f, "11.1.1.1"), 2);
	sl_fib_destroy(f);
}

static void too_many_routes_are_an_error(void **state)
{
	struct sl_route r = via(prefix("10.3.0.0/16"), 1);
	struct sl_fib *f = make(4, 2);
	struct sl_error err = {0};

	(void)state;
	assert_int_equal(set(f, "10.1.0.0/16", 1), 0);
	assert_int_equal(set(f, "10.2.0.0/16", 2), 0);
	assert_int_equal(sl_fib_set(f, SL_FIB_STATIC, &r, &err), -ENOSPC);
	assert_string_equal(err.text, "there is no room for more than 2 routes");
	assert_int_equal(look_up(f, "10.3.0.1"), 0);
	assert_int_equal(set(f, "10.2.0.0/16", 3), 0);
	assert_int_equal(look_up(f, "10.2.0.1"), 3);
	assert_int_equal(unset(f, "10.1.0.0/16"), 0);
	assert_int_equal(sl_fib_set(f, SL_FIB_STATIC, &r, &err), 0);
	sl_fib_destroy(f);
}

static void too_many_targets_are_an_error_until_one_goes(void **state)
{
	struct sl_fib_limits limits = {.routes = 10, .targets = 2};
	struct sl_fib *f;

	(void)state;
	assert_int_equal(sl_fib_create(&f, 4, &limits, NULL), 0);
	assert_int_equal(set(f, "10.1.0.0/16", 1), 0);
	assert_int_equal(set(f, "10.2.0.0/16", 2), 0);
	assert_int_equal(set(f, "10.3.0.0/16", 2), 0);
	assert_int_equal(set(f, "10.4.0.0/16", 3), -ENOSPC);
	assert_int_equal(set(f, "10.2.0.0/16", 3), -ENOSPC);
	assert_int_equal(look_up(f, "10.2.0.1"), 2);
	assert_int_equal(unset(f, "10.1.0.0/16"), 0);
	assert_int_equal(set(f, "10.4.0.0/16", 3), 0);
	assert_int_equal(look_up(f, "10.4.0.1"), 3);
	assert_int_equal(sl_fib_targets_used(f), 2);
	sl_fib_destroy(f);
}

// A route that finds no line leaves everything as it was, and one that goes gives its lines back.
static void too_few_lines_are_an_error_that_loses_nothing(void **state)
{
	struct sl_fib_limits limits = {.routes = 100, .lines = 18};
	struct sl_fib *f;

	(void)state;
	assert_int_equal(sl_fib_create(&f, 6, &limits, NULL), 0);
	assert_int_equal(set(f, "2001:db8::/32", 1), 0);   // a chunk in full
	assert_int_equal(set(f, "2001:db8:1::/64", 2), 0); // two of one line
	assert_int_equal(set(f, "2001:db8:2::/64", 3), -ENOSPC);
	assert_int_equal(set(f, "2001:db9::/40", 3), -ENOSPC);
	assert_int_equal(look_up(f, "2001:db8:2::1"), 1);
	assert_int_equal(look_up(f, "2001:db8:1::1"), 2);
	assert_int_equal(set(f, "2001:db9::/32", 4), 0); // in the first chunk
	assert_int_equal(look_up(f, "2001:db9::1"), 4);
	assert_int_equal(unset(f, "2001:db8:1::/64"), 0);
	assert_int_equal(set(f, "2001:db9::/40", 3), 0);
	assert_int_equal(set(f, "2001:db8:8000::/40", 5), 0);
	assert_int_equal(look_up(f, "2001:db8:80ff::1"), 5);
	assert_int_equal(look_up(f, "2001:db8:2::1"), 1);
	assert_int_equal(sl_fib_routes(f), 4);
	sl_fib_destroy(f);
}

// Six host routes, none beside another, in one eighth of each /24 take more lines than any others.
static void any_ipv4_routes_find_room(void **state)
{
	enum { NETS = 2000, HOSTS = 6 };
	struct sl_fib *f = make(4, NETS * HOSTS);

	(void)state;
	for (unsigned i = 0; i < NETS * HOSTS; i++) {
		struct sl_route r = via(prefix("10.0.0.0/32"), 1 + i % HOSTS);

		store_be32(r.prefix.ip.bytes, 0x0a000001 + (i / HOSTS << 8) + 2 * (i % HOSTS));
		assert_int_equal(sl_fib_set(f, SL_FIB_STATIC, &r, NULL), 0);
	}
	assert_int_equal(look_up(f, "10.0.0.3"), 2);
	assert_int_equal(look_up(f, "10.0.0.4"), 0);
	assert_int_equal(look_up(f, "10.7.207.11"), 6);
	sl_fib_destroy(f);
}

static void a_route_of_another_family_is_refused(void **state)
{
	struct sl_fib *f = make(4, 10);

	(void)state;
	assert_int_equal(set(f, "2001:db8::/32", 1), -EINVAL);
	assert_int_equal(unset(f, "2001:db8::/32"), -ENOENT);
	sl_fib_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_of_ipv4_agree_with_a_list),
		cmocka_unit_test(changes_of_ipv6_agree_with_a_list),
		cmocka_unit_test(changes_in_a_crowd_agree_with_a_list),
		cmocka_unit_test(changes_without_room_agree_with_a_list),
		cmocka_unit_test(nothing_matches_an_empty_fib),
		cmocka_unit_test(default_route_is_the_last_resort),
		cmocka_unit_test(default_route_of_ipv6_changes_without_a_walk),
		cmocka_unit_test(no_short_prefix_costs_more_than_one_of_eight_bits),
		cmocka_unit_test(bits_behind_the_prefix_do_not_count),
		cmocka_unit_test(static_route_wins_and_gives_back_to_the_kernels),
		cmocka_unit_test(flush_removes_one_origin),
		cmocka_unit_test(too_many_routes_are_an_error),
		cmocka_unit_test(too_many_targets_are_an_error_until_one_goes),
		cmocka_unit_test(too_few_lines_are_an_error_that_loses_nothing),
		cmocka_unit_test(any_ipv4_routes_find_room),
		cmocka_unit_test(a_route_of_another_family_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
