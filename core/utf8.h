// utf8: characters in text. Spec: RFC 3629.
#pragma once

#include <stddef.h>

// Returns the bytes of the character at s, which ends with a NUL byte, or 0 where it is none:
// longer than needed, a surrogate, behind the last code point, cut. Spec: RFC 3629 section 4.
static inline size_t sl_utf8_len(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90))
		return 0; // longer than needed
	if ((s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0; // surrogates, and behind the last code point
	return n;
}
