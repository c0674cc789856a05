// tunnel: what it costs to encapsulate and to decapsulate a packet on one core, in process: looped
// inner packets -> tunnel-data -> sink, looped sealed packets -> tunnel-data -> sink, and both in
// one tunnel; beside the AEAD kernel alone on the same bursts, and beside the same loops with
// nothing in between.
//
// Usage: tunnel [SIZE|IMIX|peers]...
//        tunnel cpu SIZE    print alone how many million packets of SIZE bytes are encapsulated in
//                           a second of processor time

#include "bench/harness.h"
#include "bench/pipeline.h"
#include "bench/tunnel_aead.h"
#include "bench/tunnel_apps.h"

#include "apps/tunnel.h"

#include <inttypes.h>
#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	MTU = 1420,
	IMIX = 0, // instead of a size: 64, 590 and 1500 bytes limited to the MTU, 7 : 4 : 1
	SIZES = 8,
	LOOPED = 576,    // packets of a loop, whole bursts and whole IMIXes; and of a turn
	SETTLE = 100000, // breaths that peers may take to get their sessions
	MANY = 10000,    // peers
};
static const double CPU_SECONDS = 1.5;
enum { FEW_LOOPS = 0, MANY_LOOPS = BENCH_KINDS }; // pairs of loops: of one peer, of MANY

static const uint16_t sizes[SIZES] = {64, 128, 256, 512, 590, 1024, 1420, IMIX};

// A graph that one loop, or a pair, runs through.
struct run {
	struct bench_pipeline pipeline;
	struct sl_tunnel *tunnel; // NULL = none
	bool plain, sealed;       // which of the pair
	unsigned pair;
	uint64_t turn; // packets of a turn, from each loop
	uint64_t all;  // and of all turns
};

static const char *size_text(uint16_t size)
{
	static char text[8];

	snprintf(text, sizeof(text), "%u", size);
	return size == IMIX ? "IMIX" : text;
}

static uint16_t length_of(uint16_t size, unsigned i)
{
	static const uint16_t imix[12] = {64, 590, 64, 64, 590, 64, MTU, 64, 590, 64, 590, 64};

	return size == IMIX ? imix[i % 12] : size;
}

static double mean_of(uint16_t size)
{
	double sum = 0;

	for (unsigned i = 0; i < 12; i++)
		sum += length_of(size, i);
	return sum / 12;
}

static bool wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "tunnel: %s\n", what);
	exit(1);
}

// ---- packets

// IPv4 from and to a peer's address: the tunnel takes it either way.
static void build(uint8_t *bytes, uint16_t len, uint32_t peer)
{
	static const uint8_t head[] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17};

	memset(bytes, 0, len);
	memcpy(bytes, head, sizeof(head));
	store_be16(bytes + 2, len);
	bench_peer_address(peer, bytes + 12);
	bench_peer_address(peer, bytes + 16);
}

// Peers come in an order that no prefetcher knows.
static void make_plain(unsigned pair, uint16_t size, unsigned n, uint32_t peers)
{
	struct bench_loop *l = &bench_loops[pair + BENCH_PLAIN];
	uint32_t *order = calloc(peers, sizeof(*order));
	uint8_t bytes[MTU];

	check(order, "out of memory");
	for (uint32_t i = 0; i < peers; i++) {
		uint32_t other = (uint32_t)random() % (i + 1);

		order[i] = order[other];
		order[other] = i;
	}
	bench_loop_init(pair + BENCH_PLAIN, n, size == IMIX ? MTU : size);
	for (unsigned i = 0; i < n; i++) {
		build(bytes, length_of(size, i), order[i % peers]);
		bench_loop_add(l, bytes, length_of(size, i));
	}
	free(order);
}

// ---- graphs

static void must(int code, const struct sl_error *err)
{
	if (code < 0)
		fprintf(stderr, "tunnel: %s\n", err->text);
	check(code >= 0, "the graph cannot be made");
}

static void add(struct sl_graph *g, const char *name, const char *class, const char *key,
		uint64_t value)
{
	struct sl_error err = {0};
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	must(sl_graph_add(g, name, class, &err), &err);
	if (key)
		must(sl_graph_set(g, name, key, text, false, &err), &err);
}

static void chain(struct sl_graph *g, const char *text)
{
	struct sl_error err = {0};

	must(sl_graph_link(g, text, &err), &err);
}

