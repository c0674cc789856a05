// ChaCha20 in 16 lanes, of whatever packets.
#include "simd/chacha20_lanes.h"

void sl_chacha20_avx512(const struct sl_chacha20_job *jobs, size_t n,
			struct sl_poly1305_queue *queue)
{
	chacha20(jobs, n, queue);
}
