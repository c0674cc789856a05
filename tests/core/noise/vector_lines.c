// vector_lines: the format of Debian's golang-github-flynn-noise-dev, lines of key=value with an
// empty one between two vectors. Both parties have the same prologue and psk.

#include "tests/core/noise/vector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES_MAX = 16 };

static struct vector_bytes *message_part(struct vector *v, const char *key)
{
	unsigned i;
	char part[16];

	if (sscanf(key, "msg_%u_%15s", &i, part) != 2 || i >= MESSAGES_MAX)
		return NULL;
	if (!v->messages)
		v->messages = calloc(MESSAGES_MAX, sizeof(*v->messages));
	if (!v->messages)
		return NULL;
	if (v->n_messages <= i)
		v->n_messages = i + 1;
	if (!strcmp(part, "payload"))
		return &v->messages[i].payload;
	return strcmp(part, "ciphertext") ? NULL : &v->messages[i].ciphertext;
}

// Set a field that is given once from `value`.
static int set_hex(struct vector_bytes *out, const char *value, size_t len)
{
	return !out || out->data ? -EINVAL : vector_hex(out, value, len);
}

static int set_both(struct vector_bytes *a, struct vector_bytes *b, const char *value, size_t len)
{
	return set_hex(a, value, len) < 0 || set_hex(b, value, len) < 0 ? -EINVAL : 0;
}

static int set_field(struct vector *v, const char *key, const char *value, size_t len)
{
	if (!strcmp(key, "handshake")) {
		snprintf(v->name, sizeof(v->name), "%.*s", (int)len, value);
		return 0;
	}
	if (!strcmp(key, "init_static"))
		return set_hex(&v->secret[INITIATOR], value, len);
	if (!strcmp(key, "resp_static"))
		return set_hex(&v->secret[RESPONDER], value, len);
	if (!strcmp(key, "gen_init_ephemeral"))
		return set_hex(&v->ephemeral[INITIATOR], value, len);
	if (!strcmp(key, "gen_resp_ephemeral"))
		return set_hex(&v->ephemeral[RESPONDER], value, len);
	if (!strcmp(key, "prologue"))
		return set_both(&v->prologue[0], &v->prologue[1], value, len);
	if (!strcmp(key, "preshared_key")) {
		v->n_psks[0] = v->n_psks[1] = 1;
		return set_both(&v->psks[0][0], &v->psks[1][0], value, len);
	}
	return set_hex(message_part(v, key), value, len);
}

static int read_line(struct vector *v, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	char key[32];

	if (!equals || (size_t)(equals - line) >= sizeof(key))
		return -EINVAL;
	snprintf(key, sizeof(key), "%.*s", (int)(equals - line), line);
	return set_field(v, key, equals + 1, len - (size_t)(equals + 1 - line));
}

static void end_vector(struct vector_count *count, struct vector *v, const char *file)
{
	v->is_transport_fresh = true;
	if (v->name[0])
		vector_count(count, v, file);
	vector_clear(v);
}

int vector_run_lines(struct vector_count *count, const char *file, const char *text, size_t len)
{
	struct vector v = {0};
	unsigned number = 1;
	int ret = 0;

	for (const char *at = text, *end = text + len; ret == 0 && at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		if (n == 0)
			end_vector(count, &v, file);
		else
			ret = read_line(&v, at, n);
		if (ret < 0)
			fprintf(stderr, "%s:%u: no line of a vector\n", file, number);
		at += n + 1;
	}
	if (ret == 0)
		end_vector(count, &v, file);
	vector_clear(&v);
	return ret;
}
