// noise: handshakes a second and core for the patterns of tunnels, each party by itself, beside the
// X25519 that they are mostly made of; and BLAKE2s beside libsodium's BLAKE2b.

#include "bench/harness.h"
#include "bench/pipeline.h"
#include "core/noise/blake2s.h"
#include "core/noise/pattern.h"
#include "core/noise/x25519.h"

#include <rte_cycles.h>
#include <sluice/noise.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HANDSHAKES = 16, // a turn
	HASHES = 4096,
	SIZE = 256,
	PAYLOAD = 12, // the time stamp that WireGuard's first message carries
};

// A handshake of two messages, stopped at each point where a party has work to do.
struct play {
	const char *name;
	struct sl_noise initiator, waiting, responder;
	uint8_t first[SIZE], second[SIZE];
	int first_len, second_len;
};

static void check(int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "noise: %s\n", strerror(-ret));
	exit(1);
}

static void begin(struct sl_noise *hs, const char *name, bool is_initiator)
{
	const struct sl_noise_pattern *pattern;
	uint8_t mine[SL_NOISE_KEY], other[SL_NOISE_KEY], peer[SL_NOISE_KEY], psk[SL_NOISE_KEY];
	struct sl_noise_config c = {.is_initiator = is_initiator};
	struct sl_noise_protocol p;

	check(sl_noise_parse(&p, name, NULL));
	pattern = sl_noise_pattern_at(p.pattern);
	memset(mine, is_initiator ? 1 : 2, sizeof(mine));
	memset(other, is_initiator ? 2 : 1, sizeof(other));
	memset(psk, 3, sizeof(psk));
	sl_x25519_public(other, peer);
	if (!is_initiator || pattern->pre_initiator ||
	    sl_noise_pattern_uses(pattern, true, SL_NOISE_TOKEN_S))
		c.static_private = mine;
	if (is_initiator ? pattern->pre_responder : pattern->pre_initiator)
		c.remote_public = peer;
	if (p.psks) {
		c.psks = psk;
		c.n_psks = 1;
	}
	check(sl_noise_init(hs, &p, &c, NULL));
}

static void prepare(struct play *p)
{
	struct sl_noise responder;
	uint8_t payload[SIZE];

	begin(&p->initiator, p->name, true);
	begin(&p->responder, p->name, false);
	p->waiting = p->initiator;
	responder = p->responder;
	p->first_len = sl_noise_write(&p->waiting, p->first, PAYLOAD, p->first, SIZE);
	check(p->first_len);
	check(sl_noise_read(&responder, p->first, (size_t)p->first_len, payload, SIZE));
	p->second_len = sl_noise_write(&responder, NULL, 0, p->second, SIZE);
	check(p->second_len);
}

static void end(struct sl_noise *hs)
{
	struct sl_noise_cipher send, receive;

	check(sl_noise_split(hs, &send, &receive));
	sl_noise_cipher_wipe(&send);
	sl_noise_cipher_wipe(&receive);
}

static uint64_t initiate(void *arg)
{
	static const uint8_t stamp[PAYLOAD];
	struct play *p = arg;
	uint8_t message[SIZE];

	for (unsigned i = 0; i < HANDSHAKES; i++) {
		struct sl_noise hs = p->initiator;

		check(sl_noise_write(&hs, stamp, PAYLOAD, message, SIZE));
		hs = p->waiting;
		check(sl_noise_read(&hs, p->second, (size_t)p->second_len, message, SIZE));
		end(&hs);
	}
	return HANDSHAKES;
}

static uint64_t respond(void *arg)
{
	struct play *p = arg;
	uint8_t message[SIZE];

	for (unsigned i = 0; i < HANDSHAKES; i++) {
		struct sl_noise hs = p->responder;

		check(sl_noise_read(&hs, p->first, (size_t)p->first_len, message, SIZE));
		check(sl_noise_write(&hs, NULL, 0, message, SIZE));
		end(&hs);
	}
	return HANDSHAKES;
}

static uint64_t exchange(void *arg)
{
	uint8_t secret[32] = {1}, point[32] = {9}, out[32];

	(void)arg;
	for (unsigned i = 0; i < HANDSHAKES; i++)
		check(sl_x25519_shared(secret, point, out));
	return HANDSHAKES;
}

static uint64_t hash_blake2s(void *arg)
{
	static uint8_t data[64];
	const size_t *len = arg;
	struct sl_blake2s s;

	for (unsigned i = 0; i < HASHES; i++) {
		sl_blake2s_init(&s, 32, NULL, 0);
		sl_blake2s_update(&s, data, *len);
		sl_blake2s_final(&s, data);
	}
	return HASHES;
}

static uint64_t hash_blake2b(void *arg)
{
	static uint8_t data[64];
	const size_t *len = arg;

	for (unsigned i = 0; i < HASHES; i++)
		crypto_generichash(data, 32, data, *len, NULL, 0);
	return HASHES;
}

static void print_rates(const struct bench *benches, size_t n)
{
	printf("\na second and core:\n");
	for (size_t i = 0; i < n; i++)
		printf("  %-18s %8.0f\n", benches[i].name,
		       (double)rte_get_tsc_hz() / bench_result(benches[i].name));
	putchar('\n');
}

int main(void)
{
	static struct play nk = {.name = "Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s"};
	static struct play ik = {.name = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"};
	static size_t short_len = 32, long_len = 64;
	struct bench handshakes[] = {
		{"X25519", exchange, NULL, NULL},
		{"NKpsk0 initiator", initiate, &nk, "X25519"},
		{"NKpsk0 responder", respond, &nk, "X25519"},
		{"IKpsk2 initiator", initiate, &ik, "X25519"},
		{"IKpsk2 responder", respond, &ik, "X25519"},
	};
	struct bench hashes[] = {
		{"BLAKE2s 32 B", hash_blake2s, &short_len, "BLAKE2b 32 B"},
		{"BLAKE2b 32 B", hash_blake2b, &short_len, NULL},
		{"BLAKE2s 64 B", hash_blake2s, &long_len, "BLAKE2b 64 B"},
		{"BLAKE2b 64 B", hash_blake2b, &long_len, NULL},
	};

	bench_eal();
	bench_start("noise");
	prepare(&nk);
	prepare(&ik);
	bench_run(&(struct bench_table){"handshakes", "handshake", handshakes, 5});
	print_rates(handshakes, 5);
	bench_run(&(struct bench_table){"hashes", "hash", hashes, 4});
	return 0;
}
