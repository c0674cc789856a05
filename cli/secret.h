// secret: words of the command line that name a key, a capability or where to put one. "-" is the
// standard input or output.
#pragma once

#include <sluice/capability.h>

// Read a private or pre-shared key. Returns 0, or negative with err filled.
int secret_read_key(const char *path, uint8_t key[SL_KEY], struct sl_error *err);

// Read a public key: the key itself, or a file, which anybody may read.
int secret_read_public(const char *word, uint8_t key[SL_KEY], struct sl_error *err);

int secret_read_capability(const char *path, struct sl_capability *c, struct sl_error *err);

// Put a line into a new file, or on the standard output. Where that is a file, it becomes the
// user's alone.
int secret_write(const char *path, const char *line, struct sl_error *err);

// A verb of a subcommand.
struct secret_verb {
	const char *name;
	int (*run)(const char *path, const char *const *values, struct sl_error *err);
};

struct args;

// Run the verb that the first word names with the second word as its path, "-" where there is
// none. Returns the exit status.
int secret_run(const char *command, const struct secret_verb *verbs, const struct args *args);
