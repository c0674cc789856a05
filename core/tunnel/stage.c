#include "core/tunnel/stage.h"

#include <stdlib.h>

struct place {
	struct rte_mbuf *p;
	uint32_t next; // of the queue, or the next free one
};

struct sl_stage {
	uint32_t count, size, free; // free = size: none
	struct place places[];
};

struct sl_stage *sl_stage_create(uint32_t n)
{
	struct sl_stage *s = malloc(sizeof(*s) + n * sizeof(s->places[0]));

	if (!s)
		return NULL;
	*s = (struct sl_stage){.size = n};
	for (uint32_t i = 0; i < n; i++)
		s->places[i].next = i + 1;
	return s;
}

void sl_stage_destroy(struct sl_stage *s)
{
	free(s);
}

struct rte_mbuf *sl_stage_take(struct sl_stage *s, struct sl_staged *q)
{
	uint32_t at = q->first;
	struct rte_mbuf *p;

	if (q->n == 0)
		return NULL;
	p = s->places[at].p;
	q->first = s->places[at].next;
	q->n--;
	s->places[at].next = s->free;
	s->free = at;
	s->count--;
	return p;
}

struct rte_mbuf *sl_stage_put(struct sl_stage *s, struct sl_staged *q, struct rte_mbuf *p)
{
	bool is_full = s->free == s->size || q->n == SL_STAGE_MOST;
	struct rte_mbuf *gone = is_full ? sl_stage_take(s, q) : NULL;
	uint32_t at = s->free;

	if (at == s->size)
		return p;
	s->free = s->places[at].next;
	s->places[at].p = p;
	if (q->n > 0)
		s->places[q->last].next = at;
	else
		q->first = at;
	q->last = at;
	q->n++;
	s->count++;
	return gone;
}

uint32_t sl_stage_count(const struct sl_stage *s)
{
	return s->count;
}
