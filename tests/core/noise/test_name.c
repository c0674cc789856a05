#include "core/noise/pattern.h"

#include <errno.h>
#include <setjmp.h>
#include <sluice/noise.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_name_says_the_protocol(void **state)
{
	struct sl_noise_protocol p;

	(void)state;
	assert_int_equal(sl_noise_parse(&p, "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s", NULL), 0);
	assert_string_equal(p.name, "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s");
	assert_string_equal(sl_noise_pattern_at(p.pattern)->name, "IK");
	assert_int_equal(p.psks, 1 << 2);
	assert_int_equal(p.aead, SL_NOISE_CHACHAPOLY);
	assert_int_equal(p.hash, SL_NOISE_BLAKE2S);
	assert_int_equal(sl_noise_parse(&p, "Noise_X1Npsk0+psk4_25519_ChaChaPoly_SHA512", NULL), 0);
	assert_int_equal(p.psks, 1 << 0 | 1 << 4);
	assert_int_equal(p.hash, SL_NOISE_SHA512);
}

static void every_pattern_takes_all_its_psks(void **state)
{
	const struct sl_noise_pattern *row;

	(void)state;
	for (size_t i = 0; (row = sl_noise_pattern_at(i)); i++) {
		struct sl_noise_protocol p;
		char name[SL_NOISE_NAME_MAX + 1];
		unsigned last = sl_noise_pattern_length(row);
		int len = snprintf(name, sizeof(name), "Noise_%spsk0", row->name);

		for (unsigned n = 1; n <= last; n++)
			len += snprintf(name + len, sizeof(name) - (size_t)len, "+psk%u", n);
		snprintf(name + len, sizeof(name) - (size_t)len, "_25519_ChaChaPoly_BLAKE2b");
		assert_int_equal(sl_noise_parse(&p, name, NULL), 0);
		assert_int_equal(p.psks, (2 << last) - 1);
		assert_int_equal(p.pattern, i);
	}
}

static void bad_names_say_which_part(void **state)
{
	static const struct {
		const char *name, *what;
	} bad[] = {
		{"", "begins with Noise_"},
		{"noise_NK_25519_ChaChaPoly_BLAKE2s", "begins with Noise_"},
		{"Noise_", "five parts"},
		{"Noise_NK", "five parts"},
		{"Noise_NK_25519_ChaChaPoly", "five parts"},
		{"Noise_NK_25519_ChaChaPoly_BLAKE2s_", "five parts"},
		{"Noise_NK_25519_ChaChaPoly_BLAKE2s_SHA256", "five parts"},
		{"Noise__25519_ChaChaPoly_BLAKE2s", "no such handshake pattern"},
		{"Noise_KI_25519_ChaChaPoly_BLAKE2s", "'KI': no such handshake pattern"},
		{"Noise_nk_25519_ChaChaPoly_BLAKE2s", "'nk': no such handshake pattern"},
		{"Noise_NKpsk3_25519_ChaChaPoly_BLAKE2s", "no psk3 in a pattern of 2 messages"},
		{"Noise_Npsk2_25519_ChaChaPoly_BLAKE2s", "no psk2 in a pattern of 1 message"},
		{"Noise_NKpsk_25519_ChaChaPoly_BLAKE2s", "not 'psk'"},
		{"Noise_NKpsk12_25519_ChaChaPoly_BLAKE2s", "not 'psk12'"},
		{"Noise_NKpsk0+_25519_ChaChaPoly_BLAKE2s", "not 'psk0+'"},
		{"Noise_NKpsk0psk1_25519_ChaChaPoly_BLAKE2s", "not 'psk0psk1'"},
		{"Noise_NKpsk1+psk0_25519_ChaChaPoly_BLAKE2s", "modifiers stand in order"},
		{"Noise_NKpsk1+psk1_25519_ChaChaPoly_BLAKE2s", "modifiers stand in order"},
		{"Noise_XXfallback_25519_ChaChaPoly_BLAKE2s", "not 'fallback'"},
		{"Noise_NK_448_ChaChaPoly_BLAKE2s", "'448': the only key exchange is 25519"},
		{"Noise_NK_25519_AES_BLAKE2s", "'AES': the ciphers are"},
		{"Noise_NK_25519_ChaChaPoly_SHA3", "'SHA3': the hashes are"},
		{"Noise_NK_25519_ChaChaPoly_BLAKE2s "
		 "                                                         ",
		 "at most 79"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sl_noise_protocol p;
		struct sl_error err = {0};

		assert_int_equal(sl_noise_parse(&p, bad[i].name, &err), -EINVAL);
		if (!strstr(err.text, bad[i].what))
			fail_msg("%s: %s", bad[i].name, err.text);
		assert_int_equal(sl_noise_parse(&p, bad[i].name, NULL), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_says_the_protocol),
		cmocka_unit_test(every_pattern_takes_all_its_psks),
		cmocka_unit_test(bad_names_say_which_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
