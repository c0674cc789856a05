#include "core/ip/extensions.h"

#include "core/proto/ipv6.h"

enum {
	OPTION_PAD1 = 0,
	OPTION_PADN = 1,
	NO_NEXT_HEADER = 59,
	HEADERS_MAX = 32, // nobody needs more; each costs
};

// What the two highest bits of an unknown option's type ask for (RFC 8200 section 4.2).
enum { SKIP, DISCARD, TELL, TELL_UNLESS_GROUP };

enum { ROUTING_TYPE = 2, ROUTING_LEFT = 3 }; // bytes of a routing header

static bool fail(struct sl_extensions *x, unsigned error, size_t pointer)
{
	x->verdict = SL_EXTENSIONS_ERROR;
	x->error = (uint8_t)error;
	x->pointer = (uint32_t)pointer;
	return false;
}

static bool unknown_option(struct sl_extensions *x, const uint8_t *packet, size_t at)
{
	bool group = packet[offsetof(struct sl_ipv6_hdr, dst)] == 0xff;
	unsigned action = packet[at] >> 6;

	if (action == SKIP)
		return true;
	if (action == TELL || (action == TELL_UNLESS_GROUP && !group))
		return fail(x, SL_IP_PARAM_OPTION, at);
	x->verdict = SL_EXTENSIONS_DISCARD;
	return false;
}

// Returns whether the walk goes on behind the options in [at, end).
static bool options(struct sl_extensions *x, const uint8_t *packet, size_t at, size_t end)
{
	while (at < end) {
		if (packet[at] == OPTION_PAD1) {
			at++;
			continue;
		}
		if (end - at < 2 || packet[at + 1] > end - at - 2)
			return fail(x, SL_IP_PARAM_HEADER, at);
		if (packet[at] != OPTION_PADN && !unknown_option(x, packet, at))
			return false;
		at += 2U + packet[at + 1];
	}
	return true;
}

// Returns whether the walk goes on behind the header at x->at, which ends at `end`.
static bool one(struct sl_extensions *x, const uint8_t *packet, size_t end)
{
	if (x->protocol != SL_PROTO_ROUTING)
		return options(x, packet, x->at + 2, end);
	if (packet[x->at + ROUTING_LEFT] == 0)
		return true;
	return fail(x, SL_IP_PARAM_HEADER, x->at + ROUTING_TYPE); // RFC 8200 section 4.4
}

// Whether the header at x->at is one to go through.
static bool is_walked(uint8_t protocol)
{
	return protocol == SL_PROTO_HOP_BY_HOP || protocol == SL_PROTO_DEST_OPTIONS ||
	       protocol == SL_PROTO_ROUTING;
}

static void end_walk(struct sl_extensions *x, size_t len)
{
	x->verdict = SL_EXTENSIONS_UPPER;
	if (x->protocol == NO_NEXT_HEADER)
		x->verdict = SL_EXTENSIONS_NOTHING;
	if (x->protocol != SL_PROTO_FRAGMENT)
		return;
	x->verdict = SL_EXTENSIONS_FRAGMENT;
	if (len - x->at < sizeof(struct sl_ipv6_fragment))
		fail(x, SL_IP_PARAM_HEADER, offsetof(struct sl_ipv6_hdr, payload_len));
}

void sl_extensions_walk(struct sl_extensions *x, const uint8_t *packet, size_t len)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)packet;

	*x = (struct sl_extensions){.protocol = ip->next_header,
				    .at = sizeof(*ip),
				    .named = offsetof(struct sl_ipv6_hdr, next_header)};
	for (unsigned i = 0; is_walked(x->protocol); i++) {
		size_t left = len - x->at, n;

		if (i == HEADERS_MAX || (x->protocol == SL_PROTO_HOP_BY_HOP && i > 0)) {
			fail(x, SL_IP_PARAM_NEXT_HEADER, x->named); // RFC 8200 section 4
			return;
		}
		n = left < 8 ? 8 : sl_ipv6_extension_len(x->protocol, packet + x->at);
		if (n > left) {
			fail(x, SL_IP_PARAM_HEADER, offsetof(struct sl_ipv6_hdr, payload_len));
			return;
		}
		if (!one(x, packet, x->at + n))
			return;
		x->protocol = packet[x->at];
		x->named = x->at;
		x->at += (uint32_t)n;
	}
	end_walk(x, len);
}
