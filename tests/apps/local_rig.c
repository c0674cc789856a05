#include "tests/apps/local_rig.h"

#include "core/ip/address.h"
#include "core/proto/icmp.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

const char *const local_line = "local interfaces=lan interfaces=wan addresses='lan 10.0.0.1/24' "
			       "addresses='lan fd00:1::1/64' addresses='wan 192.0.2.1/24' "
			       "addresses='wan fd00:2::1/64'";

// fe80::200:ff:fe00:1, as of the frame's destination
static const uint8_t station[6] = {2, 0, 0, 0, 0, 1};

struct ip_packet sent, got;
struct sl_harness *rig;

int begin(void **state)
{
	static const char *const names[] = {"wan"};
	struct sl_error err;
	struct sl_harness_options o = {.line = local_line, .outputs = 1, .output_names = names};

	(void)state;
	rig = sl_harness_create(&o, &err);
	if (!rig)
		print_error("%s\n", err.text);
	return rig ? 0 : -1;
}

int end(void **state)
{
	(void)state;
	assert_string_equal(sl_harness_destroy(rig), "");
	return 0;
}

void feed_on(uint16_t iface)
{
	sent.meta.iface_in = iface;
	memcpy(sent.meta.ether, station, sizeof(station));
	assert_true(ip_feed(rig, sent.bytes[0] >> 4 == 4 ? IN4 : IN6, &sent));
	sl_harness_breathe(rig);
}

void feed(void)
{
	feed_on(LAN);
}

uint64_t waiting(void)
{
	uint64_t n = 0;

	for (unsigned i = OUT4; i <= TAP; i++)
		n += sl_harness_waiting_out(rig, i);
	return n;
}

void is_dropped(const char *reason)
{
	uint64_t before = sl_harness_drop(rig, reason);

	feed();
	assert_int_equal(waiting(), 0);
	if (sl_harness_drop(rig, reason) != before + 1)
		fail_msg("not dropped as %s", reason);
}

// The only packet there is, an echo reply with what `sent` had, from `from` to sent's source.
// Take a packet of that output, put together where it comes in fragments.
static bool take_whole(unsigned output)
{
	static struct ip_packet piece;
	bool more = true;

	for (unsigned n = 0; more; n++) {
		if (!ip_take(rig, output, &piece))
			return false;
		if (piece.bytes[0] >> 4 == 4 || piece.bytes[6] != SL_PROTO_FRAGMENT) {
			got = piece;
			return true;
		}
		assert_true(piece.len <= 1280);
		more = load_be16(piece.bytes + 42) & SL_IPV6_MORE;
		if (n == 0) {
			got = piece;
			got.bytes[6] = piece.bytes[40];
			got.len = 40;
		}
		assert_int_equal(load_be16(piece.bytes + 42) & SL_IPV6_OFFSET, got.len - 40);
		memcpy(got.bytes + got.len, piece.bytes + 48, piece.len - 48);
		got.len += piece.len - 48;
	}
	ip_seal(&got);
	return true;
}

void expect_reply(const char *from)
{
	struct sl_ip source;
	bool v4 = !strchr(from, ':');
	size_t hdr = v4 ? 20 : 40, p_hdr = v4 ? (sent.bytes[0] & 15) * 4U : 40;
	const uint8_t *b = got.bytes;

	assert_true(sl_ip_parse(from, &source));
	if (!take_whole(v4 ? OUT4 : OUT6))
		fail_msg("no reply from %s", from);
	assert_int_equal(waiting(), 0);
	assert_int_equal(got.len - hdr, sent.len - p_hdr);
	assert_int_equal(b[hdr], v4 ? SL_ICMP_ECHO_REPLY : SL_ICMPV6_ECHO_REPLY);
	assert_int_equal(b[hdr + 1], 0);
	assert_int_equal(ip_checksum(b + hdr, got.len - hdr, v4 ? NULL : b), 0);
	assert_memory_equal(b + hdr + 4, sent.bytes + p_hdr + 4, got.len - hdr - 4);
	assert_int_equal(got.meta.iface_in, SL_IFACE_NONE);
	if (v4) {
		assert_int_equal(b[0], 0x45);
		assert_int_equal(load_be16(b + 2), got.len);
		assert_int_equal(load_be16(b + 6), 0);
		assert_int_equal(b[8], 64);
		assert_int_equal(ip_checksum(b, 20, NULL), 0);
		assert_memory_equal(b + 12, source.bytes, 4);
		assert_memory_equal(b + 16, sent.bytes + 12, 4);
	} else {
		assert_int_equal(load_be16(b + 4), got.len - 40);
		assert_int_equal(b[6], SL_PROTO_ICMPV6);
		assert_int_equal(b[7], 64);
		assert_memory_equal(b + 8, source.bytes, 16);
		assert_memory_equal(b + 24, sent.bytes + 8, 16);
	}
}

// `sent` itself leaves on error for that reason.
void expect_error(unsigned error, uint32_t pointer)
{
	assert_true(ip_take(rig, ERROR, &got));
	assert_int_equal(waiting(), 0);
	assert_int_equal(got.meta.error, error);
	assert_int_equal(got.meta.pointer, pointer);
	assert_int_equal(got.meta.iface_in, sent.meta.iface_in);
	assert_int_equal(got.len, sent.len);
	assert_memory_equal(got.bytes, sent.bytes, sent.len);
}

// `sent` leaves on the TAP as the frame it was.
void expect_tap(void)
{
	uint8_t frame[2000];

	assert_int_equal(sl_harness_take(rig, TAP, frame, sizeof(frame)), 14 + sent.len);
	assert_int_equal(waiting(), 0);
	assert_memory_equal(frame, sent.meta.ether, 14);
	assert_memory_equal(frame + 14, sent.bytes, sent.len);
}

void echo4(unsigned payload)
{
	ip_build_icmp(&sent, "10.0.0.9", "10.0.0.1", SL_ICMP_ECHO, 0, 0x12340001, payload);
}

void echo6(const char *dst, unsigned payload)
{
	ip_build_icmp(&sent, "2001:db8::9", dst, SL_ICMPV6_ECHO, 0, 0x12340001, payload);
}

void seal_udp(void)
{
	size_t hdr = sent.bytes[0] >> 4 == 4 ? 20 : 40;

	store_be16(sent.bytes + hdr + 4, (uint16_t)(sent.len - hdr));
	store_be16(sent.bytes + hdr + 6, 0);
	store_be16(sent.bytes + hdr + 6, ip_checksum(sent.bytes + hdr, sent.len - hdr, sent.bytes));
}

void udp(const char *src, const char *dst)
{
	ip_build(&sent, src, dst, SL_PROTO_UDP, NULL, 30);
	seal_udp();
}
