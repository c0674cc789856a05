// fib: a million routes of IPv4 and 200,000 of IPv6: how long they take to load, what memory they
// take, what a lookup costs for traffic to any of them and for traffic to a few, and what changes
// cost. Beside it rte_fib and rte_fib6 with the same routes.

#include "core/ip/fib.h"
#include "bench/harness.h"
#include "core/eal.h"

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_fib6.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ROUTES4 = 1000000,
	ROUTES6 = 200000,
	GATEWAYS = 200,
	ALLOCATIONS = 30000, // of /32 in IPv6
	KEYS = 1 << 20,      // addresses looked up, one after the other
	FEW = 1000,          // different ones in local traffic
	CHANGES = 128,       // in a turn
};

// The share of each length, in thousandths, of what a full table has.
struct share {
	uint8_t len;
	uint16_t thousandths;
};

static const struct share shares4[] = {
	{24, 598}, {23, 98}, {22, 108}, {21, 50}, {20, 44}, {19, 25}, {18, 14}, {17, 8},
	{16, 13},  {15, 2},  {14, 1},   {13, 1},  {12, 1},  {32, 20}, {28, 8},  {25, 9},
};
static const struct share shares6[] = {
	{48, 460}, {32, 130}, {44, 90}, {40, 95}, {36, 55}, {29, 25}, {46, 30},
	{42, 20},  {47, 20},  {45, 20}, {38, 15}, {64, 15}, {56, 10}, {128, 15},
};

struct routes {
	uint8_t family;
	uint32_t n;
	struct sl_prefix *prefixes;
	uint8_t *any, *few; // KEYS addresses: to random routes, to FEW of them
	struct sl_fib *fib;
	struct rte_fib *peer4;
	struct rte_fib6 *peer6;
};

static uint64_t state_of_random = 1;

static uint32_t draw(void)
{
	state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state_of_random >> 32);
}

static double seconds(void)
{
	return (double)rte_rdtsc() / (double)rte_get_tsc_hz();
}

// ---- routes and addresses

static uint8_t random_length(const struct share *shares)
{
	int point = (int)(draw() % 1000);

	while ((point -= shares->thousandths) >= 0)
		shares++;
	return shares->len;
}

static struct sl_prefix random_prefix4(void)
{
	struct sl_prefix p = {.ip.family = 4};

	store_be32(p.ip.bytes, draw());
	p.ip.bytes[0] = (uint8_t)(1 + p.ip.bytes[0] % 223); // unicast
	p.len = random_length(shares4);
	return sl_prefix_masked(&p);
}

// In one of the /32 that have been given out, under the prefixes of the five registries.
static struct sl_prefix random_prefix6(void)
{
	static const uint16_t registries[] = {0x2001, 0x2400, 0x2600, 0x2800, 0x2a00};
	struct sl_prefix p = {.ip.family = 6};
	uint32_t allocation = draw() % ALLOCATIONS * 2654435761u;

	for (unsigned i = 0; i < 16; i += 4)
		store_be32(p.ip.bytes + i, draw());
	store_be16(p.ip.bytes, (uint16_t)(registries[allocation % 5] + (allocation >> 28) % 8));
	store_be16(p.ip.bytes + 2, (uint16_t)(allocation >> 8));
	p.len = random_length(shares6);
	return sl_prefix_masked(&p);
}

