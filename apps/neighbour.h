// neighbour: what the parts of the app share. Worker of the app only, unless it says otherwise.
#pragma once

#include "apps/classes.h"
#include "apps/neighbour_own.h"
#include "core/ip/meta.h"
#include "core/ip/mld.h"
#include "core/ip/neighbour.h"

enum sl_neighbour_input {
	SL_NEIGHBOUR_IPV4,
	SL_NEIGHBOUR_IPV6,
	SL_NEIGHBOUR_ARP,
	SL_NEIGHBOUR_ND,
	SL_NEIGHBOUR_CONTROL,
	SL_NEIGHBOUR_FRAGMENTS4, // as IPV4 and IPV6, from another app: no join is in front of them
	SL_NEIGHBOUR_FRAGMENTS6,
};
enum sl_neighbour_output { SL_NEIGHBOUR_OUT, SL_NEIGHBOUR_ERROR, SL_NEIGHBOUR_TAP };

enum sl_neighbour_drop {
	SL_NEIGHBOUR_DROP_UNREACHABLE, // by enum sl_neighbour_refusal
	SL_NEIGHBOUR_DROP_QUEUE_FULL,
	SL_NEIGHBOUR_DROP_TABLE_FULL,
	SL_NEIGHBOUR_DROP_NEXT_HOP,
	SL_NEIGHBOUR_DROP_NO_ROOM,
	SL_NEIGHBOUR_DROP_NO_ADDRESS,
	SL_NEIGHBOUR_DROP_LOOPED,
	SL_NEIGHBOUR_DROP_CONFLICT,
	SL_NEIGHBOUR_DROP_BAD_ARP,
	SL_NEIGHBOUR_DROP_ND, // plus enum sl_nd_verdict, less one: that of good messages
	SL_NEIGHBOUR_DROP_ROUTER_SOLICITATION = SL_NEIGHBOUR_DROP_ND + 7,
	SL_NEIGHBOUR_DROP_ROUTER_ADVERTISEMENT,
	SL_NEIGHBOUR_DROP_REDIRECT,
	SL_NEIGHBOUR_DROP_BAD_QUERY,
};

enum sl_neighbour_metric {
	SL_NEIGHBOUR_METRIC_IPV4,
	SL_NEIGHBOUR_METRIC_IPV6,
	SL_NEIGHBOUR_METRIC_SOLICITATIONS,
	SL_NEIGHBOUR_METRIC_ANSWERS,
	SL_NEIGHBOUR_METRIC_CONFLICTS,
	SL_NEIGHBOUR_METRIC_DISPLACED,
	SL_NEIGHBOUR_METRIC_NO_BUFFER,
	SL_NEIGHBOUR_METRIC_RECORDS_REFUSED,
	SL_NEIGHBOUR_METRIC_LISTENER_REPORTS,
};

struct sl_neighbour_app;

// What a table's owner is: the app, as the side of one family.
struct sl_neighbour_side {
	struct sl_neighbour_app *app;
	uint8_t family;
	struct sl_neighbours *table;
};

struct sl_neighbour_app {
	struct sl_app app;
	struct sl_neighbour_side sides[2]; // by input: IPv4, IPv6
	uint8_t mac[6];                    // ours
	bool has_mac;
	uint16_t index;
	const char *port; // whose address is ours; NULL where the file says the address
	struct sl_neighbour_own own;
	struct sl_mld mld; // the groups that the own addresses bring
};

// The table of IPv4's neighbours, and that of IPv6's.
static inline struct sl_neighbours *sl_neighbour_ipv4(struct sl_neighbour_app *self)
{
	return self->sides[SL_NEIGHBOUR_IPV4].table;
}

static inline struct sl_neighbours *sl_neighbour_ipv6(struct sl_neighbour_app *self)
{
	return self->sides[SL_NEIGHBOUR_IPV6].table;
}

// Whether there is IPv6 on the link: who does not hear its messages does not speak it either.
static inline bool sl_neighbour_has_ipv6(const struct sl_neighbour_app *self)
{
	return self->app.in[SL_NEIGHBOUR_ND] != NULL;
}

// Make a frame of len bytes with its Ethernet header, to be filled and given to OUT.
// Returns its payload, of len - 14 bytes, or NULL where the pool is empty.
uint8_t *sl_neighbour_frame(struct sl_neighbour_app *self, struct rte_mbuf **p,
			    const uint8_t dst[6], uint16_t type, uint16_t len);

// A message has been understood: it leaves on `tap` where that is connected and it is of interest
// there, else it has been absorbed.
void sl_neighbour_done(struct sl_neighbour_app *self, struct rte_mbuf *p, bool of_interest);

// ARP: deal with a message; ask for a neighbour; tell all about an own address.
void sl_neighbour_arp(struct sl_neighbour_app *self, struct rte_mbuf *p);
void sl_neighbour_arp_solicit(struct sl_neighbour_app *self, const struct sl_neighbour *n);
void sl_neighbour_arp_announce(struct sl_neighbour_app *self, const struct sl_ip *ip);

// The same by neighbour discovery.
void sl_neighbour_nd(struct sl_neighbour_app *self, struct rte_mbuf *p);
void sl_neighbour_nd_solicit(struct sl_neighbour_app *self, const struct sl_neighbour *n);
void sl_neighbour_nd_announce(struct sl_neighbour_app *self, const struct sl_ip *ip);

// Multicast listener discovery: deal with a query, of which sl_mld_parse_query has said whether it
// is good; tell what is due.
void sl_neighbour_mld(struct sl_neighbour_app *self, struct rte_mbuf *p,
		      const struct sl_mld_query *q, enum sl_mld_verdict verdict);
void sl_neighbour_mld_tick(struct sl_neighbour_app *self);

// Nothing is listened to any more: tell it, until addresses change or settle is called. Control
// thread.
void sl_neighbour_mld_quiesce(struct sl_neighbour_app *self);

// Somebody else uses one of our addresses: count it and tell all whose it is, not too often.
// Spec: RFC 5227 section 2.4 (c).
void sl_neighbour_conflict(struct sl_neighbour_app *self, struct sl_neighbour_address *a);

// Whether an address, of the family, may be that of one station.
bool sl_neighbour_is_station(uint8_t family, const uint8_t ip[16]);

// Our link-layer address is this one from now on. Control thread.
void sl_neighbour_set_mac(struct sl_neighbour_app *self, const uint8_t mac[6]);

// The configuration of the app. Control thread.
struct sl_neighbour_settings {
	uint64_t index;
	const char *port, *mac;
	struct sl_strings addresses, neighbours;
	uint64_t entries, hold, holds;
	uint64_t retransmit, delay, reachable, stale;
};

extern const struct sl_key sl_neighbour_keys[];

// Make tables and addresses of what the file says.
//
// acts  What the tables ask for; the owner is filled in.
//
// Returns 0 or -errno with err filled.
int sl_neighbour_read(struct sl_neighbour_app *self, const struct sl_neighbour_settings *c,
		      const struct sl_neighbour_acts *acts, struct sl_error *err);
