#include "cli/whole.h"

#include <byteswap.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 4096 };

// A capture, and where its records end.
struct capture {
	uint8_t bytes[SIZE];
	size_t len, ends[16], n;
	bool swapped;
};

static void put32(struct capture *c, uint32_t value)
{
	value = c->swapped ? bswap_32(value) : value;
	memcpy(c->bytes + c->len, &value, sizeof(value));
	c->len += sizeof(value);
}

static void end_record(struct capture *c)
{
	c->ends[c->n++] = c->len;
}

static struct capture pcap(uint32_t magic, bool swapped)
{
	struct capture c = {.swapped = swapped};

	put32(&c, magic);
	for (unsigned i = 0; i < 5; i++)
		put32(&c, i);
	end_record(&c);
	for (uint32_t len = 0; len < 90; len += 30) {
		put32(&c, 1);
		put32(&c, 2);
		put32(&c, len);
		put32(&c, 1500);
		memset(c.bytes + c.len, (int)len, len);
		c.len += len;
		end_record(&c);
	}
	return c;
}

static void put_block(struct capture *c, uint32_t type, uint32_t len)
{
	put32(c, type);
	put32(c, len + 12);
	if (len > 0)
		put32(c, 0x1a2b3c4d);
	memset(c->bytes + c->len, 0, len);
	c->len += len > 4 ? len - 4 : 0;
	put32(c, len + 12);
	end_record(c);
}

static struct capture pcapng(bool swapped)
{
	struct capture c = {.swapped = swapped};

	put_block(&c, 0x0a0d0d0a, 16);
	put_block(&c, 1, 8);
	put_block(&c, 6, 64);
	put_block(&c, 5, 0);
	return c;
}

// What comes out of bytes that come in pieces.
static size_t pass(struct whole *w, const uint8_t *bytes, size_t n, size_t step, uint8_t *out)
{
	const uint8_t *part;
	size_t len = 0;
	long r;

	for (size_t at = 0; at < n; at += step) {
		assert_int_equal(whole_add(w, bytes + at, n - at < step ? n - at : step), 0);
		r = whole_take(w, false, &part);
		assert_true(r >= 0);
		memcpy(out + len, part, (size_t)r);
		len += (size_t)r;
	}
	return len;
}

static void every_front_gives_its_whole_records(void **state)
{
	const struct capture captures[] = {
		pcap(0xa1b2c3d4, false), pcap(0xa1b23c4d, false), pcap(0xa1b2c3d4, true),
		pcap(0xa1b23c4d, true),  pcapng(false),           pcapng(true),
	};
	uint8_t out[SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++)
		for (size_t step = 1; step < 50; step += 7)
			for (size_t n = 0; n <= captures[i].len; n++) {
				const struct capture *c = &captures[i];
				struct whole w = {0};
				size_t wanted = 0;

				for (size_t e = 0; e < c->n && c->ends[e] <= n; e++)
					wanted = c->ends[e];
				if (n < WHOLE_HEADER) // too little to tell what it is
					wanted = 0;
				whole_begin(&w);
				assert_int_equal(pass(&w, c->bytes, n, step, out), wanted);
				assert_memory_equal(out, c->bytes, wanted);
				whole_fini(&w);
			}
}

static void captures_of_one_format_become_one(void **state)
{
	const struct capture one = pcap(0xa1b23c4d, false);
	const struct capture ng = pcapng(false);
	uint8_t out[SIZE];
	struct whole w = {0};

	(void)state;
	whole_begin(&w);
	assert_int_equal(pass(&w, one.bytes, one.len - 1, 100, out), one.ends[2]);
	whole_begin(&w); // the rest of a record is forgotten
	assert_int_equal(pass(&w, one.bytes, one.len, 5, out), one.len - WHOLE_HEADER);
	assert_memory_equal(out, one.bytes + WHOLE_HEADER, one.len - WHOLE_HEADER);
	whole_begin(&w);
	assert_int_equal(pass(&w, one.bytes, one.len, SIZE, out), one.len - WHOLE_HEADER);
	whole_fini(&w);
	whole_begin(&w);
	assert_int_equal(pass(&w, ng.bytes, ng.len, 9, out), ng.len);
	whole_begin(&w);
	assert_int_equal(pass(&w, ng.bytes, ng.len, 9, out), ng.len);
	whole_fini(&w);
}

static void another_format_is_refused(void **state)
{
	const struct capture captures[] = {
		pcap(0xa1b23c4d, false),
		pcap(0xa1b2c3d4, false),
		pcapng(false),
	};
	const uint8_t *part;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++) {
			uint8_t out[SIZE];
			struct whole w = {0};

			whole_begin(&w);
			pass(&w, captures[i].bytes, captures[i].len, SIZE, out);
			whole_begin(&w);
			assert_int_equal(whole_add(&w, captures[j].bytes, captures[j].len), 0);
			assert_true(i == j ? whole_take(&w, false, &part) > 0
					   : whole_take(&w, false, &part) == -EINVAL);
			whole_fini(&w);
		}
}

static void what_is_no_capture_is_passed_on(void **state)
{
	static const uint8_t text[] = "this is a text and neither pcap nor pcapng";
	struct capture bad = pcap(0xa1b23c4d, false);
	uint8_t out[SIZE];
	struct whole w = {0};
	const uint8_t *part;

	(void)state;
	whole_begin(&w);
	assert_int_equal(pass(&w, text, sizeof(text), 5, out), sizeof(text));
	assert_memory_equal(out, text, sizeof(text));
	whole_fini(&w);
	whole_begin(&w);
	assert_int_equal(pass(&w, text, 5, 5, out), 0);
	assert_int_equal(whole_take(&w, true, &part), 5);
	assert_int_equal(whole_take(&w, true, &part), 0);
	whole_fini(&w);
	memset(bad.bytes + bad.ends[1] + 8, 0xff, 4); // a packet of 4 GB
	whole_begin(&w);
	assert_int_equal(pass(&w, bad.bytes, bad.len, 9, out), bad.len);
	whole_fini(&w);
}

static void the_end_gives_all_there_is(void **state)
{
	const struct capture one = pcap(0xa1b23c4d, false);
	uint8_t out[SIZE];
	struct whole w = {0};
	const uint8_t *part;

	(void)state;
	whole_begin(&w);
	assert_int_equal(pass(&w, one.bytes, one.len - 1, SIZE, out), one.ends[2]);
	assert_int_equal(whole_take(&w, true, &part), one.len - 1 - one.ends[2]);
	whole_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_front_gives_its_whole_records),
		cmocka_unit_test(captures_of_one_format_become_one),
		cmocka_unit_test(another_format_is_refused),
		cmocka_unit_test(what_is_no_capture_is_passed_on),
		cmocka_unit_test(the_end_gives_all_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
