// sync: how a copy of the kernel's tables is made right again.
//
// Events tell what changes; a round of dumps tells all there is. What a round has not met goes at
// its end. An event within a round is newer than what the dump says of the same thing: the kernel
// may have written that part of the dump before.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sl_sync {
	uint16_t round;
	bool under_way;
};

// When a thing was last heard of.
struct sl_heard {
	uint16_t round;
	bool by_event;
};

static inline void sl_heard_now(struct sl_heard *h, const struct sl_sync *s, bool by_event)
{
	h->round = s->round;
	h->by_event = by_event;
}

// Whether an event of this round has the last word, whatever a dump says.
static inline bool sl_heard_is_final(const struct sl_heard *h, const struct sl_sync *s)
{
	return s->under_way && h->by_event && h->round == s->round;
}
