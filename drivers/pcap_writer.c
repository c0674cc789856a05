// pcap-writer: writes packets into a capture file.
//
// A packet counts as held while its bytes wait in the buffer, and as consumed once the system has
// taken them; so what a full disk refuses is known by name and number.
//
// Ports: in ->.  Config: file, format, snaplen, precision, seal, key, segment, segment-time.
// Spec: pcap-savefile(5); draft-ietf-opsawg-pcapng; docs/sealed-captures.md.

#include "drivers/savefile.h"

#include <errno.h>
#include <sluice/app.h>
#include <stdio.h>

enum { IN };
enum { DROP_WRITE_FAILED };
enum { METRIC_BYTES, METRIC_TRUNCATED, METRIC_SEGMENTS };
enum { FORMAT_AUTO, FORMAT_PCAP, FORMAT_PCAPNG };
enum { PRECISION_NANO, PRECISION_MICRO };

enum {
	FLUSH_EVERY_NS = 100000000, // where packets keep coming
	SEGMENT_MIN = 1 << 20,      // bytes: room for what is written at once, more than twice
};

struct config {
	const char *file;
	unsigned format;
	uint64_t snaplen;
	unsigned precision;
	const char *seal, *key;
	uint64_t segment_bytes, segment_ns;
};

struct writer {
	struct sl_app app;
	struct sl_savefile file;
	struct sl_seal seal; // closed where the file is not sealed
	uint64_t segment_bytes, segment_ns;
	uint64_t began_ns; // the segment
	uint32_t snaplen;
	bool failed;
	bool quiet; // nothing came since the last tick
	uint64_t next_flush_ns;
	char failure[512];
};

// Whether it is time to end the segment: by its age, or because another buffer would not fit.
static bool is_due(const struct writer *self)
{
	const struct sl_savefile *f = &self->file;
	uint64_t bytes = f->segment_bytes + sl_sealer_size(f->used) +
			 sl_sealer_size(SL_SAVEFILE_BUFFER) + SL_SEALED_HEADER_MAX;

	if (f->segment_packets + f->waiting == 0 || !sl_savefile_can_turn(f))
		return false;
	return (self->segment_bytes && bytes > self->segment_bytes) ||
	       (self->segment_ns && self->app.now_ns - self->began_ns >= self->segment_ns);
}

static void fail(struct writer *self, int code)
{
	const char *path = self->file.path;

	self->failed = true;
	snprintf(self->failure, sizeof(self->failure), "%s: writing failed: %s",
		 strcmp(path, "-") == 0 ? "standard output" : path, strerror(-code));
	sl_app_fail(&self->app, self->failure);
}

// What the clerk of the segments cannot do does not stop the segment that is being written.
static void note_trouble(struct writer *self)
{
	const char *trouble = sl_savefile_trouble(&self->file);

	if (!trouble || self->failure[0])
		return;
	snprintf(self->failure, sizeof(self->failure), "%s", trouble);
	sl_app_fail(&self->app, self->failure);
}

// Settle the account of packets that waited, after r from a flush.
static void settle(struct writer *self, size_t waiting, size_t written, int r)
{
	sl_app_consumed(&self->app, written);
	sl_count(&self->app.drops[DROP_WRITE_FAILED], waiting - written);
	sl_app_metric(&self->app, METRIC_BYTES, self->file.bytes);
	if (r < 0)
		fail(self, r);
}

// Write what waits, and end the segment where it is time.
static void flush(struct writer *self)
{
	size_t waiting = self->file.waiting, written;
	bool turns = is_due(self);
	int r;

	if (self->file.used == 0 && !turns)
		return;
	r = turns ? sl_savefile_turn(&self->file, &written)
		  : sl_savefile_flush(&self->file, &written);
	settle(self, waiting, written, r);
	if (turns)
		self->began_ns = self->app.now_ns;
	self->next_flush_ns = self->app.now_ns + FLUSH_EVERY_NS;
}

