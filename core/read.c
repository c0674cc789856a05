#include "core/read.h"

#include "core/config.h"
#include "core/error.h"
#include "core/grow.h"
#include "core/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// Longest text shown in an error.
#define SHOWN "%.64s"

int sl_read_want(const struct sl_reader *r, const struct sl_yaml *v, const char *what,
		 enum sl_yaml_kind kind)
{
	if (v->kind == kind)
		return 0;
	return sl_graph_error(r->g, v->at, r->err, -EINVAL, "%s must be %s, not %s", what,
			      sl_yaml_kind_name(kind), sl_yaml_kind_name(v->kind));
}

const struct sl_yaml *sl_read_first(const struct sl_yaml *v)
{
	return v->kind == SL_YAML_LIST ? v->first : v;
}

const struct sl_yaml *sl_read_next(const struct sl_yaml *v, const struct sl_yaml *text)
{
	return v->kind == SL_YAML_LIST ? text->next : NULL;
}

int sl_read_want_texts(const struct sl_reader *r, const struct sl_yaml *v, const char *what)
{
	int code = 0;

	if (v->kind == SL_YAML_MAP || v->kind == SL_YAML_NOTHING)
		return sl_read_want(r, v, what, SL_YAML_LIST);
	for (const struct sl_yaml *i = sl_read_first(v); i && !code; i = sl_read_next(v, i))
		code = sl_read_want(r, i, "each item of a list", SL_YAML_TEXT);
	return code;
}

int sl_read_number(const struct sl_reader *r, const struct sl_yaml *v, const char *what,
		   uint64_t min, uint64_t max, uint64_t *out)
{
	struct sl_error e;
	int code = sl_read_want(r, v, what, SL_YAML_TEXT);

	if (code)
		return code;
	if (sl_parse_uint(v->text, out, &e))
		return sl_graph_error(r->g, v->at, r->err, -EINVAL, "%s: %s", what, e.text);
	if (*out < min || *out > max)
		return sl_graph_error(r->g, v->at, r->err, -EINVAL,
				      "%s must be between %llu and %llu", what,
				      (unsigned long long)min, (unsigned long long)max);
	return 0;
}

int sl_read_memory(const struct sl_reader *r, int code)
{
	return code ? sl_error_set(r->err, code, "out of memory") : 0;
}

void *sl_read_append(void **items, size_t *n, size_t size)
{
	void *grown = sl_grow(*items, *n, size);

	if (!grown)
		return NULL;
	*items = grown;
	grown = (char *)grown + (*n)++ * size;
	return memset(grown, 0, size);
}

int sl_read_text(const struct sl_reader *r, struct sl_network_text *to, const struct sl_yaml *v)
{
	to->at = v->at;
	return sl_read_memory(r, sl_copy_text(&to->text, v->text) ? 0 : -ENOMEM);
}

void sl_read_begin(const struct sl_reader *r, const struct sl_yaml *v)
{
	if (!r->net->is_there)
		r->net->at = v->key->at;
	r->net->is_there = true;
}

bool sl_read_is_one_of(const char *const *known, const char *text)
{
	while (*known && strcmp(*known, text) != 0)
		known++;
	return *known;
}

int sl_read_unknown_key(const struct sl_reader *r, const struct sl_yaml *key, const char *what,
			const char *const *known)
{
	struct sl_suggest near = {.wanted = key->text};
	char hint[SL_NAME_SIZE + 32], list[160] = "";

	for (unsigned i = 0; known[i]; i++) {
		sl_suggest_offer(&near, known[i]);
		strcat(strcat(list, i ? ", " : ""), known[i]);
	}
	if (near.best)
		return sl_graph_error(r->g, key->at, r->err, -EINVAL, "%s has no key '" SHOWN "'%s",
				      what, key->text, sl_suggest_hint(&near, hint, sizeof(hint)));
	return sl_graph_error(r->g, key->at, r->err, -EINVAL,
			      "%s has no key '" SHOWN "': it has %s", what, key->text, list);
}

// Names that the apps of the router have for ports of their own, or that routes have for fates.
static bool is_reserved(const char *name)
{
	static const char *const words[] = {
		"in",   "out",    "self",      "local",       "error",    "big",
		"ipv4", "ipv6",   "control",   "icmp",        "arp",      "nd",
		"tap",  "kernel", "blackhole", "unreachable", "prohibit",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i], name))
			return true;
	return false;
}

static int check_name(const struct sl_reader *r, const struct sl_yaml *key, const char *kind)
{
	if (strlen(key->text) >= SL_NETWORK_PORT_NAME)
		return sl_graph_error(r->g, key->at, r->err, -EINVAL,
				      "'%.20s...' is too long for a %s: at most %d characters",
				      key->text, kind, SL_NETWORK_PORT_NAME - 1);
	if (!sl_name_valid(key->text))
		return sl_graph_error(r->g, key->at, r->err, -EINVAL,
				      "'%s' is not a name: use letters, digits, '-' and '_'",
				      key->text);
	if (is_reserved(key->text))
		return sl_graph_error(r->g, key->at, r->err, -EINVAL,
				      "no %s can be named '%s': the word has a meaning of its "
				      "own here",
				      kind, key->text);
	return 0;
}

int sl_read_interface(const struct sl_reader *r, const struct sl_yaml *v, const char *kind,
		      struct sl_network_port **port)
{
	struct sl_network *n = r->net;
	char what[SL_NAME_SIZE + 32];
	int code = check_name(r, v->key, kind);

	if (code)
		return code;
	if (n->n_ports == SL_NETWORK_PORTS_MAX)
		return sl_graph_error(r->g, v->key->at, r->err, -EINVAL, "more than %d %ss",
				      SL_NETWORK_PORTS_MAX, kind);
	snprintf(what, sizeof(what), "%s '%s'", kind, v->key->text);
	code = sl_read_want(r, v, what, SL_YAML_MAP);
	if (code)
		return code;
	*port = sl_read_append((void **)&n->ports, &n->n_ports, sizeof(**port));
	if (!*port)
		return sl_read_memory(r, -ENOMEM);
	(*port)->at = v->key->at;
	return sl_read_memory(r, sl_copy_text(&(*port)->name, v->key->text) ? 0 : -ENOMEM);
}

int sl_read_want_known(const struct sl_reader *r, const struct sl_yaml *v, const char *what,
		       const char *const *known)
{
	return sl_read_is_one_of(known, v->key->text) ? 0
						      : sl_read_unknown_key(r, v->key, what, known);
}

const struct sl_yaml *sl_read_find(const struct sl_yaml *map, const char *key)
{
	for (const struct sl_yaml *v = map->first; v; v = v->next)
		if (!strcmp(v->key->text, key))
			return v;
	return NULL;
}
