// The app neighbour and multicast listener discovery: RFC 3810, RFC 4861 section 7.2.1.

#include "tests/apps/neighbour_link.h"
#include "tests/harness/mld.h"

static const char plain[] = "mac=02:00:00:00:00:01 addresses=fd00::12:3456/64";

// Of the link-local address, of fd00::12:3456, and of the anycast address fd00::.
static const char *const groups[] = {"ff02::2", "ff05::2", "ff02::1:ff00:1", "ff02::1:ff12:3456",
				     "ff02::1:ff00:0"};

static struct sl_harness *make(const char *keys)
{
	struct sl_error err;
	char line[256];
	struct sl_harness *h;

	snprintf(line, sizeof(line), "neighbour %s", keys);
	h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);
	assert_non_null(h);
	return h;
}

// The oldest frame on the wire, which is a report of version 2; its packet.
static void take_report(struct sl_harness *h, uint8_t packet[SL_MLD_MAX])
{
	uint8_t frame[14 + SL_MLD_MAX];
	int len = sl_harness_take(h, SL_NEIGHBOUR_OUT, frame, sizeof(frame));

	assert_true(len > 14);
	assert_memory_equal(frame, ((uint8_t[]){0x33, 0x33, 0, 0, 0, 0x16, 2, 0, 0, 0, 0, 1}), 12);
	mld_check(frame + 14, (size_t)len - 14, "ff02::16");
	memcpy(packet, frame + 14, (size_t)len - 14);
}

static void expect_groups(const uint8_t *packet, uint8_t type)
{
	for (unsigned i = 0; i < RTE_DIM(groups); i++)
		assert_int_equal(mld_records(packet, type, groups[i]), 1);
	assert_int_equal(mld_records(packet, type, "any"), RTE_DIM(groups));
}

// Not all nodes, not the groups within a host: RFC 3810 section 6.
static void groups_are_reported_before_addresses_are_announced(void **state)
{
	struct sl_harness *h = make(plain);
	uint8_t packet[SL_MLD_MAX];
	struct sl_ether_hdr ether;
	struct sl_nd nd;

	(void)state;
	sl_harness_tick(h);
	take_report(h, packet);
	expect_groups(packet, SL_MLD_TO_EXCLUDE);
	link_take_nd(h, &ether, &nd);
	link_take_nd(h, &ether, &nd);
	link_pass(h, 2 * (uint64_t)SECOND_NS);
	take_report(h, packet);
	expect_groups(packet, SL_MLD_TO_EXCLUDE);
	link_expect_nothing(h);
	assert_int_equal(sl_harness_metric(h, "listener_reports"), 2);
	link_end(h);
}

static void queries_are_answered_and_go_to_the_tap(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct mld_packet q = mld_query("::", 1000);
	uint8_t packet[SL_MLD_MAX], got[256];

	(void)state;
	link_bytes(h, SL_NEIGHBOUR_ND, q.bytes, (uint16_t)q.len, 9);
	assert_int_equal(sl_harness_take(h, SL_NEIGHBOUR_TAP, got, sizeof(got)), 14 + q.len);
	link_pass(h, SECOND_NS + SECOND_NS / 100);
	take_report(h, packet);
	expect_groups(packet, SL_MLD_IS_EXCLUDE);
	link_expect_nothing(h);
	link_end(h);
}

static void bad_queries_are_dropped_by_name(void **state)
{
	struct sl_harness *h = link_make(plain);
	struct mld_packet q = mld_query("::", 0);

	(void)state;
	q.bytes[7] = 64;
	link_bytes(h, SL_NEIGHBOUR_ND, q.bytes, (uint16_t)q.len, 9);
	assert_int_equal(sl_harness_drop(h, "bad_query"), 1);
	link_pass(h, SECOND_NS);
	link_expect_nothing(h);
	link_end(h);
}

