// The neighbour table, with a clock of the test's own and packets that are but numbers.

#include "core/ip/neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ENTRIES = 1024, HOLDS = 64, HOLD = 4, LOG = 1 << 12 };
#define SECOND UINT64_C(1000000000)

// What the table asked for, in order.
enum kind { ASK_ALL, ASK_ONE, SEND, REFUSE };

struct event {
	enum kind kind;
	uint32_t ip;
	uint8_t mac; // last byte
	uintptr_t packet;
	enum sl_neighbour_refusal why;
};

static struct rig {
	struct sl_neighbours *t;
	uint64_t now;
	struct event log[LOG];
	unsigned n, read;
	uint64_t counts[4], refused[3];
} rig;

static uint32_t number(const uint8_t ip[16])
{
	uint32_t v;

	memcpy(&v, ip, sizeof(v));
	return v;
}

static void note(struct event e)
{
	rig.counts[e.kind]++;
	rig.log[rig.n++ % LOG] = e;
}

static void on_solicit(void *owner, const struct sl_neighbour *n)
{
	assert_ptr_equal(owner, &rig);
	assert_true(n->state == SL_NEIGHBOUR_INCOMPLETE || n->state == SL_NEIGHBOUR_PROBE);
	note((struct event){.kind = n->state == SL_NEIGHBOUR_PROBE ? ASK_ONE : ASK_ALL,
			    .ip = number(n->ip),
			    .mac = n->header[5]});
}

static void on_send(void *owner, const struct sl_neighbour *n, struct rte_mbuf *p)
{
	assert_ptr_equal(owner, &rig);
	note((struct event){
		.kind = SEND, .ip = number(n->ip), .mac = n->header[5], .packet = (uintptr_t)p});
}

static void on_refuse(void *owner, struct rte_mbuf *p, enum sl_neighbour_refusal why)
{
	assert_ptr_equal(owner, &rig);
	rig.refused[why]++;
	note((struct event){.kind = REFUSE, .packet = (uintptr_t)p, .why = why});
}

static const struct sl_neighbour_acts acts = {
	.owner = &rig,
	.solicit = on_solicit,
	.send = on_send,
	.refuse = on_refuse,
};

static struct sl_neighbour_config config_of(uint32_t entries)
{
	return (struct sl_neighbour_config){
		.entries = entries,
		.holds = HOLDS,
		.hold = HOLD,
		.type = 0x0800,
		.mac = {2, 0, 0, 0, 0, 1},
		.seed = {0x0123456789abcdef, 0xfedcba9876543210},
		.retransmit_ns = SECOND,
		.delay_ns = 5 * SECOND,
		.reachable_ns = 30 * SECOND,
		.stale_ns = 600 * SECOND,
	};
}

static int setup(void **state)
{
	struct sl_neighbour_config config = config_of(ENTRIES);

	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.now = 100 * SECOND;
	rig.t = sl_neighbours_create(&config, &acts);
	return rig.t ? 0 : -1;
}

// Nothing may wait that the test knows nothing of.
static int teardown(void **state)
{
	(void)state;
	if (rig.t->held > 0)
		return -1;
	sl_neighbours_destroy(rig.t);
	return 0;
}

struct address {
	uint8_t bytes[16];
};

static struct address ip_of(uint32_t n)
{
	struct address a = {{0}};

	memcpy(a.bytes, &n, sizeof(n));
	return a;
}

static struct address mac_of(uint8_t n)
{
	return (struct address){{2, 0, 0, 0, 0, n}};
}

// What to do with the neighbour n, whose link-layer address ends in mac.

static bool use(uint32_t n, uintptr_t packet)
{
	return sl_neighbours_use(rig.t, ip_of(n).bytes, (struct rte_mbuf *)packet, rig.now) != NULL;
}

static void hear(uint32_t n, uint8_t mac, bool create)
{
	sl_neighbours_hear(rig.t, ip_of(n).bytes, mac_of(mac).bytes, create, rig.now);
}

static void advertise(uint32_t n, uint8_t mac, bool solicited, bool override)
{
	sl_neighbours_advertise(rig.t, ip_of(n).bytes, mac ? mac_of(mac).bytes : NULL, solicited,
				override, rig.now);
}

static void pass(uint64_t ns)
{
	rig.now += ns;
	sl_neighbours_tick(rig.t, rig.now, 64);
}

