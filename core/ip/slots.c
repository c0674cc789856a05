#include "core/ip/slots.h"

#include <string.h>
#include <sys/mman.h>

void *sl_reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void sl_reserve_free(void *base, size_t bytes)
{
	if (base)
		munmap(base, bytes);
}

static size_t bytes_of(const struct sl_slots *s)
{
	return ((size_t)s->max + 1) * s->size; // slot 0 is nobody's
}

bool sl_slots_init(struct sl_slots *s, uint32_t max, size_t size)
{
	*s = (struct sl_slots){.size = size, .max = max};
	s->base = sl_reserve(bytes_of(s));
	return s->base != NULL;
}

void sl_slots_fini(struct sl_slots *s)
{
	sl_reserve_free(s->base, bytes_of(s));
	*s = (struct sl_slots){0};
}

uint32_t sl_slots_take(struct sl_slots *s)
{
	uint32_t number = s->free;

	if (number) {
		memcpy(&s->free, sl_slots_at(s, number), sizeof(s->free));
		memset(sl_slots_at(s, number), 0, sizeof(s->free));
	} else if (s->high < s->max) {
		number = ++s->high;
	} else {
		return 0;
	}
	s->used++;
	return number;
}

void sl_slots_give(struct sl_slots *s, uint32_t number)
{
	uint8_t *slot = sl_slots_at(s, number);

	memset(slot, 0, s->size);
	memcpy(slot, &s->free, sizeof(s->free));
	s->free = number;
	s->used--;
}
