// app: a class says what a kind of app is, an app is one instance of it.
//
// A class is a const table: ports, config keys, named drops, callbacks. An instance is a struct
// of the class's own whose first member is a struct sl_app. The engine allocates it zeroed,
// configures it, wires its links and calls it from exactly one worker.
//
// Callbacks of the class, control thread:
//   needs      Say what an instance of this config will need.
//   check      Say whether the files that a config names are right, and what they say together;
//              which value is wrong. Without an instance, and without opening what is no file.
//
// Callbacks, in the order of an instance's life:
//   configure  control thread. Read the config, open what must be opened. May fail; then stop is
//              called on what there is. The packet path has not changed yet.
//   adopt      control thread, workers paused. The instance replaces `old`, same name and class,
//              whose config differed: take over what should survive. Cannot fail.
//   settle     control thread, workers paused. The graph has changed, this app or others: learn
//              what it needs to know about them (sl_app_find). Cannot fail.
//   pull       worker, once per breath: bring packets in from outside. A class with pull is a
//              place where a graph may form a cycle.
//   push       worker, while packets wait on an input: take, work, give.
//   tick       worker, about every millisecond.
//   call       control thread, its worker paused: answer a request of the class's own, see
//              sl_engine_call. May allocate, gives no packets.
//   quiesce    control thread, workers paused. The sources end, what is on its way still leaves:
//              give what the outside should hear last. settle follows if all goes on after all.
//   stop       control thread, no worker calls any more: close, free. Packets still held are
//              freed here.
//
// pull, push and tick never allocate from the heap, lock, log or (drivers apart) make a system
// call. Packets do not fail: each leaves by a port, by sl_app_consume or by a named drop.
#pragma once

#include <assert.h>
#include <sluice/error.h>
#include <sluice/link.h>

#pragma GCC visibility push(default)

enum {
	SL_PORTS_MAX = 64,   // links on one side of an app
	SL_DROPS_MAX = 32,   // named drops of a class
	SL_METRICS_MAX = 32, // named metrics of a class
	SL_WATCHES_MAX = 4,  // descriptors that an app watches
};

// What the text of a config key means, and the C type it is stored as.
enum sl_type {
	SL_BOOL,     // yes/no/true/false/on/off: bool
	SL_UINT,     // 1000, 0x3e8, 1k, 1M (powers of 1000): uint64_t, between min and max
	SL_REAL,     // 0.25, 25%: double, between min and max
	SL_STRING,   // const char *, NULL where unset; lives as long as the instance
	SL_PATH,     // const char *; relative to the folder of the file it is written in
	SL_STRINGS,  // a list of strings, or one: struct sl_strings
	SL_PATHS,    // a list of paths, or one: struct sl_strings
	SL_CHOICE,   // one word of `choices`: unsigned, its index
	SL_BYTES,    // 1500, 64k, 2MiB: uint64_t, between min and max
	SL_DURATION, // 10ns, 5us, 1.5ms, 2s, 1min: uint64_t nanoseconds, between min and max
	SL_RATE,     // 5Mpps, 2.5Gbps, 100kpps: struct sl_rate
};

struct sl_strings {
	const char *const *items;
	size_t count;
};

struct sl_rate {
	double per_second; // 0 where unset
	bool is_bits;      // bits of the frame (no FCS, preamble or gap) per second, else packets
};

// One config key. The first key of a class is its principal one: `filter: udp port 53` and
// `filter 'udp port 53'` set it without naming it.
struct sl_key {
	const char *name; // NULL ends the table
	enum sl_type type;
	size_t offset;              // into the class's config struct
	const char *preset;         // the default as text; NULL = unset (or an error, if required)
	bool required;              // must be given
	const char *help;           // one line, no full stop
	const char *const *choices; // SL_CHOICE: words, NULL at the end
	double min, max;            // numbers, in the unit stored; max 0 = no limit

	// Whether a text, or each of a list, is right as far as that can be seen from it alone, so
	// that a wrong one is shown where it is written before anything is made of it. NULL = any.
	// Control thread. Returns 0 or -errno with err->text, which begins with the text in quotes.
	int (*check)(const char *text, struct sl_error *err);
};

struct sl_app;
struct sl_apps; // those of a running graph

