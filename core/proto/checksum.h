// checksum: the Internet checksum in the headers that carry it. Spec: RFC 1071, RFC 1624.
//
// Sums and checksums are in the data's byte order, as simd/checksum.h says: loaded and stored with
// memcpy, never swapped.
#pragma once

#include "core/proto/bytes.h"
#include "simd/checksum.h"

#include <stdbool.h>

// v as the word that lies in memory when v is stored in wire order.
static inline uint16_t sl_checksum_word(uint16_t v)
{
	uint8_t wire[2];
	uint16_t word;

	store_be16(wire, v);
	memcpy(&word, wire, sizeof(word));
	return word;
}

// The plain sum of the pseudo-header of TCP and UDP over IPv4, to start the sum over segment or
// datagram with. len is that of segment or datagram. Spec: RFC 9293 section 3.1, RFC 768.
static inline uint32_t sl_checksum_pseudo_ipv4(const uint8_t *src, const uint8_t *dst,
					       uint8_t protocol, uint16_t len)
{
	uint32_t sum = (uint32_t)sl_checksum_word(protocol) + sl_checksum_word(len), a, b;

	memcpy(&a, src, sizeof(a));
	memcpy(&b, dst, sizeof(b));
	return sum + (a & 0xffff) + (a >> 16) + (b & 0xffff) + (b >> 16);
}

// The same over IPv6, which ICMPv6 has, too. protocol is that of the upper layer, dst the final
// destination, whatever extension headers say. Spec: RFC 8200 section 8.1.
static inline uint32_t sl_checksum_pseudo_ipv6(const uint8_t *src, const uint8_t *dst,
					       uint8_t protocol, uint16_t len)
{
	uint32_t sum = (uint32_t)sl_checksum_word(protocol) + sl_checksum_word(len);

	sum += sl_checksum_sum_short(src, 16, 0);
	return sum + sl_checksum_sum_short(dst, 16, 0);
}

// Whether data, its checksum included, sums up right. initial is the pseudo-header or 0.
static inline bool sl_checksum_good(const void *data, size_t len, uint32_t initial)
{
	return sl_checksum_sum(data, len, initial) == 0xffff;
}

// A checksum as UDP sends it: 0 would say that there is none. Spec: RFC 768.
static inline uint16_t sl_checksum_udp(uint16_t checksum)
{
	return checksum ? checksum : 0xffff;
}

// The checksum of data whose 16-bit field at byte `field`, which is even, will hold it; what the
// field holds now does not count.
static inline uint16_t sl_checksum_make(const uint8_t *data, size_t len, size_t field,
					uint32_t initial)
{
	const uint8_t *behind = data + field + 2;
	uint16_t before = sl_checksum_sum_short(data, field, initial);

	return (uint16_t)~sl_checksum_sum(behind, len - field - 2, before);
}

// The checksum after a 16-bit or 32-bit word that it covers has changed. All in one byte order.
// Spec: RFC 1624 section 3, equation 3; equation 2 gets 0xffff where 0 is right.
static inline uint16_t sl_checksum_update32(uint16_t checksum, uint32_t from, uint32_t to)
{
	// HC' = ~(~HC + ~m + m')
	return (uint16_t)~sl_checksum_fold((uint64_t)(uint16_t)~checksum + (uint32_t)~from + to);
}

static inline uint16_t sl_checksum_update16(uint16_t checksum, uint16_t from, uint16_t to)
{
	return (uint16_t)~sl_checksum_fold((uint64_t)(uint16_t)~checksum + (uint16_t)~from + to);
}

// The same for a checksum of UDP, where 0 says that there is none and stays.
static inline uint16_t sl_checksum_update32_udp(uint16_t checksum, uint32_t from, uint32_t to)
{
	return checksum ? sl_checksum_udp(sl_checksum_update32(checksum, from, to)) : 0;
}

static inline uint16_t sl_checksum_update16_udp(uint16_t checksum, uint16_t from, uint16_t to)
{
	return checksum ? sl_checksum_udp(sl_checksum_update16(checksum, from, to)) : 0;
}