static void control(struct sl_harness *h, const char *address, bool remove)
{
	struct sl_control c = {.kind = SL_CONTROL_ADDRESS, .iface = LINK_INDEX, .remove = remove};
	struct rte_mbuf *p;

	assert_true(sl_prefix_parse(address, &c.address));
	assert_true(sl_alloc_burst(sl_harness_app(h)->pool, &p, 1));
	assert_true(sl_control_put(p, &c));
	sl_harness_feed_packet(h, SL_NEIGHBOUR_CONTROL, p);
	sl_harness_breathe(h);
	sl_harness_tick(h);
}

// The group of another address with the same end stays.
static void groups_come_and_go_with_addresses(void **state)
{
	struct sl_harness *h = link_make(plain);
	uint8_t packet[SL_MLD_MAX];

	(void)state;
	control(h, "fd00:1::7/128", false);
	take_report(h, packet);
	assert_int_equal(mld_records(packet, SL_MLD_TO_EXCLUDE, "ff02::1:ff00:7"), 1);
	assert_int_equal(mld_records(packet, SL_MLD_TO_EXCLUDE, "any"), 1);
	control(h, "fd00:2::7/128", false);
	control(h, "fd00:1::7/128", true);
	link_pass(h, 2 * (uint64_t)SECOND_NS);
	while (sl_harness_waiting_out(h, SL_NEIGHBOUR_OUT) > 0)
		sl_free(sl_harness_take_packet(h, SL_NEIGHBOUR_OUT));
	control(h, "fd00:2::7/128", true);
	take_report(h, packet);
	assert_int_equal(mld_records(packet, SL_MLD_TO_INCLUDE, "ff02::1:ff00:7"), 1);
	assert_int_equal(mld_records(packet, SL_MLD_TO_INCLUDE, "any"), 1);
	link_end(h);
}

static void a_change_of_the_file_reports_what_is_new(void **state)
{
	struct sl_harness *h = link_make(plain);
	uint8_t packet[SL_MLD_MAX];
	struct sl_error err;

	(void)state;
	assert_int_equal(
		sl_harness_replace(h, "neighbour mac=02:00:00:00:00:01 addresses=fd00::12:3457/64",
				   &err),
		0);
	sl_harness_tick(h);
	take_report(h, packet);
	assert_int_equal(mld_records(packet, SL_MLD_TO_EXCLUDE, "ff02::1:ff12:3457"), 1);
	assert_int_equal(mld_records(packet, SL_MLD_TO_INCLUDE, "ff02::1:ff12:3456"), 1);
	assert_int_equal(mld_records(packet, SL_MLD_TO_EXCLUDE, "any"), 1);
	link_end(h);
}

static void the_end_is_reported_once(void **state)
{
	struct sl_harness *h = link_make(plain);
	uint8_t packet[SL_MLD_MAX];

	(void)state;
	sl_harness_quiesce(h);
	take_report(h, packet);
	expect_groups(packet, SL_MLD_TO_INCLUDE);
	sl_harness_tick(h);
	link_expect_nothing(h);
	link_end(h);
}

static void an_end_that_is_none_is_taken_back(void **state)
{
	struct sl_harness *h = link_make(plain);
	uint8_t packet[SL_MLD_MAX];

	(void)state;
	sl_harness_quiesce(h);
	take_report(h, packet);
	sl_harness_settle(h, "other", (uint8_t[6]){0});
	sl_harness_tick(h);
	take_report(h, packet);
	expect_groups(packet, SL_MLD_TO_EXCLUDE);
	link_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_reported_before_addresses_are_announced),
		cmocka_unit_test(queries_are_answered_and_go_to_the_tap),
		cmocka_unit_test(bad_queries_are_dropped_by_name),
		cmocka_unit_test(groups_come_and_go_with_addresses),
		cmocka_unit_test(a_change_of_the_file_reports_what_is_new),
		cmocka_unit_test(the_end_is_reported_once),
		cmocka_unit_test(an_end_that_is_none_is_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
