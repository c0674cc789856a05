#include <errno.h>
#include <sluice/link.h>
#include <stdlib.h>

enum { SIZE_MAX_SLOTS = 1 << 20 };

struct sl_link *sl_link_create(unsigned size)
{
	uint64_t slots = rte_align32pow2(
		RTE_MAX(RTE_MIN(size, (unsigned)SIZE_MAX_SLOTS), (unsigned)SL_BURST));
	size_t bytes = RTE_ALIGN_CEIL(sizeof(struct sl_link) + slots * sizeof(struct rte_mbuf *),
				      (size_t)SL_APART);
	struct sl_link *l = aligned_alloc(SL_APART, bytes);

	if (!l)
		return NULL;
	memset(l, 0, bytes);
	l->size = slots;
	return l;
}

void sl_link_destroy(struct sl_link *l)
{
	struct rte_mbuf *p[SL_BURST];
	unsigned n;

	if (!l)
		return;
	sl_link_publish(l);
	while ((n = sl_link_take(l, p, SL_BURST)) > 0)
		sl_free_burst(p, n);
	free(l);
}

void sl_link_overflow(struct sl_link *l, struct rte_mbuf *const *p, unsigned n)
{
	uint64_t drops = atomic_load_explicit(&l->drops, memory_order_relaxed);

	atomic_store_explicit(&l->drops, drops + n, memory_order_relaxed);
	sl_free_burst(p, n);
}
