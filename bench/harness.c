#include "bench/harness.h"
#include "bench/commit.h" // made by meson from the repository
#include "simd/level.h"

#include <emmintrin.h>
#include <rte_cycles.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TURNS_DEFAULT = 21,
	TURNS_MAX = 1001,
	CONTENDERS_MAX = 32,
	PROBE_LOOPS = 20000,
	WARM_UP = 2, // turns that do not count
};

// A probe this much longer than the shortest one says that the core was shared: that costs a
// factor of 1.5 to 2, while the clock alone varies by less.
static const double QUIET = 1.35;

struct sample {
	double cycles; // per unit
	bool quiet;
};

static struct result {
	const char *name;
	struct sample samples[TURNS_MAX];
	double median, low, high;
	unsigned quiet;
} results[CONTENDERS_MAX];
static size_t n_results;
static double probe_best = 1e18;
static uint64_t excluded; // cycles of this turn

unsigned bench_turns(void)
{
	const char *text = getenv("BENCH_TURNS");
	unsigned n = text ? (unsigned)strtoul(text, NULL, 10) : TURNS_DEFAULT;

	return n < 3 ? 3 : n > TURNS_MAX ? TURNS_MAX : n;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int last_cpu(void)
{
	const char *text = getenv("BENCH_CPU");
	cpu_set_t set;
	int last = 0;

	if (text)
		return atoi(text);
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			last = i;
	return last;
}

static void cpu_model(char *out, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(out, size, "unknown");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "model name", 10) != 0)
			continue;
		snprintf(out, size, "%s", strchr(line, ':') + 2);
		out[strcspn(out, "\n")] = '\0';
		break;
	}
	if (f)
		fclose(f);
}

void bench_start(const char *name)
{
	char model[256];
	int cpu = last_cpu();

	pin(cpu);
	cpu_model(model, sizeof(model));
	printf("%s: %s, CPU %d, TSC %.0f MHz, kernels %s, %s%s, commit %s\n", name, model, cpu,
	       (double)rte_get_tsc_hz() / 1e6, sl_simd_kernels()->name, BENCH_COMPILER,
	       BENCH_OPTIMISED ? "" : " (NOT an optimised build)", BENCH_COMMIT);
}

// Cycles of a fixed loop of independent vector adds: it needs a core's whole vector throughput,
// so it runs longer while another thread shares the core.
static double probe(void)
{
	__m128i a = _mm_set1_epi32(1), b = a, c = a, d = a;
	uint64_t start = rte_rdtsc_precise();

	for (unsigned i = 0; i < PROBE_LOOPS; i++) {
		a = _mm_add_epi32(a, d);
		b = _mm_add_epi32(b, d);
		c = _mm_add_epi32(c, d);
		__asm__ volatile("" : "+x"(a), "+x"(b), "+x"(c), "+x"(d));
	}
	return (double)(rte_rdtsc_precise() - start);
}

void bench_exclude(uint64_t cycles)
{
	excluded += cycles;
}

static struct sample measure(const struct bench *b)
{
	double before = probe(), after, worst;
	uint64_t start, n;
	double cycles;

	excluded = 0;
	start = rte_rdtsc_precise();
	n = b->turn(b->arg);
	cycles = (double)(rte_rdtsc_precise() - start - excluded);
	after = probe();
	worst = before > after ? before : after;
	probe_best = before < probe_best ? before : probe_best;
	return (struct sample){n ? cycles / (double)n : 0, worst < probe_best * QUIET};
}

static int compare(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	if (x->quiet != y->quiet)
		return x->quiet ? -1 : 1;
	return x->cycles < y->cycles ? -1 : x->cycles > y->cycles;
}

// Quiet samples first; all of them where the quiet ones are too few to speak.
static void summarise(struct result *r, unsigned turns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < turns; i++)
		n += r->samples[i].quiet;
	r->quiet = n;
	if (n < 5 || n < turns / 4) {
		for (unsigned i = 0; i < turns; i++)
			r->samples[i].quiet = false;
		n = turns;
	}
	qsort(r->samples, turns, sizeof(*r->samples), compare);
	r->median = r->samples[n / 2].cycles;
	r->low = r->samples[n / 10].cycles;
	r->high = r->samples[n - 1 - n / 10].cycles;
}

double bench_result(const char *name)
{
	for (size_t i = 0; i < n_results; i++)
		if (strcmp(results[i].name, name) == 0)
			return results[i].median;
	return 0;
}

static void print_row(const struct bench *b, const struct result *r, unsigned turns)
{
	double base = b->against ? bench_result(b->against) : 0;

	printf("  %-34s %9.2f  %8.2f..%-8.2f %9.2f  %3u/%-3u", b->name, r->median, r->low, r->high,
	       r->median > 0 ? (double)rte_get_tsc_hz() / r->median / 1e6 : 0, r->quiet, turns);
	if (base > 0)
		printf("  %5.2fx of %s", r->median / base, b->against);
	printf("\n");
}

void bench_run(const struct bench_table *t)
{
	unsigned turns = bench_turns();

	n_results = t->n;
	for (size_t i = 0; i < t->n; i++)
		results[i].name = t->benches[i].name;
	for (unsigned turn = 0; turn < turns + WARM_UP; turn++)
		for (size_t i = 0; i < t->n; i++) {
			struct sample s = measure(&t->benches[i]);

			if (turn >= WARM_UP)
				results[i].samples[turn - WARM_UP] = s;
		}
	printf("\n%s\n  %-34s %9s  %18s %9s  %7s  %s\n", t->title, "", "cycles", "10%..90%   ",
	       "M/s", "quiet", "cycles against");
	for (size_t i = 0; i < t->n; i++)
		summarise(&results[i], turns);
	for (size_t i = 0; i < t->n; i++)
		print_row(&t->benches[i], &results[i], turns);
	fflush(stdout);
}
