#include "core/tunnel/claims.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void what_one_alone_wants_is_no_matter(void **state)
{
	struct sl_claim claims[] = {{{1}, 0, NULL}, {{2}, 1, NULL}, {{1}, 0, NULL}, {{3}, 2, NULL}};
	const struct sl_claim *first = NULL;

	(void)state;
	assert_null(sl_claims_second(claims, 4, &first));
	assert_null(sl_claims_second(claims, 0, &first));
	assert_null(first);
}

static void the_first_who_is_not_the_first_is_found(void **state)
{
	static const char *const a = "a", *const b = "b";
	struct sl_claim claims[] = {{{9}, 3, NULL}, {{[31] = 1}, 2, b}, {{9}, 0, NULL},
				    {{5}, 1, NULL}, {{[31] = 1}, 1, a}, {{9}, 4, NULL}};
	const struct sl_claim *first = NULL, *second;

	(void)state;
	second = sl_claims_second(claims, 6, &first);
	assert_non_null(second);
	assert_int_equal(second->order, 2);
	assert_int_equal(first->order, 1);
	assert_ptr_equal(second->of, b);
	assert_ptr_equal(first->of, a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_alone_wants_is_no_matter),
		cmocka_unit_test(the_first_who_is_not_the_first_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