// An address of a route, as bytes.
static void random_address(const struct sl_prefix *p, uint8_t *key)
{
	unsigned bits = sl_ip_bits(p->ip.family);

	memcpy(key, p->ip.bytes, bits / 8);
	for (unsigned bit = p->len; bit < bits; bit++)
		if (draw() & 1)
			key[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

static void make_routes(struct routes *r, uint8_t family, uint32_t n)
{
	size_t len = sl_ip_len(family);

	*r = (struct routes){.family = family, .n = n};
	r->prefixes = calloc(n, sizeof(*r->prefixes));
	r->any = aligned_alloc(64, KEYS * len);
	r->few = aligned_alloc(64, KEYS * len);
	for (uint32_t i = 0; i < n; i++)
		r->prefixes[i] = family == 4 ? random_prefix4() : random_prefix6();
	for (unsigned i = 0; i < KEYS; i++) {
		random_address(&r->prefixes[draw() % n], r->any + i * len);
		if (i < FEW)
			random_address(&r->prefixes[draw() % n], r->few + i * len);
		else
			memcpy(r->few + i * len, r->few + draw() % FEW * len, len);
	}
}

static struct sl_route route_of(const struct routes *r, uint32_t i, uint32_t gateway)
{
	struct sl_route route = {.prefix = r->prefixes[i], .kind = SL_ROUTE_FORWARD, .n_hops = 1};

	route.hops[0] = (struct sl_route_hop){.gateway = {.family = r->family}, .weight = 1};
	store_be32(route.hops[0].gateway.bytes, 0x0a000000 + gateway % GATEWAYS);
	return route;
}

// ---- loading

// Memory of this process, MiB.
static double resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages / 256;
}

static void load(struct routes *r)
{
	struct sl_fib_limits limits = {.routes = r->n};
	double before = resident(), start = seconds();
	struct sl_error err = {0};

	if (sl_fib_create(&r->fib, r->family, &limits, &err) < 0)
		goto failed;
	for (uint32_t i = 0; i < r->n; i++) {
		struct sl_route route = route_of(r, i, i);

		if (sl_fib_set(r->fib, SL_FIB_KERNEL, &route, &err) < 0)
			goto failed;
	}
	printf("  %-22s %9u %8.2f s %8.0f MiB\n", r->family == 4 ? "sluice, IPv4" : "sluice, IPv6",
	       sl_fib_routes(r->fib), seconds() - start, resident() - before);
	return;
failed:
	fprintf(stderr, "bench: %s\n", err.text);
	exit(1);
}

static void load_peer4(struct routes *r)
{
	struct rte_fib_conf conf = {.type = RTE_FIB_DIR24_8, .max_routes = ROUTES4};
	double before = resident(), start = seconds();

	conf.dir24_8.nh_sz = RTE_FIB_DIR24_8_2B;
	conf.dir24_8.num_tbl8 = 32767;
	r->peer4 = rte_fib_create("bench", SOCKET_ID_ANY, &conf);
	if (!r->peer4) {
		fprintf(stderr, "bench: rte_fib: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
	for (uint32_t i = 0; i < r->n; i++)
		rte_fib_add(r->peer4, load_be32(r->prefixes[i].ip.bytes), r->prefixes[i].len,
			    1 + i % GATEWAYS);
	printf("  %-22s %9u %8.2f s %8.0f MiB\n", "rte_fib", r->n, seconds() - start,
	       resident() - before);
}

static void load_peer6(struct routes *r)
{
	struct rte_fib6_conf conf = {.type = RTE_FIB6_TRIE, .max_routes = ROUTES6};
	double before = resident(), start = seconds();
	uint32_t refused = 0;

	conf.trie.nh_sz = RTE_FIB6_TRIE_4B;
	conf.trie.num_tbl8 = 300000;
	r->peer6 = rte_fib6_create("bench6", SOCKET_ID_ANY, &conf);
	if (!r->peer6) {
		fprintf(stderr, "bench: rte_fib6: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
	for (uint32_t i = 0; i < r->n; i++)
		refused += rte_fib6_add(r->peer6, r->prefixes[i].ip.bytes, r->prefixes[i].len,
					1 + i % GATEWAYS) != 0;
	printf("  %-22s %9u %8.2f s %8.0f MiB\n", "rte_fib6", r->n - refused, seconds() - start,
	       resident() - before);
}

// ---- turns

// A turn goes through all addresses, so that the cache is as the contender's own lookups leave it,
// and not full of what the others have read.
static uint64_t turn(struct routes *r, const uint8_t *keys)
{
	size_t len = sl_ip_len(r->family);
	uint32_t ids[SL_FIB_BURST];

	for (unsigned i = 0; i < KEYS; i += SL_FIB_BURST) {
		sl_fib_lookup(r->fib, keys + i * len, ids, SL_FIB_BURST);
		__asm__ volatile("" : : "r"(ids) : "memory");
	}
	return KEYS;
}

static uint64_t any_turn(void *arg)
{
	struct routes *r = arg;

	return turn(r, r->any);
}

static uint64_t few_turn(void *arg)
{
	struct routes *r = arg;

	return turn(r, r->few);
}

// The peer's lookup wants IPv4 addresses in host order; that is part of it.
static uint64_t peer_turn(struct routes *r, const uint8_t *keys)
{
	uint64_t ids[SL_FIB_BURST];
	uint32_t ips[SL_FIB_BURST];

	for (unsigned i = 0; i < KEYS; i += SL_FIB_BURST) {
		const uint8_t *k = keys + i * sl_ip_len(r->family);

		if (r->family == 4) {
			for (unsigned j = 0; j < SL_FIB_BURST; j++)
				ips[j] = load_be32(k + 4 * j);
			rte_fib_lookup_bulk(r->peer4, ips, ids, SL_FIB_BURST);
		} else {
			rte_fib6_lookup_bulk(r->peer6, (uint8_t(*)[16])(uintptr_t)k, ids,
					     SL_FIB_BURST);
		}
		__asm__ volatile("" : : "r"(ids) : "memory");
	}
	return KEYS;
}

static void peer_kernel(struct routes *r, bool vector)
{
	if (r->family == 4)
		rte_fib_select_lookup(r->peer4, vector ? RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512
						       : RTE_FIB_LOOKUP_DIR24_8_SCALAR_MACRO);
	else
		rte_fib6_select_lookup(r->peer6, vector ? RTE_FIB6_LOOKUP_TRIE_VECTOR_AVX512
							: RTE_FIB6_LOOKUP_TRIE_SCALAR);
}

static uint64_t peer_any_scalar(void *arg)
{
	struct routes *r = arg;

	peer_kernel(r, false);
	return peer_turn(r, r->any);
}

static uint64_t peer_any_vector(void *arg)
{
	struct routes *r = arg;

	peer_kernel(r, true);
	return peer_turn(r, r->any);
}

static uint64_t peer_few_scalar(void *arg)
{
	struct routes *r = arg;

	peer_kernel(r, false);
	return peer_turn(r, r->few);
}

static uint64_t peer_few_vector(void *arg)
{
	struct routes *r = arg;

	peer_kernel(r, true);
	return peer_turn(r, r->few);
}

// A route goes and comes back by another way.
static uint64_t change_turn(void *arg)
{
	struct routes *r = arg;
	unsigned n = 0;

	for (unsigned i = 0; i < CHANGES; i++) {
		uint32_t which = draw() % r->n;
		struct sl_route route = route_of(r, which, draw());

		n += sl_fib_remove(r->fib, SL_FIB_KERNEL, &route.prefix) == 0;
		sl_fib_set(r->fib, SL_FIB_KERNEL, &route, NULL);
		n++;
	}
	return n;
}

// ---- tables

static void run(struct routes *r, const char *title)
{
	struct bench benches[] = {
		{"to any route", any_turn, r, "rte, to any route"},
		{"rte, to any route", peer_any_scalar, r, NULL},
		{"rte AVX-512, to any route", peer_any_vector, r, NULL},
		{"to 1000 addresses", few_turn, r, "rte, to 1000 addresses"},
		{"rte, to 1000 addresses", peer_few_scalar, r, NULL},
		{"rte AVX-512, to 1000 addresses", peer_few_vector, r, NULL},
	};

	bench_run(&(struct bench_table){title, "lookup", benches, RTE_DIM(benches)});
}

static void run_changes(struct routes *r4, struct routes *r6)
{
	struct bench benches[] = {
		{"IPv4", change_turn, r4, NULL},
		{"IPv6", change_turn, r6, NULL},
	};

	bench_run(&(struct bench_table){"routes removed and added again", "change", benches,
					RTE_DIM(benches)});
}

int main(void)
{
	// The peers' memory, and their vector lookup.
	static const char *const args[] = {"-m", "2048", "--force-max-simd-bitwidth=512", NULL};
	struct sl_engine_options options = {.no_huge = true, .eal_args = args};
	struct sl_error err = {0};
	struct routes r4, r6;

	if (sl_eal_init(&options, &err) < 0) {
		fprintf(stderr, "bench: %s\n", err.text);
		return 1;
	}
	bench_start("fib");
	make_routes(&r4, 4, ROUTES4);
	make_routes(&r6, 6, ROUTES6);
	printf("\nloading                   routes       time     memory\n");
	load(&r4);
	load(&r6);
	load_peer4(&r4);
	load_peer6(&r6);
	run(&r4, "lookups, 1 million IPv4 routes");
	run(&r6, "lookups, 200,000 IPv6 routes");
	run_changes(&r4, &r6);
	sl_fib_destroy(r4.fib);
	sl_fib_destroy(r6.fib);
	return 0;
}
