#include "core/noise/pattern.h"

enum {
	E = SL_NOISE_TOKEN_E,
	S = SL_NOISE_TOKEN_S,
	EE = SL_NOISE_TOKEN_EE,
	ES = SL_NOISE_TOKEN_ES,
	SE = SL_NOISE_TOKEN_SE,
	SS = SL_NOISE_TOKEN_SS,
};

static const struct sl_noise_pattern patterns[] = {
	// One-way: section 7.4.
	{"N", false, true, {{E, ES}}},
	{"K", true, true, {{E, ES, SS}}},
	{"X", false, true, {{E, ES, S, SS}}},
	// Interactive: section 7.5.
	{"NN", false, false, {{E}, {E, EE}}},
	{"NK", false, true, {{E, ES}, {E, EE}}},
	{"NX", false, false, {{E}, {E, EE, S, ES}}},
	{"KN", true, false, {{E}, {E, EE, SE}}},
	{"KK", true, true, {{E, ES, SS}, {E, EE, SE}}},
	{"KX", true, false, {{E}, {E, EE, SE, S, ES}}},
	{"XN", false, false, {{E}, {E, EE}, {S, SE}}},
	{"XK", false, true, {{E, ES}, {E, EE}, {S, SE}}},
	{"XX", false, false, {{E}, {E, EE, S, ES}, {S, SE}}},
	{"IN", false, false, {{E, S}, {E, EE, SE}}},
	{"IK", false, true, {{E, ES, S, SS}, {E, EE, SE}}},
	{"IX", false, false, {{E, S}, {E, EE, SE, S, ES}}},
	// Deferred: section 18.1.
	{"NK1", false, true, {{E}, {E, EE, ES}}},
	{"NX1", false, false, {{E}, {E, EE, S}, {ES}}},
	{"X1N", false, false, {{E}, {E, EE}, {S}, {SE}}},
	{"X1K", false, true, {{E, ES}, {E, EE}, {S}, {SE}}},
	{"XK1", false, true, {{E}, {E, EE, ES}, {S, SE}}},
	{"X1K1", false, true, {{E}, {E, EE, ES}, {S}, {SE}}},
	{"X1X", false, false, {{E}, {E, EE, S, ES}, {S}, {SE}}},
	{"XX1", false, false, {{E}, {E, EE, S}, {ES, S, SE}}},
	{"X1X1", false, false, {{E}, {E, EE, S}, {ES, S}, {SE}}},
	{"K1N", true, false, {{E}, {E, EE}, {SE}}},
	{"K1K", true, true, {{E, ES}, {E, EE}, {SE}}},
	{"KK1", true, true, {{E}, {E, EE, SE, ES}}},
	{"K1K1", true, true, {{E}, {E, EE, ES}, {SE}}},
	{"K1X", true, false, {{E}, {E, EE, S, ES}, {SE}}},
	{"KX1", true, false, {{E}, {E, EE, SE, S}, {ES}}},
	{"K1X1", true, false, {{E}, {E, EE, S}, {SE, ES}}},
	{"I1N", false, false, {{E, S}, {E, EE}, {SE}}},
	{"I1K", false, true, {{E, ES, S}, {E, EE}, {SE}}},
	{"IK1", false, true, {{E, S}, {E, EE, SE, ES}}},
	{"I1K1", false, true, {{E, S}, {E, EE, ES}, {SE}}},
	{"I1X", false, false, {{E, S}, {E, EE, S, ES}, {SE}}},
	{"IX1", false, false, {{E, S}, {E, EE, SE, S}, {ES}}},
	{"I1X1", false, false, {{E, S}, {E, EE, S}, {SE, ES}}},
};

enum { N_PATTERNS = sizeof(patterns) / sizeof(patterns[0]) };

const struct sl_noise_pattern *sl_noise_pattern_at(size_t row)
{
	return row < N_PATTERNS ? &patterns[row] : NULL;
}

unsigned sl_noise_pattern_length(const struct sl_noise_pattern *p)
{
	unsigned n = 0;

	while (n < SL_NOISE_MESSAGES_MAX && p->messages[n][0] != SL_NOISE_TOKEN_END)
		n++;
	return n;
}

enum sl_noise_token sl_noise_pattern_token(const struct sl_noise_pattern *p, uint8_t psks,
					   unsigned message, unsigned i, unsigned *psk)
{
	const uint8_t *tokens = p->messages[message];
	unsigned before = message == 0 && (psks & 1), n = 0;

	if (i < before) {
		*psk = 0;
		return SL_NOISE_TOKEN_PSK;
	}
	i -= before;
	while (tokens[n] != SL_NOISE_TOKEN_END)
		n++;
	if (i < n)
		return tokens[i];
	if (i > n || !(psks >> (message + 1) & 1))
		return SL_NOISE_TOKEN_END;
	*psk = message + 1;
	return SL_NOISE_TOKEN_PSK;
}

bool sl_noise_pattern_uses(const struct sl_noise_pattern *p, bool by_initiator,
			   enum sl_noise_token token)
{
	for (unsigned m = by_initiator ? 0 : 1; m < SL_NOISE_MESSAGES_MAX; m += 2)
		for (unsigned i = 0; p->messages[m][i] != SL_NOISE_TOKEN_END; i++)
			if (p->messages[m][i] == token)
				return true;
	return false;
}
