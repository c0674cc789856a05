#include "tests/core/ip/neighbour_rig.h"

struct rig rig;

static uint32_t number(const uint8_t ip[16])
{
	uint32_t v;

	memcpy(&v, ip, sizeof(v));
	return v;
}

static void note(struct event e)
{
	rig.counts[e.kind]++;
	rig.log[rig.n++ % LOG] = e;
}

static void on_solicit(void *owner, const struct sl_neighbour *n)
{
	assert_ptr_equal(owner, &rig);
	assert_true(n->state == SL_NEIGHBOUR_INCOMPLETE || n->state == SL_NEIGHBOUR_PROBE);
	note((struct event){.kind = n->state == SL_NEIGHBOUR_PROBE ? ASK_ONE : ASK_ALL,
			    .ip = number(n->ip),
			    .mac = n->header[5]});
}

static void on_send(void *owner, const struct sl_neighbour *n, struct rte_mbuf *p)
{
	assert_ptr_equal(owner, &rig);
	note((struct event){
		.kind = SEND, .ip = number(n->ip), .mac = n->header[5], .packet = (uintptr_t)p});
}

static void on_refuse(void *owner, struct rte_mbuf *p, enum sl_neighbour_refusal why)
{
	assert_ptr_equal(owner, &rig);
	rig.refused[why]++;
	note((struct event){.kind = REFUSE, .packet = (uintptr_t)p, .why = why});
}

const struct sl_neighbour_acts rig_acts = {
	.owner = &rig,
	.solicit = on_solicit,
	.send = on_send,
	.refuse = on_refuse,
};

struct sl_neighbour_config rig_config(uint32_t entries)
{
	return (struct sl_neighbour_config){
		.entries = entries,
		.holds = HOLDS,
		.hold = HOLD,
		.type = 0x0800,
		.mac = {2, 0, 0, 0, 0, 1},
		.seed = {0x0123456789abcdef, 0xfedcba9876543210},
		.retransmit_ns = SECOND,
		.delay_ns = 5 * SECOND,
		.reachable_ns = 30 * SECOND,
		.stale_ns = 600 * SECOND,
	};
}

int rig_setup(void **state)
{
	struct sl_neighbour_config config = rig_config(ENTRIES);

	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.now = 100 * SECOND;
	rig.t = sl_neighbours_create(&config, &rig_acts);
	return rig.t ? 0 : -1;
}

int rig_teardown(void **state)
{
	(void)state;
	if (rig.t->held > 0)
		return -1;
	sl_neighbours_destroy(rig.t);
	return 0;
}

struct address ip_of(uint32_t n)
{
	struct address a = {{0}};

	memcpy(a.bytes, &n, sizeof(n));
	return a;
}

struct address mac_of(uint8_t n)
{
	return (struct address){{2, 0, 0, 0, 0, n}};
}

bool use(uint32_t n, uintptr_t packet)
{
	return sl_neighbours_use(rig.t, ip_of(n).bytes, (struct rte_mbuf *)packet, rig.now) != NULL;
}

void hear(uint32_t n, uint8_t mac, bool create)
{
	sl_neighbours_hear(rig.t, ip_of(n).bytes, mac_of(mac).bytes, create, rig.now);
}

void advertise(uint32_t n, uint8_t mac, bool solicited, bool override)
{
	sl_neighbours_advertise(rig.t, ip_of(n).bytes, mac ? mac_of(mac).bytes : NULL, solicited,
				override, rig.now);
}

void pass(uint64_t ns)
{
	rig.now += ns;
	sl_neighbours_tick(rig.t, rig.now, 64);
}

enum sl_neighbour_state state_of(uint32_t n)
{
	const struct sl_neighbour *e = sl_neighbours_find(rig.t, ip_of(n).bytes);

	return e ? e->state : SL_NEIGHBOUR_FREE;
}

uint8_t mac_known(uint32_t n)
{
	return sl_neighbours_find(rig.t, ip_of(n).bytes)->header[5];
}

void expect(enum kind kind, uint32_t ip, uintptr_t packet)
{
	const struct event *e = &rig.log[rig.read % LOG];

	assert_true(rig.read < rig.n);
	assert_int_equal(e->kind, kind);
	if (kind != REFUSE)
		assert_int_equal(e->ip, ip);
	assert_int_equal(e->packet, packet);
	rig.read++;
}

void expect_nothing(void)
{
	assert_int_equal(rig.read, rig.n);
}

void reach(uint32_t n, uint8_t mac)
{
	use(n, n);
	advertise(n, mac, true, true);
	rig.read = rig.n;
	assert_int_equal(state_of(n), SL_NEIGHBOUR_REACHABLE);
}
