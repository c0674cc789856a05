// sluice key: make private keys, and say what belongs to them.

#include "cli/command.h"
#include "cli/secret.h"

#include <errno.h>
#include <stdio.h>

static const struct args_option options[] = {{0}};

static void print_public(const uint8_t public[SL_KEY])
{
	char text[SL_KEY_TEXT], label[SL_KEY_LABEL];

	sl_key_format(public, text);
	sl_key_label(public, label);
	printf("public key  %s\nname        %s\n", text, label);
}

static int key_new(const char *path, const char *const *values, struct sl_error *err)
{
	char text[SL_KEY_TEXT];
	uint8_t key[SL_KEY];
	int ret = sl_key_generate(key, err);

	(void)values;
	if (ret < 0)
		return ret;
	sl_key_format(key, text);
	ret = secret_write(path, text, err);
	sl_secret_wipe(key, sizeof(key));
	sl_secret_wipe(text, sizeof(text));
	return ret;
}

// Read a private key, of which only the public half is kept.
static int read_private(const char *path, uint8_t public[SL_KEY], struct sl_error *err)
{
	uint8_t key[SL_KEY];
	int ret = secret_read_key(path, key, err);

	if (ret == 0)
		sl_key_public(key, public);
	sl_secret_wipe(key, sizeof(key));
	return ret;
}

static int key_public(const char *path, const char *const *values, struct sl_error *err)
{
	char text[SL_KEY_TEXT];
	uint8_t public[SL_KEY];
	int ret = read_private(path, public, err);

	(void)values;
	if (ret < 0)
		return ret;
	sl_key_format(public, text);
	puts(text);
	return 0;
}

static int key_show(const char *path, const char *const *values, struct sl_error *err)
{
	uint8_t public[SL_KEY];
	int ret = read_private(path, public, err);

	(void)values;
	if (ret == 0)
		print_public(public);
	return ret;
}

static int key_name(const char *word, const char *const *values, struct sl_error *err)
{
	char label[SL_KEY_LABEL];
	uint8_t public[SL_KEY];
	int ret = secret_read_public(word, public, err);

	(void)values;
	if (ret < 0)
		return ret;
	if (sl_key_is_weak(public))
		return sl_error_set(err, -EINVAL, "%s: a point of low order, no public key", word);
	sl_key_label(public, label);
	puts(label);
	return 0;
}

static const struct secret_verb verbs[] = {
	{"new", key_new},   {"public", key_public}, {"show", key_show},
	{"name", key_name}, {NULL, NULL},
};

static int key_run(const struct args *args)
{
	return secret_run("key", verbs, args);
}

const struct command command_key = {
	.name = "key",
	.summary = "Make a private key, or say what belongs to one",
	.usage = "new|public|show|name [FILE]",
	.details =
		"A service is known by its key. Keys are written as wg does, 44 characters of "
		"base64.\n"
		"\n"
		"  new     make a private key: a new FILE with mode 0600\n"
		"  public  print the public key of the private key in FILE\n"
		"  show    print its public key and the name of that\n"
		"  name    print the hash name of a public key, which is a DNS label; FILE holds\n"
		"          the public key, or is the key itself\n"
		"\n"
		"FILE may be -, as when it is left out: the standard input, or output for new. A "
		"private key in a file that others may read is refused.",
	.example = "  sluice key new site.key\n"
		   "  sluice key public site.key | sluice key name\n",
	.options = options,
	.min_words = 1,
	.max_words = 2,
	.run = key_run,
};
