// cut: cut a number of bytes off the front of every packet, such as an outer header.
// Ports: in -> out.  Config: bytes.  A packet that is not longer than that is dropped as short.
//
// A class that lives outside of Sluice, in a plugin. Build it, and run it where cut.yaml lies:
//   cc -O2 -fPIC -shared -o libcut.so cut.c $(pkg-config --cflags sluice)
//   sluice run cut.yaml

#include <sluice/app.h>
#include <sluice/version.h>

enum { IN };
enum { OUT };
enum { DROP_SHORT };

struct cut_config {
	uint64_t bytes;
};

struct cut {
	struct sl_app app; // first member; the engine wires it
	uint16_t bytes;
};

static int cut_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct cut *self = (struct cut *)app;
	const struct cut_config *c = config;

	(void)err; // nothing can go wrong: the key's range has been checked
	self->bytes = (uint16_t)c->bytes;
	return 0;
}

static void cut_push(struct sl_app *app)
{
	struct cut *self = (struct cut *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST), kept = 0;

	for (unsigned i = 0; i < n; i++) {
		if (sl_len(p[i]) <= self->bytes) {
			sl_app_drop(app, p[i], DROP_SHORT);
			continue;
		}
		sl_trim_head(p[i], self->bytes);
		p[kept++] = p[i];
	}
	sl_app_give(app, OUT, p, kept);
}

static const struct sl_key cut_keys[] = {
	{.name = "bytes",
	 .type = SL_BYTES,
	 .offset = offsetof(struct cut_config, bytes),
	 .required = true,
	 .help = "how many bytes to cut off",
	 .min = 1,
	 .max = 1500},
	{0},
};

static const struct sl_app_class cut_class = {
	.name = "cut",
	.help = "cuts bytes off the front of every packet",
	.inputs = {[IN] = "in"},
	.outputs = {[OUT] = "out"},
	.drops = {[DROP_SHORT] = "short"},
	.keys = cut_keys,
	.config_size = sizeof(struct cut_config),
	.size = sizeof(struct cut),
	.configure = cut_configure,
	.push = cut_push,
};

// What Sluice looks for in a plugin.
__attribute__((visibility("default"))) extern const struct sl_plugin sl_plugin;

const struct sl_plugin sl_plugin = {
	.abi = SL_ABI_VERSION,
	.classes = (const struct sl_app_class *const[]){&cut_class, NULL},
};
