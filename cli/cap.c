// sluice cap: capabilities, the right to connect to a service as one line of text.

#include "cli/command.h"
#include "cli/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PATTERN, PSK, ENDPOINT, OUTPUT, KEY, SECRET };

static const struct args_option options[] = {
	[PATTERN] = {"pattern", 'p', "PATTERN", "mint: N, K, X, NK, KK, XK or IK; default NK"},
	[PSK] = {"psk", 0, "FILE", "mint: the pre-shared key; default a new random one"},
	[ENDPOINT] = {"endpoint", 'e', "HOST:PORT", "mint: where the service is"},
	[OUTPUT] = {"output", 'o', "FILE", "mint: into a new file with mode 0600"},
	[KEY] = {"key", 'k', "FILE", "verify: it is for the service with this private key"},
	[SECRET] = {"show-psk", 0, NULL, "show: print the pre-shared key, and nothing else"},
	{0},
};

// Options that another verb takes.
static int check_options(const char *const *values, unsigned allowed, struct sl_error *err)
{
	for (unsigned i = 0; options[i].name; i++)
		if (values[i] && !(allowed >> i & 1))
			return sl_error_set(err, -EINVAL, "cap: --%s is not for this",
					    options[i].name);
	return 0;
}

static int fill(struct sl_capability *c, const char *path, const char *const *values,
		struct sl_error *err)
{
	const char *pattern = values[PATTERN] ? values[PATTERN] : "NK";
	const char *endpoint = values[ENDPOINT] ? values[ENDPOINT] : "";
	uint8_t key[SL_KEY];
	int ret;

	if (values[PSK] && !strcmp(path, "-") && !strcmp(values[PSK], "-"))
		return sl_error_set(err, -EINVAL, "cap: the key and the psk cannot both be -");
	if (strlen(endpoint) >= sizeof(c->endpoint))
		return sl_error_set(err, -EINVAL, "cap: the endpoint is too long");
	snprintf(c->endpoint, sizeof(c->endpoint), "%s", endpoint);
	ret = sl_capability_set_pattern(c, pattern, err);
	if (ret == 0)
		ret = secret_read_key(path, key, err);
	if (ret == 0)
		sl_key_public(key, c->key);
	sl_secret_wipe(key, sizeof(key));
	if (ret < 0)
		return ret;
	return values[PSK] ? secret_read_key(values[PSK], c->psk, err)
			   : sl_key_generate(c->psk, err);
}

static int cap_mint(const char *path, const char *const *values, struct sl_error *err)
{
	unsigned allowed = 1 << PATTERN | 1 << PSK | 1 << ENDPOINT | 1 << OUTPUT;
	struct sl_capability c = {0};
	char text[SL_CAPABILITY_TEXT];
	int ret = check_options(values, allowed, err);

	if (ret == 0)
		ret = fill(&c, path, values, err);
	if (ret == 0)
		ret = sl_capability_format(&c, text, err);
	if (ret == 0)
		ret = secret_write(values[OUTPUT] ? values[OUTPUT] : "-", text, err);
	sl_capability_wipe(&c);
	sl_secret_wipe(text, sizeof(text));
	return ret;
}

static void print_capability(const struct sl_capability *c)
{
	char text[SL_KEY_TEXT], label[SL_KEY_LABEL], protocol[SL_CAPABILITY_PROTOCOL];
	char id_text[SL_KEY_TEXT];
	uint8_t id[SL_KEY];

	sl_capability_id(c, id);
	sl_key_format(id, id_text);
	sl_key_format(c->key, text);
	sl_key_label(c->key, label);
	sl_capability_protocol(c, protocol);
	printf("public key  %s\nname        %s\npattern     %s\nprotocol    %s\nendpoint    %s\n"
	       "id          %s\n",
	       text, label, c->pattern, protocol, c->endpoint[0] ? c->endpoint : "none", id_text);
}

static int print_psk(const struct sl_capability *c, struct sl_error *err)
{
	char text[SL_KEY_TEXT];
	int ret;

	sl_key_format(c->psk, text);
	ret = secret_write("-", text, err);
	sl_secret_wipe(text, sizeof(text));
	return ret;
}

static int cap_show(const char *path, const char *const *values, struct sl_error *err)
{
	struct sl_capability c;
	int ret = check_options(values, 1 << SECRET, err);

	if (ret == 0)
		ret = secret_read_capability(path, &c, err);
	if (ret < 0)
		return ret;
	if (values[SECRET])
		ret = print_psk(&c, err);
	else
		print_capability(&c);
	sl_capability_wipe(&c);
	return ret;
}

// Whether the capability is for the service with the private key in a file.
static int verify_key(const struct sl_capability *c, const char *path, struct sl_error *err)
{
	uint8_t key[SL_KEY], public[SL_KEY];
	int ret = secret_read_key(path, key, err);

	if (ret < 0)
		return ret;
	sl_key_public(key, public);
	sl_secret_wipe(key, sizeof(key));
	if (!memcmp(public, c->key, SL_KEY))
		return 0;
	return sl_error_set(err, -EINVAL, "the capability is for another key than '%s'", path);
}

static int cap_verify(const char *path, const char *const *values, struct sl_error *err)
{
	struct sl_capability c;
	int ret = check_options(values, 1 << KEY, err);

	if (ret == 0 && values[KEY] && !strcmp(path, "-") && !strcmp(values[KEY], "-"))
		ret = sl_error_set(err, -EINVAL,
				   "cap: the capability and the key cannot both be -");
	if (ret == 0)
		ret = secret_read_capability(path, &c, err);
	if (ret < 0)
		return ret;
	if (values[KEY])
		ret = verify_key(&c, values[KEY], err);
	if (ret == 0)
		printf("%s: ok\n", path);
	sl_capability_wipe(&c);
	return ret;
}

static const struct secret_verb verbs[] = {
	{"mint", cap_mint},
	{"show", cap_show},
	{"verify", cap_verify},
	{NULL, NULL},
};

static int cap_run(const struct args *args)
{
	return secret_run("cap", verbs, args);
}

const struct command command_cap = {
	.name = "cap",
	.summary = "Mint, show or verify capabilities",
	.usage = "mint|show|verify [FILE] [OPTION]...",
	.details =
		"A capability is one line that carries a service's public key, a pre-shared key, "
		"the Noise pattern and maybe an endpoint. Who holds it can connect: it is a "
		"secret.\n"
		"\n"
		"  mint    make one for the service whose private key is in FILE\n"
		"  show    print what the capability in FILE says, but for its pre-shared key\n"
		"  verify  fail unless the capability in FILE is whole and makes sense\n"
		"\n"
		"FILE may be -, as when it is left out: the standard input. Keys and capabilities "
		"in files that others may read are refused.",
	.example = "  sluice cap mint site.key --endpoint 192.0.2.1:51820 -o alice.cap\n"
		   "  sluice cap verify alice.cap --key site.key\n",
	.options = options,
	.min_words = 1,
	.max_words = 2,
	.run = cap_run,
};
