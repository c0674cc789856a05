// Any bytes as orders to strangers, to a peer that holds its keys, to a clock and to whoever sends
// through the tunnel: both apps of a tunnel take what comes of it. Whatever the order, strangers
// get no more than one smaller answer, no number of a session is used twice, initiations keep their
// distance, nothing comes out that the peer did not send from its own addresses, and every packet
// is accounted for.

#include "core/proto/protocol.h"
#include "tests/apps/tunnel_rig.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <stdlib.h>

enum { ORDERS_MAX = 64, PACKETS = 500, LONGEST = 200, SESSIONS = 2 * ORDERS_MAX };

#define STRANGER "192.0.2.66:6"

static struct rig rig;
static struct peer peer;
static uint64_t random_state;

// The bytes that are left to be read.
static const uint8_t *at, *end;

// What the peer sealed last, and any message that it or the tunnel sent last.
static uint8_t plaintext[LONGEST], message[2048];
static size_t plaintext_len, message_len;

static uint64_t initiated_ns;
static bool has_initiated, has_heard;
static struct {
	uint32_t index;
	uint64_t next;
} numbers[SESSIONS]; // of data, by receiver index
static unsigned n_numbers;

// ---- randomness that is the same each time

static const char *random_name(void)
{
	return "fuzz";
}

static uint32_t random_word(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 32);
}

static void random_bytes(void *const out, const size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)random_word();
}

static struct randombytes_implementation source = {
	.implementation_name = random_name, .random = random_word, .buf = random_bytes};

// ---- orders

static uint8_t next(void)
{
	return at < end ? *at++ : 0;
}

// Up to n bytes of the orders. Returns how many.
static size_t next_bytes(uint8_t *out, size_t n)
{
	size_t have = RTE_MIN(n, (size_t)(end - at));

	memcpy(out, at, have);
	at += have;
	return have;
}

// ---- what comes of them

static void check_data(const struct rig_message *m)
{
	uint32_t index = load_le32(m->bytes + 4);
	uint64_t number = load_le64(m->bytes + 8);
	unsigned i = 0;

	while (i < n_numbers && numbers[i].index != index)
		i++;
	must(i < SESSIONS);
	n_numbers = RTE_MAX(n_numbers, i + 1);
	must(number >= numbers[i].next);
	numbers[i].index = index;
	numbers[i].next = number + 1;
}

static void check_initiation(const struct rig_message *m)
{
	must(!has_initiated || m->at_ns - initiated_ns >= 5 * RIG_SECOND_NS);
	initiated_ns = m->at_ns;
	has_initiated = true;
	has_heard = peer_read_initiation(&peer, m->bytes, m->len);
	must(has_heard);
}

static void check_response(const struct rig_message *m)
{
	struct peer reader = peer;

	if (peer_read_response(&reader, m->bytes, m->len))
		peer = reader;
}

// Look at all that the tunnel sent. Returns how many answers went to the stranger.
static unsigned check_sent(size_t heard_len)
{
	const struct rig_message *m;
	unsigned answers = 0;

	while ((m = rig_take(&rig))) {
		if (!strcmp(m->to, STRANGER) && (m->bytes[0] == 2 || m->bytes[0] == 3)) {
			answers++;
			must(!heard_len || m->len < heard_len);
		}
		switch (load_le32(m->bytes)) {
		case 1:
			check_initiation(m);
			break;
		case 2:
			check_response(m);
			break;
		case 3:
			peer_take_cookie(&peer, m->bytes, m->len);
			break;
		case 4:
			check_data(m);
			break;
		default:
			abort();
		}
		message_len = m->len;
		memcpy(message, m->bytes, m->len);
	}
	return answers;
}

// What came out is what the peer sealed, and from one of its addresses.
static void check_received(void)
{
	static struct ip_packet p;

	while (rig_receive(&rig, &p)) {
		must(p.len <= plaintext_len && memcmp(p.bytes, plaintext, p.len) == 0);
		must(p.bytes[0] >> 4 == 6 || (p.bytes[12] == 10 && p.bytes[13] == 2));
		must(p.bytes[0] >> 4 == 4 || p.bytes[8] == 0xfd);
	}
}

static void hear(const char *from)
{
	rig_hear(&rig, from, message, message_len);
	must(check_sent(strcmp(from, STRANGER) ? 0 : message_len) <= 1);
	check_received();
}

// ---- one order each

static void raw_from_a_stranger(void)
{
	message_len = next_bytes(message, next() % LONGEST);
	hear(STRANGER);
}