static enum sl_neighbour_state state_of(uint32_t n)
{
	const struct sl_neighbour *e = sl_neighbours_find(rig.t, ip_of(n).bytes);

	return e ? e->state : SL_NEIGHBOUR_FREE;
}

static uint8_t mac_known(uint32_t n)
{
	return sl_neighbours_find(rig.t, ip_of(n).bytes)->header[5];
}

static void expect(enum kind kind, uint32_t ip, uintptr_t packet)
{
	const struct event *e = &rig.log[rig.read % LOG];

	assert_true(rig.read < rig.n);
	assert_int_equal(e->kind, kind);
	if (kind != REFUSE)
		assert_int_equal(e->ip, ip);
	assert_int_equal(e->packet, packet);
	rig.read++;
}

static void expect_nothing(void)
{
	assert_int_equal(rig.read, rig.n);
}

static void reach(uint32_t n, uint8_t mac)
{
	use(n, n);
	advertise(n, mac, true, true);
	rig.read = rig.n;
	assert_int_equal(state_of(n), SL_NEIGHBOUR_REACHABLE);
}

static void an_empty_table_knows_nobody(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 1000; n++)
		assert_null(sl_neighbours_find(rig.t, ip_of(n).bytes));
	advertise(1, 1, true, true);
	hear(1, 1, false);
	assert_int_equal(rig.t->count, 0);
}

static void the_first_packet_waits_and_asks(void **state)
{
	(void)state;
	assert_false(use(7, 1));
	expect(ASK_ALL, 7, 0);
	assert_false(use(7, 2));
	expect_nothing();
	assert_int_equal(state_of(7), SL_NEIGHBOUR_INCOMPLETE);
	assert_int_equal(rig.t->held, 2);
	advertise(7, 9, true, true);
	expect(SEND, 7, 1);
	expect(SEND, 7, 2);
	expect_nothing();
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	assert_true(use(7, 3));
}

// RFC 4861 7.2.2: three solicitations, a second apart, then the packets are unreachable.
static void silence_after_three_questions_refuses_what_waits(void **state)
{
	(void)state;
	use(7, 1);
	use(7, 2);
	expect(ASK_ALL, 7, 0);
	pass(SECOND - 1);
	expect_nothing();
	pass(1);
	expect(ASK_ALL, 7, 0);
	pass(SECOND);
	expect(ASK_ALL, 7, 0);
	pass(SECOND - 1);
	expect_nothing();
	pass(1);
	expect(REFUSE, 0, 1);
	expect(REFUSE, 0, 2);
	expect_nothing();
	assert_int_equal(rig.refused[SL_NEIGHBOUR_UNREACHABLE], 2);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_FREE);
	assert_int_equal(rig.t->count, 0);
	use(7, 3); // and again
	expect(ASK_ALL, 7, 0);
	advertise(7, 9, true, true);
	expect(SEND, 7, 3);
}

// RFC 4861 7.3.3, all the way round and to the end.
static void reachable_stale_delay_probe_gone(void **state)
{
	(void)state;
	reach(7, 9);
	pass(30 * SECOND - 1);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	pass(1);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	pass(300 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	assert_true(use(7, 1));
	assert_int_equal(state_of(7), SL_NEIGHBOUR_DELAY);
	pass(5 * SECOND - 1);
	expect_nothing();
	pass(1);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_PROBE);
	expect(ASK_ONE, 7, 0);
	for (unsigned i = 1; i < SL_NEIGHBOUR_TRIES; i++) {
		assert_true(use(7, 1)); // goes out all the while
		pass(SECOND);
		expect(ASK_ONE, 7, 0);
	}
	pass(SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_FREE);
	expect_nothing();
}

static void an_answer_to_a_probe_makes_it_reachable_again(void **state)
{
	(void)state;
	reach(7, 9);
	pass(30 * SECOND);
	use(7, 1);
	pass(5 * SECOND);
	expect(ASK_ONE, 7, 0);
	advertise(7, 9, true, false);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	pass(10 * SECOND);
	expect_nothing();
}

