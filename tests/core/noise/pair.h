// pair: both parties of a handshake, for tests. Keys are fixed, ephemeral ones as in production.
#pragma once

#include <sluice/noise.h>

struct pair {
	struct sl_noise initiator, responder;
	struct sl_noise_protocol protocol;
	uint8_t secrets[2][SL_NOISE_KEY]; // the initiator's and the responder's static keys
	uint8_t publics[2][SL_NOISE_KEY];
	uint8_t psks[SL_NOISE_PSKS_MAX][SL_NOISE_KEY];
};

// What a party needs for the protocol of pair, and no more.
struct sl_noise_config pair_config(const struct pair *pair, bool is_initiator);

// Begin both sides of "Noise_PATTERN_25519_ChaChaPoly_BLAKE2s".
void pair_init(struct pair *pair, const char *pattern);

// Whose turn it is, and the other.
struct sl_noise *pair_writer(struct pair *pair);
struct sl_noise *pair_reader(struct pair *pair);

// Write and read one message with a payload of len bytes. Returns the message's length.
int pair_pass(struct pair *pair, size_t len);
