// pcap-reader: replays capture files.
//
// The packets to go next stand in a window, each with its deadline; a packet is made only when
// its deadline has come and the output has room for it, so the app holds none.
//
// Ports: -> out.  Config: file, loop, rate, stream, key, cap, psk, writer.
// Spec: pcap-savefile(5); draft-ietf-opsawg-pcapng; docs/sealed-captures.md.

#include "core/config.h"
#include "core/histogram.h"
#include "core/pool.h"
#include "drivers/pace.h"
#include "drivers/playlist.h"

#include <errno.h>

enum { OUT };
enum { DROP_TOO_LONG };
enum {
	METRIC_FILES,
	METRIC_LOOPS,
	METRIC_BYTES,
	METRIC_TRUNCATED,
	METRIC_DONE,
	METRIC_PACED,
	METRIC_LATE_P50,
	METRIC_LATE_P99,
	METRIC_LATE_MAX,
};
enum {
	SHORT_FRAME = 256,           // bytes; copied in blocks, longer ones by memcpy
	PREFETCH_AHEAD = 4,          // packets
	REPORT_EVERY_NS = 100000000, // lateness and progress
};

struct config {
	struct sl_strings files;
	const char *loop, *rate;
	unsigned stream;
	struct sl_unseal_files unseal;
};

// The packets to go next, in order. The records belong to reader.list.
struct window {
	unsigned next, count;
	const struct sl_record *record[SL_BURST];
	uint64_t due_ns[SL_BURST]; // since the start
};

struct reader {
	struct sl_app app;
	struct window window;
	struct sl_playlist list;
	struct sl_unseal_keys keys; // zeros where there are none
	uint32_t frame_bytes;       // longest frame for the engine's pool; 0 before the start
	struct sl_error failure;

	bool paced;
	struct sl_pace pace;
	uint64_t start_ns, report_ns;
	struct sl_histogram late;
};

// Fill the empty window. Returns false where nothing is left to replay.
static bool window_fill(struct reader *self)
{
	struct window *w = &self->window;

	w->next = 0;
	w->count = sl_playlist_next(&self->list, w->record, SL_BURST);
	for (unsigned i = 0; self->paced && i < w->count; i++) {
		const struct sl_record *r = w->record[i];

		w->due_ns[i] = sl_pace_next(&self->pace, r->flags & SL_RECORD_FIRST, r->stamp_ns,
					    r->len);
	}
	sl_app_metric(&self->app, METRIC_LOOPS, self->list.loops_done);
	return w->count > 0;
}

// Copy a frame into a packet that has room for it. Blocks of a constant size cost a few moves;
// memcpy is better only where its wide ones pay for the call.
static inline void copy_frame(struct rte_mbuf *p, const uint8_t *from, uint16_t len)
{
	uint8_t *to = sl_data(p);

	if (len > SHORT_FRAME || sl_tailroom(p) < SHORT_FRAME) {
		memcpy(to, from, len);
		return;
	}
	for (unsigned i = 0; i < len; i += SL_RECORD_BLOCK)
		memcpy(to + i, from + i, SL_RECORD_BLOCK);
}

static bool take(struct rte_mempool *pool, struct rte_mbuf **p, unsigned n)
{
	return rte_mempool_get_bulk(pool, (void **)p, n) == 0;
}

// Turn the window's first n records into packets of the pool and give them.
// Returns how many: n, or fewer where the pool runs out.
static unsigned replay(struct reader *self, struct rte_mempool *pool, unsigned n)
{
	const struct sl_record **record = &self->window.record[self->window.next];
	const struct sl_records *records = &self->list.records;
	struct rte_mbuf *p[SL_BURST];
	uint64_t bytes = 0, truncated = 0;

	if (!take(pool, p, n)) {
		n = 1;
		if (!take(pool, p, n))
			return 0;
	}
	for (unsigned i = 0; i < n; i++) {
		const struct sl_record *r = record[i];

		if (i + PREFETCH_AHEAD < n)
			rte_prefetch0(sl_record_data(records, record[i + PREFETCH_AHEAD]));
		sl_packet_fresh(p[i]); // here and not before, so that each field is written once
		sl_set_len(p[i], r->len);
		sl_set_stamp_ns(p[i], r->stamp_ns);
		copy_frame(p[i], sl_record_data(records, r), r->len);
		bytes += r->len;
		truncated += (r->flags & SL_RECORD_TRUNCATED) != 0;
	}
	sl_app_created(&self->app, n);
	sl_app_metric_add(&self->app, METRIC_BYTES, bytes);
	sl_app_metric_add(&self->app, METRIC_TRUNCATED, truncated);
	sl_app_give(&self->app, OUT, p, n);
	return n;
}

// Returns NULL, and the app has failed, where there is no memory for the pool of long frames.
static struct rte_mempool *jumbo_pool(struct reader *self)
{
	struct rte_mempool *pool = sl_app_jumbo_pool(&self->app, &self->failure);

	if (!pool) {
		sl_app_fail(&self->app, self->failure.text);
		sl_app_finish(&self->app);
	}
	return pool;
}

