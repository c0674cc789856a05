// Neighbour discovery messages: each check of RFC 4861 sections 6.1, 7.1 and 8.1 and of RFC 6980.

#include "core/proto/nd.h"

#include "core/ip/address.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv6.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ICMP = 40, TARGET = ICMP + 8, OPTIONS = ICMP + 24 };

struct packet {
	uint8_t bytes[128];
	size_t len;
};

static void set_ip(uint8_t out[16], const char *text)
{
	struct sl_ip ip;

	assert_true(sl_ip_parse(text, &ip));
	memcpy(out, ip.bytes, 16);
}

static struct sl_nd message(uint8_t type, const char *src, const char *dst, const char *target)
{
	struct sl_nd nd = {.type = type, .has_mac = true, .mac = {2, 0, 0, 0, 0, 9}};

	set_ip(nd.src, src);
	set_ip(nd.dst, dst);
	set_ip(nd.target, target);
	return nd;
}

static struct packet written(const struct sl_nd *nd)
{
	struct packet p = {0};

	p.len = sl_nd_write(p.bytes, nd);
	return p;
}

static struct packet solicitation(void)
{
	struct sl_nd nd = message(SL_ND_SOLICITATION, "fe80::9", "ff02::1:ff00:1", "fd00::1");

	return written(&nd);
}

static struct packet advertisement(void)
{
	struct sl_nd nd = message(SL_ND_ADVERTISEMENT, "fe80::9", "fd00::1", "fd00::9");

	nd.flags = SL_ND_SOLICITED | SL_ND_OVERRIDE;
	return written(&nd);
}

// Make lengths and checksum right again.
static void fix(struct packet *p)
{
	size_t len = p->len - ICMP;
	uint16_t sum;

	store_be16(p->bytes + 4, (uint16_t)len);
	sum = sl_checksum_make(p->bytes + ICMP, len, 2,
			       sl_checksum_pseudo_ipv6(p->bytes + 8, p->bytes + 24, SL_PROTO_ICMPV6,
						       (uint16_t)len));
	memcpy(p->bytes + ICMP + 2, &sum, 2);
}

static enum sl_nd_verdict verdict(const struct packet *p)
{
	struct sl_nd nd;

	return sl_nd_parse(&nd, p->bytes, p->len);
}

static void written_messages_read_as_they_were(void **state)
{
	struct sl_nd in = message(SL_ND_ADVERTISEMENT, "fd00::2", "ff02::1", "fd00::2"), out;
	struct packet p;

	(void)state;
	in.flags = SL_ND_ROUTER | SL_ND_OVERRIDE;
	p = written(&in);
	assert_int_equal(p.len, SL_ND_MAX);
	memset(p.bytes + p.len, 0xee, 20); // padding
	assert_int_equal(sl_nd_parse(&out, p.bytes, p.len + 20), SL_ND_GOOD);
	assert_memory_equal(&out, &in, sizeof(in));

	in = message(SL_ND_SOLICITATION, "::", "ff02::1:ff00:2", "fd00::2");
	in.has_mac = false;
	memset(in.mac, 0, sizeof(in.mac));
	p = written(&in);
	assert_int_equal(p.len, SL_ND_MAX - 8);
	assert_int_equal(sl_nd_parse(&out, p.bytes, p.len), SL_ND_GOOD);
	assert_memory_equal(&out, &in, sizeof(in));
}

static void a_message_cut_short_is_malformed(void **state)
{
	struct packet p = solicitation();

	(void)state;
	for (size_t len = 0; len < p.len; len++) {
		struct packet cut = p;

		cut.len = len;
		assert_int_equal(verdict(&cut), SL_ND_MALFORMED);
	}
	p.len = ICMP + 20; // sums up, and has no whole target
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_MALFORMED);
}

static void what_is_no_neighbour_discovery_is_malformed(void **state)
{
	struct packet p = solicitation();

	(void)state;
	p.bytes[6] = SL_PROTO_UDP;
	assert_int_equal(verdict(&p), SL_ND_MALFORMED);
	p = solicitation();
	p.bytes[ICMP] = 128;
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_MALFORMED);
	p = solicitation();
	p.bytes[0] = 0x40;
	assert_int_equal(verdict(&p), SL_ND_MALFORMED);
}

// RFC 4861 7.1.1, 7.1.2: hop limit 255, checksum, code 0.
static void hop_limit_checksum_and_code_must_be_right(void **state)
{
	struct packet p[2] = {solicitation(), advertisement()};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct packet q = p[i];

		assert_int_equal(verdict(&q), SL_ND_GOOD);
		for (unsigned limit = 0; limit < 255; limit++) {
			q.bytes[7] = (uint8_t)limit;
			assert_int_equal(verdict(&q), SL_ND_HOP_LIMIT);
		}
		for (size_t at = 8; at < q.len; at++) { // addresses are summed, too
			q = p[i];
			q.bytes[at] ^= 1;
			if (at != ICMP)
				assert_int_equal(verdict(&q), SL_ND_CHECKSUM);
		}
		q = p[i];
		q.bytes[ICMP + 1] = 1;
		fix(&q);
		assert_int_equal(verdict(&q), SL_ND_CODE);
	}
}

