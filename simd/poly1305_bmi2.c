// Poly1305 in general registers (BMI2), two messages side by side to hide latency.
#include "simd/poly1305_lanes.h"
#include "simd/poly1305_message.h"

// The whole blocks that both have.
static inline void sum_together(struct sl_poly1305_message *a, struct sl_poly1305_message *b)
{
	const uint32_t both = a->whole < b->whole ? a->whole : b->whole;
	struct sl_poly1305_message x = *a, y = *b; // in registers

	for (uint32_t i = 0; i < both; i++, x.at += 16, y.at += 16) {
		sum_block_at(&x, x.at);
		sum_block_at(&y, y.at);
	}
	x.whole -= both;
	y.whole -= both;
	*a = x;
	*b = y;
}

static void tag_pass(struct sl_poly1305_job *jobs, size_t n)
{
	struct sl_poly1305_job *sorted[PASS];
	struct sl_poly1305_message m[2];
	uint64_t bound;

	n = sort_by_length(sorted, jobs, n, &bound);
	for (size_t i = 0; i < n; i += 2) {
		message_start(&m[0], sorted[i]);
		if (i + 1 < n) {
			message_start(&m[1], sorted[i + 1]);
			if (m[0].whole > 0 && m[1].whole > 0)
				sum_together(&m[0], &m[1]);
			message_finish(&m[1]);
		}
		message_finish(&m[0]);
	}
}

void sl_poly1305_bmi2(struct sl_poly1305_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i += PASS)
		tag_pass(jobs + i, n - i < PASS ? n - i : PASS);
}