// The file is emptied here and not in configure: now the graph is sure to run.
static void begin(struct writer *self)
{
	int r;

	if (self->file.begun || self->failed)
		return;
	r = sl_savefile_begin(&self->file);
	self->began_ns = self->app.now_ns;
	if (r < 0)
		fail(self, r);
}

static void write_one(struct writer *self, const struct rte_mbuf *p)
{
	uint32_t len = sl_len(p), captured = RTE_MIN(len, self->snaplen);
	uint64_t stamp_ns = sl_stamp_ns(p);

	if (!self->failed && !sl_savefile_has_room(&self->file, captured))
		flush(self);
	if (self->failed) {
		sl_count(&self->app.drops[DROP_WRITE_FAILED], 1);
		return;
	}
	if (captured < len)
		sl_app_metric_add(&self->app, METRIC_TRUNCATED, 1);
	sl_savefile_add(&self->file, sl_data(p), captured, len,
			stamp_ns ? stamp_ns : self->app.wall_ns);
}

static void writer_push(struct sl_app *app)
{
	struct writer *self = (struct writer *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = sl_app_take(app, IN, p, SL_BURST);

	begin(self);
	for (unsigned i = 0; i < n; i++)
		write_one(self, p[i]);
	sl_free_burst(p, n);
	sl_app_set_held(app, self->file.waiting);
	self->quiet = false;
}

// Whoever reads the file while it grows sees packets when they stop coming, and every 100 ms.
static void writer_tick(struct sl_app *app)
{
	struct writer *self = (struct writer *)app;

	begin(self);
	if (self->quiet || app->now_ns >= self->next_flush_ns)
		flush(self);
	sl_app_set_held(app, self->file.waiting);
	if (self->file.segments) {
		sl_app_metric(app, METRIC_SEGMENTS, sl_segments_named(self->file.segments));
		note_trouble(self);
	}
	self->quiet = true;
}

static bool is_pcapng(const struct config *c)
{
	size_t n = strlen(c->file);

	if (c->format != FORMAT_AUTO)
		return c->format == FORMAT_PCAPNG;
	return n > 7 && strcmp(c->file + n - 7, ".pcapng") == 0;
}

static int open_seal(struct writer *self, const struct config *c, struct sl_error *err)
{
	if (c->seal)
		return sl_seal_open(&self->seal, c->seal, c->key, SL_SAVEFILE_BUFFER, err);
	if (c->key)
		return sl_error_set(err, -EINVAL, "key is for sealed captures: give seal, too");
	if (c->segment_bytes || c->segment_ns)
		return sl_error_set(err, -EINVAL,
				    "segments are for sealed captures: give seal, too");
	return 0;
}

static int writer_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct writer *self = (struct writer *)app;
	const struct writer *old = (const struct writer *)app->predecessor;
	const struct config *c = config;
	struct sl_savefile_format format = {
		.pcapng = is_pcapng(c),
		.micro = c->precision == PRECISION_MICRO,
		.seal = c->seal ? &self->seal : NULL,
	};
	int r = open_seal(self, c, err);

	self->snaplen = (uint32_t)c->snaplen;
	self->segment_bytes = c->segment_bytes;
	self->segment_ns = c->segment_ns;
	if (r == 0)
		r = sl_savefile_open(&self->file, c->file, format, old ? &old->file : NULL, err);
	if (r == 0 && (c->segment_bytes || c->segment_ns) && !self->file.segments)
		r = sl_error_set(err, -EINVAL, "%s: is no folder, which segments need", c->file);
	return r;
}

static void writer_adopt(struct sl_app *app, struct sl_app *old_app)
{
	struct writer *self = (struct writer *)app, *old = (struct writer *)old_app;

	sl_savefile_adopt(&self->file, &old->file);
	sl_app_set_held(app, self->file.waiting);
	sl_app_set_held(old_app, old->file.waiting);
}

