// kernel_tables: a copy of the kernel's routing table, addresses and neighbours, as far as they
// concern the interfaces of a router, kept by its messages. It knows no socket: messages go in,
// records for the router come out of rib and notices.
#pragma once

#include "core/ip/meta.h"
#include "core/ip/notices.h"
#include "core/ip/rib.h"
#include "drivers/netlink.h"

// A device of the kernel that stands for an interface.
struct sl_kernel_device {
	char name[IFNAMSIZ]; // "" = the interface has none
	uint32_t index;      // 0 = not there
	bool is_up, is_running;
	bool is_met; // by the dump under way
};

struct sl_kernel_tables {
	struct sl_rib *rib;
	struct sl_notices notices;
	struct sl_kernel_device devices[SL_IFACES_MAX]; // by interface
	unsigned n_devices;
	uint32_t table;
	// Who is to know of an address or neighbour, as a mask; the owner's.
	uint64_t (*audience)(const struct sl_control *record, void *context);
	void *context;

	bool has_met_all;   // a round has ended
	bool wants_round;   // something went that the kernel does not tell in full
	bool is_full;       // something found no room
	uint64_t refused;   // routes that the router cannot follow, when they came
	uint64_t malformed; // messages
};

struct sl_kernel_limits {
	struct sl_rib_limits rib;
	uint32_t notices; // addresses and neighbours
};

// t  Caller's, zeroed, with devices' names, table and audience set. Returns 0 or -ENOMEM; to be
//    ended in either case.
int sl_kernel_tables_init(struct sl_kernel_tables *t, const struct sl_kernel_limits *limits);
void sl_kernel_tables_fini(struct sl_kernel_tables *t);

// Take over what another one, of other interfaces perhaps, knows and has told. `from` is ended.
void sl_kernel_tables_adopt(struct sl_kernel_tables *t, struct sl_kernel_tables *from);

// Take a message in: an event, or part of a dump. Those that are no concern of ours, or make no
// sense, are passed over; the latter are counted.
void sl_kernel_tables_take(struct sl_kernel_tables *t, const struct nlmsghdr *h, bool by_event);

// Begin a round of dumps: first of links, then, after sl_kernel_tables_end_links, of addresses,
// next hop objects, routes and neighbours; then end it.
void sl_kernel_tables_begin(struct sl_kernel_tables *t);
void sl_kernel_tables_end_links(struct sl_kernel_tables *t);
void sl_kernel_tables_end(struct sl_kernel_tables *t);