// Which value of a config is a mistake.
struct sl_blame {
	const char *key; // NULL = none in particular
	size_t item;     // of a list
};

// What an instance will need, asked before it is configured.
struct sl_needs {
	uint32_t packets;     // it may hold or queue this many, beside its links
	uint32_t frame_bytes; // longest frame it will put into the engine's pool
};

struct sl_app_class {
	const char *name; // lower case, words joined by '-'
	const char *help; // what it does: one line, then, after a newline, details as prose

	// Names by port number, NULL at the end. The last name may be "*": any number of further
	// ports, named as the links name them or numbered from 1 in the order of the links.
	const char *inputs[SL_PORTS_MAX];
	const char *outputs[SL_PORTS_MAX];

	const char *drops[SL_DROPS_MAX];     // names by reason number
	const char *metrics[SL_METRICS_MAX]; // names by metric number; the unit ends the name

	const struct sl_key *keys; // NULL = none
	size_t config_size;        // bytes of the config struct
	size_t size;               // bytes of the instance, struct sl_app first
	bool delays;               // pull only gives what push took before: not a source
	bool loops;                // its links may lead back to where its packets come from

	void (*needs)(const void *config, struct sl_needs *needs);
	int (*check)(const void *config, struct sl_blame *blame, struct sl_error *err);
	int (*configure)(struct sl_app *app, const void *config, struct sl_error *err);
	void (*adopt)(struct sl_app *app, struct sl_app *old);
	void (*settle)(struct sl_app *app, const struct sl_apps *apps);
	void (*pull)(struct sl_app *app);
	void (*push)(struct sl_app *app);
	void (*tick)(struct sl_app *app);
	int (*call)(struct sl_app *app, void *request, struct sl_error *err);
	void (*quiesce)(struct sl_app *app);
	void (*stop)(struct sl_app *app);
};

// The part of an instance that the engine wires. Apps read it; only the functions below write.
struct sl_app {
	const struct sl_app_class *class;
	const char *name;
	struct rte_mempool *pool;   // where this app's new packets come from
	struct sl_jumbo *jumbo;     // see sl_app_jumbo_pool
	uint32_t mtu;               // largest IP packet of the graph, bytes
	struct sl_app *predecessor; // in configure: the running instance it will replace, or NULL

	struct sl_link **in, **out; // by port number; NULL where nothing is connected
	const char *const *in_names, *const *out_names; // by port number
	uint16_t n_in, n_out;
	uint16_t worker;
	uint8_t ether[6];              // a port's link-layer address, set in configure; zero = none
	_Atomic bool finished;         // see sl_app_finish
	_Atomic(const char *) failure; // see sl_app_fail; NULL = none

	uint64_t now_ns;  // monotonic, once per breath; goes on while the host sleeps
	uint64_t wall_ns; // since 1970, once per breath
	uint64_t wake_ns; // see sl_app_wake_at

	int watches[SL_WATCHES_MAX]; // see sl_app_watch
	unsigned n_watches;

	// Written by the app's worker, read by anyone.
	_Alignas(SL_LINE) _Atomic uint64_t taken; // packets taken from its links
	_Atomic uint64_t given;                   // packets given to its links
	_Atomic uint64_t created;                 // packets it brought in
	_Atomic uint64_t consumed;                // packets it handed to the outside or absorbed
	_Atomic uint64_t held;                    // packets it holds now, beside its links
	_Atomic uint64_t unconnected;             // packets given to a port without a link
	_Atomic uint64_t cycles, cycle_packets; // TSC cycles, and packets, of the breaths measured
	_Atomic uint64_t drops[SL_DROPS_MAX];
	_Atomic uint64_t metrics[SL_METRICS_MAX];
};

// Returns the app of that name, to be looked at within settle, or NULL.
const struct sl_app *sl_app_find(const struct sl_apps *apps, const char *name);

// Returns the number of the output, or input, of that name, or -1. From configure on.
int sl_app_output(const struct sl_app *app, const char *name);
int sl_app_input(const struct sl_app *app, const char *name);