static void a_confirmation_starts_the_time_anew(void **state)
{
	(void)state;
	reach(7, 9);
	pass(20 * SECOND);
	advertise(7, 9, true, false);
	pass(20 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	pass(10 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
}

static void unused_neighbours_are_forgotten(void **state)
{
	(void)state;
	reach(7, 9);
	hear(8, 10, true);
	pass(30 * SECOND);
	pass(570 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	assert_int_equal(state_of(8), SL_NEIGHBOUR_FREE);
	pass(30 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_FREE);
	assert_int_equal(rig.t->count, 0);
}

// RFC 4861 7.2.3.
static void who_asks_us_is_stale_and_usable(void **state)
{
	(void)state;
	hear(7, 9, true);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	assert_true(use(7, 1));
	assert_int_equal(state_of(7), SL_NEIGHBOUR_DELAY);
	pass(5 * SECOND);
	expect(ASK_ONE, 7, 0);
	advertise(7, 9, true, true);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
}

static void who_asks_us_with_another_address_becomes_stale(void **state)
{
	(void)state;
	reach(7, 9);
	hear(7, 9, true); // the same: nothing new
	assert_int_equal(state_of(7), SL_NEIGHBOUR_REACHABLE);
	hear(7, 10, true);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_STALE);
	assert_int_equal(mac_known(7), 10);
}

static void packets_go_to_who_asks_us_while_we_ask(void **state)
{
	(void)state;
	use(7, 1);
	expect(ASK_ALL, 7, 0);
	hear(7, 9, true);
	expect(SEND, 7, 1);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_DELAY);
}

// RFC 4861 7.2.5, for INCOMPLETE.
static void an_advertisement_completes_as_its_flags_say(void **state)
{
	(void)state;
	use(1, 1);
	expect(ASK_ALL, 1, 0);
	advertise(1, 0, true, true); // without an address
	assert_int_equal(state_of(1), SL_NEIGHBOUR_INCOMPLETE);
	expect_nothing();
	advertise(1, 9, false, false);
	expect(SEND, 1, 1);
	assert_int_equal(state_of(1), SL_NEIGHBOUR_DELAY); // stale, and used
	use(2, 2);
	expect(ASK_ALL, 2, 0);
	advertise(2, 9, true, false);
	expect(SEND, 2, 2);
	assert_int_equal(state_of(2), SL_NEIGHBOUR_REACHABLE);
}

// RFC 4861 7.2.5, for all other states: {solicited, override, other address} -> state, address.
static void an_advertisement_changes_what_its_flags_say(void **state)
{
	static const struct {
		bool solicited, override;
		uint8_t mac; // 0: not said
		enum sl_neighbour_state from, to;
		uint8_t result;
	} cases[] = {
		{false, false, 9, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_REACHABLE, 9},
		{false, true, 9, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_REACHABLE, 9},
		{false, false, 10, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_STALE, 9},
		{true, false, 10, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_STALE, 9},
		{false, true, 10, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_STALE, 10},
		{true, true, 10, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_REACHABLE, 10},
		{true, false, 0, SL_NEIGHBOUR_REACHABLE, SL_NEIGHBOUR_REACHABLE, 9},
		{false, false, 9, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_STALE, 9},
		{true, false, 9, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_REACHABLE, 9},
		{true, false, 10, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_STALE, 9},
		{false, true, 10, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_STALE, 10},
		{true, true, 10, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_REACHABLE, 10},
		{true, false, 0, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_REACHABLE, 9},
		{false, true, 0, SL_NEIGHBOUR_STALE, SL_NEIGHBOUR_STALE, 9},
		{true, false, 10, SL_NEIGHBOUR_DELAY, SL_NEIGHBOUR_DELAY, 9},
		{true, true, 9, SL_NEIGHBOUR_DELAY, SL_NEIGHBOUR_REACHABLE, 9},
		{false, true, 10, SL_NEIGHBOUR_DELAY, SL_NEIGHBOUR_STALE, 10},
		{false, false, 9, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_PROBE, 9},
		{true, false, 9, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_REACHABLE, 9},
		{true, false, 10, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_PROBE, 9},
		{false, true, 10, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_STALE, 10},
		{true, true, 10, SL_NEIGHBOUR_PROBE, SL_NEIGHBOUR_REACHABLE, 10},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reach(i, 9);
		if (cases[i].from != SL_NEIGHBOUR_REACHABLE)
			pass(30 * SECOND);
		if (cases[i].from > SL_NEIGHBOUR_STALE && cases[i].from < SL_NEIGHBOUR_REACHABLE)
			use(i, 1);
		if (cases[i].from == SL_NEIGHBOUR_PROBE)
			pass(5 * SECOND);
		assert_int_equal(state_of(i), cases[i].from);
		advertise(i, cases[i].mac, cases[i].solicited, cases[i].override);
		assert_int_equal(state_of(i), cases[i].to);
		assert_int_equal(mac_known(i), cases[i].result);
	}
}

static void a_full_queue_refuses_its_oldest(void **state)
{
	(void)state;
	for (uintptr_t p = 1; p <= HOLD + 2; p++)
		use(7, p);
	expect(ASK_ALL, 7, 0);
	expect(REFUSE, 0, 1);
	expect(REFUSE, 0, 2);
	assert_int_equal(rig.refused[SL_NEIGHBOUR_QUEUE_FULL], 2);
	assert_int_equal(rig.t->held, HOLD);
	advertise(7, 9, true, true);
	for (uintptr_t p = 3; p <= HOLD + 2; p++)
		expect(SEND, 7, p);
}

static void what_waits_for_all_is_bounded_and_the_oldest_goes(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= HOLDS + 10; n++) {
		use(n, n);
		if (n > HOLDS)
			expect(REFUSE, 0, n - HOLDS);
		expect(ASK_ALL, n, 0);
	}
	assert_int_equal(rig.t->held, HOLDS);
	advertise(5, 9, true, true); // its packet has gone
	expect_nothing();
	for (uint32_t n = 11; n <= HOLDS + 10; n++) {
		advertise(n, 9, true, true);
		expect(SEND, n, n);
	}
	assert_int_equal(rig.t->held, 0);
}

