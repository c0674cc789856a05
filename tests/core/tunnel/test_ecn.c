#include "core/tunnel/ecn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N = SL_ECN_NOT_ECT, E1 = SL_ECN_ECT1, E0 = SL_ECN_ECT0, CE = SL_ECN_CE, DROP = -1 };

static void all_sixteen_cells_of_rfc_6040_figure_4(void **state)
{
	// rows: inner Not-ECT, ECT(0), ECT(1), CE; columns: outer alike
	static const enum sl_ecn marks[] = {SL_ECN_NOT_ECT, SL_ECN_ECT0, SL_ECN_ECT1, SL_ECN_CE};
	static const int wanted[4][4] = {
		{N, N, N, DROP},
		{E0, E0, E1, CE},
		{E1, E1, E1, CE},
		{CE, CE, CE, CE},
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned o = 0; o < 4; o++)
			assert_int_equal(sl_ecn_decapsulate(marks[i], marks[o]), wanted[i][o]);
}

static void a_mark_of_ipv4_is_set_with_its_checksum(void **state)
{
	(void)state;
	for (unsigned tos = 0; tos < 256; tos++) {
		for (unsigned mark = 0; mark < 4; mark++) {
			uint8_t ip[20] = {0x45, (uint8_t)tos, 0, 20, 1, 2, 3, 4, 64, 17};
			uint16_t sum = (uint16_t)~sl_checksum_sum_short(ip, 20, 0);

			memcpy(ip + 10, &sum, 2);
			sl_ecn_set(ip, mark);
			assert_true(sl_checksum_good(ip, 20, 0));
			assert_int_equal(ip[1], (tos & 0xfc) | mark);
			assert_int_equal(sl_ecn_of(ip), mark);
		}
	}
}

static void a_mark_of_ipv6_leaves_dscp_and_flow_label(void **state)
{
	(void)state;
	for (unsigned mark = 0; mark < 4; mark++) {
		uint8_t ip[40] = {0x6a, 0xbc, 0xde, 0xf1};

		sl_ecn_set(ip, mark);
		assert_int_equal(sl_ecn_of(ip), mark);
		assert_int_equal(ip[0], 0x6a);
		assert_int_equal(ip[1] & 0xcf, 0x8c);
		assert_int_equal(ip[2], 0xde);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sixteen_cells_of_rfc_6040_figure_4),
		cmocka_unit_test(a_mark_of_ipv4_is_set_with_its_checksum),
		cmocka_unit_test(a_mark_of_ipv6_leaves_dscp_and_flow_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
