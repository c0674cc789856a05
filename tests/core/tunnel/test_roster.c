#include "core/tunnel/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MAX = 300 };

static void key_of(unsigned n, uint8_t key[32])
{
	memset(key, 0, 32);
	key[0] = (uint8_t)(n * 37);
	store_be32(key + 8, n);
}

static void peers_are_found_by_key_whatever_the_order(void **state)
{
	struct sl_roster *r = sl_roster_create(MAX);
	uint8_t key[32];
	uint32_t ids[MAX];

	(void)state;
	for (unsigned i = 0; i < MAX; i++) {
		key_of(i, key);
		ids[i] = sl_roster_add(r, key);
		assert_int_equal(sl_roster_add(r, key), UINT32_MAX);
	}
	key_of(MAX, key);
	assert_int_equal(sl_roster_add(r, key), UINT32_MAX);
	assert_int_equal(sl_roster_find(r, key), UINT32_MAX);
	for (unsigned i = 0; i < MAX; i += 2)
		sl_roster_remove(r, ids[i]);
	for (unsigned i = 0; i < MAX; i++) {
		key_of(i, key);
		assert_int_equal(sl_roster_find(r, key), i % 2 ? ids[i] : UINT32_MAX);
	}
	sl_roster_destroy(r);
}

static void a_number_is_used_again_and_knows_nothing(void **state)
{
	struct sl_roster *r = sl_roster_create(2);
	uint8_t key[32];
	uint32_t id;

	(void)state;
	key_of(1, key);
	id = sl_roster_add(r, key);
	sl_roster_peer(r, id)->sent_ns = 5;
	sl_roster_remove(r, id);
	sl_roster_remove(r, id);
	assert_false(sl_roster_peer(r, id)->used);
	key_of(2, key);
	assert_int_equal(sl_roster_add(r, key), id);
	assert_int_equal(sl_roster_peer(r, id)->sent_ns, 0);
	assert_int_equal(sl_roster_end(r), 1);
	sl_roster_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_are_found_by_key_whatever_the_order),
		cmocka_unit_test(a_number_is_used_again_and_knows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