static void fixed_neighbours_do_not_change(void **state)
{
	(void)state;
	use(7, 1);
	assert_true(sl_neighbours_fix(rig.t, ip_of(7).bytes, mac_of(9).bytes, false));
	expect(ASK_ALL, 7, 0);
	expect(SEND, 7, 1);
	advertise(7, 10, true, true);
	hear(7, 11, true);
	assert_int_equal(mac_known(7), 9);
	pass(10000 * SECOND);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_PERMANENT);
	assert_true(use(7, 2));
	expect_nothing();
	sl_neighbours_unfix(rig.t, ip_of(7).bytes);
	assert_int_equal(state_of(7), SL_NEIGHBOUR_FREE);
	reach(8, 9);
	sl_neighbours_unfix(rig.t, ip_of(8).bytes); // is not
	assert_int_equal(state_of(8), SL_NEIGHBOUR_REACHABLE);
}

static void headers_are_ready_to_be_sent(void **state)
{
	static const uint8_t header[14] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 8, 0},
			     mac[6] = {2, 0, 0, 0, 0, 0x55};

	(void)state;
	reach(7, 9);
	assert_memory_equal(sl_neighbours_find(rig.t, ip_of(7).bytes)->header, header, 14);
	sl_neighbours_set_mac(rig.t, mac);
	assert_memory_equal(sl_neighbours_find(rig.t, ip_of(7).bytes)->header + 6, mac, 6);
	reach(8, 9);
	assert_memory_equal(sl_neighbours_find(rig.t, ip_of(8).bytes)->header + 6, mac, 6);
}

// ---- floods

// Twenty neighbours that have answered, in each state that such can be in.
static void make_friends(void)
{
	for (uint32_t n = 0; n < 20; n++)
		reach(n, (uint8_t)(n + 1));
	pass(30 * SECOND); // stale
	for (uint32_t n = 5; n < 15; n++)
		use(n, 1);
	pass(5 * SECOND); // ten are asked
	for (uint32_t n = 10; n < 15; n++)
		advertise(n, (uint8_t)(n + 1), true, true);
	for (uint32_t n = 15; n < 20; n++)
		use(n, 1); // used
	rig.read = rig.n;
}

static void check_friends(void)
{
	for (uint32_t n = 0; n < 20; n++) {
		assert_int_equal(mac_known(n), n + 1);
		assert_true(use(n, 1));
	}
}

static void check_parts(void)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < SL_NEIGHBOUR_PARTS; i++) {
		sum += rig.t->parts[i].count;
		assert_true(rig.t->parts[i].count <= rig.t->parts[i].share);
	}
	assert_int_equal(sum, rig.t->count);
	assert_true(rig.t->count <= ENTRIES);
}

