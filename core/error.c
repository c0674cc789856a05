#include <sluice/error.h>

#include "core/error.h"
#include "core/utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t sl_text_utf8(const char *text)
{
	const char *s = text;

	for (size_t n; *s; s += n) {
		n = sl_utf8_len(s);
		if (!n)
			break;
	}
	return (size_t)(s - text);
}

// A person's terminal gets no control characters and no broken UTF-8: '?' stands for them, a
// tab of a source line stays.
static void make_printable(char *s)
{
	while (*s) {
		unsigned char c = (unsigned char)*s;
		size_t n = sl_utf8_len(s);

		if (n == 0 || (c < ' ' && c != '\t') || c == 0x7f) {
			*s++ = '?';
			continue;
		}
		s += n;
	}
}

// Cut a text that filled its buffer in front of the character that did not fit.
static void cut_character(char *s, size_t size)
{
	size_t end = strlen(s);

	if (end + 1 < size)
		return;
	for (unsigned i = 0; i < 3 && end > 0 && ((unsigned char)s[end - 1] & 0xc0) == 0x80; i++)
		end--;
	if (end > 0 && sl_utf8_len(s + end - 1) == 0)
		s[end - 1] = '\0';
}

static void __attribute__((format(printf, 2, 0)))
set_text(struct sl_error *err, const char *format, va_list args)
{
	char text[sizeof(err->text)];

	vsnprintf(text, sizeof(text), format, args);
	cut_character(text, sizeof(text));
	make_printable(text);
	for (char *s = text; *s; s++)
		if (*s == '\t')
			*s = ' ';
	memcpy(err->text, text, sizeof(text));
}

void sl_error_vset(struct sl_error *err, const char *format, va_list args)
{
	if (!err)
		return;
	set_text(err, format, args);
	err->file[0] = '\0';
	err->line = err->column = 0;
	err->source[0] = '\0';
}

int sl_error_set(struct sl_error *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sl_error_vset(err, format, args);
	va_end(args);
	return code;
}

int sl_error_prefix(struct sl_error *err, int code, const char *format, ...)
{
	struct sl_error prefix;
	char rest[sizeof(err->text)];
	va_list args;
	size_t at;

	if (!err)
		return code;
	va_start(args, format);
	set_text(&prefix, format, args);
	va_end(args);
	memcpy(rest, err->text, sizeof(rest));
	// What does not fit is cut at the end: the prefix says which item is meant.
	at = strlen(prefix.text);
	memcpy(err->text, prefix.text, at);
	snprintf(err->text + at, sizeof(err->text) - at, ": %s", rest);
	cut_character(err->text, sizeof(err->text));
	return code;
}

void sl_error_place(struct sl_error *err, const char *file, unsigned line, unsigned column,
		    const char *source, size_t source_len)
{
	size_t at = 0;

	snprintf(err->file, sizeof(err->file), "%s", file);
	cut_character(err->file, sizeof(err->file));
	make_printable(err->file);
	err->line = line;
	err->column = column;
	err->source[0] = '\0';
	if (!source || line == 0)
		return;
	// A line too long to show up to the place is not shown at all.
	for (unsigned i = 1; i < column && at < source_len; i++) {
		size_t n = sl_utf8_len(source + at);

		at += n ? n : 1;
	}
	if (at >= sizeof(err->source) - 1)
		return;
	snprintf(err->source, sizeof(err->source), "%.*s", (int)source_len, source);
	cut_character(err->source, sizeof(err->source));
	make_printable(err->source);
}

// Append the padding of the caret: as wide as the source up to the column, tabs kept.
static void append_caret(const struct sl_error *err, char *out, size_t size)
{
	const char *s = err->source;
	size_t at = strlen(out);

	for (unsigned i = 1; i < err->column && at + 1 < size; i++) {
		out[at++] = *s == '\t' ? '\t' : ' ';
		if (*s) {
			size_t n = sl_utf8_len(s);

			s += n ? n : 1;
		}
	}
	out[at] = '\0';
	snprintf(out + at, size - at, "^");
}

void sl_error_format(const struct sl_error *err, char *out, unsigned long size)
{
	size_t at = 0;

	if (size == 0)
		return;
	out[0] = '\0';
	if (err->file[0] && err->line && err->column)
		snprintf(out, size, "%s:%u:%u: ", err->file, err->line, err->column);
	else if (err->file[0] && err->line)
		snprintf(out, size, "%s:%u: ", err->file, err->line);
	else if (err->file[0])
		snprintf(out, size, "%s: ", err->file);
	at = strlen(out);
	snprintf(out + at, size - at, "%s", err->text);
	at = strlen(out);
	if (!err->source[0])
		return;
	snprintf(out + at, size - at, "\n%s", err->source);
	at = strlen(out);
	if (!err->column)
		return;
	snprintf(out + at, size - at, "\n");
	append_caret(err, out, size);
}
