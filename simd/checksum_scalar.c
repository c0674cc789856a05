// The reference, word by word as RFC 1071 section 4.1 has it, and how the others sum very long
// data.
#include "simd/checksum.h"

uint16_t sl_checksum_sum_scalar(const void *data, size_t len, uint32_t initial)
{
	const uint8_t *p = data;
	uint64_t sum = initial;

	for (; len >= 2; p += 2, len -= 2) {
		uint16_t word;

		memcpy(&word, p, 2);
		sum += word;
	}
	if (len == 1) {
		uint16_t word = 0;

		memcpy(&word, p, 1);
		sum += word;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t sl_checksum_sum_portions(uint16_t (*sum)(const void *data, size_t len, uint32_t initial),
				  size_t portion, const void *data, size_t len, uint32_t initial)
{
	const uint8_t *p = data;

	for (; len > portion; p += portion, len -= portion)
		initial = sum(p, portion, initial);
	return sum(p, len, initial);
}
