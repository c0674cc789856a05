// checksum: the Internet checksum's sum over bytes (RFC 1071).
#pragma once

#include "simd/level.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	// Up to here plain code is faster than a call and a vector's prologue and epilogue.
	SL_CHECKSUM_SHORT = 128,
};

// Fold a sum of words to 16 bits, every carry added back in at the bottom (RFC 1071 section 4.1):
// in x + rotated(x) the upper half is upper + lower + the carry out of lower + upper.
static inline uint16_t sl_checksum_fold(uint64_t sum)
{
	uint32_t half;

	sum += sum >> 32 | sum << 32;
	half = (uint32_t)(sum >> 32);
	half += half >> 16 | half << 16;
	return (uint16_t)(half >> 16);
}

// Add 8, 16 or 32 bytes to sum, the carry out of the top going back in at the bottom. The carry
// flag does that in one instruction per word; compilers do not find it.
static inline uint64_t sl_checksum_add8(uint64_t sum, const uint8_t *p)
{
	__asm__("addq (%1), %0\n\t"
		"adcq $0, %0"
		: "+r"(sum)
		: "r"(p), "m"(*(const uint8_t(*)[8])p)
		: "cc");
	return sum;
}

static inline uint64_t sl_checksum_add16(uint64_t sum, const uint8_t *p)
{
	__asm__("addq (%1), %0\n\t"
		"adcq 8(%1), %0\n\t"
		"adcq $0, %0"
		: "+r"(sum)
		: "r"(p), "m"(*(const uint8_t(*)[16])p)
		: "cc");
	return sum;
}

static inline uint64_t sl_checksum_add32(uint64_t sum, const uint8_t *p)
{
	__asm__("addq (%1), %0\n\t"
		"adcq 8(%1), %0\n\t"
		"adcq 16(%1), %0\n\t"
		"adcq 24(%1), %0\n\t"
		"adcq $0, %0"
		: "+r"(sum)
		: "r"(p), "m"(*(const uint8_t(*)[32])p)
		: "cc");
	return sum;
}

// The 1 to 7 bytes behind the last whole 8, as the first ones of a word: an odd last byte is the
// first of a 16-bit word whose second byte is zero (RFC 1071 section 4.1).
static inline uint64_t sl_checksum_tail(const uint8_t *data, size_t len)
{
	uint64_t word = 0;

	if (len >= 8) { // push out what belongs to the whole 8
		memcpy(&word, data + len - 8, 8);
		return word >> (64 - len % 8 * 8);
	}
	for (size_t i = len; i > 0; i--)
		word = word << 8 | data[i - 1];
	return word;
}

// The sum of short data before it is folded, without vectors.
static inline uint64_t sl_checksum_add_short(const void *data, size_t len, uint32_t initial)
{
	const uint8_t *p = data;
	uint64_t sum = initial;

	if (len % 8 != 0) // first, while nothing can carry out of the top
		sum += sl_checksum_tail(p, len);
	for (; len >= 32; p += 32, len -= 32)
		sum = sl_checksum_add32(sum, p);
	if (len & 16) {
		sum = sl_checksum_add16(sum, p);
		p += 16;
	}
	if (len & 8)
		sum = sl_checksum_add8(sum, p);
	return sum;
}

// sl_checksum_sum without vectors, for short data.
static inline uint16_t sl_checksum_sum_short(const void *data, size_t len, uint32_t initial)
{
	return sl_checksum_fold(sl_checksum_add_short(data, len, initial));
}

// Whether sl_checksum_sum of short data, not all of it zero, is 0xffff. Folding keeps the rest of a
// division by 0xffff, which a compiler finds out to be zero by one multiplication.
static inline bool sl_checksum_good_short(const void *data, size_t len, uint32_t initial)
{
	return sl_checksum_add_short(data, len, initial) % 0xffff == 0;
}

// The kernel of each level; contract as sl_checksum_sum. The scalar one is the reference.
uint16_t sl_checksum_sum_scalar(const void *data, size_t len, uint32_t initial);
uint16_t sl_checksum_sum_sse(const void *data, size_t len, uint32_t initial);
uint16_t sl_checksum_sum_avx2(const void *data, size_t len, uint32_t initial);
uint16_t sl_checksum_sum_avx512(const void *data, size_t len, uint32_t initial);
uint16_t sl_checksum_sum_vnni(const void *data, size_t len, uint32_t initial);

// The sum of what is longer than one of these kernels can sum: portions of an even number of bytes,
// one after the other.
uint16_t sl_checksum_sum_portions(uint16_t (*sum)(const void *data, size_t len, uint32_t initial),
				  size_t portion, const void *data, size_t len, uint32_t initial);

// The 16-bit one's complement sum of data and initial.
//
// data     Borrowed, any alignment; nothing outside [data, data + len) is read.
// len      Bytes, below 4 GiB. Odd: as if a zero byte followed.
// initial  What was summed before: an earlier result, or the plain sum of 16-bit words.
//
// Words are taken as they lie in memory, so sum and initial are in the data's byte order and a
// checksum is stored with memcpy, never swapped. Parts may be summed one after the other as long
// as all but the last have even length. A checksum field holds the complement of this sum; data
// that carries a right checksum sums to 0xffff. The result is 0 only if everything summed was 0.
// Any thread. Spec: RFC 1071.
static inline uint16_t sl_checksum_sum(const void *data, size_t len, uint32_t initial)
{
	if (len <= SL_CHECKSUM_SHORT)
		return sl_checksum_sum_short(data, len, initial);
	return sl_simd_kernels()->checksum_sum(data, len, initial);
}
