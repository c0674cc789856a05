// ipv4-input: passes the IPv4 packets that a router may look at further, and drops the others
// without a word. Ports: any number -> out. Config: none.
// Spec: RFC 1812 sections 4.2.2, 5.2.2, 5.3.4, 5.3.7; RFC 6890 for the addresses.

#include "apps/classes.h"
#include "apps/ip_input.h"
#include "core/ip/meta.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"

enum {
	DROP_TOO_SHORT,
	DROP_BAD_VERSION,
	DROP_BAD_HEADER_LENGTH,
	DROP_BAD_LENGTH,
	DROP_BAD_CHECKSUM,
	DROP_MARTIAN_SOURCE,
	DROP_MARTIAN_DESTINATION,
	DROP_L2_GROUP,
	GOOD
};

enum { BARE = sizeof(struct sl_ipv4_hdr) }; // bytes of a header without options

// 0/8, 127/8, 224/3 with the limited broadcast.
static inline bool martian_source(uint8_t first)
{
	return (unsigned)first - 1 >= 223 || first == 127;
}

// 0/8, 127/8, 240/4.
static inline bool martian_destination(uint8_t first)
{
	return (unsigned)first - 1 >= 239 || first == 127;
}

static bool is_broadcast(const uint8_t *ip)
{
	return load_be32(ip) == 0xffffffff;
}

static unsigned judge_addresses(const struct rte_mbuf *p, const struct sl_ipv4_hdr *ip)
{
	bool broadcast = is_broadcast(ip->dst), group = broadcast || ip->dst[0] >> 4 == 14;

	// a host that asks for its address has none yet (RFC 1122 section 3.2.1.3)
	if (martian_source(ip->src[0]) && !(load_be32(ip->src) == 0 && broadcast))
		return DROP_MARTIAN_SOURCE;
	if (martian_destination(ip->dst[0]) && !broadcast)
		return DROP_MARTIAN_DESTINATION;
	if (sl_ip_meta(p)->flags & SL_META_L2_GROUP && !group)
		return DROP_L2_GROUP;
	return GOOD;
}

static inline unsigned whole_len(const uint8_t *packet)
{
	return load_be16(((const struct sl_ipv4_hdr *)packet)->total_len);
}

// What is wrong with a packet, in the order of RFC 1812 section 5.2.2.
static unsigned judge(const struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);
	uint16_t len = sl_len(p), total_len;
	size_t hdr_len;

	if (len < BARE)
		return DROP_TOO_SHORT;
	hdr_len = sl_ipv4_hdr_len(ip);
	total_len = whole_len(sl_data(p));
	if (ip->version_ihl >> 4 != 4)
		return DROP_BAD_VERSION;
	if (hdr_len < BARE || hdr_len > len)
		return DROP_BAD_HEADER_LENGTH;
	if (!sl_checksum_good(ip, hdr_len, 0))
		return DROP_BAD_CHECKSUM;
	if (total_len < hdr_len || total_len > len)
		return DROP_BAD_LENGTH;
	return judge_addresses(p, ip);
}

// Whether a packet without options is good beyond doubt, by one branch for all checks; judge tells
// what is wrong with the others, if anything.
static inline bool plain(const struct rte_mbuf *p)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)sl_data(p);
	unsigned len = sl_len(p), total_len = whole_len(sl_data(p));
	bool bad;

	if (len < BARE)
		return false;
	bad = ip->version_ihl != 0x45;
	bad |= total_len - BARE > len - BARE;
	bad |= !sl_checksum_good_short(ip, BARE, 0);
	bad |= martian_source(ip->src[0]);
	bad |= martian_destination(ip->dst[0]);
	bad |= sl_ip_meta(p)->flags & SL_META_L2_GROUP;
	return !bad;
}

static const struct sl_ip_checks checks = {plain, judge, whole_len, GOOD};

static void ipv4_input_push(struct sl_app *app)
{
	sl_ip_input_push(app, &checks);
}

const struct sl_app_class sl_ipv4_input_class = {
	.name = "ipv4-input",
	.help = "pass the IPv4 packets that a router may look at further\n"
		"Packets come without their link-layer header, from ethernet-in. Their header, its "
		"checksum and its lengths are checked; padding is cut off. Dropped without a word "
		"are also packets from 0/8, 127/8 and 224/3, packets to 0/8, 127/8 and 240/4 "
		"except the limited broadcast, and packets to one host that came in a frame to "
		"many. A packet from 0.0.0.0 passes where it goes to 255.255.255.255. The TTL "
		"matters to who forwards, options are not looked at. The inputs take turns as with "
		"`join`.",
	.inputs = {"*"},
	.outputs = {"out"},
	.drops = {[DROP_TOO_SHORT] = "too_short",
		  [DROP_BAD_VERSION] = "bad_version",
		  [DROP_BAD_HEADER_LENGTH] = "bad_header_length",
		  [DROP_BAD_LENGTH] = "bad_length",
		  [DROP_BAD_CHECKSUM] = "bad_checksum",
		  [DROP_MARTIAN_SOURCE] = "martian_source",
		  [DROP_MARTIAN_DESTINATION] = "martian_destination",
		  [DROP_L2_GROUP] = "l2_group"},
	.size = sizeof(struct sl_ip_input),
	.push = ipv4_input_push,
};
