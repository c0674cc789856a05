// poly1305_beside: sums in general registers while vector registers make keystream. The former are
// idle then, so these sums cost little.
//
// Before each batch of keystream the kernel plans which messages' blocks go beside its rounds;
// those that get through end there, too. Included by kernels alone, compiled with their flags.
#pragma once

#include "simd/poly1305_message.h"

// Begin the next job below `ready` that is worth it. Returns false when there is none.
static inline bool queue_begin(struct sl_poly1305_queue *q, size_t ready)
{
	while (q->next < ready && (q->jobs[q->next].len < q->shortest || q->jobs[q->next].done))
		q->next++;
	if (q->next >= ready || q->begun == SL_POLY1305_BESIDE)
		return false;
	message_start(&q->message[q->begun++], &q->jobs[q->next++]);
	return true;
}

// Plan at most `steps` steps of so many blocks each, of the jobs below `ready`. The steps that are
// left are strewn among the messages, whose ends are worth some rounds, too.
static inline void queue_plan(struct sl_poly1305_queue *q, size_t ready, unsigned steps,
			      unsigned blocks)
{
	unsigned i = 0, alone;

	ready = ready < q->n ? ready : q->n;
	for (; steps > 0 && (i < q->begun || queue_begin(q, ready)); i++) {
		const uint32_t most = q->message[i].whole / blocks;

		q->message[i].steps = most < steps ? most : steps;
		steps -= q->message[i].steps;
	}
	for (unsigned j = i; j < q->begun; j++)
		q->message[j].steps = 0;
	alone = q->begun > 0 ? steps / q->begun : 0;
	for (unsigned j = 0; j < q->begun; j++)
		q->message[j].alone = alone;
}

// Finish a message: its job is done.
static inline __attribute__((always_inline)) void queue_end(struct sl_poly1305_message *m)
{
	message_finish(m);
	m->job->done = true;
}

// Forget the messages that are done.
static inline void queue_settle(struct sl_poly1305_queue *q)
{
	unsigned left = 0;

	for (unsigned i = 0; i < q->begun; i++) {
		if (q->message[i].job->done)
			continue;
		if (left < i)
			q->message[left] = q->message[i];
		left++;
	}
	q->begun = left;
}

// Finish all that was begun.
static inline void queue_finish(struct sl_poly1305_queue *q)
{
	for (unsigned i = 0; i < q->begun; i++)
		queue_end(&q->message[i]);
	q->begun = 0;
}