// A scan of addresses that nobody has.
static void a_flood_of_silent_addresses_displaces_only_its_like(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 101000; n++) {
		assert_false(use(n, n));
		assert_true(rig.t->held <= HOLDS);
		if (n % 1000 == 0)
			check_parts();
	}
	check_friends();
	assert_int_equal(rig.t->parts[SL_NEIGHBOUR_INCOMPLETE].count, ENTRIES / 4);
	for (unsigned i = 0; i < 3100; i++)
		pass(SECOND / 1000);
	assert_int_equal(rig.t->parts[SL_NEIGHBOUR_INCOMPLETE].count, 0);
	assert_int_equal(rig.t->held, 0);
	assert_int_equal(rig.counts[SEND] + rig.counts[REFUSE], 100000 + 20);
}

// Requests from senders that are made up.
static void a_flood_of_claims_displaces_only_its_like(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 101000; n++) {
		hear(n, (uint8_t)n, true);
		if (n % 1000 == 0)
			check_parts();
	}
	check_friends();
	assert_int_equal(rig.t->parts[SL_NEIGHBOUR_STALE].count, ENTRIES / 4);
}

// The same, each made to be answered, and advertised as if we had asked.
static void a_flood_of_claims_that_are_used_displaces_only_its_like(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 101000; n++) {
		hear(n, (uint8_t)n, true);
		assert_true(use(n, 1));
		if (n % 2)
			advertise(n, (uint8_t)n, true, true);
		if (n % 1000 == 0)
			check_parts();
	}
	check_friends();
	assert_true(rig.t->count <= ENTRIES / 2 + ENTRIES / 8);
}

static void who_answers_during_a_flood_gets_in(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 101000; n++) {
		use(n, n);
		hear(n + 1000000, 3, true);
		if (n % 100 == 0)
			use(n + 2000000, 1); // answers ten solicitations later
		if (n % 100 == 10) {
			advertise(n + 2000000 - 10, 77, true, true);
			assert_true(use(n + 2000000 - 10, 2));
			rig.now += SECOND / 1000;
			sl_neighbours_tick(rig.t, rig.now, 64);
		}
		if ((n - 1000) / 100 == 600)
			break; // as many as the table still has room for
	}
	check_friends();
	for (uint32_t n = 1000; n < 61000; n += 100)
		assert_int_equal(state_of(n + 2000000), SL_NEIGHBOUR_REACHABLE);
	for (unsigned i = 0; i < 8; i++)
		pass(SECOND);
}

// Neighbours that are there fill the table: strangers have no place, those stay.
static void a_table_full_of_confirmed_neighbours_refuses_strangers(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < ENTRIES; n++)
		reach(n, 9);
	assert_false(use(5000, 1));
	expect(REFUSE, 0, 1);
	assert_int_equal(rig.refused[SL_NEIGHBOUR_TABLE_FULL], 1);
	hear(5001, 1, true);
	expect_nothing();
	assert_int_equal(rig.t->count, ENTRIES);
	for (uint32_t n = 0; n < ENTRIES; n++)
		assert_true(use(n, 1));
	assert_true(sl_neighbours_fix(rig.t, ip_of(5000).bytes, mac_of(1).bytes, false));
	assert_int_equal(rig.t->count, ENTRIES);
}

// Against a model: a hash table that forgets must find all that is left, and nothing else.
static void whoever_is_in_is_found_and_nobody_else(void **state)
{
	static bool in[4096];
	uint32_t count = 0;

	(void)state;
	memset(in, 0, sizeof(in));
	srand(5);
	for (unsigned i = 0; i < 200000; i++) {
		uint32_t n = (uint32_t)rand() % 4096;

		if (in[n]) {
			sl_neighbours_unfix(rig.t, ip_of(n).bytes);
			count--;
		} else if (count < ENTRIES) {
			assert_true(
				sl_neighbours_fix(rig.t, ip_of(n).bytes, mac_of(1).bytes, false));
			count++;
		} else {
			continue;
		}
		in[n] = !in[n];
		if (i % 5000 == 0)
			for (n = 0; n < 4096; n++)
				assert_int_equal(state_of(n) == SL_NEIGHBOUR_PERMANENT, in[n]);
	}
	assert_int_equal(rig.t->count, count);
}

