#include "tests/core/numbered.h"

#include <errno.h>

unsigned numbered_made, numbered_stopped;

struct count_config {
	uint64_t count;
};

struct numbers {
	struct sl_app app;
	uint64_t next, count;
};

static int numbers_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct numbers *self = (struct numbers *)app;
	const struct count_config *c = config;

	(void)err;
	self->count = c->count ? c->count : UINT64_MAX;
	numbered_made++;
	return 0;
}

static void stop(struct sl_app *app)
{
	(void)app;
	numbered_stopped++;
}

static void numbers_pull(struct sl_app *app)
{
	struct numbers *self = (struct numbers *)app;
	uint64_t n = RTE_MIN(self->count - self->next, (uint64_t)SL_BURST);
	struct rte_mbuf *p[SL_BURST];

	n = RTE_MIN(n, sl_link_room(app->out[0]));
	if (n == 0 || !sl_alloc_burst(app->pool, p, (unsigned)n))
		return;
	sl_app_metric(app, 0, sl_tailroom(p[0]));
	for (uint64_t i = 0; i < n; i++) {
		sl_set_len(p[i], 60);
		sl_set_stamp_ns(p[i], self->next++);
	}
	sl_app_created(app, n);
	sl_app_give(app, 0, p, (unsigned)n);
	if (self->next == self->count)
		sl_app_finish(app);
}

struct check {
	struct sl_app app;
	uint64_t next;
};

static int plain_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	(void)app;
	(void)config;
	(void)err;
	numbered_made++;
	return 0;
}

static void check_adopt(struct sl_app *app, struct sl_app *old)
{
	((struct check *)app)->next = ((struct check *)old)->next;
}

static void check_push(struct sl_app *app)
{
	struct check *self = (struct check *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, 0, p, SL_BURST);

	for (unsigned i = 0; i < n; i++) {
		sl_app_metric_add(app, 0, sl_stamp_ns(p[i]) != self->next);
		self->next = sl_stamp_ns(p[i]) + 1;
	}
	sl_app_consumed(app, n);
	sl_free_burst(p, n);
}

static void pass_push(struct sl_app *app)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, 0, p, SL_BURST);

	sl_app_give(app, 0, p, n);
}

static int refuse_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	(void)app;
	(void)config;
	numbered_made++;
	return sl_error_set(err, -EBUSY, "no");
}

static const struct sl_key count_keys[] = {
	{"count", SL_UINT, offsetof(struct count_config, count), .preset = "0", .help = "packets"},
	{0},
};

static const struct sl_key note_keys[] = {
	{"note", SL_UINT, offsetof(struct count_config, count), .preset = "0", .help = "any"},
	{0},
};

const struct sl_app_class numbers_class = {
	.name = "numbers",
	.help = "numbered packets",
	.outputs = {"out"},
	.metrics = {"room"},
	.keys = count_keys,
	.config_size = sizeof(struct count_config),
	.size = sizeof(struct numbers),
	.configure = numbers_configure,
	.pull = numbers_pull,
	.stop = stop,
};

const struct sl_app_class check_class = {
	.name = "check",
	.help = "checks numbered packets",
	.inputs = {"in"},
	.metrics = {"wrong"},
	.keys = note_keys,
	.config_size = sizeof(struct count_config),
	.size = sizeof(struct check),
	.configure = plain_configure,
	.adopt = check_adopt,
	.push = check_push,
	.stop = stop,
};

const struct sl_app_class pass_class = {
	.name = "pass",
	.help = "gives on what it takes",
	.inputs = {"in"},
	.outputs = {"out"},
	.keys = note_keys,
	.config_size = sizeof(struct count_config),
	.size = sizeof(struct sl_app),
	.configure = plain_configure,
	.push = pass_push,
	.stop = stop,
};

const struct sl_app_class refuse_class = {
	.name = "refuse",
	.help = "its configure fails",
	.inputs = {"in"},
	.outputs = {"out"},
	.size = sizeof(struct sl_app),
	.configure = refuse_configure,
	.push = pass_push,
	.stop = stop,
};
