// flood: what a flood of handshake messages costs the data path of a tunnel. Looped inner packets
// are sealed, while so many messages a second come to the same tunnel: random bytes with a right
// mac1, or initiations of a peer that it knows, both from addresses that are not theirs. The
// handshake has a worker of its own, or shares that of the data.
//
// Packets are counted in processor time of the data's worker, which also makes the flood. Turns
// with and without it alternate. Usage: flood [RATE]

#include "bench/harness.h"
#include "bench/pipeline.h"
#include "bench/tunnel_apps.h"

#include "core/tunnel/handshake.h"
#include "core/tunnel/outer.h"

#include <sluice/key.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	RATE = 100000,
	TURNS = 7,
	TURN_US = 300 * 1000,
	SIZE = 590,
	LOOPED = 576,
	MESSAGES = 256,
	PEER = 1, // 0 is the handshake's own
	FLOOD_LOOP = BENCH_KINDS,
};

static _Atomic uint64_t rate; // messages a second
static uint8_t private_key[SL_KEY], other_key[SL_KEY];

// ---- bench-flood

struct flood {
	struct sl_app app;
	uint64_t due_ns; // of the next message
	unsigned next;
};

static struct rte_mbuf *message(struct flood *self)
{
	const struct bench_loop *l = &bench_loops[FLOOD_LOOP];
	const struct bench_packet *from = &l->packets[self->next];
	struct rte_mbuf *p;

	if (!sl_alloc_burst(self->app.pool, &p, 1))
		return NULL;
	memcpy(sl_append(p, from->len), from->bytes, from->len);
	self->next = (self->next + 1) % l->n;
	sl_app_created(&self->app, 1);
	return p;
}

static void flood_pull(struct sl_app *app)
{
	struct flood *self = (struct flood *)app;
	uint64_t per_second = atomic_load_explicit(&rate, memory_order_relaxed);
	struct rte_mbuf *p;

	if (per_second == 0 || self->due_ns + 1000000 < app->now_ns) // do not catch up
		self->due_ns = app->now_ns;
	while (per_second > 0 && self->due_ns < app->now_ns && (p = message(self))) {
		sl_app_give_one(app, 0, p);
		self->due_ns += 1000000000 / per_second;
	}
}

static const struct sl_app_class flood_class = {
	.name = "bench-flood",
	.outputs = {"out"},
	.size = sizeof(struct flood),
	.pull = flood_pull,
};

// ---- messages

static void check(int code, const struct sl_error *err)
{
	if (code >= 0)
		return;
	fprintf(stderr, "flood: %s\n", err ? err->text : "failed");
	exit(1);
}

// IPv4 and UDP without a checksum, from an address of many.
static void add_message(const uint8_t *text, uint16_t len, unsigned number)
{
	uint8_t bytes[SL_OUTER4_LEN + SL_HANDSHAKE_MAX] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17};
	const uint16_t whole = (uint16_t)(SL_OUTER4_LEN + len);

	store_be16(bytes + 2, whole);
	store_be32(bytes + 12, 0xc6330000 + number * 97); // 198.51
	memcpy(bytes + 16, (uint8_t[]){192, 0, 2, 1}, 4);
	store_be16(bytes + 20, (uint16_t)(1024 + number));
	store_be16(bytes + 22, 51820);
	store_be16(bytes + 24, (uint16_t)(len + SL_UDP_LEN));
	memcpy(bytes + SL_OUTER4_LEN, text, len);
	bench_loop_add(&bench_loops[FLOOD_LOOP], bytes, whole);
}

static void make_garbage(const struct sl_mac_keys *keys)
{
	for (unsigned i = 0; i < MESSAGES; i++) {
		uint8_t text[sizeof(struct sl_message_initiation)];
		struct sl_cookie none = {0};

		randombytes_buf(text, sizeof(text));
		store_le32(text, SL_MESSAGE_INITIATION);
		sl_macs_put(&none, keys, 1, text, sizeof(text));
		add_message(text, sizeof(text), i);
	}
}

