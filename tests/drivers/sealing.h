// sealing: keys, capabilities and sealed files for tests, in the scratch folder.
#pragma once

#include "drivers/savefile.h"
#include "drivers/unseal.h"

// Make reader.key, writer.key, other.key, and N.cap, K.cap, X.cap for the reader; NK.cap, too.
void sealing_make_keys(void);

// The reader's keys for a pattern's capability: "N".
struct sl_unseal_keys sealing_keys(const char *pattern);

// A sealed capture of n frames of one length, frame i filled with the byte i, flushed after every
// `every` of them.
void sealing_file(const char *path, const char *pattern, unsigned n, uint32_t len, unsigned every);

// Read a file to its end. Returns the text, on the heap, of *n bytes; *result is 0 or what ended
// it.
uint8_t *sealing_read(const char *path, const struct sl_unseal_keys *keys, size_t *n, int *result,
		      struct sl_error *err);
