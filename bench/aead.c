// aead: sealing and opening by every level of simd/aead beside libsodium, OpenSSL, BoringSSL and
// intel-ipsec-mb, in bursts of 32 and a packet alone.
//
// Payloads are in the first- and second-level cache, without additional data, all of one key (which
// only BoringSSL makes use of). What is measured in turns is one payload; a summary of all of them,
// ratios first, ends each part. Usage: aead [seal|open|alone]...
#include "bench/aead.h"

#include "bench/harness.h"
#include "bench/pipeline.h"

#include <rte_cycles.h>
#include <stdio.h>
#include <string.h>

enum {
	BURST = 32,
	LONGEST = 8192,
	TURN_BYTES = 1 << 17, // of text in a turn, about, and
	TURN_PACKETS = 640,   // packets at most: short enough to find quiet ones
	CONTENDERS = 16,
	PAYLOADS = 10,
	IMIX = 0, // instead of a payload: 64, 590 and 1500 bytes, 7 : 4 : 1
};

static const uint32_t payloads[PAYLOADS] = {64, 128, 256, 512, 590, 1024, 1420, 1500, 8192, IMIX};

struct contender {
	const struct aead_peer *peer;          // or
	const struct sl_simd_kernels *kernels; // ours
};

// What all contenders do.
struct part {
	const char *title;
	bool opening;
	size_t burst;
};

struct packet {
	uint8_t text[LONGEST + SL_AEAD_TAG +
		     46]; // no multiple of 4096: they would share cache sets
	uint8_t other[LONGEST + SL_AEAD_TAG + 46];
};

static struct packet packets[BURST];
static struct sl_aead_item items[BURST];
static uint8_t key[SL_AEAD_KEY];
static struct part part;
static struct contender contenders[CONTENDERS];
static struct bench benches[CONTENDERS];
static size_t n_contenders;
static double ns[PAYLOADS][CONTENDERS]; // a packet, medians

static uint32_t imix_length(unsigned i)
{
	static const uint32_t lengths[12] = {64, 590, 64, 64, 590, 64, 1500, 64, 590, 64, 590, 64};

	return lengths[i % 12];
}

static void work(const struct contender *c, bool opening, size_t n)
{
	if (c->peer && opening)
		c->peer->open(items, n);
	else if (c->peer)
		c->peer->seal(items, n);
	else if (opening)
		sl_aead_open_with(c->kernels, items, n);
	else
		sl_aead_seal_with(c->kernels, items, n);
}

static uint64_t turn(void *arg)
{
	uint64_t bytes = 0, done = 0;

	while (bytes < TURN_BYTES && done < TURN_PACKETS) {
		work(arg, part.opening, part.burst);
		bytes += part.burst * items[BURST - 1].len;
		done += part.burst;
	}
	return done;
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
	if (!part.opening)
		return;
	work(&contenders[0], false, BURST);
	for (unsigned i = 0; i < BURST; i++) {
		items[i].in = packets[i].other;
		items[i].out = packets[i].text;
	}
}

static void add(const char *name, struct contender c)
{
	contenders[n_contenders] = c;
	benches[n_contenders] = (struct bench){
		.name = name,
		.turn = turn,
		.arg = &contenders[n_contenders],
		.against = n_contenders > 0 ? benches[0].name : NULL,
	};
	n_contenders++;
}

static void add_contenders(void)
{
	static const char *const ours[SL_SIMD_LEVELS] = {
		[SL_SIMD_AVX2] = "AVX2",
		[SL_SIMD_AVX512] = "AVX-512",
		[SL_SIMD_AVX512_IFMA] = "AVX-512 IFMA",
	};
	enum sl_simd_level best = sl_simd_level_best(sl_simd_cpu_detect());

	for (const struct aead_peer *p = aead_peers; p->name; p++)
		if (p->start())
			add(p->name, (struct contender){.peer = p});
	for (enum sl_simd_level i = SL_SIMD_AVX2; i <= best; i++)
		add(ours[i], (struct contender){.kernels = sl_simd_level_kernels(i)});
}

static void print_payload(uint32_t payload)
{
	if (payload == IMIX)
		printf("    IMIX");
	else
		printf("  %6u", payload);
}

static size_t find(const char *name)
{
	for (size_t i = 0; i < n_contenders; i++)
		if (strcmp(benches[i].name, name) == 0)
			return i;
	return n_contenders;
}

// How many times as fast as each peer of its kind each level is.
static void print_ratios(void)
{
	static const struct {
		const char *ours, *peer;
	} pairs[] = {
		{"AVX2", "libsodium"},         {"AVX-512", "libsodium"},
		{"AVX-512 IFMA", "libsodium"}, {"AVX2", "BoringSSL"},
		{"AVX2", "ipsec-mb AVX2"},     {"AVX-512 IFMA", "ipsec-mb AVX-512"},
	};

	printf("\n%s, how many times as fast as a peer\n%32s", part.title, "");
	for (size_t p = 0; p < PAYLOADS; p++)
		if (ns[p][0] > 0)
			print_payload(payloads[p]);
	putchar('\n');
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const size_t ours = find(pairs[i].ours), peer = find(pairs[i].peer);

		if (ours == n_contenders || peer == n_contenders)
			continue;
		printf("  %-12s / %-16s:", pairs[i].ours, pairs[i].peer);
		for (size_t p = 0; p < PAYLOADS; p++)
			if (ns[p][ours] > 0)
				printf("  %6.2f", ns[p][peer] / ns[p][ours]);
		putchar('\n');
	}
}

static void print_summary(void)
{
	print_ratios();
	printf("\n%s, ns a packet\n%8s", part.title, "");
	for (size_t i = 0; i < n_contenders; i++)
		printf(" %16s", benches[i].name);
	putchar('\n');
	for (size_t p = 0; p < PAYLOADS; p++) {
		if (ns[p][0] <= 0)
			continue;
		print_payload(payloads[p]);
		for (size_t i = 0; i < n_contenders; i++)
			printf(" %16.1f", ns[p][i]);
		putchar('\n');
	}
	fflush(stdout);
}

static void measure_payload(size_t p)
{
	char title[96];

	if (payloads[p] == IMIX)
		snprintf(title, sizeof(title), "%s, IMIX", part.title);
	else
		snprintf(title, sizeof(title), "%s, %u bytes", part.title, payloads[p]);
	prepare(payloads[p]);
	bench_run(&(struct bench_table){title, "packet", benches, n_contenders});
	for (size_t i = 0; i < n_contenders; i++)
		ns[p][i] = bench_result(benches[i].name) * 1e9 / (double)rte_get_tsc_hz();
}

static void measure(struct part what)
{
	part = what;
	memset(ns, 0, sizeof(ns));
	for (size_t p = 0; p < PAYLOADS; p++)
		if (payloads[p] != IMIX || part.burst > 1)
			measure_payload(p);
	print_summary();
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
	bench_eal();
	bench_start("aead");
	add_contenders();
	if (wanted(argc, argv, "seal"))
		measure((struct part){"seal, bursts of 32", false, BURST});
	if (wanted(argc, argv, "open"))
		measure((struct part){"open, bursts of 32", true, BURST});
	if (wanted(argc, argv, "alone")) {
		measure((struct part){"seal, one packet alone", false, 1});
		measure((struct part){"open, one packet alone", true, 1});
	}
	return 0;
}
