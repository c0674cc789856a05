// key_file: the keys of a test, in files.
#pragma once

#include <sluice/key.h>
#include <stdbool.h>

// Save a key as `name` in a folder, in place of another. Returns false where that fails.
bool key_file_save(const char *folder, const char *name, const uint8_t key[SL_KEY]);

// Save a new private key there, and tell its public key.
bool key_file_make(const char *folder, const char *name, char public_text[SL_KEY_TEXT]);
