// The configuration of the app neighbour.

#include "apps/neighbour.h"

#include <errno.h>
#include <rte_random.h>

enum {
	ENTRIES_MIN = 16, // of a table
	ENTRIES_MAX = 1 << 20,
};

bool sl_neighbour_is_station(uint8_t family, const uint8_t ip[16])
{
	static const uint8_t zero[16];

	if (family == 4)
		return ip[0] != 0 && ip[0] != 127 && ip[0] < 224;
	return ip[0] != 0xff && memcmp(ip, zero, 15) != 0; // nor unspecified or loopback
}

void sl_neighbour_set_mac(struct sl_neighbour_app *self, const uint8_t mac[6])
{
	if (self->has_mac && memcmp(self->mac, mac, sizeof(self->mac)) == 0)
		return;
	memcpy(self->mac, mac, sizeof(self->mac));
	self->has_mac = true;
	sl_neighbours_set_mac(sl_neighbour_ipv4(self), mac);
	sl_neighbours_set_mac(sl_neighbour_ipv6(self), mac);
	sl_neighbour_own_set_mac(&self->own, mac);
}

static int create_table(struct sl_neighbour_side *side, const struct sl_neighbour_settings *c,
			const struct sl_neighbour_acts *acts, struct sl_error *err)
{
	struct sl_neighbour_acts mine = *acts;
	const struct sl_neighbour_config config = {
		.entries = (uint32_t)c->entries,
		.holds = (uint32_t)c->holds,
		.hold = (uint16_t)c->hold,
		.type = side->family == 4 ? SL_ETHER_IPV4 : SL_ETHER_IPV6,
		.seed = {rte_rand(), rte_rand()},
		.retransmit_ns = c->retransmit,
		.delay_ns = c->delay,
		// RFC 4861 section 6.3.2: a random time, so that routers do not ask as one
		.reachable_ns = c->reachable / 2 + rte_rand_max(c->reachable + 1),
		.stale_ns = c->stale,
	};

	mine.owner = side;
	side->table = sl_neighbours_create(&config, &mine);
	return side->table ? 0 : sl_error_set(err, -ENOMEM, "out of memory");
}

// "10.0.0.2 02:00:00:00:00:02"
static int fix(struct sl_neighbour_app *self, const char *text, struct sl_error *err)
{
	size_t n = strcspn(text, " ");
	char address[SL_IP_TEXT] = "";
	struct sl_ip ip;
	uint8_t mac[6];

	if (n < sizeof(address))
		memcpy(address, text, n);
	if (!sl_ip_parse(address, &ip) || !sl_neighbour_is_station(ip.family, ip.bytes) ||
	    text[n] != ' ' || !sl_mac_parse(text + n + 1, mac) || !sl_ether_is_unicast(mac))
		return sl_error_set(err, -EINVAL,
				    "neighbours: '%s' is not like 10.0.0.2 02:00:00:00:00:02",
				    text);
	if (sl_neighbours_fix(ip.family == 4 ? sl_neighbour_ipv4(self) : sl_neighbour_ipv6(self),
			      ip.bytes, mac, false))
		return 0;
	return sl_error_set(err, -E2BIG, "neighbours: more than entries has room for");
}

static int read_mac(struct sl_neighbour_app *self, const char *text, struct sl_error *err)
{
	uint8_t mac[6];

	if (!sl_mac_parse(text, mac) || !sl_ether_is_unicast(mac))
		return sl_error_set(err, -EINVAL,
				    "mac: '%s' is not the address of a station, such as "
				    "02:00:00:00:00:01",
				    text);
	sl_neighbour_set_mac(self, mac);
	return 0;
}

int sl_neighbour_read(struct sl_neighbour_app *self, const struct sl_neighbour_settings *c,
		      const struct sl_neighbour_acts *acts, struct sl_error *err)
{
	int r = 0;

	self->index = (uint16_t)c->index;
	self->port = c->mac ? NULL : c->port;
	sl_mld_init(&self->mld, rte_rand());
	for (unsigned i = 0; i < 2 && r == 0; i++) {
		self->sides[i].app = self;
		self->sides[i].family = i == SL_NEIGHBOUR_IPV4 ? 4 : 6;
		r = create_table(&self->sides[i], c, acts, err);
	}
	if (r == 0)
		r = sl_neighbour_own_read(&self->own, &c->addresses, err);
	if (r == 0 && c->mac)
		r = read_mac(self, c->mac, err);
	for (size_t i = 0; i < c->neighbours.count && r == 0; i++)
		r = fix(self, c->neighbours.items[i], err);
	return r;
}

const struct sl_key sl_neighbour_keys[] = {
	{.name = "index",
	 .type = SL_UINT,
	 .offset = offsetof(struct sl_neighbour_settings, index),
	 .preset = "0",
	 .max = SL_IFACES_MAX - 1,
	 .help = "the number of the interface, by which other apps know it"},
	{.name = "port",
	 .type = SL_STRING,
	 .offset = offsetof(struct sl_neighbour_settings, port),
	 .help = "the app whose link-layer address is ours"},
	{.name = "mac",
	 .type = SL_STRING,
	 .offset = offsetof(struct sl_neighbour_settings, mac),
	 .help = "our link-layer address, where the port has none or another"},
	{.name = "addresses",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct sl_neighbour_settings, addresses),
	 .help = "ours on the interface, with their networks: 10.0.0.1/24"},
	{.name = "neighbours",
	 .type = SL_STRINGS,
	 .offset = offsetof(struct sl_neighbour_settings, neighbours),
	 .help = "those that are not asked: 10.0.0.2 02:00:00:00:00:02"},
	{.name = "entries",
	 .type = SL_UINT,
	 .offset = offsetof(struct sl_neighbour_settings, entries),
	 .preset = "8192",
	 .min = ENTRIES_MIN,
	 .max = ENTRIES_MAX,
	 .help = "neighbours of each family it has room for"},
	{.name = "hold",
	 .type = SL_UINT,
	 .offset = offsetof(struct sl_neighbour_settings, hold),
	 .preset = "16",
	 .min = 1,
	 .max = 1024,
	 .help = "packets that may wait for one neighbour's answer"},
	{.name = "holds",
	 .type = SL_UINT,
	 .offset = offsetof(struct sl_neighbour_settings, holds),
	 .preset = "256",
	 .min = 1,
	 .max = 65536,
	 .help = "packets of each family that may wait for all of them"},
	{.name = "retransmit",
	 .type = SL_DURATION,
	 .offset = offsetof(struct sl_neighbour_settings, retransmit),
	 .preset = "1s",
	 .min = 1e6,
	 .help = "between two solicitations, of which there are three"},
	{.name = "delay",
	 .type = SL_DURATION,
	 .offset = offsetof(struct sl_neighbour_settings, delay),
	 .preset = "5s",
	 .min = 1e6,
	 .help = "from the use of a neighbour long not heard of until it is asked"},
	{.name = "reachable",
	 .type = SL_DURATION,
	 .offset = offsetof(struct sl_neighbour_settings, reachable),
	 .preset = "30s",
	 .min = 1e6,
	 .help = "how long an answer counts, times 0.5 to 1.5 at random"},
	{.name = "stale",
	 .type = SL_DURATION,
	 .offset = offsetof(struct sl_neighbour_settings, stale),
	 .preset = "10min",
	 .min = 1e6,
	 .help = "how long an unused neighbour is remembered"},
	{0},
};
