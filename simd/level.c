#include "simd/level.h"

#include "simd/chacha20.h"
#include "simd/checksum.h"
#include "simd/poly1305.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// What runs where. AEAD is libsodium's below AVX2: it has kernels of its own for SSE.
static const struct sl_simd_kernels levels[SL_SIMD_LEVELS] = {
	[SL_SIMD_SCALAR] =
		{
			.name = "scalar",
			.checksum_sum = sl_checksum_sum_scalar,
		},
	[SL_SIMD_SSE] =
		{
			.name = "sse",
			.checksum_sum = sl_checksum_sum_sse,
		},
	[SL_SIMD_AVX2] =
		{
			.name = "avx2",
			.checksum_sum = sl_checksum_sum_avx2,
			.chacha20 = sl_chacha20_avx2,
			.poly1305 = sl_poly1305_bmi2,
			.beside = 1,
			.stack = 2 << 10,
			.heads = true,
		},
	[SL_SIMD_AVX512] =
		{
			.name = "avx512",
			.checksum_sum = sl_checksum_sum_avx512,
			.chacha20 = sl_chacha20_avx512,
			.poly1305 = sl_poly1305_bmi2,
			.beside = 192,
			.stack = 6 << 10,
			.alone = &levels[SL_SIMD_AVX2],
		},
	[SL_SIMD_AVX512_IFMA] =
		{
			.name = "avx512",
			.checksum_sum = sl_checksum_sum_vnni,
			.chacha20 = sl_chacha20_avx512,
			.poly1305 = sl_poly1305_ifma,
			.stack = 6 << 10,
			.alone = &levels[SL_SIMD_AVX2],
		},
};

_Atomic(const struct sl_simd_kernels *) sl_simd_in_use;

struct sl_simd_cpu sl_simd_cpu_detect(void)
{
	__builtin_cpu_init();
	return (struct sl_simd_cpu){
		.sse41 = __builtin_cpu_supports("sse4.1"),
		.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"),
		.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
			  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"),
		.ifma = __builtin_cpu_supports("avx512ifma") &&
			__builtin_cpu_supports("avx512vnni"),
	};
}

enum sl_simd_level sl_simd_level_best(struct sl_simd_cpu cpu)
{
	if (!cpu.sse41)
		return SL_SIMD_SCALAR;
	if (!cpu.avx2)
		return SL_SIMD_SSE;
	if (!cpu.avx512)
		return SL_SIMD_AVX2;
	return cpu.ifma ? SL_SIMD_AVX512_IFMA : SL_SIMD_AVX512;
}

int sl_simd_level_choose(const char *name, struct sl_simd_cpu cpu, enum sl_simd_level *level)
{
	const enum sl_simd_level best = sl_simd_level_best(cpu);

	if (!name) {
		*level = best;
		return 0;
	}
	bool known = false;

	// From the top, so that a name that two levels share means the better one.
	for (int i = SL_SIMD_LEVELS - 1; i >= 0; i--) {
		if (strcmp(name, levels[i].name) != 0)
			continue;
		known = true;
		if (i <= (int)best) {
			*level = i;
			return 0;
		}
	}
	return known ? -ENOTSUP : -EINVAL;
}

const struct sl_simd_kernels *sl_simd_level_kernels(enum sl_simd_level level)
{
	return &levels[level];
}

int sl_simd_init(void)
{
	enum sl_simd_level level;
	int rc = sl_simd_level_choose(getenv("SLUICE_SIMD"), sl_simd_cpu_detect(), &level);

	if (rc == 0)
		atomic_store_explicit(&sl_simd_in_use, &levels[level], memory_order_relaxed);
	return rc;
}

const struct sl_simd_kernels *sl_simd_kernels_first_use(void)
{
	if (sl_simd_init() < 0)
		atomic_store_explicit(&sl_simd_in_use, &levels[SL_SIMD_SCALAR],
				      memory_order_relaxed);
	return atomic_load_explicit(&sl_simd_in_use, memory_order_relaxed);
}
