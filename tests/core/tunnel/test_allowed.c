#include "core/tunnel/allowed.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PEERS = 8 };

static struct sl_prefix prefix(const char *text)
{
	struct sl_prefix p = {0};

	assert_true(sl_prefix_parse(text, &p));
	return p;
}

static void add(struct sl_allowed *a, const char *text, uint32_t peer)
{
	struct sl_prefix p = prefix(text);

	assert_int_equal(sl_allowed_add(a, &p, peer), 0);
}

static uint32_t find(const struct sl_allowed *a, const char *text)
{
	struct sl_ip ip = {0};

	assert_true(sl_ip_parse(text, &ip));
	return sl_allowed_find(a, ip.family, ip.bytes);
}

static void the_longest_prefix_wins(void **state)
{
	struct sl_allowed *a = sl_allowed_create(100, PEERS);

	(void)state;
	add(a, "198.51.100.0/24", 0);
	add(a, "198.51.100.7/32", 1);
	add(a, "198.51.0.0/16", 2);
	add(a, "203.0.113.32/27", 3);
	add(a, "203.0.113.33/27", 4); // the same prefix: moves
	add(a, "0.0.0.0/0", 5);
	add(a, "198.51.100.128/25", 6);
	assert_int_equal(find(a, "198.51.100.8"), 0);
	assert_int_equal(find(a, "198.51.100.7"), 1);
	assert_int_equal(find(a, "198.51.101.7"), 2);
	assert_int_equal(find(a, "203.0.113.63"), 4);
	assert_int_equal(find(a, "203.0.113.64"), 5);
	assert_int_equal(find(a, "198.51.100.129"), 6);
	assert_int_equal(find(a, "::1"), SL_ALLOWED_NOBODY);
	sl_allowed_destroy(a);
}

static void families_do_not_mix(void **state)
{
	struct sl_allowed *a = sl_allowed_create(100, PEERS);

	(void)state;
	add(a, "::/0", 1);
	add(a, "2001:db8:1:2::/64", 2);
	add(a, "2001:db8:1:2::7/128", 3);
	assert_int_equal(find(a, "2001:db8:1:2::7"), 3);
	assert_int_equal(find(a, "2001:db8:1:2::8"), 2);
	assert_int_equal(find(a, "2001:db8:1:3::8"), 1);
	assert_int_equal(find(a, "192.0.2.1"), SL_ALLOWED_NOBODY);
	sl_allowed_destroy(a);
}

static void a_prefix_belongs_to_one_peer(void **state)
{
	struct sl_allowed *a = sl_allowed_create(100, PEERS);
	struct sl_prefix p = prefix("10.0.0.0/8"), got;
	uint32_t cursor = 0;

	(void)state;
	add(a, "10.0.0.0/8", 1);
	add(a, "10.9.9.9/8", 2);
	assert_int_equal(sl_allowed_count(a), 1);
	assert_int_equal(find(a, "10.1.1.1"), 2);
	assert_false(sl_allowed_remove(a, &p, 1));
	assert_false(sl_allowed_next(a, 1, &cursor, &got));
	assert_true(sl_allowed_remove(a, &p, 2));
	assert_int_equal(find(a, "10.1.1.1"), SL_ALLOWED_NOBODY);
	assert_int_equal(sl_allowed_count(a), 0);
	sl_allowed_destroy(a);
}

static void prefixes_of_a_peer_come_in_their_order_with_host_bits_masked(void **state)
{
	static const char *const in[] = {"10.1.2.3/8", "fd00::1/64", "10.0.0.1/32", "0.0.0.0/0"};
	static const char *const out[] = {"10.0.0.0/8", "fd00::/64", "10.0.0.1/32", "0.0.0.0/0"};
	struct sl_allowed *a = sl_allowed_create(100, PEERS);
	struct sl_prefix p;
	char text[SL_IP_TEXT];
	uint32_t cursor = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		add(a, in[i], 3);
	for (size_t i = 0; i < 4; i++) {
		assert_true(sl_allowed_next(a, 3, &cursor, &p));
		assert_string_equal(sl_prefix_print(&p, text), out[i]);
	}
	assert_false(sl_allowed_next(a, 3, &cursor, &p));
	sl_allowed_remove_peer(a, 3);
	assert_int_equal(sl_allowed_count(a), 0);
	sl_allowed_destroy(a);
}

