#include "tests/harness/key_file.h"

#include <stdio.h>
#include <unistd.h>

bool key_file_save(const char *folder, const char *name, const uint8_t key[SL_KEY])
{
	char path[128], text[SL_KEY_TEXT];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	sl_key_format(key, text);
	return sl_secret_save(path, text, NULL) == 0;
}

bool key_file_make(const char *folder, const char *name, char public_text[SL_KEY_TEXT])
{
	uint8_t key[SL_KEY], public_key[SL_KEY];

	if (sl_key_generate(key, NULL) < 0)
		return false;
	sl_key_public(key, public_key);
	sl_key_format(public_key, public_text);
	return key_file_save(folder, name, key);
}
