#include "core/ip/meta.h"
#include "core/ip/notices.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { A = 1, B = 2, BOTH = 3, MOST = 4 };

struct rig {
	struct sl_sync sync;
	struct sl_notices n;
	char text[512];
};

static struct rig *make(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_true(sl_notices_init(&r->n, MOST, &r->sync));
	sl_notices_set_up(&r->n, 0, true);
	sl_notices_set_up(&r->n, 1, true);
	return r;
}

static void finish(struct rig *r)
{
	sl_notices_fini(&r->n);
	free(r);
}

static struct sl_control address(const char *text, uint16_t iface)
{
	struct sl_control c = {.kind = SL_CONTROL_ADDRESS, .iface = iface};

	assert_true(sl_prefix_parse(text, &c.address));
	return c;
}

static struct sl_control neighbour(const char *text, uint8_t mac)
{
	struct sl_control c = {.kind = SL_CONTROL_NEIGHBOUR, .mac = {[5] = mac}};

	assert_true(sl_ip_parse(text, &c.neighbour));
	return c;
}

static void add(struct rig *r, const struct sl_control *c, uint64_t audience, bool by_event)
{
	assert_int_equal(sl_notices_add(&r->n, c, audience, by_event), 0);
}

// All that those in `ready` are told: "0+10.0.0.1/24 1-10.0.0.1/24 ".
static const char *told(struct rig *r, uint64_t ready)
{
	char ip[SL_IP_TEXT];
	struct sl_control c;
	unsigned listener, n = 0;

	r->text[0] = '\0';
	while (sl_notices_tell(&r->n, ready, &listener, &c))
		n += (unsigned)snprintf(
			r->text + n, sizeof(r->text) - n, "%u%c%s ", listener, c.remove ? '-' : '+',
			c.kind == SL_CONTROL_ADDRESS ? sl_prefix_print(&c.address, ip)
						     : sl_ip_print(&c.neighbour, ip));
	return r->text;
}

static void everyone_in_the_audience_is_told_once(void **state)
{
	struct rig *r = make();
	struct sl_control c = address("10.0.0.1/24", 0);

	(void)state;
	add(r, &c, BOTH, true);
	assert_string_equal(told(r, B), "1+10.0.0.1/24 ");
	assert_true(r->n.has_news); // the other has no room yet
	assert_string_equal(told(r, BOTH), "0+10.0.0.1/24 ");
	add(r, &c, BOTH, true);
	assert_string_equal(told(r, BOTH), "");
	assert_false(r->n.has_news);
	sl_notices_remove(&r->n, &c);
	assert_string_equal(told(r, BOTH), "0-10.0.0.1/24 1-10.0.0.1/24 ");
	assert_int_equal(r->n.slots.used, 0);
	assert_int_equal(sl_notices_count(&r->n, SL_CONTROL_ADDRESS), 0);
	finish(r);
}

static void only_those_who_were_told_hear_of_the_end(void **state)
{
	struct rig *r = make();
	struct sl_control c = address("10.0.0.1/24", 0);

	(void)state;
	add(r, &c, BOTH, true);
	told(r, A);
	sl_notices_remove(&r->n, &c);
	assert_string_equal(told(r, BOTH), "0-10.0.0.1/24 ");
	finish(r);
}

static void interface_that_is_down_has_nothing(void **state)
{
	struct rig *r = make();
	struct sl_control a = address("10.0.0.1/24", 0), b = address("10.0.1.1/24", 1);

	(void)state;
	add(r, &a, A, true);
	add(r, &b, A, true);
	told(r, A);
	sl_notices_set_up(&r->n, 0, false);
	assert_string_equal(told(r, A), "0-10.0.0.1/24 ");
	assert_int_equal(sl_notices_count(&r->n, SL_CONTROL_ADDRESS), 1);
	sl_notices_set_up(&r->n, 0, true);
	assert_string_equal(told(r, A), "0+10.0.0.1/24 ");
	finish(r);
}

