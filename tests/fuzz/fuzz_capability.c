// fuzz_capability: the line of a capability is read and written back as it was, or is refused with
// a text. So is the text of a key.

#include "tests/fuzz/fuzz.h"

#include <sluice/capability.h>
#include <stdlib.h>
#include <string.h>

static void key(const char *line)
{
	struct sl_error err = {0};
	char text[SL_KEY_TEXT];
	uint8_t key[SL_KEY];

	if (sl_key_parse(key, line, &err) < 0) {
		if (!err.text[0])
			abort();
		return;
	}
	sl_key_format(key, text);
	if (strcmp(text, line) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = strndup((const char *)data, size), text[SL_CAPABILITY_TEXT];
	struct sl_error err = {0};
	struct sl_capability c;

	key(line);
	if (sl_capability_parse(&c, line, &err) < 0) {
		if (!err.text[0])
			abort();
	} else if (sl_capability_format(&c, text, &err) < 0 || strcmp(text, line) != 0) {
		abort();
	}
	free(line);
	return 0;
}
