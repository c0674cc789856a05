#include "simd/checksum.h"
#include "simd/level.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct sl_simd_cpu old = {.sse41 = true};
static const struct sl_simd_cpu haswell = {.sse41 = true, .avx2 = true};
static const struct sl_simd_cpu skylake = {.sse41 = true, .avx2 = true, .avx512 = true};
static const struct sl_simd_cpu icelake = {
	.sse41 = true, .avx2 = true, .avx512 = true, .ifma = true};

static void best_level_follows_the_cpu(void **state)
{
	(void)state;
	assert_int_equal(sl_simd_level_best((struct sl_simd_cpu){0}), SL_SIMD_SCALAR);
	assert_int_equal(sl_simd_level_best(old), SL_SIMD_SSE);
	assert_int_equal(sl_simd_level_best(haswell), SL_SIMD_AVX2);
	assert_int_equal(sl_simd_level_best(skylake), SL_SIMD_AVX512);
	assert_int_equal(sl_simd_level_best(icelake), SL_SIMD_AVX512_IFMA);
}

static void ifma_alone_does_not_raise_the_level(void **state)
{
	const struct sl_simd_cpu odd = {.sse41 = true, .avx2 = true, .ifma = true};

	(void)state;
	assert_int_equal(sl_simd_level_best(odd), SL_SIMD_AVX2);
}

static void a_name_forces_the_level_down(void **state)
{
	const struct {
		const char *name;
		struct sl_simd_cpu cpu;
		enum sl_simd_level level;
	} cases[] = {
		{"scalar", icelake, SL_SIMD_SCALAR},
		{"sse", icelake, SL_SIMD_SSE},
		{"avx2", icelake, SL_SIMD_AVX2},
		{"avx512", icelake, SL_SIMD_AVX512_IFMA},
		{"avx512", skylake, SL_SIMD_AVX512},
		{"avx2", haswell, SL_SIMD_AVX2},
		{"scalar", old, SL_SIMD_SCALAR},
		{NULL, icelake, SL_SIMD_AVX512_IFMA},
		{NULL, old, SL_SIMD_SSE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum sl_simd_level level = SL_SIMD_LEVELS;

		assert_int_equal(sl_simd_level_choose(cases[i].name, cases[i].cpu, &level), 0);
		assert_int_equal(level, cases[i].level);
	}
}

static void a_level_the_cpu_lacks_is_refused(void **state)
{
	enum sl_simd_level level = SL_SIMD_LEVELS;

	(void)state;
	assert_int_equal(sl_simd_level_choose("avx512", haswell, &level), -ENOTSUP);
	assert_int_equal(sl_simd_level_choose("avx2", old, &level), -ENOTSUP);
	assert_int_equal(level, SL_SIMD_LEVELS);
}

static void an_unknown_level_is_refused(void **state)
{
	static const char *const names[] = {"", "AVX2", "avx", "avx2 ", "avx512-ifma", "best"};
	enum sl_simd_level level = SL_SIMD_LEVELS;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(sl_simd_level_choose(names[i], icelake, &level), -EINVAL);
	assert_int_equal(level, SL_SIMD_LEVELS);
}

static void every_level_has_every_kernel(void **state)
{
	(void)state;
	for (int i = 0; i < SL_SIMD_LEVELS; i++) {
		const struct sl_simd_kernels *k = sl_simd_level_kernels(i);

		assert_non_null(k->name);
		assert_non_null(k->checksum_sum);
		assert_true(!k->chacha20 == !k->poly1305);
	}
}

static void environment_forces_the_level(void **state)
{
	(void)state;
	setenv("SLUICE_SIMD", "scalar", 1);
	assert_int_equal(sl_simd_init(), 0);
	assert_ptr_equal(sl_simd_kernels(), sl_simd_level_kernels(SL_SIMD_SCALAR));
	unsetenv("SLUICE_SIMD");
	assert_int_equal(sl_simd_init(), 0);
	assert_ptr_equal(sl_simd_kernels(),
			 sl_simd_level_kernels(sl_simd_level_best(sl_simd_cpu_detect())));
}

static void wrong_environment_is_an_error_that_changes_nothing(void **state)
{
	const struct sl_simd_kernels *before = sl_simd_kernels();

	(void)state;
	setenv("SLUICE_SIMD", "avx3", 1);
	assert_int_equal(sl_simd_init(), -EINVAL);
	assert_ptr_equal(sl_simd_kernels(), before);
	unsetenv("SLUICE_SIMD");
}

static void first_use_without_init_with_a_wrong_environment_is_scalar(void **state)
{
	(void)state;
	setenv("SLUICE_SIMD", "avx3", 1);
	atomic_store(&sl_simd_in_use, NULL);
	assert_ptr_equal(sl_simd_kernels(), sl_simd_level_kernels(SL_SIMD_SCALAR));
	unsetenv("SLUICE_SIMD");
}

static void *use(void *bytes)
{
	return (void *)(uintptr_t)sl_checksum_sum(bytes, 200, 0);
}

static void first_use_by_many_threads_is_safe(void **state)
{
	uint8_t bytes[200] = {0x12, 0x34};
	uint16_t sum = sl_checksum_sum_scalar(bytes, sizeof(bytes), 0);
	pthread_t threads[8];

	(void)state;
	atomic_store(&sl_simd_in_use, NULL);
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, bytes), 0);
	for (int i = 0; i < 8; i++) {
		void *got;

		assert_int_equal(pthread_join(threads[i], &got), 0);
		assert_int_equal((uintptr_t)got, sum);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(best_level_follows_the_cpu),
		cmocka_unit_test(ifma_alone_does_not_raise_the_level),
		cmocka_unit_test(a_name_forces_the_level_down),
		cmocka_unit_test(a_level_the_cpu_lacks_is_refused),
		cmocka_unit_test(an_unknown_level_is_refused),
		cmocka_unit_test(every_level_has_every_kernel),
		cmocka_unit_test(environment_forces_the_level),
		cmocka_unit_test(wrong_environment_is_an_error_that_changes_nothing),
		cmocka_unit_test(first_use_without_init_with_a_wrong_environment_is_scalar),
		cmocka_unit_test(first_use_by_many_threads_is_safe),
	};

	unsetenv("SLUICE_SIMD"); // the tests set their own
	return cmocka_run_group_tests(tests, NULL, NULL);
}
