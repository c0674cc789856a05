// Any bytes as a frame: walked, verified and fixed, and then they must verify.

#include "core/proto/walk.h"
#include "core/proto/walk_plain.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ROOM = 1 << 16, GUARD = 4096 };

// The frame, ending at a page that nobody may touch.
static uint8_t *place(const uint8_t *data, uint16_t len)
{
	static uint8_t *room;

	if (!room) {
		room = mmap(NULL, ROOM + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		must(room != MAP_FAILED);
		must(mprotect(room + ROOM, GUARD, PROT_NONE) == 0);
	}
	memcpy(room + ROOM - len, data, len);
	return room + ROOM - len;
}

// Notes say nothing impossible: all that is covered is there, and inner layers lie in outer ones.
static void check_notes(const struct sl_walk *w, uint16_t len)
{
	must(w->n <= SL_WALK_LAYERS && w->depth <= SL_WALK_DEPTH);
	for (unsigned i = 0; i < w->n; i++) {
		const struct sl_walk_layer *l = &w->layers[i];

		must(l->kind < SL_WALK_KINDS);
		must(l->offset + l->len <= len && l->field + 2 <= l->len);
		must(i == 0 || l->offset > w->layers[i - 1].offset);
	}
}

static bool same_notes(const struct sl_walk *a, const struct sl_walk *b)
{
	if (a->n != b->n || a->flags != b->flags || a->depth != b->depth)
		return false;
	for (unsigned i = 0; i < a->n; i++) {
		if (a->layers[i].offset != b->layers[i].offset ||
		    a->layers[i].len != b->layers[i].len)
			return false;
	}
	return true;
}

// What a burst's short way says is what the walk says.
static void check_plain(const uint8_t *frame, uint16_t len, const struct sl_walk *w, bool good)
{
	struct sl_walk_layer header, upper;

	if (!sl_walk_plain(frame, len, &header, &upper))
		return;
	must(w->n == 2 && w->flags == 0);
	must(upper.offset == w->layers[1].offset && upper.len == w->layers[1].len);
	must(upper.kind == w->layers[1].kind && upper.field == w->layers[1].field);
	must(sl_walk_plain_good(frame, len) == good);
}

static void check_fixed(uint8_t *frame, uint16_t len, const struct sl_walk *before, bool udp6_zero)
{
	struct sl_walk w;

	sl_walk(&w, frame, len, udp6_zero);
	must(same_notes(&w, before));
	must(sl_walk_verify(&w, frame));
	sl_walk(&w, frame, len, udp6_zero);
	sl_walk_fix(&w, frame);
	for (unsigned i = 0; i < w.n; i++)
		must(w.layers[i].verdict != SL_WALK_FIXED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t len = (uint16_t)(size < ROOM ? size : ROOM - 1);
	uint8_t *frame = place(data, len);
	struct sl_walk w;
	bool good;

	for (unsigned udp6_zero = 0; udp6_zero < 2; udp6_zero++) {
		memcpy(frame, data, len);
		sl_walk(&w, frame, len, udp6_zero);
		check_notes(&w, len);
		good = sl_walk_verify(&w, frame);
		check_plain(frame, len, &w, good);
		must(memcmp(frame, data, len) == 0);
		sl_walk(&w, frame, len, udp6_zero);
		sl_walk_fix(&w, frame);
		must(!good || memcmp(frame, data, len) == 0);
		check_fixed(frame, len, &w, udp6_zero);
	}
	return 0;
}
