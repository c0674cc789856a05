// Poly1305 in general registers (BMI2), two messages side by side to hide latency.
#include "simd/poly1305_message.h"

// The whole blocks that both have.
static inline void sum_together(struct sl_poly1305_message *a, struct sl_poly1305_message *b)
{
	const uint32_t both = a->whole < b->whole ? a->whole : b->whole;

	for (uint32_t i = 0; i < both; i++, a->at += 16, b->at += 16) {
		sum_block_at(a, a->at);
		sum_block_at(b, b->at);
	}
	a->whole -= both;
	b->whole -= both;
}

// Begin the first job from *job on that is not done. Returns false when there is none.
static inline bool begin(struct sl_poly1305_message *m, struct sl_poly1305_job **job,
			 const struct sl_poly1305_job *end)
{
	while (*job < end && (*job)->done)
		++*job;
	if (*job == end)
		return false;
	message_start(m, (*job)++);
	return true;
}

// Of two messages the one that gets through makes room for the next.
void sl_poly1305_bmi2(struct sl_poly1305_job *jobs, size_t n)
{
	const struct sl_poly1305_job *end = jobs + n;
	struct sl_poly1305_message a, b; // in registers

	if (!begin(&a, &jobs, end))
		return;
	while (begin(&b, &jobs, end)) {
		sum_together(&a, &b);
		if (a.whole > 0) {
			message_finish(&b);
		} else {
			message_finish(&a);
			message_copy(&a, &b);
		}
	}
	message_finish(&a);
}
