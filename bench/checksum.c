// checksum: cycles of every level of simd/checksum against DPDK's rte_raw_cksum and a loop that
// only loads, for data in the first-level cache at a packet's offset.
//
// rte is in the build's own instruction set, rte v3 in x86-64-v3. All columns of a row are measured
// in turns; each figure is the median of the turns, the spread is of the best level's.
#include "simd/checksum.h"

#include <rte_ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

uint16_t bench_rte_sum_v3(const void *data, size_t len);

enum {
	TURNS = 101,
	OFFSET = 14, // behind an Ethernet header
	COLUMNS = SL_SIMD_LEVELS + 4,
	HEADER = 20,
	HEADERS = 32,
};

typedef uint16_t (*sum_fn)(const void *data, size_t len, uint32_t initial);

static uint16_t sum_rte(const void *data, size_t len, uint32_t initial)
{
	(void)initial;
	return rte_raw_cksum(data, len);
}

static uint16_t sum_rte_v3(const void *data, size_t len, uint32_t initial)
{
	(void)initial;
	return bench_rte_sum_v3(data, len);
}

static uint16_t sum_inline(const void *data, size_t len, uint32_t initial)
{
	return sl_checksum_sum(data, len, initial);
}

// Loads of 64 bytes, the last ones reaching beyond len.
static uint16_t load_512(const void *data, size_t len, uint32_t initial)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i += 256)
		__asm__ volatile("vmovdqu64 (%0), %%zmm0\n\t"
				 "vmovdqu64 64(%0), %%zmm1\n\t"
				 "vmovdqu64 128(%0), %%zmm2\n\t"
				 "vmovdqu64 192(%0), %%zmm3"
				 :
				 : "r"(p + i)
				 : "xmm0", "xmm1", "xmm2", "xmm3");
	__asm__ volatile("vzeroupper" ::: "xmm0");
	return (uint16_t)initial;
}

static uint16_t load_256(const void *data, size_t len, uint32_t initial)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i += 128)
		__asm__ volatile("vmovdqu (%0), %%ymm0\n\t"
				 "vmovdqu 32(%0), %%ymm1\n\t"
				 "vmovdqu 64(%0), %%ymm2\n\t"
				 "vmovdqu 96(%0), %%ymm3"
				 :
				 : "r"(p + i)
				 : "xmm0", "xmm1", "xmm2", "xmm3");
	__asm__ volatile("vzeroupper" ::: "xmm0");
	return (uint16_t)initial;
}

// Headers of IPv4, each on its own, as apps check them: in line, of a known length. Theirs and
// ours.
static uint16_t headers_rte(const void *data, size_t len, uint32_t initial)
{
	(void)len;
	for (unsigned i = 0; i < HEADERS; i++) {
		initial = rte_raw_cksum((const uint8_t *)data + i * HEADER, HEADER);
		__asm__ volatile("" ::"r"(initial) : "memory");
	}
	return (uint16_t)initial;
}

static uint16_t headers_inline(const void *data, size_t len, uint32_t initial)
{
	(void)len;
	for (unsigned i = 0; i < HEADERS; i++) {
		initial = sl_checksum_sum_short((const uint8_t *)data + i * HEADER, HEADER, 0);
		__asm__ volatile("" ::"r"(initial) : "memory");
	}
	return (uint16_t)initial;
}

struct column {
	const char *name;
	sum_fn sum;
	double turns[TURNS];
};

static double cycles_per_call(sum_fn sum, const uint8_t *data, size_t len)
{
	size_t calls = 20000 / (len / 64 + 4);
	uint64_t start = __rdtsc();

	for (size_t i = 0; i < calls; i++) {
		uint16_t result = sum(data, len, 0);

		__asm__ volatile("" ::"r"(result) : "memory");
	}
	return (double)(__rdtsc() - start) / (double)calls;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const struct column *c, int percent)
{
	return c->turns[(TURNS - 1) * percent / 100];
}

static void measure_row(struct column *columns, int n, const uint8_t *data, size_t len)
{
	for (int turn = -2; turn < TURNS; turn++) // two to warm up
		for (int i = 0; i < n; i++) {
			double cycles = cycles_per_call(columns[i].sum, data, len);

			if (turn >= 0)
				columns[i].turns[turn] = cycles;
		}
	for (int i = 0; i < n; i++)
		qsort(columns[i].turns, TURNS, sizeof(double), by_value);
}

static int add_columns(struct column *columns, enum sl_simd_level best)
{
	int n = 0;

	columns[n++] = (struct column){.name = "rte", .sum = sum_rte};
	columns[n++] = (struct column){.name = "rte v3", .sum = sum_rte_v3};
	columns[n++] = (struct column){
		.name = best >= SL_SIMD_AVX512 ? "load512" : "load256",
		.sum = best >= SL_SIMD_AVX512 ? load_512 : load_256,
	};
	for (enum sl_simd_level i = SL_SIMD_SSE; i <= best; i++) {
		const struct sl_simd_kernels *k = sl_simd_level_kernels(i);

		if (k->checksum_sum != columns[n - 1].sum)
			columns[n++] = (struct column){.name = k->name, .sum = k->checksum_sum};
	}
	columns[n++] = (struct column){.name = "in use", .sum = sum_inline};
	return n;
}

static void print_row(const struct column *columns, int n, size_t len)
{
	const struct column *used = &columns[n - 1];
	double median = quantile(used, 50);

	printf("%6zu", len);
	for (int i = 0; i < n; i++)
		printf(" %8.1f", quantile(&columns[i], 50));
	printf("  %6.2f %6.2f %6.2f   %4.1f%%\n", quantile(&columns[0], 50) / median,
	       quantile(&columns[1], 50) / median, median / quantile(&columns[2], 50),
	       100 * (quantile(used, 90) - quantile(used, 10)) / median);
}

static void print_headers(const uint8_t *data)
{
	static struct column columns[] = {{.sum = headers_rte}, {.sum = headers_inline}};

	measure_row(columns, 2, data, HEADER);
	printf("a header of %d bytes in line: rte %.1f, us %.1f\n", HEADER,
	       quantile(&columns[0], 50) / HEADERS, quantile(&columns[1], 50) / HEADERS);
}

int main(void)
{
	static const size_t lengths[] = {20,  28,  32,  40,  64,   65,   96,   128,  129, 192,
					 256, 300, 512, 576, 1000, 1480, 1500, 4000, 9000};
	static struct column columns[COLUMNS];
	static uint8_t data[16384] __attribute__((aligned(4096)));
	enum sl_simd_level best = sl_simd_level_best(sl_simd_cpu_detect());
	int n;

	if (best < SL_SIMD_AVX2 || sl_simd_init() < 0) {
		fprintf(stderr, "checksum: needs AVX2, and a level that this CPU has\n");
		return 1;
	}
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)rand();
	n = add_columns(columns, best);
	printf("TSC cycles per call, data at offset %d in L1, level in use: %s\n%6s", OFFSET,
	       sl_simd_kernels()->name, "bytes");
	for (int i = 0; i < n; i++)
		printf(" %8s", columns[i].name);
	printf("  rte/us  v3/us us/load spread\n");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		measure_row(columns, n, data + OFFSET, lengths[i]);
		print_row(columns, n, lengths[i]);
	}
	print_headers(data + OFFSET);
	return 0;
}
