// aead: nanoseconds per packet to seal and to open, simd/aead's levels beside libsodium, OpenSSL,
// BoringSSL and intel-ipsec-mb, in bursts of 32 and packets alone.
//
// Payloads are in the first- and second-level cache, without additional data, all of one key (which
// only BoringSSL makes use of). All columns of a row are measured in turns. A figure is the fastest
// turn but three in thirty-one: on a machine that is shared the median measures the neighbours.
// Usage: aead [seal|open|alone]...
#include "bench/aead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

enum {
	BURST = 32,
	LONGEST = 8192,
	TURNS = 31,
	QUIET = 3, // of the turns, by rising time
	COLUMNS = 16,
	IMIX = 0, // instead of a payload: 64, 590 and 1500 bytes, 7 : 4 : 1
};

struct column {
	const char *name;
	const struct aead_peer *peer;          // or
	const struct sl_simd_kernels *kernels; // ours
	double turns[TURNS];
};

struct packet {
	uint8_t text[LONGEST + SL_AEAD_TAG +
		     46]; // no multiple of 4096: they would share cache sets
	uint8_t other[LONGEST + SL_AEAD_TAG + 46];
};

static struct packet packets[BURST];
static struct sl_aead_item items[BURST];
static uint8_t key[SL_AEAD_KEY];
static double tsc_per_ns;

static uint32_t imix_length(unsigned i)
{
	static const uint32_t lengths[12] = {64, 590, 64, 64, 590, 64, 1500, 64, 590, 64, 590, 64};

	return lengths[i % 12];
}

static void seal(const struct column *c, size_t n)
{
	if (c->peer)
		c->peer->seal(items, n);
	else
		sl_aead_seal_with(c->kernels, items, n);
}

static void open(const struct column *c, size_t n)
{
	if (c->peer)
		c->peer->open(items, n);
	else
		sl_aead_open_with(c->kernels, items, n);
}

static void prepare(uint32_t payload)
{
	for (unsigned i = 0; i < BURST; i++) {
		uint32_t len = payload == IMIX ? imix_length(i) : payload;

		items[i] = (struct sl_aead_item){
			.key = key,
			.in = packets[i].text,
			.out = packets[i].other,
			.tag = packets[i].other + len,
			.len = len,
			.nonce = {0, 0, 0, 0, (uint8_t)i},
		};
	}
}

// What was sealed becomes what is to be opened.
static void turn_around(void)
{
	for (unsigned i = 0; i < BURST; i++) {
		items[i].in = packets[i].other;
		items[i].out = packets[i].text;
	}
}

static double ns_per_packet(const struct column *c, void (*work)(const struct column *c, size_t n),
			    size_t burst)
{
	const unsigned calls = items[BURST - 1].len > 2000 ? 10 * BURST / burst
							   : 40 * BURST / burst;
	uint64_t start = __rdtsc();

	for (unsigned i = 0; i < calls; i++)
		work(c, burst);
	return (double)(__rdtsc() - start) / tsc_per_ns / (double)calls / (double)burst;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure_row(struct column *columns, int n, bool opening, size_t burst)
{
	for (int turn = -2; turn < TURNS; turn++) // two to warm up
		for (int i = 0; i < n; i++) {
			double ns = ns_per_packet(&columns[i], opening ? open : seal, burst);

			if (turn >= 0)
				columns[i].turns[turn] = ns;
		}
	for (int i = 0; i < n; i++)
		qsort(columns[i].turns, TURNS, sizeof(double), by_value);
}

static double quiet(const struct column *c)
{
	return c->turns[QUIET];
}

static void print_row(const struct column *columns, int n, uint32_t payload)
{
	const struct column *best = &columns[n - 1];
	const double mine = quiet(best);

	if (payload == IMIX)
		printf("  imix");
	else
		printf("%6u", payload);
	for (int i = 0; i < n; i++)
		printf(" %9.1f", quiet(&columns[i]));
	printf("  |");
	for (int i = 0; i < n; i++)
		if (columns[i].kernels)
			printf(" %6.2f", quiet(&columns[0]) / quiet(&columns[i]));
	printf("  | %4.1f%%\n",
	       100 * (best->turns[TURNS * 9 / 10] - best->turns[TURNS / 10]) / mine);
}

static void print_table(struct column *columns, int n, const char *title, bool opening,
			size_t burst)
{
	static const uint32_t payloads[] = {64, 128, 256, 512, 590, 1024, 1420, 1500, 8192, IMIX};

	printf("\n%s, ns per packet\n%6s", title, "bytes");
	for (int i = 0; i < n; i++)
		printf(" %9s", columns[i].name);
	printf("  | sodium / ours  | spread\n");
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		if (payloads[i] == IMIX && burst == 1)
			continue;
		prepare(payloads[i]);
		if (opening) {
			seal(&columns[n - 1], BURST);
			turn_around();
		}
		measure_row(columns, n, opening, burst);
		print_row(columns, n, payloads[i]);
	}
}

static int add_columns(struct column *columns)
{
	enum sl_simd_level best = sl_simd_level_best(sl_simd_cpu_detect());
	int n = 0;

	for (const struct aead_peer *p = aead_peers; p->name; p++)
		if (p->start())
			columns[n++] = (struct column){.name = p->name, .peer = p};
	for (enum sl_simd_level i = SL_SIMD_AVX2; i <= best; i++)
		columns[n++] = (struct column){
			.name = i == SL_SIMD_AVX512_IFMA ? "+ifma" : sl_simd_level_kernels(i)->name,
			.kernels = sl_simd_level_kernels(i),
		};
	return n;
}

static void calibrate(void)
{
	struct timespec start, now;
	uint64_t tsc = __rdtsc();
	double ns;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ns = (double)(now.tv_sec - start.tv_sec) * 1e9 +
		     (double)(now.tv_nsec - start.tv_nsec);
	} while (ns < 50e6);
	tsc_per_ns = (double)(__rdtsc() - tsc) / ns;
}

static bool wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	static struct column columns[COLUMNS];
	int n = add_columns(columns);

	calibrate();
	if (wanted(argc, argv, "seal"))
		print_table(columns, n, "seal, bursts of 32", false, BURST);
	if (wanted(argc, argv, "open"))
		print_table(columns, n, "open, bursts of 32", true, BURST);
	if (wanted(argc, argv, "alone"))
		print_table(columns, n, "seal, one packet alone", false, 1);
	return 0;
}
