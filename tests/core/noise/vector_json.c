// vector_json: the format that most Noise libraries share,
// https://github.com/noiseprotocol/noise_wiki/wiki/Test-vectors

#include "tests/core/noise/vector.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_hex(struct vector_bytes *out, const json_t *value)
{
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return -EINVAL;
	return vector_hex(out, json_string_value(value), json_string_length(value));
}

static int read_psks(struct vector *v, int who, const json_t *list)
{
	size_t n = json_array_size(list);

	if (list && !json_is_null(list) && !json_is_array(list))
		return -EINVAL;
	if (n > SL_NOISE_PSKS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (read_hex(&v->psks[who][i], json_array_get(list, i)) < 0)
			return -EINVAL;
	v->n_psks[who] = n;
	return 0;
}

static int read_party(struct vector *v, int who, const json_t *object)
{
	const char *prefix = who == INITIATOR ? "init" : "resp";
	const struct {
		const char *name;
		struct vector_bytes *value;
	} keys[] = {
		{"prologue", &v->prologue[who]},
		{"static", &v->secret[who]},
		{"ephemeral", &v->ephemeral[who]},
		{"remote_static", &v->remote[who]},
	};
	char name[32];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(name, sizeof(name), "%s_%s", prefix, keys[i].name);
		if (read_hex(keys[i].value, json_object_get(object, name)) < 0)
			return -EINVAL;
	}
	snprintf(name, sizeof(name), "%s_psks", prefix);
	return read_psks(v, who, json_object_get(object, name));
}

static int read_messages(struct vector *v, const json_t *list)
{
	if (!json_is_array(list))
		return -EINVAL;
	v->messages = calloc(json_array_size(list) + 1, sizeof(*v->messages));
	if (!v->messages)
		return -ENOMEM;
	v->n_messages = json_array_size(list);
	for (size_t i = 0; i < v->n_messages; i++) {
		const json_t *m = json_array_get(list, i);

		if (!json_is_object(m) ||
		    read_hex(&v->messages[i].payload, json_object_get(m, "payload")) < 0 ||
		    read_hex(&v->messages[i].ciphertext, json_object_get(m, "ciphertext")) < 0)
			return -EINVAL;
	}
	return 0;
}

static int read_vector(struct vector *v, const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "protocol_name"));
	int ret;

	if (!name)
		return -EINVAL;
	snprintf(v->name, sizeof(v->name), "%s", name);
	v->is_fallback = json_is_true(json_object_get(object, "fallback"));
	v->is_bad = json_is_true(json_object_get(object, "fail"));
	ret = read_party(v, INITIATOR, object);
	if (ret == 0)
		ret = read_party(v, RESPONDER, object);
	if (ret == 0)
		ret = read_hex(&v->handshake_hash, json_object_get(object, "handshake_hash"));
	if (ret == 0)
		ret = read_messages(v, json_object_get(object, "messages"));
	return ret;
}

// Others' vectors may have what ours cannot: more psks, for instance.
static void run_vector(struct vector_count *count, const char *file, size_t number,
		       const json_t *object)
{
	struct vector v = {0};

	if (read_vector(&v, object) == 0 || vector_is_skipped(&v)) {
		vector_count(count, &v, file);
	} else {
		fprintf(stderr, "%s: vector %zu cannot be read%s%s\n", file, number,
			v.name[0] ? ": " : "", v.name);
		count->n[VECTOR_FAILED]++;
	}
	vector_clear(&v);
}

int vector_run_json(struct vector_count *count, const char *file, const char *text, size_t len)
{
	json_error_t error;
	json_t *root = json_loadb(text, len, 0, &error);
	const json_t *list = json_is_object(root) ? json_object_get(root, "vectors") : root;
	int ret = 0;

	if (!root)
		fprintf(stderr, "%s:%d:%d: %s\n", file, error.line, error.column, error.text);
	else if (!json_is_array(list))
		fprintf(stderr, "%s: no list of vectors\n", file);
	if (!json_is_array(list))
		ret = -EINVAL;
	for (size_t i = 0; ret == 0 && i < json_array_size(list); i++)
		run_vector(count, file, i + 1, json_array_get(list, i));
	json_decref(root);
	return ret;
}