static void a_full_trie_refuses_and_room_comes_back(void **state)
{
	struct sl_allowed *a = sl_allowed_create(2, PEERS);
	struct sl_prefix p = prefix("12.0.0.0/8"), first = prefix("10.0.0.0/8");

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		add(a, "10.0.0.0/8", 0);
		add(a, "11.0.0.0/8", 1);
		assert_int_equal(sl_allowed_add(a, &p, 2), -ENOSPC);
		add(a, "11.0.0.0/8", 2); // moving takes no room
		assert_int_equal(find(a, "12.1.1.1"), SL_ALLOWED_NOBODY);
		assert_true(sl_allowed_remove(a, &first, 0));
		sl_allowed_remove_peer(a, 2);
	}
	sl_allowed_destroy(a);
}

// ---- a naive table beside it

enum { TABLE = 3000, STEPS = 60000 };

struct entry {
	struct sl_prefix p;
	uint32_t peer;
};

static struct entry table[TABLE];
static size_t entries;

// Few distinct bits, so that prefixes nest and meet again.
static struct sl_prefix random_prefix(void)
{
	struct sl_prefix p = {.ip.family = rand() % 2 ? 4 : 6};

	p.len = (uint8_t)(rand() % 4 ? rand() % 25 : rand() % (int)(sl_ip_bits(p.ip.family) + 1));
	for (size_t i = 0; i < sl_ip_len(p.ip.family); i++)
		p.ip.bytes[i] = i < 2 ? (uint8_t)(rand() % 4 * 85) : (uint8_t)(rand() % 3);
	return sl_prefix_masked(&p);
}

static struct entry *entry_of(const struct sl_prefix *p)
{
	for (size_t i = 0; i < entries; i++)
		if (table[i].p.len == p->len && sl_ip_equal(&table[i].p.ip, &p->ip))
			return &table[i];
	return NULL;
}

static uint32_t slow_find(const struct sl_ip *ip)
{
	const struct entry *best = NULL;

	for (size_t i = 0; i < entries; i++)
		if (sl_prefix_contains(&table[i].p, ip) && (!best || table[i].p.len > best->p.len))
			best = &table[i];
	return best ? best->peer : SL_ALLOWED_NOBODY;
}

static void step(struct sl_allowed *a)
{
	struct sl_prefix p = random_prefix(), q = random_prefix();
	struct entry *e = entry_of(&p);
	uint32_t peer = (uint32_t)rand() % PEERS;

	if (rand() % 2 && e) {
		bool removed = sl_allowed_remove(a, &p, peer);

		assert_int_equal(removed, e->peer == peer);
		if (removed)
			*e = table[--entries];
	} else if (e || entries < TABLE) {
		assert_int_equal(sl_allowed_add(a, &p, peer), 0);
		if (!e)
			e = &table[entries++];
		*e = (struct entry){p, peer};
	}
	assert_int_equal(sl_allowed_count(a), entries);
	assert_int_equal(sl_allowed_find(a, q.ip.family, q.ip.bytes), slow_find(&q.ip));
}

// As many as a burst takes, or fewer, beside each alone.
static void look_together(const struct sl_allowed *a)
{
	struct sl_allowed_ask asks[SL_ALLOWED_BURST];
	struct sl_prefix p[SL_ALLOWED_BURST];
	unsigned n = (unsigned)rand() % (SL_ALLOWED_BURST + 1);

	for (unsigned i = 0; i < n; i++) {
		p[i] = random_prefix();
		sl_allowed_ask(a, p[i].ip.family, p[i].ip.bytes, &asks[i]);
	}
	for (unsigned again = 0; again < 2; again++) { // what was found before is found again
		sl_allowed_find_burst(a, asks, n);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(asks[i].peer,
					 sl_allowed_find(a, p[i].ip.family, p[i].ip.bytes));
	}
}

enum { FILL = 100 };

static uint32_t find_in_burst(const struct sl_allowed *a, uint8_t family, const uint8_t *address)
{
	struct sl_allowed_ask ask;

	sl_allowed_ask(a, family, address, &ask);
	sl_allowed_find_burst(a, &ask, 1);
	return ask.peer;
}

