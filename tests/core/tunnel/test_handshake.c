#include "core/tunnel/handshake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PATTERNS = 4, CLIENT_INDEX = 0x11223344, SERVER_INDEX = 0x55667788 };

static const uint8_t client_key[32] = {1, 2, 3}, server_key[32] = {4, 5, 6}, psk[32] = {7, 8, 9};
static const uint8_t stamp[SL_TAI64N] = {0x40, 0, 0, 0, 1};

struct message {
	uint8_t bytes[SL_HANDSHAKE_MAX];
	size_t len;
};

// Both ends of a tunnel.
struct pair {
	struct sl_tunnel_local client, server;
	struct sl_tunnel_remote to_server, to_client;
	struct sl_handshake client_state, server_state;
	struct sl_tunnel_keys client_keys, server_keys;
	uint8_t lease[SL_LEASE_LEN]; // that the client was told
	struct message first, second, third;
};

static struct pair pair(enum sl_tunnel_pattern pattern)
{
	struct pair p = {0};
	bool named = pattern == SL_TUNNEL_IK || pattern == SL_TUNNEL_KK;

	sl_tunnel_local_init(&p.client, pattern, pattern == SL_TUNNEL_NK ? NULL : client_key);
	sl_tunnel_local_init(&p.server, pattern, server_key);
	sl_tunnel_remote_init(&p.to_server, &p.client, p.server.public_key, psk);
	sl_tunnel_remote_init(&p.to_client, &p.server, named ? p.client.public_key : NULL, psk);
	memset(p.to_client.lease, 0x5a, sizeof(p.to_client.lease));
	return p;
}

static const struct sl_tunnel_remote *known(const struct pair *p)
{
	return p->server.pattern == SL_TUNNEL_IK ? NULL : &p->to_client;
}

static void initiate(struct pair *p)
{
	struct sl_cookie none = {0};
	int n = sl_handshake_initiate(&p->client_state, &p->client, &p->to_server, CLIENT_INDEX,
				      stamp, p->first.bytes);

	assert_int_equal(n, sl_handshake_len(p->client.pattern, SL_MESSAGE_INITIATION));
	p->first.len = (size_t)n;
	sl_macs_put(&none, &p->to_server.first, 0, p->first.bytes, p->first.len);
}

static int hear(const struct pair *p, const struct message *m, struct sl_heard *x)
{
	if (!sl_handshake_tag_good(&p->server, &p->to_client, m->bytes, m->len))
		return -EBADMSG;
	return sl_handshake_hear(x, &p->server, known(p), m->bytes, m->len);
}

static bool answer(struct pair *p)
{
	struct sl_heard x;
	bool done;
	int n;

	assert_int_equal(hear(p, &p->first, &x), 0);
	assert_memory_equal(x.stamp, stamp, sizeof(stamp));
	assert_int_equal(x.sender, CLIENT_INDEX);
	if (p->server.pattern == SL_TUNNEL_IK)
		assert_memory_equal(sl_noise_remote_public(&x.noise), p->client.public_key, 32);
	n = sl_handshake_answer(&p->server_state, &x, &p->to_client, SERVER_INDEX, p->second.bytes,
				&p->server_keys, &done);
	assert_int_equal(n, sl_handshake_len(p->server.pattern, SL_MESSAGE_RESPONSE));
	assert_int_equal(n, p->server.pattern == SL_TUNNEL_IK ? 92 : 92 + SL_LEASE_LEN);
	assert_int_equal(n, sl_handshake_len(p->server.pattern, SL_MESSAGE_RESPONSE));
	p->second.len = (size_t)n;
	return done;
}

static int conclude(struct pair *p, const struct message *m)
{
	int n = sl_handshake_conclude(&p->client_state, m->bytes, m->len, p->third.bytes,
				      &p->client_keys, p->lease);

	if (n > 0)
		p->third.len = (size_t)n;
	return n;
}

static int confirm(struct pair *p, const struct message *m)
{
	uint8_t public_key[32];
	int ret = sl_handshake_confirm(&p->server_state, m->bytes, m->len, &p->server_keys,
				       public_key);

	if (ret == 0)
		assert_memory_equal(public_key, p->client.public_key, 32);
	return ret;
}

