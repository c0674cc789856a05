#include "tests/apps/tunnel_rig.h"
#include "tests/harness/key_file.h"

#include "apps/tunnel.h"
#include "apps/tunnel_handshake.h"
#include "core/noise/blake2s.h"
#include "core/proto/protocol.h"

#include <setjmp.h>
#include <sluice/key.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	STEP_NS = 10000000,
	TICKS = 8, // in which all timers are looked at
	START_WALL_S = 1700000000,
};

static struct ip_packet packet; // too large for a stack

// ---- making it

static void print_peer(struct rig *r, const struct peer *p, unsigned number, char *out, size_t size)
{
	char key[SL_KEY_TEXT], name[16], psk[96] = "";

	sl_key_format(p->public_key, key);
	if (p->has_psk) {
		snprintf(name, sizeof(name), "psk%u", number);
		assert_true(key_file_save(r->folder, name, p->psk));
		snprintf(psk, sizeof(psk), " psk=%s/%s", r->folder, name);
	}
	snprintf(out, size, " peers='%s%s %s'", key, psk, p->line ? p->line : "");
}

static struct sl_harness *make(const char *line, unsigned packets)
{
	struct sl_error err = {0};
	struct sl_harness *h = sl_harness_create(
		&(struct sl_harness_options){.line = line, .packets = packets}, &err);

	if (!h)
		fail_msg("%s", err.text);
	return h;
}

static void make_keys(struct rig *r)
{
	uint8_t private_key[32];

	memset(r, 0, sizeof(*r));
	snprintf(r->folder, sizeof(r->folder), "/tmp/sluice-tunnel-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	randombytes_buf(private_key, sizeof(private_key));
	crypto_scalarmult_curve25519_base(r->public_key, private_key);
	assert_true(key_file_save(r->folder, "key", private_key));
}

// The peers have their keys, and so has the tunnel.
static void make_apps(struct rig *r, const struct peer *peers, unsigned n, unsigned packets)
{
	char line[8192];
	size_t len;

	len = (size_t)snprintf(line, sizeof(line),
			       "tunnel-handshake key=%s/key port=1 max-peers=%u", r->folder,
			       RIG_PEERS);
	for (unsigned i = 0; i < n; i++) {
		print_peer(r, &peers[i], i, line + len, sizeof(line) - len);
		len += strlen(line + len);
	}
	r->shake = make(line, packets);
	snprintf(line, sizeof(line), "tunnel-data max-peers=%u mtu=%u", RIG_PEERS, RIG_MTU);
	r->data = make(line, packets);
	r->start_ns = sl_harness_app(r->data)->now_ns;
	rig_set_wall(r, START_WALL_S * RIG_SECOND_NS);
	rig_breathe(r);
}

void rig_open_with(struct rig *r, struct peer *peers, unsigned n, unsigned packets)
{
	make_keys(r);
	for (unsigned i = 0; i < n; i++) {
		memcpy(peers[i].tunnel_key, r->public_key, 32);
		peer_init(&peers[i]);
	}
	make_apps(r, peers, n, packets);
}

void rig_open_one(struct rig *r, struct peer *peer, bool has_psk)
{
	*peer = (struct peer){.at = "192.0.2.2:2",
			      .line = "endpoint=192.0.2.2:2 allowed=10.2.0.0/16",
			      .has_psk = has_psk};
	rig_open(r, peer, 1);
}

void rig_open_pair(struct rig *left, const char *left_line, struct rig *right,
		   const char *right_line)
{
	struct peer of_left = {.line = left_line}, of_right = {.line = right_line};

	make_keys(left);
	make_keys(right);
	memcpy(of_left.public_key, right->public_key, 32);
	memcpy(of_right.public_key, left->public_key, 32);
	make_apps(left, &of_left, 1, 0);
	make_apps(right, &of_right, 1, 0);
}

void rig_open(struct rig *r, struct peer *peers, unsigned n)
{
	rig_open_with(r, peers, n, 0);
}

static void remove_files(const struct rig *r)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/key", r->folder);
	unlink(path);
	for (unsigned i = 0; i < RIG_PEERS; i++) {
		snprintf(path, sizeof(path), "%s/psk%u", r->folder, i);
		unlink(path);
	}
	assert_int_equal(rmdir(r->folder), 0);
}

