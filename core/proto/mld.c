#include "core/proto/mld.h"

#include "core/proto/checksum.h"
#include "core/proto/ipv6.h"

enum {
	CODE = 1, // bytes of a message
	CHECKSUM = 2,
	DELAY = 4,
	RECORDS = 6, // of a report: how many
	GROUP = 8,
	OLD_LEN = 24,
	ROBUSTNESS = 24, // from here on of version 2
	INTERVAL = 25,
	SOURCES = 26, // how many
	QUERY_LEN = 28,
	REPORT_LEN = 8,
	RECORD_LEN = 20,
};

enum {
	ALERT = 5, // option of the hop-by-hop header: router alert, RFC 2711
	PAD1 = 0,
	OPTIONS_LEN = 8,
	FRONT = sizeof(struct sl_ipv6_hdr) + OPTIONS_LEN,
};

static const uint8_t all_routers[16] = {0xff, 2, [15] = 2};
static const uint8_t all_mldv2_routers[16] = {0xff, 2, [15] = 0x16};
static const uint8_t unspecified[16];

// ---- reading

// Whether the hop-by-hop header behind ip, which is whole, has routers look at MLD.
static bool has_alert(const struct sl_ipv6_hdr *ip)
{
	const uint8_t *p = (const uint8_t *)(ip + 1);
	const uint8_t *end = p + sl_ipv6_extension_len(SL_PROTO_HOP_BY_HOP, p);

	for (p += 2; p < end;) {
		if (*p == PAD1) {
			p++;
			continue;
		}
		if (end - p < 2 || end - p < 2 + p[1])
			return false;
		if (p[0] == ALERT)
			return p[1] == 2 && load_be16(p + 2) == 0;
		p += 2 + p[1];
	}
	return false;
}

// A number as a code with an exponent of 3 bits in front of `mantissa` bits. Spec: RFC 3810
// sections 5.1.3 and 5.1.9.
static uint32_t decode(uint32_t code, unsigned mantissa)
{
	uint32_t one = 1U << mantissa;

	if (code < one << 3)
		return code;
	return ((code & (one - 1)) | one) << ((code >> mantissa & 7) + 3);
}

// The rest of what a query says, which has len bytes. Returns false where that is no length.
static bool read_query(struct sl_mld_query *q, const uint8_t *p, size_t len)
{
	*q = (struct sl_mld_query){.old = len == OLD_LEN, .max_delay_ms = load_be16(p + DELAY)};
	memcpy(q->group, p + GROUP, sizeof(q->group));
	q->general = memcmp(q->group, unspecified, sizeof(unspecified)) == 0;
	if (q->old)
		return true;
	if (len < QUERY_LEN)
		return false;
	q->max_delay_ms = decode(q->max_delay_ms, 12);
	q->robustness = p[ROBUSTNESS] & 7;
	q->interval_s = decode(p[INTERVAL], 4);
	q->sources = p + QUERY_LEN;
	q->n_sources = load_be16(p + SOURCES);
	return (len - QUERY_LEN) / 16 >= q->n_sources;
}

static bool right_addresses(const struct sl_mld_query *q, const struct sl_ipv6_hdr *ip)
{
	bool link_local = ip->src[0] == 0xfe && (ip->src[1] & 0xc0) == 0x80;

	return link_local && (q->general ? q->n_sources == 0 : q->group[0] == 0xff);
}

enum sl_mld_verdict sl_mld_parse_query(struct sl_mld_query *q, const uint8_t *packet, size_t len)
{
	const struct sl_ipv6_hdr *ip = sl_ipv6_parse(packet, len);
	struct sl_ipv6_upper upper;
	uint32_t pseudo;

	if (!ip || !sl_ipv6_upper(ip, sizeof(*ip) + load_be16(ip->payload_len), &upper) ||
	    upper.protocol != SL_PROTO_ICMPV6 || upper.len < 1 || upper.data[0] != SL_MLD_QUERY)
		return SL_MLD_OTHER;
	if (upper.fragment || upper.len < OLD_LEN || ip->hop_limit != 1 ||
	    ip->next_header != SL_PROTO_HOP_BY_HOP || !has_alert(ip))
		return SL_MLD_BAD;
	pseudo = sl_checksum_pseudo_ipv6(ip->src, ip->dst, SL_PROTO_ICMPV6, (uint16_t)upper.len);
	if (!sl_checksum_good(upper.data, upper.len, pseudo) || upper.data[CODE] != 0)
		return SL_MLD_BAD;
	return read_query(q, upper.data, upper.len) && right_addresses(q, ip) ? SL_MLD_GOOD
									      : SL_MLD_BAD;
}

// ---- writing

// What is in front of each message. Spec: RFC 3810 section 5.
static void write_front(uint8_t *packet, const uint8_t *src, const uint8_t *dst)
{
	static const uint8_t options[OPTIONS_LEN] = {
		SL_PROTO_ICMPV6, 0, ALERT, 2, 0, 0, 1, 0}; // padded by PadN
	struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)packet;

	*ip = (struct sl_ipv6_hdr){
		.version_class_flow = {0x60}, .next_header = SL_PROTO_HOP_BY_HOP, .hop_limit = 1};
	memcpy(ip->src, src, sizeof(ip->src));
	memcpy(ip->dst, dst, sizeof(ip->dst));
	memcpy(ip + 1, options, sizeof(options));
}

static size_t finish(uint8_t *packet, size_t len)
{
	struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)packet;
	uint16_t n = (uint16_t)(len - FRONT), checksum;

	store_be16(ip->payload_len, (uint16_t)(len - sizeof(*ip)));
	checksum = sl_checksum_make(packet + FRONT, n, CHECKSUM,
				    sl_checksum_pseudo_ipv6(ip->src, ip->dst, SL_PROTO_ICMPV6, n));
	memcpy(packet + FRONT + CHECKSUM, &checksum, sizeof(checksum));
	return len;
}

void sl_mld_report_begin(struct sl_mld_report *r, uint8_t *packet, const uint8_t *src)
{
	*r = (struct sl_mld_report){.packet = packet, .len = FRONT + REPORT_LEN};
	write_front(packet, src, all_mldv2_routers);
	memset(packet + FRONT, 0, REPORT_LEN);
	packet[FRONT] = SL_MLD_REPORT;
}

bool sl_mld_report_add(struct sl_mld_report *r, enum sl_mld_record type, const uint8_t *group,
		       const uint8_t *sources, unsigned n)
{
	size_t len = RECORD_LEN + (size_t)n * 16;
	uint8_t *p = r->packet + r->len;

	if (len > SL_MLD_MAX - r->len)
		return false;
	p[0] = (uint8_t)type;
	p[1] = 0; // no auxiliary data
	store_be16(p + 2, (uint16_t)n);
	memcpy(p + 4, group, 16);
	if (n > 0)
		memcpy(p + RECORD_LEN, sources, len - RECORD_LEN);
	r->len += len;
	r->records++;
	return true;
}

size_t sl_mld_report_end(struct sl_mld_report *r)
{
	store_be16(r->packet + FRONT + RECORDS, (uint16_t)r->records);
	return finish(r->packet, r->len);
}

size_t sl_mld_write_old(uint8_t *packet, enum sl_mld_type type, const uint8_t *src,
			const uint8_t *group)
{
	write_front(packet, src, type == SL_MLD_OLD_DONE ? all_routers : group);
	memset(packet + FRONT, 0, OLD_LEN);
	packet[FRONT] = (uint8_t)type;
	memcpy(packet + FRONT + GROUP, group, 16);
	return finish(packet, FRONT + OLD_LEN);
}
