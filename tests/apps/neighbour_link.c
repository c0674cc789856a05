#include "tests/apps/neighbour_link.h"

#include <stdio.h>

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

void link_pass(struct sl_harness *h, uint64_t ns)
{
	for (uint64_t at = 0; at < ns; at += SECOND_NS / 1000) {
		sl_harness_advance(h, SECOND_NS / 1000);
		sl_harness_tick(h);
	}
}

struct sl_harness *link_make(const char *keys)
{
	char line[1024];
	struct sl_error err;
	struct sl_harness *h;

	snprintf(line, sizeof(line), "neighbour index=%d %s", LINK_INDEX, keys);
	h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);
	if (!h)
		fail_msg("%s", err.text);
	link_pass(h, 2 * (uint64_t)SECOND_NS); // reports of listeners are sent again
	while (sl_harness_waiting_out(h, SL_NEIGHBOUR_OUT) > 0)
		sl_free(sl_harness_take_packet(h, SL_NEIGHBOUR_OUT));
	return h;
}

void link_mac(uint8_t mac[6], uint8_t n)
{
	memcpy(mac, (uint8_t[]){2, 0, 0, 0, 0, n}, 6);
}

void link_ip(uint8_t ip[16], const char *text)
{
	struct sl_ip a;

	assert_true(sl_ip_parse(text, &a));
	memcpy(ip, a.bytes, 16);
}

static unsigned port_of(const char *ip)
{
	return strchr(ip, ':') ? SL_NEIGHBOUR_IPV6 : SL_NEIGHBOUR_IPV4;
}

// The packet as it comes from the router; the same for the same arguments.
static void build(struct ip_packet *p, const char *next_hop, uint32_t mark)
{
	uint8_t payload[12] = {0};

	memcpy(payload + 8, &mark, sizeof(mark));
	if (port_of(next_hop) == SL_NEIGHBOUR_IPV4)
		ip_build(p, "192.0.2.1", "198.51.100.1", 17, payload, sizeof(payload));
	else
		ip_build(p, "2001:db8::1", "2001:db8:1::1", 17, payload, sizeof(payload));
	link_ip(p->meta.next_hop, next_hop);
	p->meta.iface_out = LINK_INDEX;
}

static void send(struct sl_harness *h, unsigned input, const char *next_hop, uint32_t mark)
{
	struct ip_packet p;

	build(&p, next_hop, mark);
	if (port_of(next_hop) == SL_NEIGHBOUR_IPV4) // nobody looks behind the first four bytes
		memset(p.meta.next_hop + 4, 0xee, 12);
	assert_true(ip_feed(h, input, &p));
	sl_harness_breathe(h);
}

void link_send(struct sl_harness *h, const char *next_hop, uint32_t mark)
{
	send(h, port_of(next_hop), next_hop, mark);
}

void link_send_fragment(struct sl_harness *h, const char *next_hop, uint32_t mark)
{
	bool v4 = port_of(next_hop) == SL_NEIGHBOUR_IPV4;

	send(h, v4 ? SL_NEIGHBOUR_FRAGMENTS4 : SL_NEIGHBOUR_FRAGMENTS6, next_hop, mark);
}

void link_expect(struct sl_harness *h, const char *next_hop, uint32_t mark, uint8_t n)
{
	uint8_t got[256], header[14];
	struct ip_packet p;

	build(&p, next_hop, mark);
	link_mac(header, n);
	link_mac(header + 6, 1);
	store_be16(header + 12,
		   port_of(next_hop) == SL_NEIGHBOUR_IPV4 ? SL_ETHER_IPV4 : SL_ETHER_IPV6);
	assert_int_equal(sl_harness_take(h, SL_NEIGHBOUR_OUT, got, sizeof(got)), p.len + 14);
	assert_memory_equal(got, header, 14);
	assert_memory_equal(got + 14, p.bytes, p.len);
}

void link_expect_nothing(struct sl_harness *h)
{
	assert_int_equal(sl_harness_waiting_out(h, SL_NEIGHBOUR_OUT), 0);
}

