#include "core/tunnel/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND_NS SL_TIMER_SECOND_NS
#define NOW_NS    (1000 * SECOND_NS)

static struct sl_sessions sessions;
static struct sl_session_gone gone;

static void add(uint32_t index, bool is_initiator)
{
	struct sl_tunnel_keys k = {
		.local = index, .is_initiator = is_initiator, .shared = is_initiator, .send = {1}};

	sl_sessions_add(&sessions, &k, NOW_NS, &gone);
}

static void assert_slots(uint32_t current, uint32_t previous, uint32_t next)
{
	const uint32_t wanted[] = {
		[SL_CURRENT] = current, [SL_PREVIOUS] = previous, [SL_NEXT] = next};

	for (unsigned i = 0; i < SL_SLOTS; i++) {
		struct sl_session *s = sl_session(&sessions, i);

		assert_int_equal(s->seal.local, wanted[i]);
		assert_int_equal(s->seal.key[0], sl_session_is_live(s));
	}
}

static int setup(void **state)
{
	(void)state;
	sl_sessions_init(&sessions);
	return 0;
}

static void an_initiators_session_is_current_at_once(void **state)
{
	(void)state;
	add(1, true);
	assert_slots(1, 0, 0);
	add(2, true);
	assert_slots(2, 1, 0);
	assert_int_equal(gone.n, 0);
	add(3, true);
	assert_slots(3, 2, 0);
	assert_int_equal(gone.n, 1);
	assert_int_equal(gone.index[0], 1);
}

static void an_unconfirmed_session_becomes_previous_when_we_initiate(void **state)
{
	(void)state;
	add(1, true);
	add(2, false);
	add(3, true);
	assert_slots(3, 2, 0);
	assert_int_equal(gone.n, 1);
	assert_int_equal(gone.index[0], 1);
}

static void a_responders_session_waits_until_it_is_confirmed(void **state)
{
	(void)state;
	add(1, true);
	add(2, true);
	add(3, false);
	assert_slots(2, 0, 3);
	assert_int_equal(gone.n, 1);
	assert_int_equal(gone.index[0], 1);
	add(4, false);
	assert_slots(2, 0, 4);
	assert_false(sl_sessions_confirm(&sessions, sessions.place[SL_CURRENT], &gone));
	assert_slots(2, 0, 4);
	assert_true(sl_sessions_confirm(&sessions, sessions.place[SL_NEXT], &gone));
	assert_slots(4, 2, 0);
	add(5, false);
	assert_slots(4, 0, 5);
	sl_sessions_wipe(&sessions, &gone);
	assert_slots(0, 0, 0);
	assert_int_equal(gone.n, 2);
}

static void a_session_ends_by_age_and_by_number(void **state)
{
	struct sl_session *s;

	(void)state;
	add(1, true);
	s = sl_session(&sessions, SL_CURRENT);
	assert_true(sl_session_sends(s, NOW_NS + 180 * SECOND_NS - 1));
	assert_true(sl_session_receives(s, NOW_NS + 180 * SECOND_NS - 1));
	assert_false(sl_session_sends(s, NOW_NS + 180 * SECOND_NS));
	assert_false(sl_session_receives(s, NOW_NS + 180 * SECOND_NS));
	s->seal.sent = SL_REPLAY_LIMIT - 1;
	assert_true(sl_session_sends(s, NOW_NS));
	s->seal.sent++;
	assert_false(sl_session_sends(s, NOW_NS));
	assert_true(sl_session_receives(s, NOW_NS));
}

static void only_an_initiator_asks_for_a_new_one_because_of_age(void **state)
{
	struct sl_session *s;

	(void)state;
	add(1, true);
	s = sl_session(&sessions, SL_CURRENT);
	assert_false(sl_session_is_worn(s, NOW_NS + 120 * SECOND_NS - 1));
	assert_true(sl_session_is_worn(s, NOW_NS + 120 * SECOND_NS));
	assert_false(sl_session_asks(s, NOW_NS + 165 * SECOND_NS - 1));
	assert_true(sl_session_asks(s, NOW_NS + 165 * SECOND_NS));
	assert_false(sl_session_asks(s, NOW_NS + 166 * SECOND_NS));
	sl_sessions_wipe(&sessions, &gone);
	assert_false(sl_session_asks(s, NOW_NS + 167 * SECOND_NS));
	setup(state);
	add(2, false);
	s = sl_session(&sessions, SL_NEXT);
	assert_false(sl_session_is_worn(s, NOW_NS + 170 * SECOND_NS));
	assert_false(sl_session_asks(s, NOW_NS + 170 * SECOND_NS));
	s->seal.sent = SL_REKEY_AFTER_MESSAGES + 1;
	assert_true(sl_session_is_worn(s, NOW_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_initiators_session_is_current_at_once, setup),
		cmocka_unit_test_setup(an_unconfirmed_session_becomes_previous_when_we_initiate,
				       setup),
		cmocka_unit_test_setup(a_responders_session_waits_until_it_is_confirmed, setup),
		cmocka_unit_test_setup(a_session_ends_by_age_and_by_number, setup),
		cmocka_unit_test_setup(only_an_initiator_asks_for_a_new_one_because_of_age, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
