// frames: each header is written, then what is in it, and then its length and checksum are known.

#include "tests/harness/frames.h"

#include "core/proto/ethernet.h"
#include "core/proto/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VXLAN_FLAG = 8 };

// The addresses of the innermost IP header, as the pseudo-header has them.
struct ends {
	const uint8_t *src, *dst;
	unsigned len; // of an address
};

const char *const frame_words[] = {
	"ether ipv4 udp",
	"ether ipv4 udp0",
	"ether ipv4 tcp",
	"ether ipv4 icmp",
	"ether ipv4 igmp",
	"ether vlan ipv4 tcp",
	"ether qinq vlan ipv4 udp",
	"ether ipv4+options tcp",
	"ether ipv4+route udp",
	"ether ipv4 ah udp",
	"ether ipv6 udp",
	"ether ipv6 tcp",
	"ether ipv6 icmpv6",
	"ether ipv6 hop dest atomic ah tcp",
	"ether ipv6 route0 udp",
	"ether ipv6 route4 icmpv6",
	"ether ipv6 home udp",
	"ether vlan ipv6 hop route4 dest icmpv6",
	"ether ipv4 gre ipv4 udp",
	"ether ipv4 gre+c ipv4 tcp",
	"ether ipv4 gre+k ipv6 udp",
	"ether ipv6 gre+cks ipv6 icmpv6",
	"ether ipv4 gre+c ether vlan ipv4 icmp",
	"ether ipv4 udp vxlan ether ipv4 tcp",
	"ether ipv4 udp0 vxlan ether ipv6 udp",
	"ether ipv6 udp vxlan ether vlan ipv4 udp",
	"ether ipv4 ipv4 udp",
	"ether ipv4 ipv6 tcp",
	"ether ipv6 ipv4 icmp",
	"ether ipv6 route4 ether vlan ipv4 udp",
	"ether ipv6 ipv6 ipv4+options ipv6 udp",
	"ether vlan ipv4 gre+c ipv6 udp vxlan ether qinq vlan ipv4 ipv6 gre+cks ipv4 tcp",
	"ether ipv4 ipv4 ipv4 ipv4 ipv4 ipv4 ipv4 ipv4 udp",
	"ether ipv4 gre+c ipv4 gre+c ipv4 gre+c ipv4 gre+c ipv4 gre+c ipv4 gre+c ipv4 gre+c ipv4 "
	"tcp",
	"ether ipv4 udp vxlan ether ipv6 udp vxlan ether ipv4 udp vxlan ether ipv6 udp vxlan "
	"ether ipv4 udp vxlan ether ipv6 udp vxlan ether ipv4 udp vxlan ether ipv6 udp",
	NULL,
};

static bool begins(const char *words, const char *with)
{
	return strncmp(words, with, strlen(with)) == 0;
}

static bool is(const char *words, const char *word)
{
	return begins(words, word) && strchr(" ", words[strlen(word)]);
}

static const char *skip(const char *words)
{
	const char *blank = strchr(words, ' ');

	return blank ? blank + 1 : words + strlen(words);
}

// Bytes that look random and are the same each time.
static uint8_t *grow(struct frame *f, unsigned n)
{
	uint8_t *at = f->bytes + f->len;

	if (f->len + n > FRAME_MOST)
		abort();
	for (unsigned i = 0; i < n; i++)
		at[i] = (uint8_t)((f->len + i) * 151 + 17);
	f->len = (uint16_t)(f->len + n);
	return at;
}

static uint16_t type_of(const char *words)
{
	if (begins(words, "ipv4"))
		return SL_ETHER_IPV4;
	if (begins(words, "ipv6"))
		return SL_ETHER_IPV6;
	if (is(words, "vlan"))
		return SL_ETHER_VLAN;
	return is(words, "qinq") ? SL_ETHER_QINQ : is(words, "ether") ? 0x6558 : SL_ETHER_ARP;
}

