// pattern: the handshake patterns as tables of tokens. Spec sections 7 and 18.1.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a message does, in order. Spec section 7.1.
enum sl_noise_token {
	SL_NOISE_TOKEN_END,
	SL_NOISE_TOKEN_E,
	SL_NOISE_TOKEN_S,
	SL_NOISE_TOKEN_EE,
	SL_NOISE_TOKEN_ES,
	SL_NOISE_TOKEN_SE,
	SL_NOISE_TOKEN_SS,
	SL_NOISE_TOKEN_PSK, // stands in no table: a modifier puts it into a message
};

enum {
	SL_NOISE_MESSAGES_MAX = 4,
	SL_NOISE_TOKENS_MAX = 5, // in a message of the tables
};

struct sl_noise_pattern {
	char name[5];
	bool pre_initiator; // pre-message "-> s": the initiator's static key is known beforehand
	bool pre_responder; // pre-message "<- s"
	// Tokens of each message, the first by the initiator, then in turns. Unused messages have
	// none.
	uint8_t messages[SL_NOISE_MESSAGES_MAX][SL_NOISE_TOKENS_MAX + 1];
};

// The pattern of a row, NULL behind the last one.
const struct sl_noise_pattern *sl_noise_pattern_at(size_t row);

// How many messages its handshake has; 1: it is a one-way pattern.
unsigned sl_noise_pattern_length(const struct sl_noise_pattern *p);

// Token i of a message, with the psk modifiers in their place: psk0 is the first token of the first
// message, pskN the last one of the Nth. Spec section 9.4.
//
// psks  Bit n: modifier pskn. *psk is its number where the token is SL_NOISE_TOKEN_PSK.
//
// Returns SL_NOISE_TOKEN_END behind the last.
enum sl_noise_token sl_noise_pattern_token(const struct sl_noise_pattern *p, uint8_t psks,
					   unsigned message, unsigned i, unsigned *psk);

// Whether one of its messages has the token.
bool sl_noise_pattern_uses(const struct sl_noise_pattern *p, bool by_initiator,
			   enum sl_noise_token token);
