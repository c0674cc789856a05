#include "tests/drivers/router_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool same(const struct sl_control *a, const struct sl_control *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == SL_CONTROL_ROUTE)
		return memcmp(&a->route.prefix, &b->route.prefix, sizeof(a->route.prefix)) == 0;
	if (a->iface != b->iface)
		return false;
	return a->kind == SL_CONTROL_ADDRESS
		       ? memcmp(&a->address, &b->address, sizeof(a->address)) == 0
		       : sl_ip_equal(&a->neighbour, &b->neighbour);
}

void router_model_take(struct router_model *m, const struct sl_control *c)
{
	unsigned i = 0;

	m->records++;
	while (i < m->n && !same(&m->have[i], c))
		i++;
	if (c->remove) {
		assert_true(i < m->n);
		m->have[i] = m->have[--m->n];
		return;
	}
	assert_true(i < MODEL_MOST);
	m->have[i] = *c;
	m->n += i == m->n;
}

void router_model_drain(struct router_model *m, struct sl_harness *h, unsigned output)
{
	struct rte_mbuf *p;
	struct sl_control c;

	while ((p = sl_harness_take_packet(h, output))) {
		while (sl_control_get(p, &c))
			router_model_take(m, &c);
		assert_int_equal(sl_len(p), 0);
		sl_free(p);
	}
}

static int print_route(const struct sl_route *r, char *out, size_t size)
{
	static const char *const kinds[] = {"", " blackhole", " unreachable", " prohibit"};
	char ip[SL_IP_TEXT];
	int n = snprintf(out, size, "%s%s", sl_prefix_print(&r->prefix, ip), kinds[r->kind]);

	for (unsigned i = 0; i < r->n_hops; i++) {
		const struct sl_route_hop *h = &r->hops[i];

		if (h->gateway.family)
			n += snprintf(out + n, size - (size_t)n, " via %s",
				      sl_ip_print(&h->gateway, ip));
		n += snprintf(out + n, size - (size_t)n, " if %u", h->iface);
		if (h->weight != 1)
			n += snprintf(out + n, size - (size_t)n, " weight %u", h->weight);
	}
	return n;
}

static void print(const struct sl_control *c, char *out, size_t size)
{
	const uint8_t *m = c->mac;
	char ip[SL_IP_TEXT];

	if (c->kind == SL_CONTROL_ROUTE)
		print_route(&c->route, out, size);
	else if (c->kind == SL_CONTROL_ADDRESS)
		snprintf(out, size, "%s if %u", sl_prefix_print(&c->address, ip), c->iface);
	else
		snprintf(out, size, "%s %02x:%02x:%02x:%02x:%02x:%02x if %u",
			 sl_ip_print(&c->neighbour, ip), m[0], m[1], m[2], m[3], m[4], m[5],
			 c->iface);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

const char *router_model_text(struct router_model *m, enum sl_control_kind kind)
{
	enum { LINE = 256, LINES = 64 };
	char lines[LINES][LINE];
	unsigned n = 0;

	for (unsigned i = 0; i < m->n; i++)
		if (m->have[i].kind == kind) {
			assert_true(n < LINES);
			print(&m->have[i], lines[n++], LINE);
		}
	qsort(lines, n, LINE, by_text);
	m->text[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		strcat(m->text, lines[i]);
		strcat(m->text, i + 1 < n ? "\n" : "");
	}
	return m->text;
}