static uint8_t protocol_of(const char *words)
{
	static const struct {
		const char *word;
		uint8_t protocol;
	} table[] = {
		{"icmpv6", SL_PROTO_ICMPV6},
		{"icmp", SL_PROTO_ICMP},
		{"ipv4", SL_PROTO_IPV4},
		{"ipv6", SL_PROTO_IPV6},
		{"udp", SL_PROTO_UDP},
		{"tcp", SL_PROTO_TCP},
		{"gre", SL_PROTO_GRE},
		{"hop", SL_PROTO_HOP_BY_HOP},
		{"dest", SL_PROTO_DEST_OPTIONS},
		{"home", SL_PROTO_DEST_OPTIONS},
		{"route", SL_PROTO_ROUTING},
		{"atomic", SL_PROTO_FRAGMENT},
		{"ah", SL_PROTO_AH},
		{"igmp", 2},
		{"ether", SL_PROTO_ETHERNET},
	};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (begins(words, table[i].word))
			return table[i].protocol;
	}
	return 59; // nothing
}

static uint32_t sum16(const uint8_t *p, unsigned len)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint32_t pseudo(const struct ends *ends, uint8_t protocol, unsigned len)
{
	return sum16(ends->src, ends->len) + sum16(ends->dst, ends->len) + protocol + len;
}