static void with_right_mac1(void)
{
	message_len = next() & 1 ? PEER_INITIATION : PEER_RESPONSE;
	memset(message, 0, message_len);
	next_bytes(message, next() % (message_len - 32));
	peer_put_macs(&peer, message, message_len);
	hear(STRANGER);
}

static void initiation(void)
{
	peer_initiate(&peer, message);
	message_len = PEER_INITIATION;
	hear(next() & 1 ? STRANGER : peer.at);
}

static void response(void)
{
	if (!has_heard)
		return;
	has_heard = false;
	peer_respond(&peer, message);
	message_len = PEER_RESPONSE;
	hear(peer.at);
}

static void sealed_data(void)
{
	uint8_t skip = next();

	plaintext_len = next_bytes(plaintext, next() % LONGEST);
	if (skip & 0x80)
		peer.sent += (uint64_t)1 << (skip & 63);
	message_len = peer_seal(&peer, plaintext, plaintext_len, message);
	hear(peer.at);
}

static void sealed_packet(void)
{
	static struct ip_packet p;

	ip_build(&p, "10.2.0.1", "10.1.0.1", SL_PROTO_UDP, NULL, next() % 100);
	plaintext_len = p.len;
	memcpy(plaintext, p.bytes, p.len);
	message_len = peer_seal(&peer, plaintext, plaintext_len, message);
	hear(peer.at);
}

// The latest message again, a bit of it turned over, or from somebody else.
static void again(void)
{
	uint8_t how = next();

	if (message_len > 0 && how & 1)
		message[next() % message_len] ^= (uint8_t)(1 << next() % 8);
	if (message_len >= 64 && how & 2)
		peer_put_macs(&peer, message, message_len);
	hear(how & 4 ? STRANGER : peer.at);
}

static void cookie(void)
{
	static const uint8_t value[16] = {1};
	uint8_t reply[PEER_COOKIE];

	if (message_len < 64)
		return;
	peer_give_cookie(&peer, message, message_len, value, reply);
	memcpy(message, reply, sizeof(reply));
	message_len = sizeof(reply);
	hear(peer.at);
}

static void flood(void)
{
	for (unsigned i = 0; i < 150; i++)
		rig_feed(&rig, STRANGER, (uint8_t[PEER_INITIATION]){1}, PEER_INITIATION);
	rig_breathe(&rig);
	must(check_sent(1) == 0);
}

static void inner(void)
{
	uint8_t bytes[LONGEST];
	size_t n = next_bytes(bytes, next() % LONGEST);

	must(sl_harness_feed(rig.data, 0, bytes, (uint16_t)n));
	rig_breathe(&rig);
	check_sent(0);
}

static void inner_packet(void)
{
	rig_send(&rig, "10.1.0.1", "10.2.0.1", 28 + next() % 100);
	check_sent(0);
}

static void wait(void)
{
	uint8_t how = next();

	rig_jump(&rig, (how & 15) * (how & 0x80 ? RIG_SECOND_NS : RIG_SECOND_NS / 50));
	check_sent(0);
}

static void set_clocks(void)
{
	uint64_t wall_s = 0;

	next_bytes((uint8_t *)&wall_s, 5);
	rig_set_wall(&rig, wall_s % 10000000000 * RIG_SECOND_NS);
	if (next() & 1)
		rig_set_counter(&rig, 0, UINT64_MAX);
}

static void (*const orders[])(void) = {
	raw_from_a_stranger,
	with_right_mac1,
	initiation,
	response,
	sealed_data,
	sealed_packet,
	again,
	cookie,
	flood,
	inner,
	inner_packet,
	wait,
	set_clocks,
};

// ---- a tunnel for each input

static void start(const uint8_t *data, size_t size)
{
	static bool is_set;

	if (!is_set)
		must(randombytes_set_implementation(&source) == 0);
	is_set = true;
	random_state = 1;
	at = data;
	end = data + size;
	message_len = plaintext_len = 0;
	has_initiated = has_heard = false;
	n_numbers = 0;
	memset(numbers, 0, sizeof(numbers));
	peer = (struct peer){.at = "192.0.2.2:2",
			     .line = "endpoint=192.0.2.2:2 allowed=10.2.0.0/16,fd00::/8 "
				     "keepalive=25"};
	rig_open_with(&rig, &peer, 1, PACKETS);
	check_sent(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start(data, size);
	for (unsigned i = 0; i < ORDERS_MAX && at < end; i++)
		orders[next() % RTE_DIM(orders)]();
	rig_jump(&rig, 600 * RIG_SECOND_NS);
	check_sent(0);
	rig_close(&rig);
	return 0;
}