static void an_option_of_length_zero_spoils_the_message(void **state)
{
	struct packet p = solicitation();

	(void)state;
	p.bytes[OPTIONS + 1] = 0;
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_OPTION);
	p = solicitation();
	p.bytes[OPTIONS] = 77; // whatever its type
	p.bytes[OPTIONS + 1] = 0;
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_OPTION);
}

static void an_option_beyond_the_end_spoils_the_message(void **state)
{
	struct packet p = advertisement();

	(void)state;
	p.bytes[OPTIONS + 1] = 2;
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_OPTION);
	for (size_t extra = 1; extra < 8; extra++) { // a second option, cut short
		p = advertisement();
		p.bytes[p.len] = 5;
		p.bytes[p.len + 1] = 1;
		p.len += extra;
		fix(&p);
		assert_int_equal(verdict(&p), SL_ND_OPTION);
	}
}

static void unknown_options_are_passed_over(void **state)
{
	struct packet p = solicitation();
	struct sl_nd nd;

	(void)state;
	memmove(p.bytes + OPTIONS + 16, p.bytes + OPTIONS, 8);
	memset(p.bytes + OPTIONS, 0, 16);
	p.bytes[OPTIONS] = 14; // a nonce, RFC 3971
	p.bytes[OPTIONS + 1] = 2;
	p.len += 16;
	fix(&p);
	assert_int_equal(sl_nd_parse(&nd, p.bytes, p.len), SL_ND_GOOD);
	assert_true(nd.has_mac);
	assert_int_equal(nd.mac[5], 9);
}

static void a_link_layer_address_must_be_a_stations(void **state)
{
	struct packet p = solicitation();

	(void)state;
	p.bytes[OPTIONS + 2] = 0x33; // a group's
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_OPTION);
	p = solicitation();
	memset(p.bytes + OPTIONS + 2, 0, 6);
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_OPTION);
	p = solicitation();
	memset(p.bytes + p.len, 0, 8); // 14 bytes long, as of another kind of link
	p.bytes[OPTIONS + 1] = 2;
	p.len += 8;
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_OPTION);
}

static void a_target_must_not_be_a_group(void **state)
{
	struct packet p[2] = {solicitation(), advertisement()};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		set_ip(p[i].bytes + TARGET, "ff02::1");
		fix(&p[i]);
		assert_int_equal(verdict(&p[i]), SL_ND_ADDRESS);
	}
}

// RFC 4861 7.1.1: without a source, to a solicited-node group, and no link-layer address.
static void who_has_no_address_asks_the_group_without_an_option(void **state)
{
	struct sl_nd nd = message(SL_ND_SOLICITATION, "::", "ff02::1:ff00:1", "fd00::1");
	struct packet p = written(&nd);

	(void)state;
	assert_int_equal(verdict(&p), SL_ND_ADDRESS);
	nd.has_mac = false;
	p = written(&nd);
	assert_int_equal(verdict(&p), SL_ND_GOOD);
	set_ip(nd.dst, "ff02::1");
	p = written(&nd);
	assert_int_equal(verdict(&p), SL_ND_ADDRESS);
	set_ip(nd.dst, "fd00::1");
	p = written(&nd);
	assert_int_equal(verdict(&p), SL_ND_ADDRESS);
}

// RFC 4861 7.1.2.
static void an_advertisement_to_a_group_answers_nobody(void **state)
{
	struct sl_nd nd = message(SL_ND_ADVERTISEMENT, "fe80::9", "ff02::1", "fd00::9");
	struct packet p;

	(void)state;
	nd.flags = SL_ND_OVERRIDE;
	p = written(&nd);
	assert_int_equal(verdict(&p), SL_ND_GOOD);
	nd.flags |= SL_ND_SOLICITED;
	p = written(&nd);
	assert_int_equal(verdict(&p), SL_ND_ADDRESS);
}

static void groups_and_addresses_within_a_host_send_nothing(void **state)
{
	static const char *const sources[] = {"ff02::9", "::1", "::ffff:10.0.0.9"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct sl_nd nd = message(SL_ND_SOLICITATION, sources[i], "ff02::1:ff00:1",
					  "fd00::1");
		struct packet p = written(&nd);

		assert_int_equal(verdict(&p), SL_ND_ADDRESS);
	}
}

// Put an extension header of 8 bytes in front of the message.
static void extend(struct packet *p, uint8_t protocol)
{
	memmove(p->bytes + ICMP + 8, p->bytes + ICMP, p->len - ICMP);
	memset(p->bytes + ICMP, 0, 8);
	p->bytes[6] = protocol;
	p->bytes[ICMP] = SL_PROTO_ICMPV6;
	if (protocol != SL_PROTO_FRAGMENT)
		memcpy(p->bytes + ICMP + 2, (uint8_t[]){1, 4}, 2); // PadN
	p->len += 8;
	store_be16(p->bytes + 4, (uint16_t)(p->len - ICMP));
}

