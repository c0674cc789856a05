#include <sluice/packet.h>

bool sl_packet_shift(struct rte_mbuf *p, uint16_t n)
{
	uint16_t tailroom = sl_tailroom(p);
	uint8_t *data = sl_data(p);

	if (n > tailroom)
		return false;
	// Move by all there is: the next header will then find room without moving again.
	memmove(data + tailroom, data, p->data_len);
	p->data_off = (uint16_t)(p->data_off + tailroom);
	return true;
}

struct rte_mbuf *sl_copy(struct rte_mempool *pool, const struct rte_mbuf *src)
{
	struct rte_mbuf *p;

	if (!sl_alloc_burst(pool, &p, 1))
		return NULL;
	if (sl_tailroom(p) < sl_len(src)) {
		sl_free(p);
		return NULL;
	}
	rte_memcpy(sl_data(p), sl_data(src), sl_len(src));
	sl_set_len(p, sl_len(src));
	sl_set_stamp_ns(p, sl_stamp_ns(src));
	return p;
}
