// neighbour_rig: a neighbour table with a clock of the test's own and packets that are but numbers.
#pragma once

#include "core/ip/neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ENTRIES = 1024, HOLDS = 64, HOLD = 4, LOG = 1 << 12 };
#define SECOND UINT64_C(1000000000)

// What the table asked for, in order.
enum kind { ASK_ALL, ASK_ONE, SEND, REFUSE };

struct event {
	enum kind kind;
	uint32_t ip;
	uint8_t mac; // last byte
	uintptr_t packet;
	enum sl_neighbour_refusal why;
};

struct rig {
	struct sl_neighbours *t;
	uint64_t now;
	struct event log[LOG];
	unsigned n, read;
	uint64_t counts[4], refused[3];
};

extern struct rig rig;
extern const struct sl_neighbour_acts rig_acts;

struct sl_neighbour_config rig_config(uint32_t entries);
int rig_setup(void **state);

// Nothing may wait that the test knows nothing of.
int rig_teardown(void **state);

struct address {
	uint8_t bytes[16];
};

struct address ip_of(uint32_t n);
struct address mac_of(uint8_t n);

// What to do with the neighbour n, whose link-layer address ends in mac (0: not said).
bool use(uint32_t n, uintptr_t packet);
void hear(uint32_t n, uint8_t mac, bool create);
void advertise(uint32_t n, uint8_t mac, bool solicited, bool override);

// Let time pass, with one tick at its end.
void pass(uint64_t ns);

enum sl_neighbour_state state_of(uint32_t n);
uint8_t mac_known(uint32_t n);

// The next that the table has asked for is this.
void expect(enum kind kind, uint32_t ip, uintptr_t packet);
void expect_nothing(void);

// Make n a neighbour that has answered.
void reach(uint32_t n, uint8_t mac);