void rig_close(struct rig *r)
{
	remove_files(r);
	assert_string_equal(sl_harness_destroy(r->data), "");
	assert_string_equal(sl_harness_destroy(r->shake), "");
	rig_expect_silence(r);
}

// ---- making it work

// Returns whether anything moved.
static bool move(struct sl_harness *from, unsigned output, struct sl_harness *to, unsigned input)
{
	bool moved = false;

	for (; ip_take(from, output, &packet); moved = true)
		assert_true(ip_feed(to, input, &packet));
	return moved;
}

// The IP and UDP headers, read with no code of the tunnel's.
static void read_outer(struct rig_message *m)
{
	bool v4 = packet.bytes[0] >> 4 == 4;
	const uint8_t *ip = packet.bytes, *udp = ip + (v4 ? 20 : 40);
	struct sl_ip from = {.family = v4 ? 4 : 6}, to = from;
	char text[SL_IP_TEXT];
	unsigned udp_len = load_be16(udp + 4);

	memcpy(from.bytes, ip + (v4 ? 12 : 8), sl_ip_len(from.family));
	memcpy(to.bytes, ip + (v4 ? 16 : 24), sl_ip_len(to.family));
	snprintf(m->from, sizeof(m->from), v4 ? "%s:%u" : "[%s]:%u", sl_ip_print(&from, text),
		 load_be16(udp));
	snprintf(m->to, sizeof(m->to), v4 ? "%s:%u" : "[%s]:%u", sl_ip_print(&to, text),
		 load_be16(udp + 2));
	m->tos = v4 ? ip[1] : (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	m->dont_fragment = v4 && ip[6] & 0x40;
	assert_int_equal(udp_len, packet.len - (udp - ip));
	assert_int_not_equal(load_be16(udp + 6), 0);
	assert_int_equal(ip_checksum(udp, udp_len, ip), 0);
	m->len = (uint16_t)(udp_len - 8);
	memcpy(m->bytes, udp + 8, m->len);
}

static void collect(struct rig *r, struct sl_harness *h, unsigned output)
{
	// a test may have taken the way out
	while (sl_harness_app(h)->out[output] && ip_take(h, output, &packet)) {
		assert_true(r->n_sent < RIG_MESSAGES);
		r->sent[r->n_sent].at_ns = rig_now_ns(r);
		read_outer(&r->sent[r->n_sent++]);
	}
}

static void advance(struct rig *r, uint64_t ns)
{
	sl_harness_advance(r->data, ns);
	sl_harness_advance(r->shake, ns);
}

void rig_breathe(struct rig *r)
{
	bool moved = true;

	while (moved || sl_harness_waiting_in(r->shake, SL_SHAKE_IN_HANDSHAKE) > 0 ||
	       sl_harness_waiting_in(r->shake, SL_SHAKE_IN_EVENTS) > 0) {
		advance(r, 1); // a breath of its own
		sl_harness_breathe(r->shake);
		sl_harness_breathe(r->data);
		moved = move(r->data, SL_TUNNEL_OUT_HANDSHAKE, r->shake, SL_SHAKE_IN_HANDSHAKE);
		moved |= move(r->data, SL_TUNNEL_OUT_EVENTS, r->shake, SL_SHAKE_IN_EVENTS);
		moved |= move(r->shake, SL_SHAKE_OUT_COMMANDS, r->data, SL_TUNNEL_IN_COMMANDS);
		collect(r, r->shake, SL_SHAKE_OUT_OUTER4);
		collect(r, r->shake, SL_SHAKE_OUT_OUTER6);
		collect(r, r->data, SL_TUNNEL_OUT_OUTER4);
		collect(r, r->data, SL_TUNNEL_OUT_OUTER6);
	}
}

void rig_jump(struct rig *r, uint64_t ns)
{
	advance(r, ns);
	for (unsigned i = 0; i < TICKS; i++) {
		sl_harness_tick(r->data);
		sl_harness_tick(r->shake);
	}
	rig_breathe(r);
}

void rig_wait(struct rig *r, uint64_t ns)
{
	for (uint64_t step; ns > 0; ns -= step) {
		step = RTE_MIN(ns, (uint64_t)STEP_NS);
		rig_jump(r, step);
	}
}

void rig_wait_s(struct rig *r, unsigned seconds)
{
	rig_wait(r, seconds * RIG_SECOND_NS);
}

uint64_t rig_now_ns(const struct rig *r)
{
	return sl_harness_app(r->data)->now_ns - r->start_ns;
}

void rig_set_wall(struct rig *r, uint64_t wall_ns)
{
	sl_harness_app(r->data)->wall_ns = wall_ns;
	sl_harness_app(r->shake)->wall_ns = wall_ns;
}

// ---- the outer side

static void split_endpoint(const char *text, char ip[64], uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	bool bracket = text[0] == '[';

	snprintf(ip, 64, "%.*s", (int)(colon - text - 2 * bracket), text + bracket);
	*port = (uint16_t)atoi(colon + 1);
}

void rig_feed(struct rig *r, const char *from, const void *message, size_t len)
{
	uint8_t datagram[8 + 2048] = {0}, *udp;
	uint16_t port;
	char ip[64];
	bool v4;

	split_endpoint(from, ip, &port);
	v4 = !strchr(ip, ':');
	store_be16(datagram, port);
	store_be16(datagram + 2, 1);
	store_be16(datagram + 4, (uint16_t)(8 + len));
	memcpy(datagram + 8, message, len);
	ip_build(&packet, ip, v4 ? "192.0.2.1" : "2001:db8::1", SL_PROTO_UDP, datagram,
		 (unsigned)(8 + len));
	udp = packet.bytes + (v4 ? 20 : 40);
	store_be16(udp + 6, ip_checksum(udp, 8 + len, packet.bytes));
	assert_true(ip_feed(r->data, SL_TUNNEL_IN_OUTER, &packet));
}

void rig_hear(struct rig *r, const char *from, const void *message, size_t len)
{
	rig_feed(r, from, message, len);
	rig_breathe(r);
}

const struct rig_message *rig_take(struct rig *r)
{
	const struct rig_message *m = r->n_seen < r->n_sent ? &r->sent[r->n_seen++] : NULL;

	if (!m)
		r->n_seen = r->n_sent = 0;
	return m;
}

const struct rig_message *rig_expect(struct rig *r, uint8_t type)
{
	const struct rig_message *m = rig_take(r);

	if (!m)
		fail_msg("a message of type %u did not come", type);
	assert_int_equal(load_le32(m->bytes), type);
	return m;
}

void rig_expect_silence(struct rig *r)
{
	const struct rig_message *m = rig_take(r);

	if (m)
		fail_msg("a message of type %u and %u bytes was sent to %s at %.3f s", m->bytes[0],
			 m->len, m->to, (double)m->at_ns / 1e9);
}

// ---- the inner side

static void build_inner(const char *src, const char *dst, unsigned len)
{
	unsigned header = strchr(src, ':') ? 40 : 20;

	ip_build(&packet, src, dst, SL_PROTO_UDP, NULL, len - header);
}

void rig_send(struct rig *r, const char *src, const char *dst, unsigned len)
{
	build_inner(src, dst, len);
	assert_true(ip_feed(r->data, SL_TUNNEL_IN_INNER, &packet));
	rig_breathe(r);
}

bool rig_receive(struct rig *r, struct ip_packet *p)
{
	return ip_take(r->data, SL_TUNNEL_OUT_INNER4, p) ||
	       ip_take(r->data, SL_TUNNEL_OUT_INNER6, p);
}

void rig_hear_inner(struct rig *r, struct peer *p, const char *src, const char *dst, unsigned len)
{
	uint8_t message[2048];
	unsigned padded = (len + 15) / 16 * 16;

	build_inner(src, dst, len);
	memset(packet.bytes + len, 0, padded - len);
	rig_hear(r, p->at, message, peer_seal(p, packet.bytes, padded, message));
}

void rig_hear_keepalive(struct rig *r, struct peer *p)
{
	uint8_t message[PEER_KEEPALIVE];

	rig_hear(r, p->at, message, peer_seal(p, NULL, 0, message));
}

unsigned rig_expect_data(struct rig *r, struct peer *p, uint8_t *plaintext)
{
	const struct rig_message *m = rig_expect(r, 4);
	int len = peer_open(p, m->bytes, m->len, plaintext);

	assert_string_equal(m->to, p->at);
	assert_true(len >= 0);
	return (unsigned)len;
}

void rig_expect_keepalive(struct rig *r, struct peer *p)
{
	uint8_t plaintext[2048];

	assert_int_equal(rig_expect_data(r, p, plaintext), 0);
}

const struct rig_message *rig_expect_initiation(struct rig *r, struct peer *p)
{
	const struct rig_message *m = rig_expect(r, 1);

	assert_string_equal(m->to, p->at);
	assert_true(peer_read_initiation(p, m->bytes, m->len));
	assert_true(peer_macs_good(p, m->bytes, m->len, p->given));
	return m;
}

void rig_answer(struct rig *r, struct peer *p)
{
	uint8_t message[PEER_RESPONSE];

	peer_respond(p, message);
	rig_hear(r, p->at, message, sizeof(message));
}

// ---- a session

void rig_connect(struct rig *r, struct peer *p)
{
	uint8_t message[PEER_INITIATION];
	const struct rig_message *m;

	peer_initiate(p, message);
	rig_hear(r, p->at, message, sizeof(message));
	m = rig_expect(r, 2);
	assert_true(peer_read_response(p, m->bytes, m->len));
	rig_hear_keepalive(r, p);
}

void rig_connect_out(struct rig *r, struct peer *p, const char *dst)
{
	uint8_t plaintext[2048];

	rig_send(r, "10.1.0.1", dst, 48);
	rig_expect_initiation(r, p);
	rig_answer(r, p);
	assert_int_equal(rig_expect_data(r, p, plaintext), 48);
}

void rig_take_key(struct rig *r)
{
	struct sl_error err;

	assert_int_equal(sl_shake_set_key((struct sl_shake *)sl_harness_app(r->shake), NULL, &err),
			 0);
	rig_breathe(r);
}

// ---- a look inside

static uint64_t drops_of(struct sl_harness *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < SL_DROPS_MAX; i++)
		n += sl_harness_app(h)->drops[i];
	return n;
}

