#include "core/noise/base64.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

int sl_base64_decode(const char *text, int variant, uint8_t *out, size_t size)
{
	size_t len = strlen(text), n;
	unsigned char all = 0;

	// libsodium 1.0.18 takes some characters beyond ASCII for digits.
	for (size_t i = 0; i < len; i++)
		all |= (unsigned char)text[i];
	if (all & 0x80 || sodium_base642bin(out, size, text, len, NULL, &n, NULL, variant) < 0)
		return -EINVAL;
	return (int)n;
}
