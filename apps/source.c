// source: make packets of one length as fast as the link behind it takes them.
// Ports: -> out.  Config: length, count, pattern.

#include "apps/classes.h"

#include <errno.h>

enum { OUT };

struct source_config {
	uint64_t length; // bytes of each frame
	uint64_t count;  // packets to make; 0 = without end
	uint64_t fill;   // value of every byte
};

struct source {
	struct sl_app app;
	uint16_t length;
	uint8_t fill;
	uint64_t left; // packets still to make
};

static int source_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct source *self = (struct source *)app;
	const struct source_config *c = config;
	uint32_t most = rte_pktmbuf_data_room_size(app->pool) - SL_HEADROOM;

	if (c->length > most)
		return sl_error_set(err, -EINVAL, "length: the pool's buffers hold %u bytes", most);
	self->length = (uint16_t)c->length;
	self->fill = (uint8_t)c->fill;
	self->left = c->count ? c->count : UINT64_MAX;
	return 0;
}

// Bytes are written once per packet buffer life would be wrong (others write into them), so
// every packet is filled anew; a length of 60 is one cache line.
static void source_pull(struct sl_app *app)
{
	struct source *self = (struct source *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = (unsigned)RTE_MIN(self->left, (uint64_t)SL_BURST);

	if (app->out[OUT])
		n = (unsigned)RTE_MIN((uint64_t)n, sl_link_room(app->out[OUT]));
	if (n == 0 || !sl_alloc_burst(app->pool, p, n))
		return;
	for (unsigned i = 0; i < n; i++) {
		sl_set_len(p[i], self->length);
		memset(sl_data(p[i]), self->fill, self->length);
	}
	sl_app_created(app, n);
	sl_app_give(app, OUT, p, n);
	self->left -= n;
	if (self->left == 0)
		sl_app_finish(app);
}

static const struct sl_key source_keys[] = {
	{"length", SL_UINT, offsetof(struct source_config, length), "60", false,
	 "bytes of each frame", NULL, 14, SL_FRAME_MAX},
	{"count", SL_UINT, offsetof(struct source_config, count), "0", false,
	 "packets to make, 0 for no end", NULL, 0, 0},
	{"fill", SL_UINT, offsetof(struct source_config, fill), "0", false, "value of every byte",
	 NULL, 0, 255},
	{0},
};

const struct sl_app_class sl_source_class = {
	.name = "source",
	.help = "makes packets as fast as they are taken\n"
		"Every frame has the same length and bytes. It makes no more than the link behind "
		"it has room for, so it loses nothing.",
	.outputs = {[OUT] = "out"},
	.keys = source_keys,
	.config_size = sizeof(struct source_config),
	.size = sizeof(struct source),
	.configure = source_configure,
	.pull = source_pull,
};
