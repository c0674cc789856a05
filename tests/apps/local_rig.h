// local_rig: the app `local` of a router with two interfaces, and what its tests expect of it.
#pragma once

#include "tests/harness/ip.h"

enum { IN4, IN6, CONTROL };
enum { OUT4, OUT6, ERROR, TAP };
enum { LAN, WAN }; // wan has a TAP
enum { SECOND_NS = 1000000000 };

extern const char *const local_line; // the config
extern struct ip_packet sent, got;   // what is fed, and what came out
extern struct sl_harness *rig;

// Before and after each test.
int begin(void **state);
int end(void **state);

// Feed `sent` as of an interface.
void feed_on(uint16_t iface);
// The same on lan, which has no TAP.
void feed(void);
// Packets that wait in all outputs.
uint64_t waiting(void);
// Feed `sent`: nothing comes out, and the drop of that name counts.
void is_dropped(const char *reason);
// The only packet there is, an echo reply with what `sent` had, from `from` to the source of
// `sent`.
void expect_reply(const char *from);
// `sent` itself leaves on error for that reason.
void expect_error(unsigned error, uint32_t pointer);
// `sent` leaves on the TAP as the frame it was.
void expect_tap(void);
// Make `sent` an echo request.
void echo4(unsigned payload);
void echo6(const char *dst, unsigned payload);
// Put length and checksum into the UDP header of `sent`.
void seal_udp(void);
// Make `sent` a datagram with a right checksum.
void udp(const char *src, const char *dst);
