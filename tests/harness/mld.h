// mld: queries of multicast listener discovery for tests, as a querier sends them, and a look at
// what is answered.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { MLD_FRONT = 48 }; // bytes of the headers in front of a message

struct mld_packet {
	uint8_t bytes[2048];
	size_t len;
};

// A query of version 2 from fe80::9 about a group, or "::".
//
// delay  As it stands in the message.
struct mld_packet mld_query(const char *group, uint16_t delay);

// The same of version 1.
struct mld_packet mld_old_query(const char *group, uint16_t delay);

void mld_add_source(struct mld_packet *p, const char *source);

// Make lengths and checksum right again.
void mld_fix(struct mld_packet *p);

// Assert that it is a whole message to dst as RFC 3810 section 5 wants it: hop limit 1, router
// alert, checksum.
void mld_check(const uint8_t *packet, size_t len, const char *dst);

// How many records a report has of a type about a group, which may be "any".
unsigned mld_records(const uint8_t *packet, uint8_t type, const char *group);
