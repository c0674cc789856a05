// level: which instruction set the byte kernels use, and which kernel each set brings.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_chacha20_job;
struct sl_poly1305_job;
struct sl_poly1305_queue;

// From slow to fast; every level may use what the levels before it use. On a CPU with AVX-512
// the name "avx512" stands for AVX512_IFMA where the CPU has IFMA and for AVX512 where not.
enum sl_simd_level {
	SL_SIMD_SCALAR,
	SL_SIMD_SSE,
	SL_SIMD_AVX2,
	SL_SIMD_AVX512,
	SL_SIMD_AVX512_IFMA,
	SL_SIMD_LEVELS,
};

// What the choice depends on. A bit is set when CPU and operating system both support it.
struct sl_simd_cpu {
	bool sse41;
	bool avx2;   // AVX2 and BMI2
	bool avx512; // F, BW, DQ and VL
	bool ifma;   // IFMA and VNNI
};

// The kernels of one level. Contracts: checksum.h, chacha20.h, poly1305.h.
struct sl_simd_kernels {
	const char *name;
	// Both NULL where the level leaves AEAD to libsodium.
	void (*chacha20)(const struct sl_chacha20_job *jobs, size_t n,
			 struct sl_poly1305_queue *queue);
	void (*poly1305)(struct sl_poly1305_job *jobs, size_t n);
	uint32_t beside; // bytes of text from which on chacha20 takes tags beside it; 0: it never
			 // does
	uint32_t stack;  // bytes that these two use at most, and leave secrets in
	bool heads; // opening gains by making the first keystream of long texts with their keys
	const struct sl_simd_kernels *alone; // whose AEAD takes a short packet alone; NULL: its own
	uint16_t (*checksum_sum)(const void *data, size_t len, uint32_t initial);
};

// The features of the CPU that this runs on.
struct sl_simd_cpu sl_simd_cpu_detect(void);

// The fastest level that cpu can run. Pure.
enum sl_simd_level sl_simd_level_best(struct sl_simd_cpu cpu);

// The level that `name` asks for on cpu: scalar, sse, avx2 or avx512; NULL asks for the best. Pure.
//
// Returns 0; -EINVAL (no such name) or -ENOTSUP (cpu lacks it), level untouched.
int sl_simd_level_choose(const char *name, struct sl_simd_cpu cpu, enum sl_simd_level *level);

// The kernels of one level. Pure: it does not ask whether this CPU can run them.
const struct sl_simd_kernels *sl_simd_level_kernels(enum sl_simd_level level);

// Choose once for the process: the best level, or what the environment variable SLUICE_SIMD names.
// Call at start, before threads. Whoever uses a kernel without this call gets the same choice on
// first use, or the scalar level if SLUICE_SIMD makes no sense; that is safe from any thread.
//
// Returns 0; -EINVAL or -ENOTSUP as sl_simd_level_choose, the kernels in use untouched.
int sl_simd_init(void);

// The slow path of sl_simd_kernels.
const struct sl_simd_kernels *sl_simd_kernels_first_use(void);

// Written by sl_simd_init, or by the first use without it; NULL before. It points to constants, so
// relaxed order is enough.
extern _Atomic(const struct sl_simd_kernels *) sl_simd_in_use;

// The kernels in use; never NULL, valid forever. Any thread.
static inline const struct sl_simd_kernels *sl_simd_kernels(void)
{
	const struct sl_simd_kernels *k = atomic_load_explicit(&sl_simd_in_use,
							       memory_order_relaxed);

	return __builtin_expect(k != NULL, 1) ? k : sl_simd_kernels_first_use();
}
