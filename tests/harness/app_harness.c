#include "tests/harness/app_harness.h"

#include "core/app.h"
#include "core/config.h"
#include "core/eal.h"
#include "core/jumbo.h"
#include "core/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <sluice/graph.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	START_NS = 1000000000,
	LINK_SIZE = 1024,
	PACKETS = 4095,
	MTU = 1500,
	FRAME_BYTES = 9216,
	ROUNDS = 32, // pushes in one breath, as in a worker
};

struct sl_harness {
	struct rte_mempool *pool;
	struct sl_jumbo jumbo;
	struct sl_link *in[SL_PORTS_MAX], *out[SL_PORTS_MAX];
	unsigned n_in, n_out;
	struct sl_harness_options options;
	const char *in_names[SL_PORTS_MAX], *out_names[SL_PORTS_MAX];
	struct sl_app *app;
	void *config;
	uint64_t fed, taken;     // packets, by the test
	uint64_t removed;        // by disconnecting
	uint64_t before_created; // by apps that were replaced
	uint64_t before_gone;
};

static uint64_t get(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

// Packets in a link, exactly: its two sides may each see fewer.
static uint64_t waiting(struct sl_link *l)
{
	return get(&l->tail) - get(&l->head);
}

// ---- the app

// The one app that a line describes, in a graph of its own.
static int parse(const char *line, struct sl_graph **g, struct sl_error *err)
{
	int r = -ENOMEM;

	*g = sl_graph_create();
	if (*g)
		r = sl_graph_pipeline(*g, line, NULL, NULL, err);
	if (r == 0 && ((*g)->n_apps != 1 || !sl_class_find((*g)->apps[0].class)))
		r = sl_error_set(err, -EINVAL, "'%s' is not one app of a known class", line);
	return r;
}

static void *zeroed(size_t size)
{
	size_t bytes = RTE_ALIGN_CEIL(RTE_MAX(size, (size_t)1), (size_t)SL_LINE);
	void *p = aligned_alloc(SL_LINE, bytes);

	return p ? memset(p, 0, bytes) : NULL;
}

static void free_app(struct sl_app *app, void *config)
{
	if (app && app->class->stop)
		app->class->stop(app);
	if (app && config)
		sl_config_fini(app->class, config);
	free(config);
	free(app);
}

static void wire(struct sl_harness *h, struct sl_app *app)
{
	app->in = h->in;
	app->out = h->out;
}

// Name the ports of one side: the class's, then `any` more. Returns how many there are.
static unsigned name_ports(const char **to, const char *const *names, unsigned any,
			   const char *const *any_names)
{
	static const char *const numbers[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
	unsigned n = 0;

	for (; names[n] && strcmp(names[n], "*") != 0; n++)
		to[n] = names[n];
	if (!names[n])
		return n;
	any = any ? any : 1;
	for (unsigned i = 0; i < any; i++)
		to[n + i] = any_names ? any_names[i] : numbers[i % RTE_DIM(numbers)];
	return n + any;
}

static void name_app(struct sl_harness *h, const struct sl_harness_options *o, struct sl_app *app)
{
	h->n_in = name_ports(h->in_names, app->class->inputs, o->inputs, o->input_names);
	h->n_out = name_ports(h->out_names, app->class->outputs, o->outputs, o->output_names);
	app->in_names = h->in_names;
	app->out_names = h->out_names;
	app->n_in = (uint16_t)h->n_in;
	app->n_out = (uint16_t)h->n_out;
}

// An app of the class that g's only app names, not configured yet.
static int allocate(struct sl_harness *h, const struct sl_graph *g, struct sl_app **app,
		    void **config)
{
	const struct sl_app_class *class = sl_class_find(g->apps[0].class);
	struct sl_app *before = h->app; // app may point to it

	*app = zeroed(class->size);
	*config = zeroed(class->config_size);
	if (!*app || !*config) {
		free(*app);
		free(*config);
		return -ENOMEM;
	}
	(*app)->class = class;
	(*app)->name = class->name;
	(*app)->pool = h->pool;
	(*app)->jumbo = &h->jumbo;
	(*app)->mtu = MTU;
	(*app)->predecessor = before;
	return 0;
}

static int make_app(struct sl_harness *h, const char *line, struct sl_app **app, void **config,
		    struct sl_error *err)
{
	const struct sl_app_class *class;
	struct sl_graph *g;
	int r = parse(line, &g, err);

	if (r == 0)
		r = allocate(h, g, app, config);
	if (r < 0)
		goto out;
	class = (*app)->class;
	name_app(h, &h->options, *app);
	r = sl_config_read(class, g, &g->apps[0], *config, err);
	if (r == 0 && class->configure)
		r = class->configure(*app, *config, err);
	(*app)->predecessor = NULL;
	if (r < 0) {
		free_app(*app, *config);
		*app = NULL;
	}
out:
	sl_graph_destroy(g);
	return r;
}

static bool make_links(struct sl_link **links, unsigned n, unsigned size)
{
	for (unsigned i = 0; i < n; i++) {
		links[i] = sl_link_create(size ? size : LINK_SIZE);
		if (!links[i])
			return false;
	}
	return true;
}

static bool make_pool(struct sl_harness *h, unsigned packets, struct sl_error *err)
{
	static const struct sl_engine_options everyday = {.no_huge = true};
	static unsigned serial;
	char name[32];

	if (sl_eal_init(&everyday, err) < 0)
		return false;
	snprintf(name, sizeof(name), "harness%u", serial++);
	h->pool = sl_pool_create(name, packets ? packets : PACKETS, FRAME_BYTES, false, err);
	sl_jumbo_init(&h->jumbo);
	return h->pool != NULL;
}

struct sl_harness *sl_harness_create(const struct sl_harness_options *o, struct sl_error *err)
{
	struct sl_harness *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->options = *o;
	if (!make_pool(h, o->packets, err) || make_app(h, o->line, &h->app, &h->config, err) < 0)
		goto fail;
	if (!make_links(h->in, h->n_in, o->link_size) ||
	    !make_links(h->out, h->n_out, o->link_size))
		goto fail;
	wire(h, h->app);
	sl_harness_advance(h, START_NS);
	return h;
fail:
	sl_harness_destroy(h);
	return NULL;
}

struct sl_app *sl_harness_app(struct sl_harness *h)
{
	return h->app;
}

// ---- accounts

static uint64_t gone(struct sl_app *app)
{
	uint64_t n = get(&app->consumed) + get(&app->unconnected);

	for (unsigned i = 0; i < SL_DROPS_MAX; i++)
		n += get(&app->drops[i]);
	return n;
}

static uint64_t in_links(struct sl_link *const *links, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		if (links[i])
			sum += waiting(links[i]) + get(&links[i]->drops);
	return sum;
}

static void check_accounts(struct sl_harness *h, char *text, size_t size)
{
	uint64_t in = h->fed + h->before_created + get(&h->app->created);
	uint64_t out = h->taken + h->removed, held = get(&h->app->held);
	uint64_t lost = h->before_gone + gone(h->app);
	uint64_t links = in_links(h->in, h->n_in) + in_links(h->out, h->n_out);

	if (in != out + held + lost + links)
		snprintf(text, size,
			 "%" PRIu64 " packets came in; %" PRIu64 " went out, %" PRIu64
			 " are held, %" PRIu64 " dropped or consumed, %" PRIu64 " in links",
			 in, out, held, lost, links);
}

static void destroy_links(struct sl_link *const *links, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sl_link_destroy(links[i]);
}

const char *sl_harness_destroy(struct sl_harness *h)
{
	static char text[256];
	unsigned missing;

	text[0] = '\0';
	if (!h)
		return text;
	if (h->app) {
		check_accounts(h, text, sizeof(text));
		free_app(h->app, h->config);
	}
	destroy_links(h->in, h->n_in);
	destroy_links(h->out, h->n_out);
	missing = h->pool ? rte_mempool_in_use_count(h->pool) : 0;
	if (missing > 0 && !text[0])
		snprintf(text, sizeof(text), "%u packets never came back to the pool", missing);
	sl_pool_destroy(h->pool);
	sl_jumbo_fini(&h->jumbo);
	free(h);
	return text;
}

// ---- what the engine does

static void publish(struct sl_harness *h)
{
	for (unsigned i = 0; i < h->n_out; i++)
		if (h->out[i])
			sl_link_publish(h->out[i]);
}

static bool has_input(struct sl_harness *h)
{
	for (unsigned i = 0; i < h->n_in; i++)
		if (waiting(h->in[i]) > 0)
			return true;
	return false;
}

void sl_harness_breathe(struct sl_harness *h)
{
	const struct sl_app_class *class = h->app->class;
	uint64_t before;

	h->app->wake_ns = 0;
	if (class->pull) {
		class->pull(h->app);
		publish(h);
	}
	for (unsigned round = 0; class->push && round < ROUNDS && has_input(h); round++) {
		before = get(&h->app->taken);
		class->push(h->app);
		publish(h);
		if (get(&h->app->taken) == before)
			break;
	}
}

void sl_harness_tick(struct sl_harness *h)
{
	if (h->app->class->tick)
		h->app->class->tick(h->app);
	publish(h);
}

void sl_harness_quiesce(struct sl_harness *h)
{
	h->app->class->quiesce(h->app);
	publish(h);
}

void sl_harness_advance(struct sl_harness *h, uint64_t ns)
{
	h->app->now_ns += ns;
	h->app->wall_ns += ns;
}

int sl_harness_replace(struct sl_harness *h, const char *line, struct sl_error *err)
{
	struct sl_app *old = h->app, *app;
	void *config;
	int r = make_app(h, line, &app, &config, err);

	if (r < 0)
		return r;
	wire(h, app);
	app->now_ns = old->now_ns;
	app->wall_ns = old->wall_ns;
	if (app->class->adopt)
		app->class->adopt(app, old);
	h->before_created += get(&old->created);
	h->before_gone += gone(old) + get(&old->held);
	free_app(old, h->config);
	h->app = app;
	h->config = config;
	return 0;
}

void sl_harness_settle(struct sl_harness *h, const char *name, const uint8_t ether[6])
{
	struct sl_app other = {.name = name};
	const struct sl_app *items[] = {h->app, &other};

	memcpy(other.ether, ether, sizeof(other.ether));
	if (h->app->class->settle)
		h->app->class->settle(h->app, &(struct sl_apps){.items = items, .n = 2});
}

// ---- what a test does

void sl_harness_disconnect(struct sl_harness *h, unsigned output)
{
	h->removed += waiting(h->out[output]) + get(&h->out[output]->drops);
	sl_link_destroy(h->out[output]);
	h->out[output] = NULL;
}

void sl_harness_feed_packet(struct sl_harness *h, unsigned input, struct rte_mbuf *p)
{
	sl_link_give(h->in[input], &p, 1);
	sl_link_publish(h->in[input]);
	h->fed++;
}

bool sl_harness_feed(struct sl_harness *h, unsigned input, const void *bytes, uint16_t len)
{
	struct rte_mbuf *p;

	if (!sl_alloc_burst(h->pool, &p, 1))
		return false;
	if (len > 0)
		memcpy(sl_append(p, len), bytes, len);
	sl_harness_feed_packet(h, input, p);
	return true;
}

struct rte_mbuf *sl_harness_take_packet(struct sl_harness *h, unsigned output)
{
	struct rte_mbuf *p;

	if (sl_link_take(h->out[output], &p, 1) == 0)
		return NULL;
	h->taken++;
	return p;
}

int sl_harness_take(struct sl_harness *h, unsigned output, void *bytes, size_t size)
{
	struct rte_mbuf *p = sl_harness_take_packet(h, output);
	int len;

	if (!p)
		return -1;
	len = sl_len(p);
	memcpy(bytes, sl_data(p), RTE_MIN((size_t)len, size));
	sl_free(p);
	return len;
}

uint64_t sl_harness_waiting_in(struct sl_harness *h, unsigned input)
{
	return waiting(h->in[input]);
}

uint64_t sl_harness_waiting_out(struct sl_harness *h, unsigned output)
{
	return waiting(h->out[output]);
}

static uint64_t named(const char *const *names, _Atomic uint64_t *values, const char *name)
{
	for (unsigned i = 0; names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return get(&values[i]);
	return UINT64_MAX;
}

uint64_t sl_harness_drop(struct sl_harness *h, const char *name)
{
	return named(h->app->class->drops, h->app->drops, name);
}

uint64_t sl_harness_metric(struct sl_harness *h, const char *name)
{
	return named(h->app->class->metrics, h->app->metrics, name);
}