static void writer_stop(struct sl_app *app)
{
	struct writer *self = (struct writer *)app;
	size_t waiting = self->file.waiting, written;
	int r;

	r = sl_savefile_finish(&self->file, &written);
	settle(self, waiting, written, r);
	sl_app_set_held(app, 0);
	note_trouble(self);
	r = sl_savefile_close(&self->file);
	if (r < 0)
		fail(self, r);
	sl_seal_close(&self->seal);
}

static const char *const format_words[] = {
	[FORMAT_AUTO] = "auto",
	[FORMAT_PCAP] = "pcap",
	[FORMAT_PCAPNG] = "pcapng",
	NULL,
};

static const char *const precision_words[] = {
	[PRECISION_NANO] = "nano",
	[PRECISION_MICRO] = "micro",
	NULL,
};

static const struct sl_key writer_keys[] = {
	{
		.name = "file",
		.type = SL_PATH,
		.offset = offsetof(struct config, file),
		.required = true,
		.help = "capture to write, or - for standard output",
	},
	{
		.name = "format",
		.type = SL_CHOICE,
		.offset = offsetof(struct config, format),
		.preset = "auto",
		.help = "format; auto is pcapng for names ending in .pcapng, else pcap",
		.choices = format_words,
	},
	{
		.name = "snaplen",
		.type = SL_UINT,
		.offset = offsetof(struct config, snaplen),
		.preset = "262144",
		.help = "bytes of each frame to write, at most",
		.min = 1,
		.max = 262144,
	},
	{
		.name = "precision",
		.type = SL_CHOICE,
		.offset = offsetof(struct config, precision),
		.preset = "nano",
		.help = "time stamps in nano- or microseconds",
		.choices = precision_words,
	},
	{
		.name = "seal",
		.type = SL_PATH,
		.offset = offsetof(struct config, seal),
		.help = "capability (N, K or X): only its service can read the capture",
	},
	{
		.name = "key",
		.type = SL_PATH,
		.offset = offsetof(struct config, key),
		.help = "private key of the writer, which K and X seal with",
	},
	{
		.name = "segment",
		.type = SL_BYTES,
		.offset = offsetof(struct config, segment_bytes),
		.help = "bytes of a segment, at most, where file is a folder",
		.min = SEGMENT_MIN,
	},
	{
		.name = "segment-time",
		.type = SL_DURATION,
		.offset = offsetof(struct config, segment_ns),
		.help = "how long a segment is written, where file is a folder",
		.min = 1000000,
	},
	{.name = NULL},
};

const struct sl_app_class sl_pcap_writer_class = {
	.name = "pcap-writer",
	.help = "write packets into a capture file\n"
		"A packet keeps the time stamp it was captured or received with; one without is "
		"stamped with the time of writing.\n"
		"The file is opened when the graph is checked and emptied when it runs. When the "
		"disk is full, or whoever reads the pipe has gone, the app fails: the file ends "
		"with the last whole packet, and all that follow are dropped as write_failed. When "
		"the app is replaced by one that writes the same file, that goes on behind the "
		"packets already written.\n"
		"With seal, what is written can be read by the holder of the private key alone, "
		"and not by the machine that writes it: see sluice unseal. Where file is a folder, "
		"the capture is a row of segments in it, each named by its SHA-256 once it is "
		"complete. A segment that has reached its size or time goes on until the next one "
		"is ready.",
	.inputs = {[IN] = "in"},
	.drops = {[DROP_WRITE_FAILED] = "write_failed"},
	.metrics = {[METRIC_BYTES] = "bytes",
		    [METRIC_TRUNCATED] = "truncated",
		    [METRIC_SEGMENTS] = "segments"},
	.keys = writer_keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct writer),
	.configure = writer_configure,
	.adopt = writer_adopt,
	.push = writer_push,
	.tick = writer_tick,
	.stop = writer_stop,
};