static void neighbour_with_another_mac_is_told_anew(void **state)
{
	struct rig *r = make();
	struct sl_control c = neighbour("10.0.0.9", 1);

	(void)state;
	add(r, &c, A, true);
	assert_string_equal(told(r, A), "0+10.0.0.9 ");
	c = neighbour("10.0.0.9", 2);
	add(r, &c, A, true);
	assert_string_equal(told(r, A), "0+10.0.0.9 ");
	assert_int_equal(r->n.slots.used, 1);
	finish(r);
}

static void what_a_round_has_not_met_goes(void **state)
{
	struct rig *r = make();
	struct sl_control a = address("10.0.0.1/24", 0), b = address("10.0.0.2/24", 0);

	(void)state;
	add(r, &a, A, true);
	add(r, &b, A, true);
	told(r, A);
	r->sync = (struct sl_sync){.round = 1, .under_way = true};
	add(r, &b, A, false);
	sl_notices_sweep(&r->n);
	r->sync.under_way = false;
	assert_string_equal(told(r, A), "0-10.0.0.1/24 ");
	finish(r);
}

static void event_of_a_round_has_the_last_word(void **state)
{
	struct rig *r = make();
	struct sl_control a = address("10.0.0.1/24", 0), b = address("10.0.0.2/24", 0);

	(void)state;
	add(r, &a, A, true);
	told(r, A);
	r->sync = (struct sl_sync){.round = 1, .under_way = true};
	sl_notices_remove(&r->n, &a);
	sl_notices_remove(&r->n, &b); // not known yet
	assert_string_equal(told(r, A), "0-10.0.0.1/24 ");
	add(r, &a, A, false);
	add(r, &b, A, false);
	sl_notices_sweep(&r->n);
	r->sync.under_way = false;
	assert_string_equal(told(r, A), "");
	finish(r);
}

static uint64_t to_b(const struct sl_control *c, void *context)
{
	(void)context;
	return c->iface == 0 ? B : 0;
}

static void others_may_listen_from_now_on(void **state)
{
	struct rig *r = make();
	struct sl_control a = address("10.0.0.1/24", 0), b = address("10.0.0.2/24", 0);
	struct sl_control c = address("10.0.1.1/24", 1);

	(void)state;
	add(r, &a, A, true);
	add(r, &b, A, true);
	add(r, &c, A, true);
	told(r, A);
	sl_notices_remove(&r->n, &b); // and is not told yet
	sl_notices_retell(&r->n, to_b, NULL);
	assert_string_equal(told(r, BOTH), "1+10.0.0.1/24 1-10.0.0.2/24 ");
	finish(r);
}

static void interfaces_may_have_other_numbers(void **state)
{
	struct rig *r = make();
	struct sl_control a = address("10.0.0.1/24", 0), b = address("10.0.1.1/24", 1);
	uint16_t to[SL_IFACES_MAX];

	(void)state;
	add(r, &a, A, true);
	add(r, &b, A, true);
	for (unsigned i = 0; i < SL_IFACES_MAX; i++)
		to[i] = SL_IFACE_NONE;
	to[1] = 0;
	sl_notices_renumber(&r->n, to);
	assert_string_equal(told(r, A), "0+10.0.1.1/24 ");
	assert_int_equal(r->n.slots.used, 1);
	finish(r);
}

static void more_than_there_is_room_for_is_refused(void **state)
{
	struct rig *r = make();
	char text[32];

	(void)state;
	for (unsigned i = 0; i <= MOST; i++) {
		struct sl_control c;

		snprintf(text, sizeof(text), "10.0.0.%u/24", i + 1);
		c = address(text, 0);
		assert_int_equal(sl_notices_add(&r->n, &c, A, true), i < MOST ? 0 : -ENOSPC);
	}
	finish(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everyone_in_the_audience_is_told_once),
		cmocka_unit_test(only_those_who_were_told_hear_of_the_end),
		cmocka_unit_test(interface_that_is_down_has_nothing),
		cmocka_unit_test(neighbour_with_another_mac_is_told_anew),
		cmocka_unit_test(what_a_round_has_not_met_goes),
		cmocka_unit_test(event_of_a_round_has_the_last_word),
		cmocka_unit_test(others_may_listen_from_now_on),
		cmocka_unit_test(interfaces_may_have_other_numbers),
		cmocka_unit_test(more_than_there_is_room_for_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
