#include "drivers/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void add(struct sl_records *r, uint16_t len, uint8_t fill, uint64_t stamp_ns)
{
	static uint8_t frame[UINT16_MAX];

	memset(frame, fill, len);
	assert_int_equal(
		sl_records_add(r, (struct sl_record){.stamp_ns = stamp_ns, .len = len, .flags = 1},
			       frame),
		0);
}

static void frames_survive_growth(void **state)
{
	struct sl_records r = {0};

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		add(&r, (uint16_t)(i % 1500), (uint8_t)i, i);
	assert_int_equal(r.count, 20000);
	assert_int_equal(r.longest, 1499);
	for (unsigned i = 0; i < r.count; i++) {
		const struct sl_record *record = &r.index[i];
		const uint8_t *data = sl_record_data(&r, record);

		assert_int_equal(record->stamp_ns, i);
		assert_int_equal(record->len, i % 1500);
		assert_int_equal(record->flags, 1);
		for (unsigned j = 0; j < record->len; j++)
			assert_int_equal(data[j], (uint8_t)i);
	}
	sl_records_fini(&r);
}

static void last_frame_is_readable_in_whole_blocks(void **state)
{
	struct sl_records r = {0};

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		uint8_t block[SL_RECORD_BLOCK];

		add(&r, (uint16_t)(1 + i % SL_RECORD_BLOCK), 7, 0);
		memcpy(block, sl_record_data(&r, &r.index[i]), sizeof(block));
		assert_int_equal(block[0], 7);
		assert_true(r.used <= r.bytes_size);
	}
	sl_records_fini(&r);
}

static void clear_keeps_the_memory(void **state)
{
	struct sl_records r = {0};
	uint8_t *bytes;

	(void)state;
	add(&r, 60, 1, 0);
	bytes = r.bytes;
	sl_records_clear(&r);
	assert_int_equal(r.count, 0);
	add(&r, 60, 2, 0);
	assert_ptr_equal(r.bytes, bytes);
	assert_int_equal(sl_record_data(&r, &r.index[0])[0], 2);
	sl_records_fini(&r);
	assert_null(r.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_survive_growth),
		cmocka_unit_test(last_frame_is_readable_in_whole_blocks),
		cmocka_unit_test(clear_keeps_the_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
