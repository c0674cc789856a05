// poly1305_beside: sums in general registers while vector registers make keystream. The former are
// idle then, so these sums cost little.
//
// Messages go one after the other. The one that a batch of keystream leaves unfinished goes on
// beside the next. Included by kernels alone, compiled with their flags.
#pragma once

#include "simd/poly1305_message.h"

// Go on with the message that was begun, or begin the next of the jobs below `ready` that is worth
// it. Returns false when there is none.
static inline bool queue_take(struct sl_poly1305_queue *q, size_t ready,
			      struct sl_poly1305_message *m)
{
	if (q->begun) {
		message_copy(m, &q->message);
		q->begun = false;
		return true;
	}
	while (q->next < ready) {
		struct sl_poly1305_job *job = &q->jobs[q->next++];

		if (job->len < q->shortest)
			continue;
		message_start(m, job);
		return true;
	}
	return false;
}

// Finish a message: its job is done.
static inline void queue_end(struct sl_poly1305_message *m)
{
	message_finish(m);
	m->job->done = true;
}

// Put one back that is not finished.
static inline void queue_keep(struct sl_poly1305_queue *q, const struct sl_poly1305_message *m)
{
	message_copy(&q->message, m);
	q->begun = true;
}

// Finish what was begun.
static inline void queue_finish(struct sl_poly1305_queue *q)
{
	if (q->begun)
		queue_end(&q->message);
	q->begun = false;
}
