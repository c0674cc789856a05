#include "drivers/tap_routes.h"

#include <errno.h>
#include <net/if.h>

static int read_prefixes(const struct sl_strings *texts, size_t max, struct sl_prefix *out,
			 struct sl_error *err)
{
	struct sl_prefix p;

	if (texts->count > max)
		return sl_error_set(err, -E2BIG, "%zu routes, at most %zu", texts->count, max);
	for (size_t i = 0; i < texts->count; i++) {
		if (!sl_prefix_parse(texts->items[i], &p))
			return sl_error_set(err, -EINVAL,
					    "'%s' is not a prefix such as 10.1.0.0/16",
					    texts->items[i]);
		out[i] = sl_prefix_masked(&p);
	}
	return 0;
}

int sl_tap_routes_read(struct sl_tap_routes *r, const struct sl_strings *routes,
		       const struct sl_strings *bypasses, struct sl_error *err)
{
	struct sl_prefix to[SL_TAP_BYPASSES];
	int ret = read_prefixes(routes, SL_TAP_ROUTES, r->routes, err);

	if (ret == 0)
		ret = read_prefixes(bypasses, SL_TAP_BYPASSES, to, err);
	if (ret < 0)
		return ret;
	r->n_routes = routes->count;
	for (; r->n_bypasses < bypasses->count; r->n_bypasses++)
		r->bypasses[r->n_bypasses] = (struct sl_kernel_way){.to = to[r->n_bypasses]};
	return 0;
}

static bool is_same(const struct sl_prefix *a, const struct sl_prefix *b)
{
	return a->len == b->len && sl_ip_equal(&a->ip, &b->ip);
}

static bool has_route(const struct sl_tap_routes *r, const struct sl_prefix *p)
{
	for (size_t i = 0; i < r->n_routes; i++)
		if (is_same(&r->routes[i], p))
			return true;
	return false;
}

static int set_bypass(struct sl_kernel_way *w, struct sl_error *err)
{
	struct sl_kernel_way found;
	int ret = sl_kernel_find_way(&w->to.ip, &found, err);

	if (ret == 0) {
		found.to = w->to;
		ret = sl_kernel_add_way(&found, err);
	}
	if (ret == 0)
		*w = found;
	return ret;
}

// Ways that stay are handed over; others are new.
static int set_bypasses(struct sl_tap_routes *before, struct sl_tap_routes *r, struct sl_error *err)
{
	int ret = 0, one;

	for (size_t i = 0; i < r->n_bypasses; i++) {
		for (size_t k = 0; before && k < before->n_bypasses; k++)
			if (is_same(&before->bypasses[k].to, &r->bypasses[i].to)) {
				r->bypasses[i] = before->bypasses[k];
				before->bypasses[k].device = 0;
			}
		one = r->bypasses[i].device ? 0 : set_bypass(&r->bypasses[i], ret ? NULL : err);
		ret = ret ? ret : one;
	}
	if (before)
		sl_tap_routes_end(before);
	return ret;
}

int sl_tap_routes_set(const char *name, struct sl_tap_routes *before, struct sl_tap_routes *r,
		      struct sl_error *err)
{
	struct sl_kernel_way w = {.device = if_nametoindex(name)};
	int ret = 0, one;

	for (size_t i = 0; before && i < before->n_routes; i++) {
		w.to = before->routes[i];
		if (!has_route(r, &w.to))
			sl_kernel_remove_way(&w, NULL);
	}
	ret = set_bypasses(before, r, err);
	for (size_t i = 0; i < r->n_routes; i++) {
		w.to = r->routes[i];
		one = sl_kernel_add_way(&w, ret ? NULL : err);
		ret = ret ? ret : one;
	}
	if (before)
		before->n_routes = 0;
	return ret;
}

void sl_tap_routes_end(struct sl_tap_routes *r)
{
	for (size_t i = 0; i < r->n_bypasses; i++)
		if (r->bypasses[i].device)
			sl_kernel_remove_way(&r->bypasses[i], NULL);
	r->n_bypasses = 0;
}
