// key: keys as a person handles them: wg's base64 text, names, files that nobody else may read.
//
// All functions may be called by any thread.
#pragma once

#include <sluice/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum {
	SL_KEY = 32,           // bytes of a key: private, public or pre-shared
	SL_KEY_TEXT = 44 + 1,  // its text: base64, terminated
	SL_KEY_LABEL = 52 + 1, // the name of a public key, terminated
};

// Make a random private key for X25519, clamped as wg does. It serves as a pre-shared key as well.
// Returns 0 or -ENOTSUP (libsodium does not start).
int sl_key_generate(uint8_t key[SL_KEY], struct sl_error *err);

// The public key of a private one.
void sl_key_public(const uint8_t key[SL_KEY], uint8_t public_key[SL_KEY]);

// Whether a public key is a point of low order: nothing agreed with it is secret.
bool sl_key_is_weak(const uint8_t public_key[SL_KEY]);

// Read wg's text of a key: base64 with padding, 44 characters and nothing else.
//
// key  Filled; wiped on failure.
//
// Returns 0 or -EINVAL. The error does not repeat the text, which may be a secret.
int sl_key_parse(uint8_t key[SL_KEY], const char *text, struct sl_error *err);

// Write that text.
void sl_key_format(const uint8_t key[SL_KEY], char text[SL_KEY_TEXT]);

// The hash name of a public key, a DNS label of 52 characters a-z and 2-7: base32 (RFC 4648, lower
// case, no padding) of BLAKE2s-256("sluice key name" || public_key).
void sl_key_label(const uint8_t public_key[SL_KEY], char label[SL_KEY_LABEL]);

// Read a key from a file, as sl_secret_load does.
//
// Returns 0, what sl_secret_load returns, or -EINVAL (the line is no key).
int sl_key_load(const char *path, uint8_t key[SL_KEY], struct sl_error *err);

// Read the one line of a file that holds a secret.
//
// line  Caller's buffer of `size` bytes; gets the line without blanks around it, terminated. Wiped
//       on failure. The caller wipes it (sl_secret_wipe).
//
// Returns 0; -EACCES (a regular file that group or others may read or change), -EINVAL (not one
// line of text, or too long), or what the system says: -ENOENT and so on.
int sl_secret_load(const char *path, char *line, size_t size, struct sl_error *err);

// The same from an open descriptor, whose mode is the caller's affair.
//
// name  What errors call it.
int sl_secret_read(int fd, const char *name, char *line, size_t size, struct sl_error *err);

// Whether a path leads to a file, a folder or nothing. What else there is, as a pipe from another
// program, can be read only once.
bool sl_secret_is_file(const char *path);

// Create a file with mode 0600 that holds the line. What is there already is never overwritten.
//
// Returns 0, -EEXIST, or what the system says; no file is left then.
int sl_secret_save(const char *path, const char *line, struct sl_error *err);

// Overwrite a secret so that no compiler leaves it out.
void sl_secret_wipe(void *secret, size_t size);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