uint64_t rig_drops(struct rig *r)
{
	return drops_of(r->data) + drops_of(r->shake);
}

static struct sl_tunnel_peer *data_peer(struct rig *r, uint32_t peer)
{
	return &((struct sl_tunnel *)sl_harness_app(r->data))->peers[peer];
}

static struct sl_roster_peer *shake_peer(struct rig *r, uint32_t peer)
{
	return sl_roster_peer(((struct sl_shake *)sl_harness_app(r->shake))->roster, peer);
}

void rig_state(struct rig *r, uint32_t peer, uint8_t out[32])
{
	struct sl_blake2s s;

	sl_blake2s_init(&s, 32, NULL, 0);
	sl_blake2s_update(&s, data_peer(r, peer), sizeof(struct sl_tunnel_peer));
	sl_blake2s_update(&s, shake_peer(r, peer), sizeof(struct sl_roster_peer));
	sl_blake2s_final(&s, out);
}

uint64_t rig_tx_bytes(struct rig *r, uint32_t peer)
{
	return data_peer(r, peer)->tx_bytes + shake_peer(r, peer)->tx_bytes;
}

uint64_t rig_rx_bytes(struct rig *r, uint32_t peer)
{
	return data_peer(r, peer)->rx_bytes + shake_peer(r, peer)->rx_bytes;
}

void rig_set_counter(struct rig *r, uint32_t peer, uint64_t sent)
{
	sl_session(&data_peer(r, peer)->sessions, SL_CURRENT)->seal.sent = sent;
}

bool rig_has_keys(struct rig *r, uint32_t peer)
{
	const struct sl_sessions *s = &data_peer(r, peer)->sessions;
	const struct sl_handshake *h = &shake_peer(r, peer)->handshake;
	bool clean = sodium_is_zero((const uint8_t *)h, sizeof(*h));

	return !clean || !sodium_is_zero((const uint8_t *)s->at, sizeof(s->at));
}

const char *rig_endpoint(struct rig *r, uint32_t peer)
{
	static char text[SL_ENDPOINT_TEXT];
	const struct sl_endpoint *e = &data_peer(r, peer)->endpoint;

	assert_true(sl_endpoint_equal(e, &shake_peer(r, peer)->endpoint));
	return sl_endpoint_print(e, text);
}
