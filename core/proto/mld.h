// mld: messages of multicast listener discovery, of both versions: queries read, the others
// written. Spec: RFC 3810 section 5, RFC 2710 section 3.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_mld_type {
	SL_MLD_QUERY = 130,
	SL_MLD_OLD_REPORT = 131, // of version 1
	SL_MLD_OLD_DONE = 132,
	SL_MLD_REPORT = 143,
};

// What a record of a report says. Spec: RFC 3810 section 5.2.12.
enum sl_mld_record {
	SL_MLD_IS_INCLUDE = 1,
	SL_MLD_IS_EXCLUDE = 2,
	SL_MLD_TO_INCLUDE = 3,
	SL_MLD_TO_EXCLUDE = 4,
};

enum sl_mld_verdict {
	SL_MLD_GOOD,
	SL_MLD_BAD,   // a query that must be ignored
	SL_MLD_OTHER, // no query
};

struct sl_mld_query {
	bool old;               // of version 1
	bool general;           // about all groups
	uint8_t group[16];      // else about this one
	uint32_t max_delay_ms;  // of an answer
	uint8_t robustness;     // 0 = not said
	uint32_t interval_s;    // of queries; 0 = not said
	const uint8_t *sources; // of 16 bytes each, in the packet: the query is about these
	unsigned n_sources;     // 0 = about all
};

// Read an IPv6 packet and check what RFC 3810 sections 5.1, 6.2 and 8.1 ask of a query: from a
// link-local address, hop limit 1, router alert, checksum, length. Padding may follow the packet.
//
// q  Filled where the result is SL_MLD_GOOD; it points into the packet.
enum sl_mld_verdict sl_mld_parse_query(struct sl_mld_query *q, const uint8_t *packet, size_t len);

enum { SL_MLD_MAX = 1280 }; // bytes of the longest packet that is written: any link carries it

// A report being written.
struct sl_mld_report {
	uint8_t *packet;
	size_t len;
	unsigned records;
};

// Begin a report from an address of 16 bytes.
//
// packet  Room for SL_MLD_MAX bytes, used until the end.
void sl_mld_report_begin(struct sl_mld_report *r, uint8_t *packet, const uint8_t *src);

// Add a record about n sources of 16 bytes each. Returns false where there is no room left.
bool sl_mld_report_add(struct sl_mld_report *r, enum sl_mld_record type, const uint8_t *group,
		       const uint8_t *sources, unsigned n);

// Returns the length of the finished packet, to ff02::16.
size_t sl_mld_report_end(struct sl_mld_report *r);

// Write a report of version 1, to the group, or a done, to all routers. Returns its length.
size_t sl_mld_write_old(uint8_t *packet, enum sl_mld_type type, const uint8_t *src,
			const uint8_t *group);
