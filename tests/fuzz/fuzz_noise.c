// fuzz_noise: handshake messages from strangers are refused with the state unchanged, or are what
// a peer with the right keys may have sent. The first byte chooses the pattern and the message that
// the rest stands for; the messages before it are right. With 0xff, the rest is a protocol name.

#include "core/noise/pattern.h"
#include "core/noise/x25519.h"
#include "tests/fuzz/fuzz.h"

#include <sluice/noise.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 0xff, PATTERNS = 16, MESSAGES = 3 };

static const char *const names[PATTERNS] = {
	"Noise_N_25519_ChaChaPoly_BLAKE2s",      "Noise_K_25519_ChaChaPoly_BLAKE2s",
	"Noise_Xpsk1_25519_ChaChaPoly_BLAKE2s",  "Noise_NN_25519_ChaChaPoly_SHA256",
	"Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s", "Noise_NX_25519_ChaChaPoly_BLAKE2b",
	"Noise_KN_25519_ChaChaPoly_BLAKE2s",     "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s",
	"Noise_KX_25519_ChaChaPoly_SHA512",      "Noise_XN_25519_ChaChaPoly_BLAKE2s",
	"Noise_XKpsk3_25519_ChaChaPoly_BLAKE2s", "Noise_XX_25519_ChaChaPoly_BLAKE2s",
	"Noise_IN_25519_ChaChaPoly_BLAKE2s",     "Noise_IK_25519_ChaChaPoly_BLAKE2s",
	"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s", "Noise_IX_25519_ChaChaPoly_BLAKE2s",
};

static void begin(struct sl_noise *hs, const struct sl_noise_protocol *p, bool is_initiator)
{
	const struct sl_noise_pattern *pattern = sl_noise_pattern_at(p->pattern);
	bool pre[2] = {pattern->pre_initiator, pattern->pre_responder};
	uint8_t mine[SL_NOISE_KEY], other[SL_NOISE_KEY], peer[SL_NOISE_KEY], e[SL_NOISE_KEY];
	struct sl_noise_config c = {.is_initiator = is_initiator, .test_ephemeral = e};
	int me = is_initiator ? 0 : 1;

	memset(mine, 0x40 + me, sizeof(mine));
	memset(other, 0x41 - me, sizeof(other));
	memset(e, 0x60 + me, sizeof(e));
	sl_x25519_public(other, peer);
	if (pre[me] || sl_noise_pattern_uses(pattern, is_initiator, SL_NOISE_TOKEN_S))
		c.static_private = mine;
	if (pre[!me])
		c.remote_public = peer;
	if (p->psks) {
		c.psks = (const uint8_t *)"the pre-shared key has 32 bytes.";
		c.n_psks = 1;
	}
	if (sl_noise_init(hs, p, &c, NULL) < 0)
		abort();
}

// Give the message to whose turn it is to read.
static void stranger(struct sl_noise *hs, const uint8_t *message, size_t len)
{
	static uint8_t payload[SL_NOISE_MESSAGE_MAX];
	struct sl_noise before;
	uint8_t number = hs->message;
	int ret;

	memcpy(&before, hs, sizeof(before));
	ret = sl_noise_read(hs, message, len, payload, sizeof(payload));
	if (ret < 0 && memcmp(&before, hs, sizeof(before)) != 0)
		abort();
	if (ret >= 0 && ((size_t)ret > len || hs->message != number + 1))
		abort();
}

static void handshake(unsigned choice, const uint8_t *data, size_t size)
{
	static uint8_t message[1024], payload[1024];
	struct sl_noise_protocol p;
	struct sl_noise hs[2];
	unsigned writer = 0;

	if (sl_noise_parse(&p, names[choice % PATTERNS], NULL) < 0)
		abort();
	begin(&hs[0], &p, true);
	begin(&hs[1], &p, false);
	for (unsigned i = choice / PATTERNS % MESSAGES; i > 0; i--) {
		int n = sl_noise_write(&hs[writer], "", 0, message, sizeof(message));

		if (n < 0 ||
		    sl_noise_read(&hs[!writer], message, (size_t)n, payload, sizeof(payload)) != 0)
			abort();
		writer = !writer;
		if (sl_noise_is_done(&hs[writer]))
			break;
	}
	stranger(&hs[!writer], data, size);
}

static void name(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct sl_noise_protocol p;
	struct sl_error err = {0};

	if (sl_noise_parse(&p, text, &err) < 0 ? !err.text[0] : strcmp(p.name, text) != 0)
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == NAME)
		name(data + 1, size - 1);
	else
		handshake(data[0], data + 1, size - 1);
	return 0;
}