// RFC 6980 section 5, whether the packet is whole or not.
static void fragmented_messages_are_refused(void **state)
{
	struct packet p = solicitation();

	(void)state;
	extend(&p, SL_PROTO_FRAGMENT);
	assert_int_equal(verdict(&p), SL_ND_FRAGMENT);
	p.bytes[ICMP + 3] = 1; // more to come
	assert_int_equal(verdict(&p), SL_ND_FRAGMENT);
	p.bytes[ICMP + 3] = 8; // not the first
	assert_int_equal(verdict(&p), SL_ND_FRAGMENT);
}

static void other_extension_headers_do_not_matter(void **state)
{
	struct packet p = solicitation();

	(void)state;
	extend(&p, SL_PROTO_DEST_OPTIONS);
	assert_int_equal(verdict(&p), SL_ND_GOOD);
	p.bytes[7] = 64;
	assert_int_equal(verdict(&p), SL_ND_HOP_LIMIT);
}

static struct packet router_message(uint8_t type, const char *src, size_t header)
{
	struct packet p = solicitation();

	set_ip(p.bytes + 8, src);
	p.bytes[ICMP] = type;
	memset(p.bytes + ICMP + 4, 0, sizeof(p.bytes) - ICMP - 4);
	p.len = ICMP + header;
	fix(&p);
	return p;
}

// RFC 4861 6.1.1, 6.1.2.
static void messages_of_routers_and_to_them_are_checked_alike(void **state)
{
	struct packet p = router_message(SL_ND_ROUTER_SOLICITATION, "::", 8);

	(void)state;
	assert_int_equal(verdict(&p), SL_ND_GOOD);
	memcpy(p.bytes + p.len, (uint8_t[8]){1, 1, 2, 0, 0, 0, 0, 9}, 8);
	p.len += 8;
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_ADDRESS);
	p = router_message(SL_ND_ROUTER_ADVERTISEMENT, "fe80::1", 16);
	assert_int_equal(verdict(&p), SL_ND_GOOD);
	p = router_message(SL_ND_ROUTER_ADVERTISEMENT, "fe80::1", 12);
	assert_int_equal(verdict(&p), SL_ND_MALFORMED);
	p = router_message(SL_ND_ROUTER_ADVERTISEMENT, "fd00::1", 16);
	assert_int_equal(verdict(&p), SL_ND_ADDRESS);
}

// RFC 4861 8.1.
static void redirects_are_checked_alike(void **state)
{
	struct packet p = router_message(SL_ND_REDIRECT, "fe80::1", 40);

	(void)state;
	set_ip(p.bytes + TARGET, "fe80::2");
	set_ip(p.bytes + TARGET + 16, "fd00::7");
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_GOOD);
	set_ip(p.bytes + TARGET + 16, "ff02::7");
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_ADDRESS);
	set_ip(p.bytes + TARGET, "fd00::7");
	set_ip(p.bytes + TARGET + 16, "fd00::7");
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_GOOD);
	set_ip(p.bytes + TARGET + 16, "fd00::8");
	fix(&p);
	assert_int_equal(verdict(&p), SL_ND_ADDRESS);
	p = router_message(SL_ND_REDIRECT, "fd00::1", 40);
	assert_int_equal(verdict(&p), SL_ND_ADDRESS);
}

// RFC 4291 section 2.7.1, its example.
static void the_solicited_node_group_ends_as_the_address_does(void **state)
{
	uint8_t ip[16], group[16], expected[16];

	(void)state;
	set_ip(ip, "4037::01:800:200e:8c6c");
	set_ip(expected, "ff02::1:ff0e:8c6c");
	sl_nd_solicited_node(group, ip);
	assert_memory_equal(group, expected, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_messages_read_as_they_were),
		cmocka_unit_test(a_message_cut_short_is_malformed),
		cmocka_unit_test(what_is_no_neighbour_discovery_is_malformed),
		cmocka_unit_test(hop_limit_checksum_and_code_must_be_right),
		cmocka_unit_test(an_option_of_length_zero_spoils_the_message),
		cmocka_unit_test(an_option_beyond_the_end_spoils_the_message),
		cmocka_unit_test(unknown_options_are_passed_over),
		cmocka_unit_test(a_link_layer_address_must_be_a_stations),
		cmocka_unit_test(a_target_must_not_be_a_group),
		cmocka_unit_test(who_has_no_address_asks_the_group_without_an_option),
		cmocka_unit_test(an_advertisement_to_a_group_answers_nobody),
		cmocka_unit_test(groups_and_addresses_within_a_host_send_nothing),
		cmocka_unit_test(fragmented_messages_are_refused),
		cmocka_unit_test(other_extension_headers_do_not_matter),
		cmocka_unit_test(messages_of_routers_and_to_them_are_checked_alike),
		cmocka_unit_test(redirects_are_checked_alike),
		cmocka_unit_test(the_solicited_node_group_ends_as_the_address_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