static bool is_jumbo(const struct reader *self, const struct sl_record *r)
{
	return r->len > self->frame_bytes;
}

static unsigned drop_too_long(struct reader *self)
{
	sl_app_created(&self->app, 1);
	sl_count(&self->app.drops[DROP_TOO_LONG], 1);
	return 1;
}

// replay where some frames do not fit the engine's pool: as many of the first n as have a pool
// in common.
static unsigned replay_mixed(struct reader *self, unsigned n)
{
	const struct sl_record **record = &self->window.record[self->window.next];
	bool jumbo = is_jumbo(self, record[0]);
	struct rte_mempool *pool = self->app.pool;
	unsigned run = 0;

	if (record[0]->flags & SL_RECORD_TOO_LONG)
		return drop_too_long(self);
	if (jumbo)
		pool = jumbo_pool(self);
	while (run < n && is_jumbo(self, record[run]) == jumbo &&
	       !(record[run]->flags & SL_RECORD_TOO_LONG))
		run++;
	return pool ? replay(self, pool, run) : 0;
}

static void note_lateness(struct reader *self, unsigned n)
{
	uint64_t elapsed_ns = self->app.now_ns - self->start_ns;

	for (unsigned i = 0; i < n; i++)
		sl_histogram_add(&self->late,
				 elapsed_ns - self->window.due_ns[self->window.next + i]);
}

static void report_lateness(struct reader *self)
{
	sl_app_metric(&self->app, METRIC_PACED, self->late.count);
	sl_app_metric(&self->app, METRIC_LATE_P50, sl_histogram_quantile(&self->late, 0.5));
	sl_app_metric(&self->app, METRIC_LATE_P99, sl_histogram_quantile(&self->late, 0.99));
	sl_app_metric(&self->app, METRIC_LATE_MAX, self->late.max);
}

// How many of the window's packets, at most max, are due. Where none is, ask to be called in
// time for the first.
static unsigned count_due(struct reader *self, unsigned max)
{
	struct window *w = &self->window;
	const uint64_t *due_ns = &w->due_ns[w->next];
	uint64_t elapsed_ns = self->app.now_ns - self->start_ns;
	unsigned n = 0;

	max = RTE_MIN(max, w->count - w->next);
	if (!self->paced)
		return max;
	while (n < max && due_ns[n] <= elapsed_ns)
		n++;
	if (n == 0)
		sl_app_wake_at(&self->app, self->start_ns + due_ns[0]);
	return n;
}

// Send due packets, at most max. Returns how many; 0 where none can go now.
static unsigned send_due(struct reader *self, unsigned max)
{
	unsigned n = count_due(self, max);

	if (n == 0)
		return 0;
	if (self->list.records.longest <= self->frame_bytes)
		n = replay(self, self->app.pool, n);
	else
		n = replay_mixed(self, n);
	if (self->paced)
		note_lateness(self, n);
	self->window.next += n;
	return n;
}

static void report_progress(struct reader *self)
{
	sl_app_metric(&self->app, METRIC_DONE, (uint64_t)(1000 * sl_playlist_done(&self->list)));
	if (self->paced)
		report_lateness(self);
}

static void finish(struct reader *self)
{
	if (self->list.failure.text[0])
		sl_app_fail(&self->app, self->list.failure.text);
	report_progress(self);
	sl_app_finish(&self->app);
}

static void reader_pull(struct sl_app *app)
{
	struct reader *self = (struct reader *)app;
	struct sl_link *l = app->out[OUT];
	unsigned room = l ? (unsigned)RTE_MIN(sl_link_room(l), (uint64_t)SL_BURST) : SL_BURST;

	if (!self->frame_bytes) {
		self->frame_bytes = sl_pool_frame_bytes(app->pool);
		self->start_ns = app->now_ns;
	}
	while (room > 0 && !atomic_load_explicit(&app->finished, memory_order_relaxed)) {
		unsigned n;

		if (self->window.next == self->window.count && !window_fill(self)) {
			finish(self);
			return;
		}
		n = send_due(self, room);
		if (n == 0)
			return;
		room -= n;
	}
}

static void reader_tick(struct sl_app *app)
{
	struct reader *self = (struct reader *)app;

	if (app->now_ns < self->report_ns)
		return;
	report_progress(self);
	self->report_ns = app->now_ns + REPORT_EVERY_NS;
}

static int parse_loops(const char *text, uint64_t *loops, struct sl_error *err)
{
	*loops = 0;
	if (strcmp(text, "forever") == 0)
		return 0;
	if (sl_parse_uint(text, loops, NULL) < 0 || *loops == 0)
		return sl_error_set(err, -EINVAL, "'%s' is neither a count nor forever", text);
	return 0;
}

static int check_loops(const char *text, struct sl_error *err)
{
	uint64_t loops;

	return parse_loops(text, &loops, err);
}

static int check_rate(const char *text, struct sl_error *err)
{
	struct sl_pace pace;

	return sl_pace_parse(&pace, text, err);
}

