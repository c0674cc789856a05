#include "core/ip/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 100 };

struct thing {
	uint32_t unused;
	uint64_t value;
};

static void every_slot_is_taken_once_and_zero(void **state)
{
	bool seen[MOST + 1] = {false};
	struct sl_slots s;

	(void)state;
	assert_true(sl_slots_init(&s, MOST, sizeof(struct thing)));
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < MOST; i++) {
			uint32_t n = sl_slots_take(&s);
			struct thing *thing = sl_slots_at(&s, n);

			assert_in_range(n, 1, MOST);
			assert_int_equal(seen[n], round % 2);
			seen[n] = !seen[n];
			assert_int_equal(thing->unused, 0);
			assert_int_equal(thing->value, 0);
			thing->value = n;
		}
		assert_int_equal(sl_slots_take(&s), 0);
		assert_int_equal(s.used, MOST);
		for (uint32_t n = 1; n <= MOST; n++) {
			assert_int_equal(((struct thing *)sl_slots_at(&s, n))->value, n);
			sl_slots_give(&s, n);
		}
	}
	assert_int_equal(s.used, 0);
	sl_slots_fini(&s);
	sl_slots_fini(&s); // legal
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_slot_is_taken_once_and_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
