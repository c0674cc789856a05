// bytes: integers in wire order, read and written at any alignment; _le is for the few protocols
// that send the lowest byte first.
//
// Whole integers, turned: put together of bytes they are at times read byte by byte.
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t load_be16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t load_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline uint64_t load_be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

static inline void store_be16(uint8_t *p, uint16_t v)
{
	const uint16_t wire = htobe16(v);

	memcpy(p, &wire, sizeof(wire));
}

static inline void store_be32(uint8_t *p, uint32_t v)
{
	const uint32_t wire = htobe32(v);

	memcpy(p, &wire, sizeof(wire));
}

static inline void store_be64(uint8_t *p, uint64_t v)
{
	const uint64_t wire = htobe64(v);

	memcpy(p, &wire, sizeof(wire));
}

static inline uint16_t load_le16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline uint32_t load_le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t load_le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline void store_le16(uint8_t *p, uint16_t v)
{
	const uint16_t wire = htole16(v);

	memcpy(p, &wire, sizeof(wire));
}

static inline void store_le32(uint8_t *p, uint32_t v)
{
	const uint32_t wire = htole32(v);

	memcpy(p, &wire, sizeof(wire));
}

static inline void store_le64(uint8_t *p, uint64_t v)
{
	const uint64_t wire = htole64(v);

	memcpy(p, &wire, sizeof(wire));
}