static void make_initiations(const struct sl_tunnel_local *me, const struct sl_tunnel_remote *peer)
{
	for (unsigned i = 0; i < MESSAGES; i++) {
		uint8_t text[SL_HANDSHAKE_MAX], stamp[SL_TAI64N];
		struct sl_handshake h = {0};
		struct sl_cookie none = {0};
		int len;

		sl_tai64n((1700000000ull + i) * 1000000000, stamp);
		len = sl_handshake_initiate(&h, me, peer, i + 1, stamp, text);
		check(len, NULL);
		sl_macs_put(&none, &peer->first, 1, text, (size_t)len);
		add_message(text, (uint16_t)len, i);
	}
}

static void make_messages(bool valid)
{
	uint8_t public_key[SL_KEY];
	struct sl_tunnel_remote peer;
	struct sl_tunnel_local me;

	sl_key_public(private_key, public_key);
	sl_tunnel_local_init(&me, SL_TUNNEL_IK, other_key);
	sl_tunnel_remote_init(&peer, &me, public_key, NULL);
	bench_loop_init(FLOOD_LOOP, MESSAGES, SL_OUTER4_LEN + SL_HANDSHAKE_MAX);
	if (valid)
		make_initiations(&me, &peer);
	else
		make_garbage(&peer.first);
}

static void make_plain(void)
{
	uint8_t bytes[SIZE] = {0x45, 0, SIZE >> 8, SIZE & 255, 0, 0, 0, 0, 64, 17};

	bench_peer_address(PEER, bytes + 12);
	bench_peer_address(PEER, bytes + 16);
	bench_loop_init(BENCH_PLAIN, LOOPED, SIZE);
	for (unsigned i = 0; i < LOOPED; i++)
		bench_loop_add(&bench_loops[BENCH_PLAIN], bytes, SIZE);
	bench_loops[BENCH_PLAIN].left = UINT64_MAX;
}

// ---- the graph

static struct sl_graph *graph(const char *key_path, bool own_worker)
{
	static const char format[] =
		"workers: %d\n"
		"idle: off\n"
		"apps:\n"
		"  peers: {bench-peers: {n: 2}, worker: 0}\n"
		"  plain: {bench-feed: {loop: 0}, worker: 0}\n"
		"  flood: {bench-flood: {}, worker: 0}\n"
		"  told: {join: {}, worker: 0}\n"
		"  tunnel: {tunnel-data: {max-peers: 8}, worker: 0}\n"
		"  out: {sink: {}, worker: 0}\n"
		"  shake: {tunnel-handshake: {key: '%s', peers: ['%s']}, worker: %d}\n"
		"  answers: {sink: {}, worker: %d}\n"
		"links:\n"
		"  - peers -> told -> tunnel.commands\n"
		"  - shake.commands -> told\n"
		"  - plain -> tunnel.inner\n"
		"  - flood -> tunnel.outer\n"
		"  - tunnel.outer4 -> out\n"
		"  - tunnel.handshake -> shake.handshake\n"
		"  - tunnel.events -> shake.events\n"
		"  - shake.outer4 -> answers\n";
	struct sl_graph *g = sl_graph_create();
	struct sl_error err = {0};
	char yaml[2000], text[SL_KEY_TEXT];
	uint8_t public_key[SL_KEY];

	sl_key_public(other_key, public_key);
	sl_key_format(public_key, text);
	snprintf(yaml, sizeof(yaml), format, own_worker ? 2 : 1, key_path, text, own_worker,
		 own_worker);
	check(sl_graph_parse(g, yaml, "flood", &err), &err);
	return g;
}

// ---- turns

struct sums {
	uint64_t packets, cpu_ns, taken, dropped;
};

static struct sums sums_of(struct sl_engine *e)
{
	const struct sl_stats *s = sl_stats_read(e);
	const struct sl_app_stats *shake = sl_stats_app(s, "shake");
	struct sums n = {.packets = sl_stats_app(s, "out")->in,
			 .cpu_ns = s->workers[0].cpu_ns,
			 .taken = shake->in};