// Until every peer has its session. Its keepalives are gone then, too.
static void settle(struct run *r, uint32_t peers)
{
	for (unsigned i = 0; i < SETTLE && sl_indices_count(r->tunnel->indices) < peers; i++)
		sl_engine_breathe(r->pipeline.engine);
	check(sl_indices_count(r->tunnel->indices) == peers, "a session is missing");
}

static void open_run(struct run *r, struct sl_graph *g, uint32_t peers)
{
	bench_pipeline_open_graph(&r->pipeline, g, "out");
	r->tunnel = bench_tunnel();
	if (r->tunnel)
		settle(r, peers);
}

// A loop straight into a sink.
static void open_direct(struct run *r, unsigned kind)
{
	struct sl_graph *g = sl_graph_create();

	*r = (struct run){.plain = kind == BENCH_PLAIN, .sealed = kind == BENCH_SEALED};
	r->turn = LOOPED;
	add(g, "feed", "bench-feed", "loop", kind);
	add(g, "out", "sink", NULL, 0);
	chain(g, "feed -> out");
	open_run(r, g, 0);
}

static void add_tunnel(struct sl_graph *g, uint32_t peers)
{
	struct sl_error err = {0};

	add(g, "peers", "bench-peers", "n", peers);
	add(g, "tunnel", "tunnel-data", "max-peers", peers);
	must(sl_graph_set(g, "tunnel", "mtu", "1420", false, &err), &err);
	chain(g, "peers -> tunnel.commands");
}

// The loops of the run through a tunnel to a sink, or, where `keep`, to the sealed loop.
static void open_tunnel(struct run *r, uint32_t peers, bool keep)
{
	struct sl_graph *g = sl_graph_create();

	add_tunnel(g, peers);
	if (keep)
		add(g, "out", "bench-keep", "loop", r->pair + BENCH_SEALED);
	else
		add(g, "out", "sink", NULL, 0);
	if (r->plain) {
		add(g, "plain", "bench-feed", "loop", r->pair + BENCH_PLAIN);
		chain(g, "plain -> tunnel.inner");
		chain(g, "tunnel.outer4 -> out");
	}
	if (r->sealed) {
		add(g, "sealed", "bench-feed", "loop", r->pair + BENCH_SEALED);
		chain(g, "sealed -> tunnel.outer");
		chain(g, "tunnel.inner4 -> out");
	}
	open_run(r, g, peers);
}

// Go on with the loops, and breathe until they have given what they were to give. In a breath
// packets go all the way.
static uint64_t turn(void *arg)
{
	struct run *r = arg;
	struct bench_loop *plain = &bench_loops[r->pair + BENCH_PLAIN];
	struct bench_loop *sealed = &bench_loops[r->pair + BENCH_SEALED];
	const uint64_t n = ((unsigned)r->plain + r->sealed) * r->turn;

	plain->left = r->plain ? r->turn : 0;
	sealed->left = r->sealed ? r->turn : 0;
	while (plain->left + sealed->left > 0)
		sl_engine_breathe(r->pipeline.engine);
	r->all += n;
	return n;
}

// Seal a plain loop once, into the other one of its pair.
static void make_sealed(unsigned pair, uint32_t peers)
{
	const unsigned n = bench_loops[pair + BENCH_PLAIN].n;
	struct run r = {.plain = true, .pair = pair, .turn = n};

	bench_loop_init(pair + BENCH_SEALED, n, 0); // the keepalives find no room
	open_tunnel(&r, peers, true);
	bench_loop_init(pair + BENCH_SEALED, n, MTU + SL_OUTER4_LEN + 32);
	turn(&r);
	check(bench_loops[pair + BENCH_SEALED].n == n, "not every packet was sealed");
	bench_pipeline_close(&r.pipeline);
}

// Every packet of every turn must have come out.
static void close_run(struct run *r)
{
	const struct sl_stats *s = sl_stats_read(r->pipeline.engine);
	const struct sl_app_stats *t = sl_stats_app(s, "tunnel");

	for (size_t i = 0; t && i < t->n_drops; i++)
		check(t->drops[i].value == 0, t->drops[i].name);
	check(sl_stats_app(s, "out")->in >= r->all, "packets were lost");
	sl_stats_free(s);
	bench_pipeline_close(&r->pipeline);
}