static void a_tick_does_a_bounded_amount_of_work(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 200; n++)
		use(n, n);
	rig.counts[ASK_ALL] = 0;
	rig.now += SECOND;
	sl_neighbours_tick(rig.t, rig.now, 64);
	assert_int_equal(rig.counts[ASK_ALL], 64);
	sl_neighbours_tick(rig.t, rig.now, 64);
	assert_int_equal(rig.counts[ASK_ALL], 128);
	for (unsigned i = 0; i < 20; i++)
		pass(SECOND);
	assert_int_equal(rig.t->count, 0);
}

// ---- a change of the configuration

// Put the neighbours of rig.t into a table of so many entries.
static void change(uint32_t entries)
{
	struct sl_neighbour_config config = config_of(entries);
	struct sl_neighbours *next = sl_neighbours_create(&config, &acts);

	assert_non_null(next);
	assert_true(sl_neighbours_fix(next, ip_of(99).bytes, mac_of(99).bytes, false));
	sl_neighbours_adopt(next, rig.t, rig.now);
	assert_int_equal(rig.t->held, 0);
	sl_neighbours_destroy(rig.t);
	rig.t = next;
}

static void neighbours_and_packets_outlive_a_change(void **state)
{
	(void)state;
	make_friends();
	use(50, 50);
	use(50, 51);
	use(99, 52);
	hear(60, 6, true);
	sl_neighbours_fix(rig.t, ip_of(70).bytes, mac_of(7).bytes, false);
	sl_neighbours_fix(rig.t, ip_of(71).bytes, mac_of(7).bytes, true);
	rig.read = rig.n;
	change(ENTRIES / 2);
	expect(SEND, 99, 52); // which the new configuration fixes
	check_friends();
	assert_int_equal(state_of(70), SL_NEIGHBOUR_FREE);
	assert_int_equal(state_of(71), SL_NEIGHBOUR_PERMANENT);
	assert_int_equal(state_of(60), SL_NEIGHBOUR_STALE);
	advertise(50, 5, true, true);
	expect(SEND, 50, 50);
	expect(SEND, 50, 51);
	assert_true(sl_neighbours_find(rig.t, ip_of(50).bytes)->known);
	pass(30 * SECOND);
	assert_int_equal(state_of(50), SL_NEIGHBOUR_STALE);
}

static void a_smaller_table_keeps_the_best_known(void **state)
{
	(void)state;
	make_friends();
	for (uint32_t n = 1000; n < 1200; n++)
		use(n, n);
	rig.read = rig.n;
	change(32);
	for (uint32_t n = 0; n < 20; n++)
		assert_int_equal(mac_known(n), n + 1);
	assert_int_equal(rig.t->count, 21 + 8); // a quarter for the silent
	for (unsigned i = 0; i < 4; i++)
		pass(SECOND);
	assert_int_equal(rig.counts[SEND] + rig.counts[REFUSE], 20 + 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_table_knows_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(the_first_packet_waits_and_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_after_three_questions_refuses_what_waits,
						setup, teardown),
		cmocka_unit_test_setup_teardown(reachable_stale_delay_probe_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_to_a_probe_makes_it_reachable_again,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_confirmation_starts_the_time_anew, setup,
						teardown),
		cmocka_unit_test_setup_teardown(unused_neighbours_are_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(who_asks_us_is_stale_and_usable, setup, teardown),
		cmocka_unit_test_setup_teardown(who_asks_us_with_another_address_becomes_stale,
						setup, teardown),
		cmocka_unit_test_setup_teardown(packets_go_to_who_asks_us_while_we_ask, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_advertisement_completes_as_its_flags_say, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_advertisement_changes_what_its_flags_say, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_full_queue_refuses_its_oldest, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_for_all_is_bounded_and_the_oldest_goes,
						setup, teardown),
		cmocka_unit_test_setup_teardown(fixed_neighbours_do_not_change, setup, teardown),
		cmocka_unit_test_setup_teardown(headers_are_ready_to_be_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_silent_addresses_displaces_only_its_like,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_claims_displaces_only_its_like, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_flood_of_claims_that_are_used_displaces_only_its_like, setup, teardown),
		cmocka_unit_test_setup_teardown(who_answers_during_a_flood_gets_in, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_table_full_of_confirmed_neighbours_refuses_strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(whoever_is_in_is_found_and_nobody_else, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_tick_does_a_bounded_amount_of_work, setup,
						teardown),
		cmocka_unit_test_setup_teardown(neighbours_and_packets_outlive_a_change, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_smaller_table_keeps_the_best_known, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
