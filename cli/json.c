#include "cli/json.h"
#include "core/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static void put_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', out);
	while (*s) {
		size_t n = sl_utf8_len((const char *)s);

		if (n == 0)
			fputs("\\ufffd", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(out, "\\u%04x", *s);
		else
			fwrite(s, 1, n, out);
		s += n ? n : 1;
	}
	fputc('"', out);
}

// Comma, line break, indentation and key of the next member or item.
static void put_lead(struct json *j, const char *key)
{
	if (j->has_items[j->depth])
		fputc(',', j->out);
	if (j->depth) {
		fputc('\n', j->out);
		for (unsigned i = 0; i < j->depth; i++)
			fputs("  ", j->out);
	}
	j->has_items[j->depth] = true;
	if (!key)
		return;
	put_string(j->out, key);
	fputs(": ", j->out);
}

static void put_open(struct json *j, const char *key, bool is_array)
{
	put_lead(j, key);
	fputc(is_array ? '[' : '{', j->out);
	j->depth++;
	assert(j->depth < JSON_DEPTH_MAX);
	j->is_array[j->depth] = is_array;
	j->has_items[j->depth] = false;
}

void json_init(struct json *j, FILE *out)
{
	*j = (struct json){.out = out};
}

void json_object(struct json *j, const char *key)
{
	put_open(j, key, false);
}

void json_array(struct json *j, const char *key)
{
	put_open(j, key, true);
}

void json_end(struct json *j)
{
	bool is_array = j->is_array[j->depth], had_items = j->has_items[j->depth];

	j->depth--;
	if (had_items) {
		fputc('\n', j->out);
		for (unsigned i = 0; i < j->depth; i++)
			fputs("  ", j->out);
	}
	fputc(is_array ? ']' : '}', j->out);
	if (!j->depth)
		fputc('\n', j->out);
}

void json_string(struct json *j, const char *key, const char *value)
{
	put_lead(j, key);
	if (value)
		put_string(j->out, value);
	else
		fputs("null", j->out);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	put_lead(j, key);
	fprintf(j->out, "%" PRIu64, value);
}

void json_real(struct json *j, const char *key, double value)
{
	put_lead(j, key);
	if (isfinite(value))
		fprintf(j->out, "%.9g", value);
	else
		fputs("null", j->out);
}

void json_bool(struct json *j, const char *key, bool value)
{
	put_lead(j, key);
	fputs(value ? "true" : "false", j->out);
}
