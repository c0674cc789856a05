// mld: the groups that an interface listens to, and when its routers and switches are told. Pure:
// time and addresses are given, messages are written into memory. Spec: RFC 3810 sections 6 and 8.
//
// All sources of a group are listened to. Who listens is told at once when that begins or ends,
// and again after a random time of a second at most, as often as the link is said to lose messages;
// and when asked, after a random time within what the question allows. While somebody asks in
// version 1, all is said in version 1; what others report keeps nobody silent, for switches do not
// show it to listeners (RFC 4541 section 2.1.1).
#pragma once

#include "core/proto/mld.h"

enum {
	SL_MLD_GROUPS_MAX = 260,
	SL_MLD_SOURCES_MAX = 8, // of questions about a group; more are answered as for all
};

struct sl_mld_group {
	uint8_t ip[16];
	bool left;          // goes when that has been told
	uint8_t tell;       // how often the change is still to be told
	uint64_t due_ns[2]; // when to tell of the change, and when to answer; 0 = never
	uint8_t n_sources;  // that the question is about; 0 = all
	uint8_t sources[SL_MLD_SOURCES_MAX][16];
};

struct sl_mld {
	struct sl_mld_group groups[SL_MLD_GROUPS_MAX];
	unsigned n;
	uint64_t next_ns;   // nothing is due before
	uint64_t answer_ns; // when to answer for all groups; 0 = never
	uint64_t old_ns;    // until when version 1 is spoken
	uint64_t random;
	uint32_t interval_s; // between questions, as last heard
	uint8_t robustness;  // how often each change is told
};

// Listen to nothing.
//
// seed  Random: listeners shall not answer all at once.
void sl_mld_init(struct sl_mld *m, uint64_t seed);

// Listen to these groups, some of which may be there twice, and to no others. Those
// that find no room because others have just been left are not listened to: returns false then.
bool sl_mld_listen(struct sl_mld *m, const uint8_t (*groups)[16], unsigned n, uint64_t now_ns);

// Somebody asks.
void sl_mld_hear(struct sl_mld *m, const struct sl_mld_query *q, uint64_t now_ns);

// Write the next message that is due.
//
// src     Link-local address of the interface, 16 bytes.
// packet  Room for SL_MLD_MAX bytes.
//
// Returns the length of an IPv6 packet, or 0 where nothing is due.
size_t sl_mld_next(struct sl_mld *m, const uint8_t *src, uint8_t *packet, uint64_t now_ns);