	for (size_t i = 0; i < s->n_links; i++)
		if (strcmp(s->links[i].to, "shake") == 0)
			n.dropped += s->links[i].drops;
	sl_stats_free(s);
	return n;
}

struct outcome {
	double mpps[TURNS];
	double taken, dropped; // messages a second of processor time, all turns together
	double seconds;
};

static void turn(struct sl_engine *e, uint64_t flood, struct outcome *o, unsigned i)
{
	struct sums a, b;
	double seconds;

	atomic_store(&rate, flood);
	usleep(TURN_US / 10);
	a = sums_of(e);
	usleep(TURN_US);
	b = sums_of(e);
	seconds = (double)(b.cpu_ns - a.cpu_ns) / 1e9;
	o->mpps[i] = (double)(b.packets - a.packets) / seconds / 1e6;
	o->taken += (double)(b.taken - a.taken);
	o->dropped += (double)(b.dropped - a.dropped);
	o->seconds += seconds;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(struct outcome *o)
{
	qsort(o->mpps, TURNS, sizeof(o->mpps[0]), compare);
	return o->mpps[TURNS / 2];
}

static void print_drops(struct sl_engine *e)
{
	const struct sl_stats *s = sl_stats_read(e);
	const struct sl_app_stats *shake = sl_stats_app(s, "shake");

	for (size_t i = 0; i < shake->n_drops; i++)
		if (shake->drops[i].value > 0)
			printf(" %s %llu", shake->drops[i].name,
			       (unsigned long long)shake->drops[i].value);
	printf("; sessions %llu\n",
	       (unsigned long long)sl_app_stats_metric(sl_stats_app(s, "tunnel"), "sessions"));
	sl_stats_free(s);
}

static void measure(const char *title, const char *key_path, bool own_worker, uint64_t flood)
{
	struct outcome quiet = {0}, flooded = {0};
	struct bench_pipeline b;
	struct sl_error err = {0};

	bench_pipeline_open_graph(&b, graph(key_path, own_worker), "out");
	check(sl_engine_start(b.engine, &err), &err);
	usleep(TURN_US);
	for (unsigned i = 0; i < TURNS; i++) {
		turn(b.engine, 0, &quiet, i);
		turn(b.engine, flood, &flooded, i);
	}
	sl_engine_stop(b.engine);
	printf("  %-34s %8.3f %8.3f %8.2f %10.0f %10.0f ", title, median(&quiet), median(&flooded),
	       median(&flooded) / median(&quiet), flooded.taken / flooded.seconds,
	       flooded.dropped / flooded.seconds);
	print_drops(b.engine);
	fflush(stdout);
	bench_pipeline_close(&b);
}

int main(int argc, char **argv)
{
	const uint64_t flood = argc > 1 ? strtoull(argv[1], NULL, 10) : RATE;
	char path[64], text[SL_KEY_TEXT];
	struct sl_error err = {0};

	bench_tunnel_register();
	check(sl_class_register(&flood_class), NULL);
	bench_eal();
	printf("flood: %llu messages a second, inner packets of %d bytes\n  %-34s %8s %8s %8s %10s "
	       "%10s\n",
	       (unsigned long long)flood, SIZE, "", "Mpps", "flooded", "ratio", "taken/s",
	       "link full/s");
	check(sl_key_generate(private_key, &err), &err);
	check(sl_key_generate(other_key, &err), &err);
	sl_key_format(private_key, text);
	snprintf(path, sizeof(path), "/tmp/sluice-bench-%d.key", (int)getpid());
	check(sl_secret_save(path, text, &err), &err);
	make_plain();
	for (unsigned valid = 0; valid < 2; valid++) {
		make_messages(valid);
		measure(valid ? "initiations, worker of its own" : "garbage, worker of its own",
			path, true, flood);
		measure(valid ? "initiations, shared worker" : "garbage, shared worker", path,
			false, flood);
	}
	unlink(path);
	return 0;
}