// As ethernet-in leaves it.
static void arrive(struct sl_harness *h, unsigned input, const void *bytes, uint16_t len,
		   const struct sl_ether_hdr *ether)
{
	struct rte_mbuf *p;

	assert_true(sl_alloc_burst(sl_harness_app(h)->pool, &p, 1));
	memcpy(sl_append(p, sizeof(*ether)), ether, sizeof(*ether));
	if (len > 0)
		memcpy(sl_append(p, len), bytes, len);
	sl_trim_head(p, sizeof(*ether));
	sl_ip_meta_arrive(p, LINK_INDEX, 0);
	sl_harness_feed_packet(h, input, p);
	sl_harness_breathe(h);
}

void link_bytes(struct sl_harness *h, unsigned input, const void *bytes, uint16_t len, uint8_t n)
{
	struct sl_ether_hdr ether = {.dst = {2, 0, 0, 0, 0, 1}};

	link_mac(ether.src, n);
	store_be16(ether.type, input == SL_NEIGHBOUR_ARP ? SL_ETHER_ARP : SL_ETHER_IPV6);
	arrive(h, input, bytes, len, &ether);
}

void link_arp(struct sl_harness *h, enum sl_arp_op op, uint8_t sender, uint8_t mac, uint8_t target)
{
	struct sl_ether_hdr ether;
	struct sl_arp arp;
	uint8_t from[6], ip[4] = {10, 0, 0, sender};
	uint8_t padded[46] = {0};

	link_mac(from, mac);
	sl_arp_write(&arp, op, from, ip);
	memcpy(arp.target_ip, (uint8_t[]){10, 0, 0, target}, 4);
	memcpy(ether.dst, broadcast, 6);
	if (op == SL_ARP_REPLY) {
		link_mac(arp.target_mac, target);
		link_mac(ether.dst, target);
	}
	memcpy(ether.src, from, 6);
	store_be16(ether.type, SL_ETHER_ARP);
	memcpy(padded, &arp, sizeof(arp));
	arrive(h, SL_NEIGHBOUR_ARP, padded, sizeof(padded), &ether);
}

struct sl_nd link_message(uint8_t type, const char *src, const char *dst, const char *target,
			  uint8_t n)
{
	struct sl_nd nd = {.type = type, .has_mac = true};

	link_ip(nd.src, src);
	link_ip(nd.target, target);
	if (dst)
		link_ip(nd.dst, dst);
	else
		sl_nd_solicited_node(nd.dst, nd.target);
	link_mac(nd.mac, n);
	return nd;
}

void link_nd(struct sl_harness *h, const struct sl_nd *nd)
{
	uint8_t packet[SL_ND_MAX];

	link_bytes(h, SL_NEIGHBOUR_ND, packet, (uint16_t)sl_nd_write(packet, nd), nd->mac[5]);
}

void link_take_arp(struct sl_harness *h, struct sl_ether_hdr *ether, struct sl_arp *arp)
{
	uint8_t got[64];

	assert_int_equal(sl_harness_take(h, SL_NEIGHBOUR_OUT, got, sizeof(got)), 14 + 28);
	memcpy(ether, got, sizeof(*ether));
	memcpy(arp, got + 14, sizeof(*arp));
	assert_int_equal(load_be16(ether->type), SL_ETHER_ARP);
	assert_non_null(sl_arp_parse((const uint8_t *)arp, sizeof(*arp)));
}

void link_take_nd(struct sl_harness *h, struct sl_ether_hdr *ether, struct sl_nd *nd)
{
	uint8_t got[128];
	int len = sl_harness_take(h, SL_NEIGHBOUR_OUT, got, sizeof(got));

	assert_true(len > 14);
	memcpy(ether, got, sizeof(*ether));
	assert_int_equal(load_be16(ether->type), SL_ETHER_IPV6);
	assert_int_equal(sl_nd_parse(nd, got + 14, (size_t)len - 14), SL_ND_GOOD);
	assert_int_equal(got[14 + 7], 255);
}

void link_skip_report(struct sl_harness *h)
{
	uint8_t got[14 + SL_MLD_MAX];

	assert_true(sl_harness_take(h, SL_NEIGHBOUR_OUT, got, sizeof(got)) > 14 + 48);
	assert_int_equal(got[14 + 48], SL_MLD_REPORT);
}

void link_end(struct sl_harness *h)
{
	assert_string_equal(sl_harness_destroy(h), "");
}
