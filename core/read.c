#include "core/read.h"

#include "core/config.h"
#include "core/error.h"

#include <errno.h>

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