static void assert_session(const struct pair *p)
{
	assert_memory_equal(p->client_keys.send, p->server_keys.receive, 32);
	assert_memory_equal(p->client_keys.receive, p->server_keys.send, 32);
	assert_memory_not_equal(p->client_keys.send, p->client_keys.receive, 32);
	assert_true(p->client_keys.is_initiator);
	assert_false(p->server_keys.is_initiator);
	// who wrote the last message does not know that it arrives
	assert_int_equal(p->client_keys.shared, p->third.len == 0);
	assert_int_equal(p->server_keys.shared, p->third.len > 0);
	assert_int_equal(p->client_keys.local, CLIENT_INDEX);
	assert_int_equal(p->client_keys.remote, SERVER_INDEX);
	assert_int_equal(p->server_keys.local, SERVER_INDEX);
	assert_int_equal(p->server_keys.remote, CLIENT_INDEX);
}

static void both_ends_agree(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct pair p = pair(i);
		bool done;

		initiate(&p);
		assert_int_equal(load_le32(p.first.bytes), SL_MESSAGE_INITIATION);
		assert_true(sl_mac1_good(&p.server.macs, p.first.bytes, p.first.len));
		done = answer(&p);
		assert_int_equal(done, i != SL_TUNNEL_XK);
		assert_int_equal(load_le32(p.second.bytes), SL_MESSAGE_RESPONSE);
		assert_int_equal(conclude(&p, &p.second) > 0, !done);
		if (!done)
			assert_int_equal(confirm(&p, &p.third), 0);
		assert_session(&p);
		assert_int_equal(p.client_state.state, SL_HANDSHAKE_NONE);
		assert_int_equal(p.server_state.state, SL_HANDSHAKE_NONE);
	}
}

static void message_2_tells_the_lease_but_in_ik(void **state)
{
	static const uint8_t nothing[SL_LEASE_LEN];

	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct pair p = pair(i);

		initiate(&p);
		answer(&p);
		assert_true(conclude(&p, &p.second) >= 0);
		assert_memory_equal(p.lease, i == SL_TUNNEL_IK ? nothing : p.to_client.lease,
				    SL_LEASE_LEN);
	}
}

static void patterns_are_known_by_their_names(void **state)
{
	static const char *const names[] = {"IKpsk2", "NKpsk0", "KKpsk0", "XKpsk0"};
	enum sl_tunnel_pattern p;

	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		assert_true(sl_tunnel_pattern_parse(names[i], &p));
		assert_int_equal(p, i);
		assert_string_equal(sl_tunnel_pattern_name(i), names[i]);
		assert_int_equal(sl_tunnel_pattern_is_tagged(i), i != SL_TUNNEL_IK);
		assert_int_equal(sl_tunnel_pattern_has_static(i), i != SL_TUNNEL_NK);
		assert_int_equal(sl_tunnel_pattern_knows_static(i), i == SL_TUNNEL_KK);
	}
	assert_false(sl_tunnel_pattern_parse("NKpsk2", &p));
	assert_false(sl_tunnel_pattern_parse("NK", &p));
	assert_false(sl_tunnel_pattern_parse("Npsk0", &p));
}

static void what_one_end_sends_has_the_macs_that_the_other_checks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct pair p = pair(i);

		assert_memory_equal(&p.to_server.first, &p.server.macs, sizeof(p.server.macs));
		assert_memory_equal(&p.to_client.to, &p.to_server.from, sizeof(p.server.macs));
		assert_memory_equal(&p.to_server.to, &p.to_client.from, sizeof(p.server.macs));
	}
}

static void messages_of_ik_have_the_lengths_of_wireguard(void **state)
{
	struct pair p = pair(SL_TUNNEL_IK);

	(void)state;
	initiate(&p);
	answer(&p);
	assert_int_equal(p.first.len, sizeof(struct sl_message_initiation));
	assert_int_equal(p.second.len, sizeof(struct sl_message_response));
}

