#include "cli/args.h"

#include "core/suggest.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int args_unknown(const struct args_option *options, const char *text, size_t len,
			struct sl_error *err)
{
	char wanted[64];
	struct sl_suggest near = {.wanted = wanted};

	snprintf(wanted, sizeof(wanted), "%.*s", (int)len, text);
	for (const struct args_option *o = options; o->name; o++)
		sl_suggest_offer(&near, o->name);
	sl_suggest_offer(&near, "help");
	if (near.best)
		return sl_error_set(err, -EINVAL, "unknown option '--%s'; did you mean '--%s'?",
				    wanted, near.best);
	return sl_error_set(err, -EINVAL, "unknown option '--%s'", wanted);
}

// Store the value of option i: what is attached to it, or the next word.
static int args_value(struct args *args, const struct args_option *options, size_t i,
		      const char *value, struct sl_error *err)
{
	const struct args_option *o = &options[i];

	if (args->values[i])
		return sl_error_set(err, -EINVAL, "--%s is given twice", o->name);
	if (o->value && !value)
		return sl_error_set(err, -EINVAL, "--%s needs a value: %s", o->name, o->value);
	if (!o->value && value)
		return sl_error_set(err, -EINVAL, "--%s takes no value", o->name);
	args->values[i] = value ? value : "";
	return 0;
}

static int args_long(struct args *args, const struct args_option *options, char **argv,
		     struct sl_error *err)
{
	const char *name = argv[0] + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] ? name + len + 1 : NULL;
	bool attached = value;
	int ret;

	if (len == 4 && !strncmp(name, "help", 4) && !attached) {
		args->help = true;
		return 1;
	}
	for (size_t i = 0; options[i].name; i++) {
		if (strlen(options[i].name) != len || strncmp(options[i].name, name, len) != 0)
			continue;
		if (options[i].value && !attached)
			value = argv[1];
		ret = args_value(args, options, i, value, err);
		return ret < 0 ? ret : value && !attached ? 2 : 1;
	}
	return args_unknown(options, name, len, err);
}

static int args_short(struct args *args, const struct args_option *options, char **argv,
		      struct sl_error *err)
{
	const char *attached = argv[0][2] ? argv[0] + 2 : NULL;
	int ret;

	if (!strcmp(argv[0], "-h")) {
		args->help = true;
		return 1;
	}
	for (size_t i = 0; options[i].name; i++) {
		if (!options[i].letter || options[i].letter != argv[0][1])
			continue;
		ret = args_value(args, options, i,
				 attached || !options[i].value ? attached : argv[1], err);
		return ret < 0 ? ret : options[i].value && !attached ? 2 : 1;
	}
	return sl_error_set(err, -EINVAL, "unknown option '%s'", argv[0]);
}

int args_parse(struct args *args, const struct args_option *options, int argc, char **argv,
	       struct sl_error *err)
{
	bool only_words = false;
	int used;

	*args = (struct args){.words = argv};
	for (int i = 0; i < argc; i += used) {
		const char *a = argv[i];

		used = 1;
		if (only_words || a[0] != '-' || !a[1])
			args->words[args->n_words++] = argv[i]; // n_words <= i
		else if (!strcmp(a, "--"))
			only_words = true;
		else if (a[1] == '-')
			used = args_long(args, options, argv + i, err);
		else
			used = args_short(args, options, argv + i, err);
		if (used < 0)
			return used;
	}
	return 0;
}
