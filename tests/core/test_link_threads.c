// The link alone between two threads: 100 million packets, all there, all in order. Built to run
// under the thread sanitizer too, so it uses no EAL, no pool and no engine: the "packets" are an
// array, and the producer writes each one anew before it gives it.

#include <sluice/link.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	SLOTS = 1024,
	// More than the ring and two bursts: a packet is not rewritten while it is in use.
	PACKETS = 4 * SLOTS,
};

struct run {
	struct sl_link *link;
	struct rte_mbuf *packets;
	uint64_t count;
	uint64_t wrong;
};

static void *produce(void *arg)
{
	struct run *r = arg;
	uint64_t sent = 0;

	while (sent < r->count) {
		uint64_t n = RTE_MIN(sl_link_room(r->link), (uint64_t)SL_BURST);
		struct rte_mbuf *p[SL_BURST];

		n = RTE_MIN(n, r->count - sent);
		for (uint64_t i = 0; i < n; i++, sent++) {
			p[i] = &r->packets[sent % PACKETS];
			sl_set_stamp_ns(p[i], sent);
			sl_set_len(p[i], (uint16_t)(sent % 1500));
		}
		sl_link_give(r->link, p, (unsigned)n);
		sl_link_publish(r->link);
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct run *r = arg;
	uint64_t got = 0;

	while (got < r->count) {
		struct rte_mbuf *p[SL_BURST];
		unsigned n = sl_link_take(r->link, p, SL_BURST);

		for (unsigned i = 0; i < n; i++, got++)
			r->wrong += sl_stamp_ns(p[i]) != got || sl_len(p[i]) != got % 1500;
	}
	return NULL;
}

static void two_threads_pass_every_packet_in_order(void **state)
{
	const char *count = getenv("SLUICE_TEST_PACKETS");
	struct run r = {
		.link = sl_link_create(SLOTS),
		.packets = aligned_alloc(SL_LINE, PACKETS * sizeof(struct rte_mbuf)),
		.count = count ? strtoull(count, NULL, 10) : 100 * 1000 * 1000,
	};
	pthread_t producer, consumer;

	(void)state;
	memset(r.packets, 0, PACKETS * sizeof(struct rte_mbuf));
	assert_int_equal(pthread_create(&producer, NULL, produce, &r), 0);
	assert_int_equal(pthread_create(&consumer, NULL, consume, &r), 0);
	pthread_join(producer, NULL);
	pthread_join(consumer, NULL);
	assert_int_equal(r.wrong, 0);
	assert_int_equal(r.link->tail, r.count);
	assert_int_equal(r.link->head, r.count);
	assert_int_equal(r.link->drops, 0);
	sl_link_destroy(r.link);
	free(r.packets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_threads_pass_every_packet_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
