#include "core/ip/trie_root.h"

#include "core/ip/trie_chunk.h"
#include "core/pages.h"

#include <errno.h>
#include <stddef.h>

static const size_t entries = (size_t)1 << SL_TRIE_ROOT_BITS;

static void *map(size_t bytes, bool ready)
{
	return ready ? sl_pages_map_large(bytes, bytes) : sl_pages_map(bytes);
}

// The third table is for the most part never touched, in small pages.
int sl_trie_root_init(struct sl_trie_root *r, bool ready)
{
	*r = (struct sl_trie_root){
		.quick = map(entries * sizeof(*r->quick), ready),
		.depths = map(entries * sizeof(*r->depths), ready),
		.wide = map(entries * sizeof(*r->wide), false),
	};
	if (r->quick && r->depths && r->wide)
		return 0;
	sl_trie_root_fini(r);
	return -ENOMEM;
}

// In a plain one nothing is ready beyond 2000::/3: there are no other addresses of the Internet.
int sl_trie_root_init_plain(struct sl_trie_root *r, bool ready)
{
	size_t bytes = entries * sizeof(*r->wide);

	*r = (struct sl_trie_root){
		.wide = ready ? sl_pages_map_large(bytes, bytes / 4) : sl_pages_map(bytes),
	};
	return r->wide ? 0 : -ENOMEM;
}

void sl_trie_root_fini(struct sl_trie_root *r)
{
	sl_pages_unmap(r->quick, entries * sizeof(*r->quick));
	sl_pages_unmap(r->depths, entries * sizeof(*r->depths));
	sl_pages_unmap(r->wide, entries * sizeof(*r->wide));
	*r = (struct sl_trie_root){0};
}

static uint32_t *wide_at(const struct sl_trie_root *r, uint32_t part, uint16_t place)
{
	return &r->wide[(part << SL_TRIE_PART_BITS) + place - 1];
}

// There is one: a part has as many places as entries.
static uint16_t place_take(struct sl_trie_root *r, uint32_t part)
{
	uint16_t place = r->free[part];

	if (place == 0)
		return ++r->fresh[part];
	r->free[part] = (uint16_t)*wide_at(r, part, place);
	return place;
}

static void place_give(struct sl_trie_root *r, uint32_t part, uint16_t place)
{
	*wide_at(r, part, place) = r->free[part];
	r->free[part] = place;
}

uint32_t sl_trie_root_get(const struct sl_trie_root *r, uint32_t index)
{
	uint16_t quick;

	if (!r->quick)
		return r->wide[index];
	quick = r->quick[index];
	if (quick & SL_TRIE_LEAF)
		return (uint32_t)r->depths[index] << SL_TRIE_DEPTH_SHIFT | (quick ^ SL_TRIE_LEAF);
	return sl_trie_root_wide(r, index, quick);
}

static void set_quick(struct sl_trie_root *r, uint32_t index, uint32_t entry)
{
	uint32_t depth = entry >> SL_TRIE_DEPTH_SHIFT, value = entry ^ depth << SL_TRIE_DEPTH_SHIFT;
	uint32_t part = index >> SL_TRIE_PART_BITS;
	bool wide = depth > UINT8_MAX || value >= SL_TRIE_LEAF;
	uint16_t place = r->quick[index];

	if (place & SL_TRIE_LEAF)
		place = 0;
	if (!wide) {
		if (place)
			place_give(r, part, place);
		r->depths[index] = (uint8_t)depth;
		r->quick[index] = entry ? (uint16_t)(SL_TRIE_LEAF | value) : 0;
		return;
	}
	if (!place)
		place = place_take(r, part);
	*wide_at(r, part, place) = entry;
	r->quick[index] = place;
}

void sl_trie_root_set(struct sl_trie_root *r, uint32_t index, uint32_t entry)
{
	if (r->quick)
		set_quick(r, index, entry);
	else
		r->wide[index] = entry;
}
