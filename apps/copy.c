#include "apps/copy.h"

enum { CHUNK = 64 };

// Copy in whole chunks where both buffers have the room: short packets then cost four vector
// moves and no call. What lies behind the end of a frame is nobody's.
static void copy_bytes(uint8_t *to, const uint8_t *from, size_t len, size_t room)
{
	if (__builtin_expect(room < RTE_ALIGN_CEIL(len, (size_t)CHUNK), 0)) {
		memcpy(to, from, len);
		return;
	}
	for (size_t i = 0; i < len; i += CHUNK)
		memcpy(to + i, from + i, CHUNK);
}

static bool copy_one(struct rte_mbuf *to, const struct rte_mbuf *from)
{
	uint16_t len = sl_len(from), to_room = sl_tailroom(to);
	unsigned from_room = (unsigned)len + sl_tailroom(from);

	if (__builtin_expect(to_room < len, 0))
		return false;
	copy_bytes(sl_data(to), sl_data(from), len, RTE_MIN((unsigned)to_room, from_room));
	sl_set_len(to, len);
	sl_set_stamp_ns(to, sl_stamp_ns(from));
	return true;
}

// Take as many fresh packets as there are, n at most.
static unsigned alloc(struct rte_mempool *pool, struct rte_mbuf **p, unsigned n)
{
	unsigned got = 0;

	if (__builtin_expect(sl_alloc_burst(pool, p, n), 1))
		return n;
	while (got < n && sl_alloc_burst(pool, p + got, 1))
		got++;
	return got;
}

unsigned sl_app_copy(struct sl_app *app, struct rte_mbuf *const *src, unsigned n,
		     struct rte_mbuf **copies, unsigned no_copy_reason)
{
	unsigned got = alloc(app->pool, copies, n), made = 0;

	for (unsigned i = 0; i < got; i++) {
		struct rte_mbuf *to = copies[i];

		if (__builtin_expect(copy_one(to, src[i]), 1))
			copies[made++] = to;
		else
			sl_free(to);
	}
	sl_app_created(app, n);
	if (made < n)
		sl_count(&app->drops[no_copy_reason], n - made);
	return made;
}