// ---- sizes

enum { DIRECT_PLAIN, SEAL_ALONE, SEAL, DIRECT_SEALED, OPEN_ALONE, OPEN, BOTH, CONTENDERS };

static const char *const names[CONTENDERS] = {
	[DIRECT_PLAIN] = "inner packets -> sink",
	[SEAL_ALONE] = "AEAD alone, seal",
	[SEAL] = "encapsulate -> sink",
	[DIRECT_SEALED] = "sealed packets -> sink",
	[OPEN_ALONE] = "AEAD alone, open",
	[OPEN] = "decapsulate -> sink",
	[BOTH] = "both at once",
};

static double ns[SIZES][CONTENDERS]; // a packet, medians; 0 = not measured

static void measure_runs(const char *title, struct run *runs, struct bench_aead *aead, double *out)
{
	struct bench benches[CONTENDERS];

	for (unsigned i = 0; i < CONTENDERS; i++) {
		benches[i] = (struct bench){.name = names[i], .turn = turn, .arg = &runs[i]};
		if (i == SEAL || i == OPEN)
			benches[i].against = names[i - 1];
	}
	benches[SEAL_ALONE].turn = bench_aead_seal_turn;
	benches[SEAL_ALONE].arg = &aead[0];
	benches[OPEN_ALONE].turn = bench_aead_open_turn;
	benches[OPEN_ALONE].arg = &aead[1];
	bench_run(&(struct bench_table){title, "packet", benches, CONTENDERS});
	for (unsigned i = 0; i < CONTENDERS; i++)
		out[i] = bench_result(names[i]) * 1e9 / (double)rte_get_tsc_hz();
}

static void measure_size(unsigned size)
{
	static struct bench_aead aead[2];
	struct run runs[CONTENDERS] = {
		[SEAL] = {.plain = true, .turn = LOOPED},
		[OPEN] = {.sealed = true, .turn = LOOPED},
		[BOTH] = {.plain = true, .sealed = true, .turn = LOOPED},
	};
	char title[64];

	make_plain(FEW_LOOPS, sizes[size], LOOPED, 1);
	make_sealed(FEW_LOOPS, 1);
	for (unsigned i = 0; i < 2; i++)
		bench_aead_init(&aead[i], &bench_loops[BENCH_PLAIN], MTU);
	open_direct(&runs[DIRECT_PLAIN], BENCH_PLAIN);
	open_direct(&runs[DIRECT_SEALED], BENCH_SEALED);
	open_tunnel(&runs[SEAL], 1, false);
	open_tunnel(&runs[OPEN], 1, false);
	open_tunnel(&runs[BOTH], 1, false);
	snprintf(title, sizeof(title), "inner packets, %s bytes", size_text(sizes[size]));
	measure_runs(title, runs, aead, ns[size]);
	for (unsigned i = 0; i < CONTENDERS; i++)
		if (i != SEAL_ALONE && i != OPEN_ALONE)
			close_run(&runs[i]);
	for (unsigned i = 0; i < 2; i++)
		bench_aead_fini(&aead[i]);
}

// What one way costs: in all, more than the AEAD alone, and of that without feed and sink.
static void print_way(const char *title, unsigned tunnel, unsigned alone, unsigned direct)
{
	printf("\n%s\n%6s %8s %8s %8s %8s %10s %10s %12s\n", title, "bytes", "cycles", "ns", "Mpps",
	       "Gbit/s", "AEAD, ns", "over AEAD", "tunnel alone");
	for (unsigned i = 0; i < SIZES; i++) {
		const double x = ns[i][tunnel], over = x - ns[i][alone];

		if (x > 0)
			printf("%6s %8.0f %8.1f %8.2f %8.2f %10.1f %10.1f %12.1f\n",
			       size_text(sizes[i]), x * (double)rte_get_tsc_hz() / 1e9, x, 1e3 / x,
			       mean_of(sizes[i]) * 8 / x, ns[i][alone], over, over - ns[i][direct]);
	}
}

