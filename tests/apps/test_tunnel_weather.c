// Two tunnels for hours, by a clock of the test's, with good and bad weather between them: when the
// way is good again, so is the tunnel, and while it stays good nothing is lost, whoever rekeys.
#include "core/proto/bytes.h"
#include "tests/apps/tunnel_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEP_NS (RIG_SECOND_NS / 20)

enum {
	STEPS = 20 * 60 * 60, // an hour
	STEPS_A_SECOND = 20,
	RECOVERY = 20 * 20, // steps in which a tunnel must have found its way again
	LETTERS = 1024,
	NUMBERS = STEPS / 4,
	SIDES = 2,
};

enum weather { GOOD, ROUGH, ONE_WAY, DEAD, WEATHERS };

// A message under way.
struct letter {
	unsigned due; // step; 0 = none
	unsigned to;
	uint16_t len;
	uint8_t bytes[256];
};

static struct rig rigs[SIDES];
static struct letter letters[LETTERS];
static uint64_t random_state;
static enum weather weather;
static unsigned changes_at, good_since; // steps

// What was sent by each side: whether it must arrive, and whether it has.
static struct {
	bool must, has;
} packets[SIDES][NUMBERS];
static uint32_t n_packets[SIDES];

static unsigned dice(unsigned sides)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % sides;
}

static void change_weather(unsigned step)
{
	if (step < changes_at)
		return;
	weather = weather == GOOD ? 1 + dice(WEATHERS - 1) : GOOD;
	changes_at = step + STEPS_A_SECOND * (5 + dice(weather == GOOD ? 400 : 250));
	good_since = step;
}

static bool is_lost(unsigned to)
{
	switch (weather) {
	case ROUGH:
		return dice(10) < 3;
	case ONE_WAY:
		return to == 0;
	case DEAD:
		return true;
	default:
		return false;
	}
}

static void post(const struct rig_message *m, unsigned to, unsigned step)
{
	struct letter *l = letters;

	while (l->due)
		l++;
	assert_true(l < letters + LETTERS);
	l->due = step + 1 + (weather == ROUGH ? dice(6) : 0);
	l->to = to;
	l->len = m->len;
	memcpy(l->bytes, m->bytes, m->len);
}

static void collect(unsigned side, unsigned step)
{
	const struct rig_message *m;

	while ((m = rig_take(&rigs[side]))) {
		if (!is_lost(!side))
			post(m, !side, step);
		if (weather == ROUGH && dice(10) == 0)
			post(m, !side, step);
	}
}

static void deliver(unsigned step)
{
	for (struct letter *l = letters; l < letters + LETTERS; l++) {
		if (l->due != step)
			continue;
		l->due = 0;
		rig_hear(&rigs[l->to], "192.0.2.2:2", l->bytes, l->len);
	}
}

static void send_packet(unsigned side, unsigned step)
{
	static struct ip_packet p;
	uint32_t number = n_packets[side]++;

	assert_true(number < NUMBERS);
	packets[side][number].must = weather == GOOD && step >= good_since + RECOVERY &&
				     step + STEPS_A_SECOND < RTE_MIN(changes_at, (unsigned)STEPS);
	ip_build(&p, side ? "10.2.0.1" : "10.1.0.1", side ? "10.1.0.1" : "10.2.0.1", 17, &number,
		 sizeof(number));
	assert_true(ip_feed(rigs[side].data, 0, &p));
	rig_breathe(&rigs[side]);
}

static void receive(unsigned side)
{
	static struct ip_packet p;

	while (rig_receive(&rigs[side], &p)) {
		bool *has = &packets[!side][load_le32(p.bytes + 20)].has;

		assert_false(*has);
		*has = true;
	}
}

static void one_step(unsigned step, unsigned often)
{
	change_weather(step);
	deliver(step);
	for (unsigned side = 0; side < SIDES; side++) {
		rig_jump(&rigs[side], STEP_NS);
		if (dice(STEPS_A_SECOND * often) == 0)
			send_packet(side, step);
		receive(side);
		collect(side, step);
	}
}

static void start(uint64_t seed)
{
	random_state = seed;
	weather = GOOD;
	changes_at = good_since = 0;
	memset(packets, 0, sizeof(packets));
	memset(n_packets, 0, sizeof(n_packets));
	memset(letters, 0, sizeof(letters));
	rig_open_pair(&rigs[0], "endpoint=192.0.2.2:2 allowed=10.2.0.0/16", &rigs[1],
		      "endpoint=192.0.2.2:2 allowed=10.1.0.0/16 keepalive=25");
}

static void finish(void)
{
	for (unsigned side = 0; side < SIDES; side++) {
		unsigned must = 0, has = 0;

		for (uint32_t i = 0; i < n_packets[side]; i++) {
			must += packets[side][i].must;
			has += packets[side][i].must && packets[side][i].has;
		}
		assert_true(must > 0);
		assert_int_equal(has, must);
		collect(side, 0);
		rig_close(&rigs[side]);
	}
}

static void a_tunnel_outlives_bad_weather(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		start(seed);
		for (unsigned step = 1; step < STEPS; step++)
			one_step(step, seed % 2 ? 1 : 8); // packets a second, about
		finish();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tunnel_outlives_bad_weather),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
