// poly1305_beside: sums in general registers while vector registers make keystream. The former are
// idle then, so these sums cost little.
//
// Before each batch of keystream the kernel plans which messages' blocks go beside its rounds, and
// behind it finishes those that are through. Included by kernels alone, compiled with their flags.
#pragma once

#include "simd/poly1305_message.h"

enum {
	BESIDE_SHORTEST = 192, // bytes of text; a shorter one has more edges than blocks
};

// Begin the next job below `ready` that is worth it. Returns false when there is none.
static inline bool queue_begin(struct sl_poly1305_queue *q, size_t ready)
{
	while (q->next < ready && (q->jobs[q->next].len < BESIDE_SHORTEST || q->jobs[q->next].done))
		q->next++;
	if (q->next >= ready || q->begun == SL_POLY1305_BESIDE)
		return false;
	message_start(&q->message[q->begun++], &q->jobs[q->next++]);
	return true;
}

// Plan at most `steps` steps of so many blocks each, of the jobs below `ready`.
static inline void queue_plan(struct sl_poly1305_queue *q, size_t ready, unsigned steps,
			      unsigned blocks)
{
	unsigned i = 0;

	ready = ready < q->n ? ready : q->n;
	for (; steps > 0 && (i < q->begun || queue_begin(q, ready)); i++) {
		const uint32_t most = q->message[i].whole / blocks;

		q->message[i].steps = most < steps ? most : steps;
		steps -= q->message[i].steps;
	}
	for (; i < q->begun; i++)
		q->message[i].steps = 0;
}

// Finish the messages that have less blocks left.
static inline void queue_settle(struct sl_poly1305_queue *q, uint32_t blocks)
{
	unsigned left = 0;

	for (unsigned i = 0; i < q->begun; i++) {
		struct sl_poly1305_message *m = &q->message[i];

		if (m->whole < blocks) {
			message_finish(m);
			m->job->done = true;
		} else {
			q->message[left++] = *m;
		}
	}
	q->begun = left;
}
