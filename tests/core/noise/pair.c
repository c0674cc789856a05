#include "tests/core/noise/pair.h"

#include "core/noise/pattern.h"
#include "core/noise/x25519.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct sl_noise_config pair_config(const struct pair *pair, bool is_initiator)
{
	const struct sl_noise_pattern *p = sl_noise_pattern_at(pair->protocol.pattern);
	bool pre[2] = {p->pre_initiator, p->pre_responder};
	int me = is_initiator ? 0 : 1;
	struct sl_noise_config c = {
		.is_initiator = is_initiator,
		.prologue = "prologue",
		.prologue_len = 8,
		.psks = pair->psks[0],
		.n_psks = (size_t)__builtin_popcount(pair->protocol.psks),
	};

	if (pre[me] || sl_noise_pattern_uses(p, is_initiator, SL_NOISE_TOKEN_S))
		c.static_private = pair->secrets[me];
	if (pre[!me])
		c.remote_public = pair->publics[!me];
	return c;
}

void pair_init(struct pair *pair, const char *pattern)
{
	struct sl_noise_config c;
	struct sl_error err;
	char name[80];

	memset(pair, 0, sizeof(*pair));
	snprintf(name, sizeof(name), "Noise_%s_25519_ChaChaPoly_BLAKE2s", pattern);
	if (sl_noise_parse(&pair->protocol, name, &err) < 0)
		fail_msg("%s", err.text);
	for (int i = 0; i < 2; i++) {
		memset(pair->secrets[i], 0x40 + i, SL_NOISE_KEY);
		sl_x25519_public(pair->secrets[i], pair->publics[i]);
	}
	for (int i = 0; i < SL_NOISE_PSKS_MAX; i++)
		memset(pair->psks[i], 0x50 + i, SL_NOISE_KEY);
	c = pair_config(pair, true);
	if (sl_noise_init(&pair->initiator, &pair->protocol, &c, &err) < 0)
		fail_msg("%s", err.text);
	c = pair_config(pair, false);
	if (sl_noise_init(&pair->responder, &pair->protocol, &c, &err) < 0)
		fail_msg("%s", err.text);
}

struct sl_noise *pair_writer(struct pair *pair)
{
	return sl_noise_is_my_turn(&pair->initiator) ? &pair->initiator : &pair->responder;
}

struct sl_noise *pair_reader(struct pair *pair)
{
	return sl_noise_is_my_turn(&pair->initiator) ? &pair->responder : &pair->initiator;
}

int pair_pass(struct pair *pair, size_t len)
{
	uint8_t sent[256], message[512], received[256];
	struct sl_noise *reader = pair_reader(pair);
	int n;

	memset(sent, (int)len, sizeof(sent));
	n = sl_noise_write(pair_writer(pair), sent, len, message, sizeof(message));
	assert_true(n >= (int)len);
	assert_int_equal(sl_noise_read(reader, message, (size_t)n, received, sizeof(received)),
			 len);
	assert_memory_equal(sent, received, len);
	return n;
}
