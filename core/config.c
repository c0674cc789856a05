#include "core/config.h"

#include "core/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One value on its way into a config struct.
struct reader {
	const struct sl_app_class *class;
	const struct sl_graph *g;
	const struct sl_graph_app *app;
	void *config;
	struct sl_error *err;
};

static void *field(void *config, const struct sl_key *k)
{
	return (char *)config + k->offset;
}

static bool is_list(enum sl_type type)
{
	return type == SL_STRINGS || type == SL_PATHS;
}

static bool is_path(enum sl_type type)
{
	return type == SL_PATH || type == SL_PATHS;
}

// ---- scalars

// Write a bound as a person would: 1500, 0.5, 10us.
static const char *print_bound(const struct sl_key *k, double bound, char *buf, size_t size)
{
	static const struct {
		double ns;
		const char *name;
	} units[] = {{3600e9, "h"}, {60e9, "min"}, {1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
	const char *unit = k->type == SL_DURATION ? "ns" : "";

	for (unsigned i = 0; k->type == SL_DURATION && i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t n = (uint64_t)(bound / units[i].ns);

		if (n > 0 && (double)n * units[i].ns == bound) {
			bound = (double)n;
			unit = units[i].name;
			break;
		}
	}
	snprintf(buf, size, "%.15g%s", bound, unit);
	return buf;
}

static int check_range(const struct sl_key *k, double value, struct sl_error *err)
{
	char min[40], max[40];

	if (value >= k->min && (k->max == 0 || value <= k->max))
		return 0;
	print_bound(k, k->min, min, sizeof(min));
	print_bound(k, k->max, max, sizeof(max));
	if (k->max == 0)
		return sl_error_set(err, -EINVAL, "must be at least %s", min);
	return sl_error_set(err, -EINVAL, "must be between %s and %s", min, max);
}

static int read_choice(const struct sl_key *k, const char *text, unsigned *out,
		       struct sl_error *err)
{
	char list[300] = "";
	size_t at = 0;

	for (unsigned i = 0; k->choices[i]; i++) {
		if (!strcmp(k->choices[i], text)) {
			*out = i;
			return 0;
		}
		if (at < sizeof(list))
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "",
					       k->choices[i]);
	}
	return sl_error_set(err, -EINVAL, "must be one of %s, not '%.64s'", list, text);
}

static int read_uint(const struct sl_key *k, const char *text, uint64_t *out, struct sl_error *err)
{
	int code = k->type == SL_UINT    ? sl_parse_uint(text, out, err)
		   : k->type == SL_BYTES ? sl_parse_bytes(text, out, err)
					 : sl_parse_duration(text, out, err);

	return code ? code : check_range(k, (double)*out, err);
}

static int read_rate(const struct sl_key *k, const char *text, struct sl_rate *out,
		     struct sl_error *err)
{
	int code = sl_parse_rate(text, out, err);

	return code ? code : check_range(k, out->per_second, err);
}

static int read_real(const struct sl_key *k, const char *text, double *out, struct sl_error *err)
{
	int code = sl_parse_real(text, out, err);

	return code ? code : check_range(k, *out, err);
}

// Everything but texts.
static int read_number(const struct sl_key *k, const char *text, void *out, struct sl_error *err)
{
	switch (k->type) {
	case SL_BOOL:
		return sl_parse_bool(text, out, err);
	case SL_UINT:
	case SL_BYTES:
	case SL_DURATION:
		return read_uint(k, text, out, err);
	case SL_REAL:
		return read_real(k, text, out, err);
	case SL_CHOICE:
		return read_choice(k, text, out, err);
	case SL_RATE:
		return read_rate(k, text, out, err);
	case SL_STRING:
	case SL_PATH:
	case SL_STRINGS:
	case SL_PATHS:
		break;
	}
	return 0;
}

int sl_key_check(const struct sl_key *k, const char *text, struct sl_error *err)
{
	union {
		bool yes;
		uint64_t n;
		double real;
		unsigned choice;
		struct sl_rate rate;
	} out;

	return read_number(k, text, &out, err);
}

// ---- texts

static int read_text(const struct reader *r, const struct sl_key *k, const struct sl_value *v,
		     char **out)
{
	if (is_path(k->type) && !v->text[0])
		return sl_error_set(r->err, -EINVAL, "is an empty path");
	if (k->check) {
		int code = k->check(v->text, r->err);

		if (code)
			return code;
	}
	*out = is_path(k->type) ? sl_graph_path(r->g, v->at, v->text) : strdup(v->text);
	return *out ? 0 : sl_error_set(r->err, -ENOMEM, "out of memory");
}

static int read_list(const struct reader *r, const struct sl_key *k, const struct sl_value *v,
		     struct sl_place *at)
{
	const struct sl_value *items = v->text ? v : v->items;
	size_t n = v->text ? 1 : v->n_items;
	char **texts = calloc(n + 1, sizeof(*texts));
	struct sl_strings *list = field(r->config, k);

	if (!texts)
		return sl_error_set(r->err, -ENOMEM, "out of memory");
	list->items = (const char *const *)texts; // sl_config_fini has it from here on
	for (; list->count < n; list->count++) {
		int code = read_text(r, k, &items[list->count], &texts[list->count]);

		if (code) {
			*at = items[list->count].at;
			return code;
		}
	}
	return 0;
}

// ---- keys

static int place_error(const struct reader *r, const struct sl_key *k, struct sl_place at, int code)
{
	struct sl_error *err = r->err;
	char text[sizeof(err->text)];

	if (!err)
		return code;
	memcpy(text, err->text, sizeof(text));
	// "must be ..." goes on from the key, "'5x' is not ..." is a sentence of its own.
	return sl_graph_error(r->g, at, err, code, "'%s' of app '%s'%s%s", k->name, r->app->name,
			      text[0] == '\'' ? ": " : " ", text);
}

static int read_value(const struct reader *r, const struct sl_key *k, const struct sl_value *v)
{
	struct sl_place at = v->at;
	int code;

	if (!is_list(k->type) && v->n_items == 1)
		v = &v->items[0];
	if (is_list(k->type))
		code = read_list(r, k, v, &at);
	else if (!v->text && v->n_items == 0)
		code = sl_error_set(r->err, -EINVAL, "wants one value, not an empty list");
	else if (!v->text)
		code = sl_error_set(r->err, -EINVAL,
				    "wants one value, not %zu: put quotes around what has blanks",
				    v->n_items);
	else if (k->type == SL_STRING || k->type == SL_PATH)
		code = read_text(r, k, v, field(r->config, k));
	else
		code = read_number(k, v->text, field(r->config, k), r->err);
	return code ? place_error(r, k, at, code) : 0;
}

static int unknown_key(const struct reader *r, const struct sl_setting *s)
{
	struct sl_suggest near = {.wanted = s->key ? s->key : ""};
	const struct sl_key *k = r->class->keys;
	char hint[SL_NAME_SIZE + 32];

	if (!k || !k->name)
		return sl_graph_error(r->g, s->key ? s->at : s->value.at, r->err, -EINVAL,
				      "class '%s' has nothing to set", r->class->name);
	for (; k->name; k++)
		sl_suggest_offer(&near, k->name);
	return sl_graph_error(r->g, s->at, r->err, -EINVAL, "class '%s' has no key '%s'%s",
			      r->class->name, s->key, sl_suggest_hint(&near, hint, sizeof(hint)));
}

// Whether a setting is for a key; `first` is the class's first one.
static bool is_for(const struct sl_setting *s, const struct sl_key *k, const struct sl_key *first)
{
	return s->key ? !strcmp(s->key, k->name) : k == first;
}

static const struct sl_key *find_key(const struct sl_app_class *class, const struct sl_setting *s)
{
	for (const struct sl_key *k = class->keys; k && k->name; k++)
		if (is_for(s, k, class->keys))
			return k;
	return NULL;
}

static int read_preset(const struct reader *r, const struct sl_key *k)
{
	const struct sl_value preset = {
		.at = sl_place_none(),
		.text = (char *)(uintptr_t)k->preset,
	};

	if (k->required)
		return sl_graph_error(r->g, r->app->class_at, r->err, -EINVAL,
				      "app '%s' (%s) needs '%s'%s%s", r->app->name, r->class->name,
				      k->name, k->help ? ": " : "", k->help ? k->help : "");
	return k->preset ? read_value(r, k, &preset) : 0;
}

static int read_key(const struct reader *r, const struct sl_key *k)
{
	const struct sl_setting *set = NULL;

	for (size_t i = 0; i < r->app->n_settings; i++) {
		const struct sl_setting *s = &r->app->settings[i];

		if (!is_for(s, k, r->class->keys))
			continue;
		if (set)
			return sl_graph_error(r->g, s->key ? s->at : s->value.at, r->err, -EINVAL,
					      "'%s' of app '%s' is set twice", k->name,
					      r->app->name);
		set = s;
	}
	return set ? read_value(r, k, &set->value) : read_preset(r, k);
}

static int read_keys(const struct reader *r)
{
	int code = 0;

	for (size_t i = 0; i < r->app->n_settings; i++)
		if (!find_key(r->class, &r->app->settings[i]))
			return unknown_key(r, &r->app->settings[i]);
	for (const struct sl_key *k = r->class->keys; !code && k && k->name; k++)
		code = read_key(r, k);
	return code;
}

int sl_config_read(const struct sl_app_class *class, const struct sl_graph *g,
		   const struct sl_graph_app *app, void *config, struct sl_error *err)
{
	void *own = config ? NULL : calloc(1, class->config_size + 1);
	struct reader r = {class, g, app, config ? config : own, err};
	int code;

	if (!r.config)
		return sl_error_set(err, -ENOMEM, "out of memory");
	code = read_keys(&r);
	if (code || own)
		sl_config_fini(class, r.config);
	free(own);
	return code;
}

void sl_config_fini(const struct sl_app_class *class, void *config)
{
	for (const struct sl_key *k = class->keys; k && k->name; k++) {
		if (is_list(k->type)) {
			struct sl_strings *list = field(config, k);

			for (size_t i = 0; i < list->count; i++)
				free((char *)(uintptr_t)list->items[i]);
			free((void *)(uintptr_t)list->items);
			*list = (struct sl_strings){0};
		} else if (k->type == SL_STRING || k->type == SL_PATH) {
			char **text = field(config, k);

			free(*text);
			*text = NULL;
		}
	}
}