static void print_both(void)
{
	printf("\nboth directions on one core, packets and bits of both together\n%6s %8s %8s "
	       "%8s\n",
	       "bytes", "ns", "Mpps", "Gbit/s");
	for (unsigned i = 0; i < SIZES; i++) {
		const double x = ns[i][BOTH];

		if (x > 0)
			printf("%6s %8.1f %8.2f %8.2f\n", size_text(sizes[i]), x, 1e3 / x,
			       mean_of(sizes[i]) * 8 / x);
	}
}

static void measure_sizes(int argc, char **argv)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SIZES; i++)
		if (wanted(argc, argv, size_text(sizes[i])) && ++n)
			measure_size(i);
	if (n == 0)
		return;
	print_way("encapsulate; bound: 60 ns over the AEAD", SEAL, SEAL_ALONE, DIRECT_PLAIN);
	print_way("decapsulate; bound: 60 ns over the AEAD", OPEN, OPEN_ALONE, DIRECT_SEALED);
	print_both();
	fflush(stdout);
}

// ---- peers

// Memory of the process, bytes.
static uint64_t resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

// What the process grows by with a tunnel's peers. The packets are as many for any.
static uint64_t memory_with(uint32_t peers)
{
	struct run r = {.plain = true, .turn = 1};
	uint64_t before = resident(), after;

	open_tunnel(&r, peers, false);
	after = resident();
	bench_pipeline_close(&r.pipeline);
	return after - before;
}

static void print_memory(void)
{
	const uint64_t few = memory_with(1), many = memory_with(MANY);

	printf("\nmemory of a peer with a session and a prefix: struct sl_tunnel_peer %zu bytes, "
	       "and for each of three sessions up to %zu; measured with %d peers: %.0f bytes "
	       "each\n",
	       sizeof(struct sl_tunnel_peer), sizeof(struct sl_replay_past), MANY,
	       ((double)many - (double)few) / MANY);
}

// One peer beside many, with as many packets in the loops. A turn goes through them several times,
// so that the cache holds what the way needs and not what the others left.
static void measure_peers(uint16_t size)
{
	static const char *const ways[] = {"encapsulate, 1 peer", "encapsulate, 10,000 peers",
					   "decapsulate, 1 peer", "decapsulate, 10,000 peers"};
	struct bench benches[RTE_DIM(ways)];
	struct run runs[RTE_DIM(ways)];
	char title[64];

	for (unsigned i = 0; i < 2; i++) {
		const unsigned pair = i ? MANY_LOOPS : FEW_LOOPS;

		make_plain(pair, size, MANY, i ? MANY : 1);
		make_sealed(pair, i ? MANY : 1);
	}
	for (unsigned i = 0; i < RTE_DIM(ways); i++) {
		runs[i] = (struct run){.plain = i < 2, .sealed = i >= 2, .turn = 3 * MANY};
		runs[i].pair = i % 2 ? MANY_LOOPS : FEW_LOOPS;
		open_tunnel(&runs[i], i % 2 ? MANY : 1, false);
		benches[i] = (struct bench){.name = ways[i], .turn = turn, .arg = &runs[i]};
		benches[i].against = i % 2 ? ways[i - 1] : NULL;
	}
	snprintf(title, sizeof(title), "peers, inner packets of %s bytes", size_text(size));
	bench_run(&(struct bench_table){title, "packet", benches, RTE_DIM(ways)});
	for (unsigned i = 0; i < RTE_DIM(ways); i++)
		close_run(&runs[i]);
}

// ---- beside other programs

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int print_cpu(uint16_t size)
{
	struct run r = {.plain = true, .turn = LOOPED};
	double start, spent = 0;

	check(size >= 28 && size <= MTU, "packets have 28 bytes or more, up to the MTU");
	make_plain(FEW_LOOPS, size, LOOPED, 1);
	open_tunnel(&r, 1, false);
	for (start = cpu_seconds(); spent < CPU_SECONDS; spent = cpu_seconds() - start)
		turn(&r);
	printf("%.4f\n", (double)r.all / spent / 1e6);
	close_run(&r);
	return 0;
}

int main(int argc, char **argv)
{
	bench_tunnel_register();
	bench_eal();
	if (argc == 3 && strcmp(argv[1], "cpu") == 0)
		return print_cpu((uint16_t)atoi(argv[2]));
	bench_start("tunnel");
	measure_sizes(argc, argv);
	if (wanted(argc, argv, "peers")) {
		print_memory();
		measure_peers(64);
		measure_peers(IMIX);
	}
	return 0;
}
