// address: IP addresses and prefixes as values and as text.
//
// The text is what `ip` reads and prints: 10.0.0.1, 2001:db8::1, 10.0.0.0/8. Spec: RFC 4632,
// RFC 4291 section 2.2, RFC 5952 (printing).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_ip {
	uint8_t family;    // 4 or 6; 0 = none
	uint8_t bytes[16]; // in wire order; of IPv4 the first four, the rest 0
};

struct sl_prefix {
	struct sl_ip ip; // may have bits behind the prefix: an interface's address
	uint8_t len;     // bits
};

enum { SL_IP_TEXT = 64 }; // bytes that hold any address or prefix as text, with its end

// Bits of an address of the family.
static inline unsigned sl_ip_bits(uint8_t family)
{
	return family == 4 ? 32 : 128;
}

static inline size_t sl_ip_len(uint8_t family)
{
	return sl_ip_bits(family) / 8;
}

// Parse "10.0.0.1" or "fd00::1". Returns false, out untouched, where it is neither.
bool sl_ip_parse(const char *text, struct sl_ip *out);

// Parse "10.0.0.1/24"; without a length, the address alone: /32 or /128. Returns false, out
// untouched, where it is none.
bool sl_prefix_parse(const char *text, struct sl_prefix *out);

// Parse "02:00:00:00:00:01". Returns false, out untouched, where it is none.
bool sl_mac_parse(const char *text, uint8_t out[6]);

// Print into buf, of SL_IP_TEXT bytes. Return buf.
char *sl_ip_print(const struct sl_ip *ip, char *buf);
char *sl_prefix_print(const struct sl_prefix *p, char *buf);

// p with the bits behind the prefix cleared.
struct sl_prefix sl_prefix_masked(const struct sl_prefix *p);

// Whether ip is of the prefix's family and lies in it.
bool sl_prefix_contains(const struct sl_prefix *p, const struct sl_ip *ip);

// Whether ip, 16 bytes, is the subnet-router anycast address of the network that p is in: all zeros
// behind the prefix. Link-local networks and those of two have none. Spec: RFC 4291 section 2.6.1,
// RFC 6164.
bool sl_prefix_is_anycast(const struct sl_prefix *p, const uint8_t *ip);

// Whether two prefixes of one family share an address.
bool sl_prefix_overlap(const struct sl_prefix *a, const struct sl_prefix *b);

bool sl_ip_equal(const struct sl_ip *a, const struct sl_ip *b);

// 224.0.0.0/4, ff00::/8.
bool sl_ip_is_multicast(const struct sl_ip *ip);

// fe80::/10; never IPv4, where 169.254/16 routes like any other.
bool sl_ip_is_link_local(const struct sl_ip *ip);

// The link-local address of an interface. Spec: RFC 4291 appendix A (modified EUI-64).
struct sl_ip sl_ip_link_local(const uint8_t mac[6]);
