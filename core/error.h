// error: filling a struct sl_error from inside the library.
#pragma once

#include <sluice/error.h>
#include <stdarg.h>
#include <stddef.h>

// sl_error_set for callers with arguments of their own. err may be NULL.
void sl_error_vset(struct sl_error *err, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

// Set the place of an error whose text is there already.
//
// line    From 1; 0 = the whole file.
// column  In characters, from 1; 0 = the whole line.
// source  The line itself, source_len bytes without its end; NULL where unknown.
void sl_error_place(struct sl_error *err, const char *file, unsigned line, unsigned column,
		    const char *source, size_t source_len);

// Returns how many bytes of text are valid UTF-8: its length, or where the first bad byte is.
size_t sl_text_utf8(const char *text);