// Add to a counter that this worker alone writes.
static inline void sl_count(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

// The engine's second pool, for frames that app->pool has no room for, up to SL_FRAME_MAX bytes.
// It is made when first asked for, which takes milliseconds.
//
// Returns the pool, which belongs to the engine, or NULL with err filled.
struct rte_mempool *sl_app_jumbo_pool(struct sl_app *app, struct sl_error *err);

// Take up to max packets from an input port; the app owns them. 0 where nothing is connected.
static inline unsigned sl_app_take(struct sl_app *app, unsigned port, struct rte_mbuf **p,
				   unsigned max)
{
	struct sl_link *l = app->in[port];
	unsigned n;

	if (!l)
		return 0;
	n = sl_link_take(l, p, max);
	sl_count(&app->taken, n);
	return n;
}

// Drop n packets that were given to a port without a link.
void sl_app_unconnected(struct sl_app *app, struct rte_mbuf *const *p, unsigned n);

// Give n packets to an output port. The app no longer owns them.
static inline void sl_app_give(struct sl_app *app, unsigned port, struct rte_mbuf *const *p,
			       unsigned n)
{
	struct sl_link *l = app->out[port];

	if (__builtin_expect(!l, 0)) {
		sl_app_unconnected(app, p, n);
		return;
	}
	sl_link_give(l, p, n);
	sl_count(&app->given, n);
}

static inline void sl_app_give_one(struct sl_app *app, unsigned port, struct rte_mbuf *p)
{
	sl_app_give(app, port, &p, 1);
}

// Drop a packet for a reason of the class's table. The app no longer owns it.
static inline void sl_app_drop(struct sl_app *app, struct rte_mbuf *p, unsigned reason)
{
	sl_count(&app->drops[reason], 1);
	sl_free(p);
}

// Count n packets that came into the engine here: received, read, generated or copied.
static inline void sl_app_created(struct sl_app *app, uint64_t n)
{
	sl_count(&app->created, n);
}

// Count n packets that left the engine here: sent, written or absorbed. The caller frees them
// or has handed them to their new owner.
static inline void sl_app_consumed(struct sl_app *app, uint64_t n)
{
	sl_count(&app->consumed, n);
}

// Say how many packets the app holds between two callbacks, outside its links.
static inline void sl_app_set_held(struct sl_app *app, uint64_t n)
{
	atomic_store_explicit(&app->held, n, memory_order_relaxed);
}

// Set, or add to, a metric of the class's table.
static inline void sl_app_metric(struct sl_app *app, unsigned metric, uint64_t value)
{
	atomic_store_explicit(&app->metrics[metric], value, memory_order_relaxed);
}

static inline void sl_app_metric_add(struct sl_app *app, unsigned metric, uint64_t n)
{
	sl_count(&app->metrics[metric], n);
}

// Ask to be called no later than now_ns + something: an idle worker may otherwise sleep on.
// Holds for the next sleep only.
static inline void sl_app_wake_at(struct sl_app *app, uint64_t ns)
{
	if (!app->wake_ns || ns < app->wake_ns)
		app->wake_ns = ns;
}

// Name a descriptor that is readable whenever there is something to pull: that ends the sleep of an
// idle worker. In configure; it is open as long as the app lives.
static inline void sl_app_watch(struct sl_app *app, int fd)
{
	assert(app->n_watches < SL_WATCHES_MAX);
	app->watches[app->n_watches++] = fd;
}

// Say that this source will never bring in a packet again (its file has ended).
static inline void sl_app_finish(struct sl_app *app)
{
	atomic_store_explicit(&app->finished, true, memory_order_release);
}

// Say that the app cannot do its job any more: its disk is full, its capture damaged. It goes on
// being called and accounts for its packets; the control thread finds the text in the statistics
// and decides. The first failure stays.
//
// text  One line that names what failed; lives as long as the instance.
static inline void sl_app_fail(struct sl_app *app, const char *text)
{
	if (!atomic_load_explicit(&app->failure, memory_order_relaxed))
		atomic_store_explicit(&app->failure, text, memory_order_release);
}

// What a plugin exports, under the symbol `sl_plugin`. The version comes first, so that any
// library can read it in any plugin.
struct sl_plugin {
	uint32_t abi; // SL_ABI_VERSION of <sluice/version.h>
	uint32_t reserved;
	const struct sl_app_class *const *classes; // NULL at the end
};

#pragma GCC visibility pop
