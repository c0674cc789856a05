// ipv6-input: passes the IPv6 packets that a router may look at further, and drops the others
// without a word. Ports: any number -> out. Config: none.
// Spec: RFC 8200 section 3, RFC 4291 sections 2.5 to 2.7.

#include "apps/classes.h"
#include "apps/ip_input.h"
#include "core/ip/meta.h"
#include "core/proto/ipv6.h"

enum {
	DROP_TOO_SHORT,
	DROP_BAD_VERSION,
	DROP_BAD_LENGTH,
	DROP_MARTIAN_SOURCE,
	DROP_MARTIAN_DESTINATION,
	DROP_L2_GROUP,
	GOOD
};

enum { BARE = sizeof(struct sl_ipv6_hdr) };

enum { SCOPE_LINK = 2 }; // of a multicast address; RFC 4291 section 2.7

static bool is_multicast(const uint8_t *ip)
{
	return ip[0] == 0xff;
}

static bool is_unspecified(const uint8_t *ip)
{
	return (load_be64(ip) | load_be64(ip + 8)) == 0;
}

static bool is_link_scope(const uint8_t *ip)
{
	if (is_multicast(ip))
		return (ip[1] & 15) == SCOPE_LINK;
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
}

static bool martian_source(const uint8_t *src, const uint8_t *dst)
{
	if (is_unspecified(src)) // of a host that has no address yet: nobody can answer
		return !is_link_scope(dst);
	return is_multicast(src) || sl_ipv6_is_within_host(src);
}

// Multicast scopes 0 (reserved) and 1 (within a host) are never on the wire.
static bool martian_destination(const uint8_t *dst)
{
	if (is_multicast(dst))
		return (dst[1] & 15) < SCOPE_LINK;
	return is_unspecified(dst) || sl_ipv6_is_within_host(dst);
}

static inline unsigned whole_len(const uint8_t *packet)
{
	return BARE + (unsigned)load_be16(((const struct sl_ipv6_hdr *)packet)->payload_len);
}

// What is wrong with a packet.
static unsigned judge(const struct rte_mbuf *p)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)sl_data(p);
	unsigned len = sl_len(p);

	if (len < BARE)
		return DROP_TOO_SHORT;
	if (ip->version_class_flow[0] >> 4 != 6)
		return DROP_BAD_VERSION;
	if (whole_len(sl_data(p)) > len)
		return DROP_BAD_LENGTH;
	if (load_be16(ip->payload_len) == 0 &&
	    ip->next_header == SL_PROTO_HOP_BY_HOP) // a jumbogram, RFC 2675
		return DROP_BAD_LENGTH;
	if (martian_source(ip->src, ip->dst))
		return DROP_MARTIAN_SOURCE;
	if (martian_destination(ip->dst))
		return DROP_MARTIAN_DESTINATION;
	if (sl_ip_meta(p)->flags & SL_META_L2_GROUP && !is_multicast(ip->dst))
		return DROP_L2_GROUP;
	return GOOD;
}

// Whether a packet is good beyond doubt: both addresses begin with neither 0x00, where those that
// mean something else are, nor 0xff.
static inline bool plain(const struct rte_mbuf *p)
{
	const struct sl_ipv6_hdr *ip = (const struct sl_ipv6_hdr *)sl_data(p);
	unsigned len = sl_len(p);
	bool bad;

	if (len < BARE)
		return false;
	bad = ip->version_class_flow[0] >> 4 != 6;
	bad |= whole_len(sl_data(p)) > len;
	bad |= ip->next_header == SL_PROTO_HOP_BY_HOP;
	bad |= ip->src[0] - 1U >= 0xfe || ip->dst[0] - 1U >= 0xfe;
	bad |= sl_ip_meta(p)->flags & SL_META_L2_GROUP;
	return !bad;
}

static const struct sl_ip_checks checks = {plain, judge, whole_len, GOOD};

static void ipv6_input_push(struct sl_app *app)
{
	sl_ip_input_push(app, &checks);
}

const struct sl_app_class sl_ipv6_input_class = {
	.name = "ipv6-input",
	.help = "pass the IPv6 packets that a router may look at further\n"
		"Packets come without their link-layer header, from ethernet-in. Version and "
		"payload length are checked; padding is cut off. Dropped without a word are also "
		"packets whose source is a group, ::1 or an IPv4-mapped address, or :: towards "
		"anything beyond the link; packets to ::, ::1, an IPv4-mapped address or a group "
		"that does not leave a host; packets to one host that came in a frame to many; and "
		"jumbograms. Extension headers are not looked at. The inputs take turns as with "
		"`join`.",
	.inputs = {"*"},
	.outputs = {"out"},
	.drops = {[DROP_TOO_SHORT] = "too_short",
		  [DROP_BAD_VERSION] = "bad_version",
		  [DROP_BAD_LENGTH] = "bad_length",
		  [DROP_MARTIAN_SOURCE] = "martian_source",
		  [DROP_MARTIAN_DESTINATION] = "martian_destination",
		  [DROP_L2_GROUP] = "l2_group"},
	.size = sizeof(struct sl_ip_input),
	.push = ipv6_input_push,
};