// The layer that begins at `at` and ends where the frame does now gets its checksum.
static void close_layer(struct frame *f, enum sl_walk_kind kind, uint8_t *at, unsigned len,
			uint16_t field, uint32_t sum)
{
	store_be16(at + field, 0);
	sum += sum16(at, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	store_be16(at + field, (uint16_t)(kind == SL_WALK_UDP && sum == 0 ? 0xffff : sum));
	f->layers[f->n++] = (struct sl_walk_layer){
		.kind = (uint8_t)kind,
		.offset = (uint16_t)(at - f->bytes),
		.len = (uint16_t)len,
		.field = field,
	};
}

static void build(struct frame *f, const char *words, unsigned payload, struct ends ends);

static void build_ipv4(struct frame *f, const char *words, unsigned payload)
{
	bool route = is(words, "ipv4+route");
	unsigned header = route || is(words, "ipv4+options") ? 32 : 20;
	uint8_t *ip = grow(f, header);
	struct ends ends = {ip + 12, ip + 16, 4};

	ip[0] = (uint8_t)(0x40 | header / 4);
	store_be16(ip + 6, 0x4000);
	ip[9] = protocol_of(skip(words));
	if (header > 20)
		memcpy(ip + 20, (uint8_t[]){1, 131, 11, (uint8_t)(route ? 8 : 12)}, 4);
	if (route)
		ends.dst = ip + 28;
	build(f, skip(words), payload, ends);
	store_be16(ip + 2, (uint16_t)(f->bytes + f->len - ip));
	close_layer(f, SL_WALK_IPV4, ip, header, 10, 0);
}

static void build_ipv6(struct frame *f, const char *words, unsigned payload)
{
	uint8_t *ip = grow(f, 40);

	ip[0] = 0x60;
	ip[6] = protocol_of(skip(words));
	build(f, skip(words), payload, (struct ends){ip + 8, ip + 24, 16});
	store_be16(ip + 4, (uint16_t)(f->bytes + f->len - ip - 40));
}

static void build_extension(struct frame *f, const char *words, unsigned payload, struct ends ends)
{
	uint8_t *p = grow(f, is(words, "atomic") ? 8 : 40);

	p[0] = protocol_of(skip(words));
	if (is(words, "atomic")) {
		store_be16(p + 2, 0x0006); // only reserved bits
	} else if (is(words, "ah")) {
		p[1] = 40 / 4 - 2;
	} else if (begins(words, "route")) {
		memcpy(p + 1, (uint8_t[]){4, (uint8_t)(words[5] - '0'), 1}, 3);
		ends.dst = words[5] == '4' ? p + 8 : p + 24;
	} else {
		memcpy(p + 1, (uint8_t[]){4, 0, 1, 15}, 4); // Pad1, PadN
		memcpy(p + 20, (uint8_t[]){1, 0, is(words, "home") ? 201 : 1, 16}, 4);
		p[2] = 0;
		p[3] = 1;
		p[4] = 15;
		ends.src = is(words, "home") ? p + 24 : ends.src;
	}
	build(f, skip(words), payload, ends);
}

static void build_udp(struct frame *f, const char *words, unsigned payload, struct ends ends)
{
	uint8_t *p = grow(f, 8);
	unsigned len;

	store_be16(p + 2, is(skip(words), "vxlan") ? SL_WALK_VXLAN_PORT : 53);
	build(f, skip(words), payload, ends);
	len = (unsigned)(f->bytes + f->len - p);
	store_be16(p + 4, (uint16_t)len);
	close_layer(f, SL_WALK_UDP, p, len, 6, pseudo(&ends, SL_PROTO_UDP, len));
	if (is(words, "udp0"))
		store_be16(p + 6, 0);
}

static void build_vxlan(struct frame *f, const char *words, unsigned payload)
{
	grow(f, 8)[0] = VXLAN_FLAG;
	build(f, skip(words), payload, (struct ends){0});
}

static void build_gre(struct frame *f, const char *words, unsigned payload, struct ends ends)
{
	unsigned c = begins(words, "gre+c"), k = strcspn(words, " k") != strcspn(words, " ");
	unsigned s = strcspn(words, " s") != strcspn(words, " ");
	uint8_t *p = grow(f, 4 + 4 * (c + k + s));

	store_be16(p, (uint16_t)(c << 15 | k << 13 | s << 12));
	store_be16(p + 2, type_of(skip(words)));
	build(f, skip(words), payload, ends);
	if (c)
		close_layer(f, SL_WALK_GRE, p, (unsigned)(f->bytes + f->len - p), 4, 0);
}

static void build_last(struct frame *f, const char *words, unsigned payload, struct ends ends)
{
	uint8_t *p = grow(f, (is(words, "tcp") ? 20 : 8) + payload);
	unsigned len = (unsigned)(f->bytes + f->len - p);

	if (is(words, "tcp"))
		close_layer(f, SL_WALK_TCP, p, len, 16, pseudo(&ends, SL_PROTO_TCP, len));
	else if (is(words, "icmpv6"))
		close_layer(f, SL_WALK_ICMPV6, p, len, 2, pseudo(&ends, SL_PROTO_ICMPV6, len));
	else if (is(words, "icmp"))
		close_layer(f, SL_WALK_ICMP, p, len, 2, 0);
}

static void build_tag(struct frame *f, const char *words, unsigned payload, unsigned header)
{
	uint8_t *p = grow(f, header);

	store_be16(p + header - 2, type_of(skip(words)));
	build(f, skip(words), payload, (struct ends){0});
}

static void build(struct frame *f, const char *words, unsigned payload, struct ends ends)
{
	if (is(words, "ether"))
		build_tag(f, words, payload, 14);
	else if (is(words, "vlan") || is(words, "qinq"))
		build_tag(f, words, payload, 4);
	else if (begins(words, "ipv4"))
		build_ipv4(f, words, payload);
	else if (is(words, "ipv6"))
		build_ipv6(f, words, payload);
	else if (begins(words, "udp"))
		build_udp(f, words, payload, ends);
	else if (begins(words, "gre"))
		build_gre(f, words, payload, ends);
	else if (is(words, "vxlan"))
		build_vxlan(f, words, payload);
	else if (is(words, "tcp") || begins(words, "icmp") || is(words, "igmp"))
		build_last(f, words, payload, ends);
	else if (*words)
		build_extension(f, words, payload, ends);
	else
		grow(f, payload);
}

void frame_build(struct frame *f, const char *words, unsigned payload)
{
	f->len = 0;
	f->n = 0;
	build(f, words, payload, (struct ends){0});
	for (unsigned i = 0; i < f->n / 2; i++) { // layers were closed innermost first
		struct sl_walk_layer last = f->layers[f->n - 1 - i];

		f->layers[f->n - 1 - i] = f->layers[i];
		f->layers[i] = last;
	}
}