// Try every bit flip in front of the MACs and every other length of a message; each must be
// refused. `try` gives it to whom it is for.
static void spoil(struct pair *p, const struct message *right,
		  int (*try)(struct pair *p, const struct message *m))
{
	struct pair before = *p;
	struct message m = *right;

	// Header bytes 0 to 3 are the caller's, 4 to 7 name what is not authenticated.
	for (size_t i = 8 * 8; i < 8 * (right->len - sizeof(struct sl_message_macs)); i++) {
		m.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		if (try(p, &m) != -EBADMSG)
			fail_msg("bit %zu of byte %zu", i % 8, i / 8);
		m.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (m.len = 0; m.len < sizeof(m.bytes); m.len++)
		if (m.len != right->len)
			assert_int_equal(try(p, &m), -EBADMSG);
	assert_memory_equal(&before.client_state, &p->client_state, sizeof(p->client_state));
	assert_memory_equal(&before.server_state, &p->server_state, sizeof(p->server_state));
}

static int try_first(struct pair *p, const struct message *m)
{
	struct sl_heard x;

	return hear(p, m, &x);
}

static void a_spoilt_message_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct pair p = pair(i);

		initiate(&p);
		spoil(&p, &p.first, try_first);
		answer(&p);
		spoil(&p, &p.second, conclude);
		conclude(&p, &p.second);
		if (i == SL_TUNNEL_XK) {
			spoil(&p, &p.third, confirm);
			assert_int_equal(confirm(&p, &p.third), 0);
		}
		assert_session(&p);
	}
}

static void another_psk_gets_no_session(void **state)
{
	static const uint8_t other[32] = {99};

	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct pair p = pair(i);
		struct sl_heard x;

		sl_tunnel_remote_init(&p.to_server, &p.client, p.server.public_key, other);
		initiate(&p);
		if (i == SL_TUNNEL_IK) { // shows in message 2, as in WireGuard
			answer(&p);
			assert_int_equal(conclude(&p, &p.second), -EBADMSG);
			continue;
		}
		assert_false(
			sl_handshake_tag_good(&p.server, &p.to_client, p.first.bytes, p.first.len));
		// Even if the tag were right.
		assert_int_equal(
			sl_handshake_hear(&x, &p.server, known(&p), p.first.bytes, p.first.len),
			-EBADMSG);
	}
}

static void a_response_counts_once_and_only_after_an_initiation(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct pair p = pair(i);

		initiate(&p);
		answer(&p);
		assert_true(conclude(&p, &p.second) >= 0);
		assert_int_equal(conclude(&p, &p.second), -EBADMSG);
		initiate(&p); // a newer handshake
		assert_int_equal(conclude(&p, &p.second), -EBADMSG);
	}
}

static void a_key_of_low_order_never_makes_a_message(void **state)
{
	static const uint8_t zero[32];

	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct pair p = pair(i);

		sl_tunnel_remote_init(&p.to_server, &p.client, zero, psk);
		assert_int_equal(sl_handshake_initiate(&p.client_state, &p.client, &p.to_server, 1,
						       stamp, p.first.bytes),
				 -EKEYREJECTED);
		assert_int_equal(p.client_state.state, SL_HANDSHAKE_NONE);
	}
}

static void time_stamps_are_coarse_and_in_order(void **state)
{
	static const uint8_t wanted[SL_TAI64N] = {0x40, 0, 0, 0, 0, 0, 0, 0x0b};
	uint8_t a[SL_TAI64N], b[SL_TAI64N];

	(void)state;
	sl_tai64n(1000000000, a);
	assert_memory_equal(a, wanted, sizeof(a));
	sl_tai64n(1000000000 + 1000, b);
	assert_memory_equal(a, b, sizeof(a));
	sl_tai64n(1000000000 + 20000000, b);
	assert_true(memcmp(a, b, sizeof(a)) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_agree),
		cmocka_unit_test(message_2_tells_the_lease_but_in_ik),
		cmocka_unit_test(patterns_are_known_by_their_names),
		cmocka_unit_test(what_one_end_sends_has_the_macs_that_the_other_checks),
		cmocka_unit_test(messages_of_ik_have_the_lengths_of_wireguard),
		cmocka_unit_test(a_spoilt_message_is_refused_and_changes_nothing),
		cmocka_unit_test(another_psk_gets_no_session),
		cmocka_unit_test(a_response_counts_once_and_only_after_an_initiation),
		cmocka_unit_test(a_key_of_low_order_never_makes_a_message),
		cmocka_unit_test(time_stamps_are_coarse_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
