// checksum_load64: the data of the kernels of AVX-512, 64 bytes at a time.
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

// The 64 bytes at p.
static inline __m512i sl_checksum_load64(const uint8_t *p)
{
	__m512i words = _mm512_loadu_si512(p);

	__asm__("" : "+v"(words)); // loads are the limit, and gcc would load again for each use
	return words;
}

// The first n < 64 bytes at p; the others are not read and become zero.
static inline __m512i sl_checksum_load_first(const uint8_t *p, size_t n)
{
	return _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (unsigned)n), p);
}

// The bytes from p to where no load of 64 straddles a cache line any more. An even number: words
// stay whole.
static inline size_t sl_checksum_head64(const uint8_t *p)
{
	return -(uintptr_t)p & 62;
}