// Keys are read where any is named; what else is missing is said then.
static int read_keys(struct reader *self, const struct sl_unseal_files *files,
		     const struct sl_unseal_keys **keys, struct sl_error *err)
{
	*keys = NULL;
	if (!files->key && !files->cap && !files->psk && !files->writer)
		return 0;
	*keys = &self->keys;
	return sl_unseal_keys_load(&self->keys, files, err);
}

static int reader_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct reader *self = (struct reader *)app;
	const struct config *c = config;
	struct sl_playlist_order order = {.files = c->files, .mode = c->stream};
	int r = parse_loops(c->loop, &order.loops, err);

	if (r == 0)
		r = sl_pace_parse(&self->pace, c->rate, err);
	if (r == 0)
		r = read_keys(self, &c->unseal, &order.keys, err);
	if (r < 0)
		return r;
	self->paced = self->pace.mode != SL_PACE_MAX;
	sl_app_metric(app, METRIC_FILES, c->files.count);
	return sl_playlist_open(&self->list, &order, err);
}

static void reader_stop(struct sl_app *app)
{
	struct reader *self = (struct reader *)app;

	sl_playlist_close(&self->list);
	sl_secret_wipe(&self->keys, sizeof(self->keys));
}

static const char *const stream_words[] = {
	[SL_PLAYLIST_AUTO] = "auto",
	[SL_PLAYLIST_STREAM] = "yes",
	[SL_PLAYLIST_MEMORY] = "no",
	NULL,
};

static const struct sl_key reader_keys[] = {
	{
		.name = "file",
		.type = SL_PATHS,
		.offset = offsetof(struct config, files),
		.required = true,
		.help = "capture to replay, or several, one after the other",
	},
	{
		.name = "loop",
		.type = SL_STRING,
		.offset = offsetof(struct config, loop),
		.preset = "1",
		.help = "how many times to replay them: a count, or forever",
		.check = check_loops,
	},
	{
		.name = "rate",
		.type = SL_STRING,
		.offset = offsetof(struct config, rate),
		.preset = "max",
		.help = "max, original, a speed such as x2 or x0.5, or a rate such as 5Mpps",
		.check = check_rate,
	},
	{
		.name = "stream",
		.type = SL_CHOICE,
		.offset = offsetof(struct config, stream),
		.preset = "auto",
		.help = "read while replaying (yes) or all of it first (no)",
		.choices = stream_words,
	},
	{
		.name = "key",
		.type = SL_PATH,
		.offset = offsetof(struct config, unseal.key),
		.help = "private key that sealed captures are for",
	},
	{
		.name = "cap",
		.type = SL_PATH,
		.offset = offsetof(struct config, unseal.cap),
		.help = "capability that they were sealed by",
	},
	{
		.name = "psk",
		.type = SL_PATH,
		.offset = offsetof(struct config, unseal.psk),
		.help = "or its psk alone",
	},
	{
		.name = "writer",
		.type = SL_STRING,
		.offset = offsetof(struct config, unseal.writer),
		.help = "public key, or its file, of who sealed them: needed for K, verified for X",
	},
	{.name = NULL},
};

const struct sl_app_class sl_pcap_reader_class = {
	.name = "pcap-reader",
	.help = "replay capture files\n"
		"Reads pcap and pcapng files of Ethernet frames, with micro- or nanoseconds, "
		"in either byte order. Frames that the snap length cut off are replayed as "
		"captured, and counted as truncated.\n"
		"Captures are held in memory. Files of 64 MiB and more that are replayed once, "
		"and pipes, are streamed. Damage is found before the start in memory, and when "
		"it is reached in a stream.\n"
		"At original timing, and at a multiple of it, each packet has an absolute "
		"deadline: no delay adds up. Packets whose time stamp lies before the one of a "
		"packet already sent go with that. When a capture ends, the next one, or the "
		"same one again, follows after the mean gap between its packets; a single "
		"packet has no gap. Rates in bits count the bytes of the frames.\n"
		"A pipe is read as its bytes come, and the worker waits for them.\n"
		"Sealed captures (see pcap-writer) are opened with key and cap as they are "
		"read, and are in the clear in memory alone.",
	.outputs = {[OUT] = "out"},
	.drops = {[DROP_TOO_LONG] = "too_long"},
	.metrics =
		{
			[METRIC_FILES] = "files",
			[METRIC_LOOPS] = "loops",
			[METRIC_BYTES] = "bytes",
			[METRIC_TRUNCATED] = "truncated",
			[METRIC_DONE] = "done_permille",
			[METRIC_PACED] = "paced",
			[METRIC_LATE_P50] = "late_p50_ns",
			[METRIC_LATE_P99] = "late_p99_ns",
			[METRIC_LATE_MAX] = "late_max_ns",
		},
	.keys = reader_keys,
	.config_size = sizeof(struct config),
	.size = sizeof(struct reader),
	.configure = reader_configure,
	.pull = reader_pull,
	.tick = reader_tick,
	.stop = reader_stop,
};
