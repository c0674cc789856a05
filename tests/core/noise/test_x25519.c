#include "core/noise/x25519.h"

#include "tests/core/noise/vector.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// RFC 7748 section 6.1.
static const char *const alice = "77076d0a7318a57d3c16c17251b26645"
				 "df4c2f92ebc099ac0b7a6a7b2f7c2a2b";

static void hex(uint8_t out[32], const char *text)
{
	struct vector_bytes b;

	assert_int_equal(vector_hex(&b, text, strlen(text)), 0);
	assert_int_equal(b.len, 32);
	memcpy(out, b.data, 32);
	free(b.data);
}

static void both_sides_agree(void **state)
{
	uint8_t a[32], a_public[32], b[32], b_public[32], ab[32], ba[32];

	(void)state;
	sl_x25519_generate(a, a_public);
	sl_x25519_generate(b, b_public);
	assert_memory_not_equal(a, b, 32);
	assert_int_equal(sl_x25519_shared(a, b_public, ab), 0);
	assert_int_equal(sl_x25519_shared(b, a_public, ba), 0);
	assert_memory_equal(ab, ba, 32);
}

// One multiple of every point of order 1, 2, 4 and 8, also as p, p+1 and with the top bit set.
static void low_order_points_are_weak_and_give_no_secret(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	static const uint8_t zeros[32];
	uint8_t secret[32], point[32], out[32];

	(void)state;
	hex(secret, alice);
	for (size_t i = 0; i < 2 * sizeof(points) / sizeof(points[0]); i++) {
		hex(point, points[i / 2]);
		point[31] |= (uint8_t)(i % 2 << 7);
		assert_true(sl_x25519_is_weak(point));
		memset(out, 1, sizeof(out));
		assert_int_equal(sl_x25519_shared(secret, point, out), -EKEYREJECTED);
		assert_memory_equal(out, zeros, 32);
	}
	sl_x25519_public(secret, point);
	assert_false(sl_x25519_is_weak(point));
}

static void check_case(const json_t *test)
{
	uint8_t secret[32], public[32], shared[32], out[32];
	static const uint8_t zeros[32];
	bool is_zero;

	hex(secret, json_string_value(json_object_get(test, "private")));
	hex(public, json_string_value(json_object_get(test, "public")));
	hex(shared, json_string_value(json_object_get(test, "shared")));
	is_zero = !memcmp(shared, zeros, 32);
	assert_int_equal(sl_x25519_shared(secret, public, out), is_zero ? -EKEYREJECTED : 0);
	assert_memory_equal(out, shared, 32);
	assert_int_equal(sl_x25519_is_weak(public), is_zero);
}

static void wycheproof_agrees(void **state)
{
	const char *corpus = getenv("SLUICE_CORPUS");
	char path[4096];
	json_error_t error;
	json_t *root;
	size_t i, j, n = 0;
	json_t *group, *test;

	(void)state;
	if (!corpus) {
		print_message("SLUICE_CORPUS is not set\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/wycheproof/x25519_test.json", corpus);
	root = json_load_file(path, 0, &error);
	if (!root)
		fail_msg("%s: %s", path, error.text);
	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, test)
		{
			check_case(test);
			n++;
		}
	}
	assert_int_equal(n, json_integer_value(json_object_get(root, "numberOfTests")));
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_agree),
		cmocka_unit_test(low_order_points_are_weak_and_give_no_secret),
		cmocka_unit_test(wycheproof_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
