// What a service says to whom, by one who knows some of its keys but not all.
#include "tests/harness/services.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PORT = 7, CROWD = 200, NOBODY = 250 };

static struct services s;
static uint8_t stamp_s; // of the next message

struct message {
	uint8_t bytes[SL_HANDSHAKE_MAX];
	size_t len;
};

static int setup(void **state)
{
	(void)state;
	return services_open(&s) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return services_close(&s) ? 0 : -1;
}

// A message 1 of who may connect, with the cookie that it has.
static struct message initiate(unsigned pattern, struct sl_handshake *h, struct sl_cookie *c)
{
	uint8_t stamp[SL_TAI64N] = {0x40, [7] = ++stamp_s};
	struct message m;
	int n = sl_handshake_initiate(h, &s.client[pattern], &s.service[pattern], 0x1000 + pattern,
				      stamp, m.bytes);

	assert_true(n > 0);
	m.len = (size_t)n;
	sl_macs_put(c, &s.service[pattern].first, 0, m.bytes, m.len);
	return m;
}

static void say(const struct message *m)
{
	services_feed(&s, PORT, m->bytes, m->len);
	sl_harness_advance(s.shake, 1); // in one breath, few are looked at
	sl_harness_breathe(s.shake);
}

static void expect_silence(void)
{
	struct message m;

	assert_int_equal(services_take(&s, m.bytes, sizeof(m.bytes)), 0);
}

static struct message expect(unsigned type, size_t len)
{
	struct message m;

	m.len = services_take(&s, m.bytes, sizeof(m.bytes));
	assert_int_equal(m.len, len);
	assert_int_equal(load_le32(m.bytes), type);
	return m;
}

static void feed_nobodys(unsigned n)
{
	static const uint8_t garbage[NOBODY];

	for (unsigned i = 0; i < n; i++)
		services_feed(&s, PORT, garbage, sizeof(garbage));
}

static void hear_all(void)
{
	while (sl_harness_waiting_in(s.shake, 0) > 0) {
		sl_harness_advance(s.shake, 1000);
		sl_harness_breathe(s.shake);
	}
}

// So many messages of nobody's wait that there is load, for a second from now.
static void crowd(void)
{
	feed_nobodys(CROWD);
	hear_all();
}

static void who_holds_a_capability_is_answered(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SERVICES; i++) {
		uint8_t lease[SL_LEASE_LEN], third[SL_HANDSHAKE_MAX];
		struct sl_tunnel_keys keys;
		struct sl_cookie none = {0};
		struct sl_handshake h = {0};
		struct message m = initiate(i, &h, &none);

		say(&m);
		m = expect(SL_MESSAGE_RESPONSE, sl_handshake_len(i, SL_MESSAGE_RESPONSE));
		assert_true(sl_handshake_conclude(&h, m.bytes, m.len, third, &keys, lease) >= 0);
		assert_int_equal(lease[0], i != SL_TUNNEL_IK); // its version
	}
}

static void who_lacks_the_public_key_is_not(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SERVICES; i++) {
		struct sl_cookie none = {0};
		struct sl_handshake h = {0};
		struct message m = initiate(i, &h, &none);

		services_put_mac1(&s.service[(i + 1) % SERVICES].first, m.bytes, m.len);
		say(&m);
		expect_silence();
	}
}

static void who_lacks_the_psk_is_not(void **state)
{
	(void)state;
	for (unsigned i = SL_TUNNEL_NK; i < SERVICES; i++) {
		struct sl_tunnel_remote right = s.service[i];
		struct sl_cookie none = {0};
		struct sl_handshake h = {0};
		struct message m;

		// The psk of another service is as bad as none.
		memcpy(s.service[i].psk, s.service[i % 3 + 1].psk, SL_NOISE_KEY);
		memcpy(s.service[i].tag_key, s.service[i % 3 + 1].tag_key, SL_MAC_KEY);
		m = initiate(i, &h, &none);
		say(&m);
		expect_silence();
		s.service[i] = right;
		// Nor does a right tag help where the rest is not.
		services_put_tag(&s.service[i], m.bytes, m.len);
		services_put_mac1(&s.service[i].first, m.bytes, m.len);
		say(&m);
		expect_silence();
	}
	assert_int_equal(sl_harness_drop(s.shake, "unknown_peer"), 3);
	assert_int_equal(sl_harness_drop(s.shake, "not_authentic"), 3);
}

static void under_load_a_cookie_is_for_who_has_the_psk(void **state)
{
	(void)state;
	for (unsigned i = SL_TUNNEL_NK; i < SERVICES; i++) {
		struct sl_cookie mine = {0}, none = {0};
		struct sl_handshake h = {0};
		struct message m = initiate(i, &h, &none), cookie;

		crowd();
		m.bytes[m.len - sizeof(struct sl_message_macs) - 1] ^= 1; // the tag
		services_put_mac1(&s.service[i].first, m.bytes, m.len);
		say(&m);
		expect_silence();
		m = initiate(i, &h, &mine);
		say(&m);
		cookie = expect(SL_MESSAGE_COOKIE, sizeof(struct sl_message_cookie));
		assert_true(sl_cookie_take(&mine, &s.service[i].first, 0,
					   (struct sl_message_cookie *)cookie.bytes));
		m = initiate(i, &h, &mine);
		say(&m);
		expect(SL_MESSAGE_RESPONSE, sl_handshake_len(i, SL_MESSAGE_RESPONSE));
	}
}

// Those that come while others wait count, too.
static void there_is_load_though_not_all_came_at_once(void **state)
{
	struct sl_cookie none = {0};
	struct sl_handshake h = {0};
	struct message m = initiate(SL_TUNNEL_NK, &h, &none);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		feed_nobodys(CROWD / 2);
		sl_harness_advance(s.shake, 1000);
		sl_harness_breathe(s.shake);
	}
	hear_all();
	say(&m);
	expect(SL_MESSAGE_COOKIE, sizeof(struct sl_message_cookie));
}

// Each search costs some time per client, of which there is a tenth, and a tenth of a second at
// once.
static void under_load_strangers_get_little_time(void **state)
{
	struct sl_cookie none = {0};
	struct sl_handshake h = {0};
	struct message m = initiate(SL_TUNNEL_NK, &h, &none);
	unsigned n = 0;

	(void)state;
	m.bytes[m.len - sizeof(struct sl_message_macs) - 1] ^= 1;
	services_put_mac1(&s.service[SL_TUNNEL_NK].first, m.bytes, m.len);
	crowd();
	for (; n < 100000 && sl_harness_drop(s.shake, "limited") == 0; n++)
		say(&m);
	assert_true(n > 1000);
	assert_true(n < 100000);
	expect_silence();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_holds_a_capability_is_answered, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_lacks_the_public_key_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(who_lacks_the_psk_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(under_load_a_cookie_is_for_who_has_the_psk, setup,
						teardown),
		cmocka_unit_test_setup_teardown(there_is_load_though_not_all_came_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(under_load_strangers_get_little_time, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