// Of one address, in every state of the table; and of the same bits in the other family.
static void a_burst_finds_nothing_that_was_true_before(void **state)
{
	struct sl_allowed *a = sl_allowed_create(FILL + 4, 4);
	const struct sl_prefix wide = {.ip = {.family = 4, .bytes = {10}}, .len = 8};
	const struct sl_prefix host = {.ip = {.family = 4, .bytes = {10, 1, 2, 3}}, .len = 32};
	const struct sl_prefix other = {.ip = {.family = 6, .bytes = {10, 1, 2, 3}}, .len = 128};

	(void)state;
	for (unsigned i = 0; i < FILL; i++) { // few prefixes are not remembered
		const struct sl_prefix p = {.ip = {.family = 4, .bytes = {11, (uint8_t)i}},
					    .len = 16};

		assert_int_equal(sl_allowed_add(a, &p, 3), 0);
	}
	assert_int_equal(find_in_burst(a, 4, host.ip.bytes), SL_ALLOWED_NOBODY);
	assert_int_equal(sl_allowed_add(a, &wide, 0), 0);
	assert_int_equal(find_in_burst(a, 4, host.ip.bytes), 0);
	assert_int_equal(sl_allowed_add(a, &host, 1), 0);
	assert_int_equal(find_in_burst(a, 4, host.ip.bytes), 1);
	assert_int_equal(find_in_burst(a, 6, other.ip.bytes), SL_ALLOWED_NOBODY);
	assert_int_equal(sl_allowed_add(a, &other, 2), 0);
	assert_int_equal(find_in_burst(a, 6, other.ip.bytes), 2);
	assert_int_equal(find_in_burst(a, 4, host.ip.bytes), 1);
	assert_int_equal(sl_allowed_add(a, &host, 2), 0); // moves
	assert_int_equal(find_in_burst(a, 4, host.ip.bytes), 2);
	assert_true(sl_allowed_remove(a, &host, 2));
	assert_int_equal(find_in_burst(a, 4, host.ip.bytes), 0);
	sl_allowed_remove_peer(a, 0);
	assert_int_equal(find_in_burst(a, 4, host.ip.bytes), SL_ALLOWED_NOBODY);
	sl_allowed_destroy(a);
}

static void random_changes_are_as_in_a_list(void **state)
{
	struct sl_allowed *a = sl_allowed_create(TABLE, PEERS);

	(void)state;
	srand(7);
	entries = 0;
	look_together(a);
	for (unsigned i = 0; i < STEPS; i++) {
		step(a);
		if (i % 64 == 0)
			look_together(a);
	}
	assert_true(entries > 100);
	for (uint32_t peer = 0; peer < PEERS; peer++) {
		uint32_t cursor = 0;
		struct sl_prefix p;

		while (sl_allowed_next(a, peer, &cursor, &p)) {
			struct entry *e = entry_of(&p);

			assert_non_null(e);
			assert_int_equal(e->peer, peer);
			*e = table[--entries];
		}
		sl_allowed_remove_peer(a, peer);
	}
	assert_int_equal(entries, 0);
	assert_int_equal(sl_allowed_count(a), 0);
	sl_allowed_destroy(a);
}

static void a_million_prefixes_fit(void **state)
{
	enum { MILLION = 1000000 };
	struct sl_allowed *a = sl_allowed_create(MILLION, 10000);
	struct sl_prefix p = {.ip.family = 4, .len = 32};

	(void)state;
	for (uint32_t i = 0; i < MILLION; i++) {
		memcpy(p.ip.bytes, &(uint32_t){i * 2654435761u}, 4);
		assert_int_equal(sl_allowed_add(a, &p, i % 10000), 0);
	}
	for (uint32_t i = 0; i < MILLION; i += 7) {
		memcpy(p.ip.bytes, &(uint32_t){i * 2654435761u}, 4);
		assert_int_equal(sl_allowed_find(a, 4, p.ip.bytes), i % 10000);
	}
	assert_int_equal(sl_allowed_count(a), MILLION);
	sl_allowed_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_wins),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(a_prefix_belongs_to_one_peer),
		cmocka_unit_test(prefixes_of_a_peer_come_in_their_order_with_host_bits_masked),
		cmocka_unit_test(a_full_trie_refuses_and_room_comes_back),
		cmocka_unit_test(a_burst_finds_nothing_that_was_true_before),
		cmocka_unit_test(random_changes_are_as_in_a_list),
		cmocka_unit_test(a_million_prefixes_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
