// fuzz_arp: ARP messages from strangers, as one link brings them, 30 bytes each: what the table of
// neighbours makes of them stays within its bounds and keeps who has answered. The first byte is
// what happens in between: a packet to somebody, time passing.

#include "core/ip/neighbour.h"
#include "core/proto/arp.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { STEP = 2 + sizeof(struct sl_arp), ENTRIES = 32, HOLDS = 8, HOLD = 2, FRIEND = 0xfe };
static const uint64_t second_ns = 1000000000;

struct world {
	struct sl_neighbours *t;
	uint64_t waiting, now;
};

static void on_solicit(void *owner, const struct sl_neighbour *n)
{
	(void)owner;
	must(n->state == SL_NEIGHBOUR_INCOMPLETE || n->state == SL_NEIGHBOUR_PROBE);
	must(n->tries <= SL_NEIGHBOUR_TRIES);
}

static void on_send(void *owner, const struct sl_neighbour *n, struct rte_mbuf *p)
{
	struct world *w = owner;

	must(p != NULL && sl_ether_is_unicast(n->header));
	w->waiting--;
}

static void on_refuse(void *owner, struct rte_mbuf *p, enum sl_neighbour_refusal why)
{
	struct world *w = owner;

	must(p != NULL && why <= SL_NEIGHBOUR_TABLE_FULL);
	w->waiting--;
}

static void check(const struct world *w)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < SL_NEIGHBOUR_PARTS; i++) {
		must(w->t->parts[i].count <= w->t->parts[i].share);
		sum += w->t->parts[i].count;
	}
	must(sum == w->t->count && sum <= ENTRIES);
	must(w->t->held == w->waiting && w->waiting <= HOLDS);
}

static void receive(struct world *w, const uint8_t *bytes, size_t len)
{
	const struct sl_arp *arp = sl_arp_parse(bytes, len);
	uint8_t ip[16] = {0};

	if (!arp)
		return;
	must(sl_ether_is_unicast(arp->sender_mac));
	if (sl_arp_is_probe(arp))
		return;
	memcpy(ip, arp->sender_ip, sizeof(arp->sender_ip));
	if (load_be16(arp->op) == SL_ARP_REPLY)
		sl_neighbours_advertise(w->t, ip, arp->sender_mac, arp->target_ip[3] & 1,
					arp->target_ip[3] & 2, w->now);
	else
		sl_neighbours_hear(w->t, ip, arp->sender_mac, arp->target_ip[3] & 1, w->now);
}

static void send(struct world *w, uint8_t to)
{
	static int packet;
	uint8_t ip[16] = {10, 0, 0, to};

	w->waiting++;
	if (sl_neighbours_use(w->t, ip, (struct rte_mbuf *)&packet, w->now))
		w->waiting--;
}

static void step(struct world *w, const uint8_t *bytes)
{
	if (bytes[0] & 1)
		send(w, bytes[1]);
	if (bytes[0] & 2)
		w->now += second_ns * (bytes[0] >> 2);
	sl_neighbours_tick(w->t, w->now, 4);
	receive(w, bytes + 2, sizeof(struct sl_arp));
	check(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sl_neighbour_config config = {
		.entries = ENTRIES,
		.holds = HOLDS,
		.hold = HOLD,
		.type = SL_ETHER_IPV4,
		.seed = {1, 2},
		.retransmit_ns = second_ns,
		.delay_ns = 5 * second_ns,
		.reachable_ns = 30 * second_ns,
		.stale_ns = 60 * second_ns,
	};
	struct world w = {.now = second_ns};
	const struct sl_neighbour_acts acts = {&w, on_solicit, on_send, on_refuse};
	const uint8_t friend[16] = {10, 0, 1, FRIEND}, mac[6] = {2, 0, 0, 0, 0, FRIEND};

	w.t = sl_neighbours_create(&config, &acts);
	must(w.t && sl_neighbours_fix(w.t, friend, mac, true));
	receive(&w, data, size % sizeof(struct sl_arp)); // cut short
	for (; size >= STEP; data += STEP, size -= STEP) {
		step(&w, data);
		must(memcmp(sl_neighbours_find(w.t, friend)->header, mac, sizeof(mac)) == 0);
	}
	for (unsigned i = 0; i < 4 * ENTRIES; i++) {
		w.now += 60 * second_ns;
		sl_neighbours_tick(w.t, w.now, 4);
	}
	must(w.t->count == 1 && w.waiting == 0);
	sl_neighbours_destroy(w.t);
	return 0;
}
