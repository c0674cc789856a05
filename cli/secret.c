#include "cli/secret.h"

#include "cli/command.h"
#include "cli/say.h"
#include "core/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char standard_input[] = "standard input";

static bool is_dash(const char *word)
{
	return !strcmp(word, "-");
}

static int parse_key(const char *name, char *line, size_t size, uint8_t key[SL_KEY],
		     struct sl_error *err)
{
	int ret = sl_key_parse(key, line, err);

	sl_secret_wipe(line, size);
	return ret < 0 ? sl_error_prefix(err, ret, "%s", name) : 0;
}

int secret_read_key(const char *path, uint8_t key[SL_KEY], struct sl_error *err)
{
	char line[256];
	int ret;

	if (!is_dash(path))
		return sl_key_load(path, key, err);
	ret = sl_secret_read(STDIN_FILENO, standard_input, line, sizeof(line), err);
	return ret < 0 ? ret : parse_key(standard_input, line, sizeof(line), key, err);
}

int secret_read_public(const char *word, uint8_t key[SL_KEY], struct sl_error *err)
{
	const char *name = is_dash(word) ? standard_input : word;
	char line[256];
	int fd = STDIN_FILENO, ret;

	if (sl_key_parse(key, word, NULL) == 0)
		return 0;
	if (!is_dash(word))
		fd = open(word, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return sl_error_set(err, -errno, "%s: no public key, and cannot be opened: %s",
				    word, strerror(errno));
	ret = sl_secret_read(fd, name, line, sizeof(line), err);
	if (fd != STDIN_FILENO)
		close(fd);
	return ret < 0 ? ret : parse_key(name, line, sizeof(line), key, err);
}

int secret_read_capability(const char *path, struct sl_capability *c, struct sl_error *err)
{
	char line[SL_CAPABILITY_TEXT];
	int ret;

	if (!is_dash(path))
		return sl_capability_load(path, c, err);
	ret = sl_secret_read(STDIN_FILENO, standard_input, line, sizeof(line), err);
	if (ret < 0)
		return ret;
	ret = sl_capability_parse(c, line, err);
	sl_secret_wipe(line, sizeof(line));
	return ret < 0 ? sl_error_prefix(err, ret, "%s", standard_input) : 0;
}

// A shell made the file behind the standard output by its umask.
static int close_to_others(struct sl_error *err)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 077))
		return 0;
	if (fchmod(STDOUT_FILENO, S_IRUSR | S_IWUSR) == 0)
		return 0;
	return sl_error_set(err, -EACCES,
			    "standard output: others may read that file, and it cannot be changed: "
			    "%s",
			    strerror(errno));
}

int secret_write(const char *path, const char *line, struct sl_error *err)
{
	int ret;

	if (!is_dash(path))
		return sl_secret_save(path, line, err);
	ret = close_to_others(err);
	if (ret == 0)
		puts(line);
	return ret;
}

static int unknown_verb(const char *command, const struct secret_verb *verbs, const char *wanted)
{
	struct sl_suggest near = {.wanted = wanted};
	char hint[96], list[96] = "";

	for (const struct secret_verb *v = verbs; v->name; v++) {
		sl_suggest_offer(&near, v->name);
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 v == verbs ? "; one of " : ", ", v->name);
	}
	say("%s: there is no '%s %.40s'%s", command, command, wanted,
	    near.best ? sl_suggest_hint(&near, hint, sizeof(hint)) : list);
	return STATUS_USAGE;
}

int secret_run(const char *command, const struct secret_verb *verbs, const struct args *args)
{
	const char *path = args->n_words > 1 ? args->words[1] : "-";
	const struct secret_verb *v = verbs;
	struct sl_error err = {0};

	while (v->name && strcmp(v->name, args->words[0]) != 0)
		v++;
	if (!v->name)
		return unknown_verb(command, verbs, args->words[0]);
	if (v->run(path, args->values, &err) == 0)
		return STATUS_DONE;
	say_error(&err);
	return STATUS_FAILED;
}
