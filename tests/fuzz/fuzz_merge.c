// fuzz_merge: any bytes as a burst of packets for a TUN interface: what is merged is cut into the
// same packets again. A packet is two bytes of length, then so many bytes or those that are left.

#include "tests/drivers/merge_rig.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const uint8_t *packets[SL_BURST];
	uint32_t lens[SL_BURST];
	unsigned n = 0;

	while (len >= 2 && n < SL_BURST) {
		size_t more = (size_t)bytes[0] << 8 | bytes[1];

		bytes += 2;
		len -= 2;
		packets[n] = bytes;
		lens[n] = (uint32_t)RTE_MIN(more, len);
		bytes += lens[n];
		len -= lens[n];
		n++;
	}
	if (n > 0 && merge_and_cut(packets, lens, n) == 0)
		abort();
	return 0;
}
