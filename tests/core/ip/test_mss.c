#include "core/ip/mss.h"

#include "core/proto/protocol.h"
#include "tests/harness/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SYN = 2, ACK = 16, OPTIONS = 20, DATA = 7 };

static struct ip_packet p, wanted;

static size_t ip_len(void)
{
	return p.bytes[0] >> 4 == 4 ? 20 : 40;
}

static void seal(struct ip_packet *packet)
{
	uint8_t *tcp = packet->bytes + ip_len();

	store_be16(tcp + 16, 0);
	store_be16(tcp + 16, ip_checksum(tcp, packet->len - ip_len(), packet->bytes));
}

// A segment with options, up to OPTIONS bytes, and a right checksum.
static void tcp(bool v6, uint8_t flags, const uint8_t *options, size_t n)
{
	uint8_t segment[20 + OPTIONS + DATA] = {[12] = (20 + OPTIONS) / 4 << 4, [13] = flags};

	for (unsigned i = 0; i < 12; i++)
		segment[i] = (uint8_t)(i * 31 + 1);
	memset(segment + 20, 1, OPTIONS);
	memcpy(segment + 20, options, n);
	if (v6)
		ip_build(&p, "fd01::1", "fd02::1", SL_PROTO_TCP, segment, sizeof(segment));
	else
		ip_build(&p, "10.1.0.1", "10.2.0.1", SL_PROTO_TCP, segment, sizeof(segment));
	seal(&p);
	wanted = p;
}

static void expect(uint32_t mtu, bool changed)
{
	assert_int_equal(sl_mss_clamp(p.bytes, p.len, mtu), changed);
	assert_memory_equal(p.bytes, wanted.bytes, p.len);
}

static void syn_says_what_fits(void **state)
{
	static const uint8_t flags[] = {SYN, SYN | ACK};

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(flags); i++) {
		bool v6 = i % 2;

		for (unsigned shift = 0; shift < 8; shift++) { // odd bytes, too
			uint8_t options[OPTIONS] = {1, 1, 1, 1, 1, 1, 1, 1};

			memcpy(options + shift, (uint8_t[]){2, 4, 1460 >> 8, 1460 & 255}, 4);
			tcp(v6, flags[i / 2], options, shift + 4);
			store_be16(wanted.bytes + ip_len() + 20 + shift + 2, v6 ? 1360 : 1380);
			seal(&wanted);
			expect(1420, true);
			expect(1420, false);
			expect(9000, false); // never raised
		}
	}
}

static void every_value_keeps_the_checksum_right(void **state)
{
	(void)state;
	for (unsigned mss = 0; mss < 65536; mss += 7) {
		uint8_t options[] = {1, 2, 4, (uint8_t)(mss >> 8), (uint8_t)mss};

		tcp(false, SYN, options, sizeof(options));
		assert_int_equal(sl_mss_clamp(p.bytes, p.len, 576), mss > 536);
		assert_int_equal(ip_checksum(p.bytes + 20, p.len - 20, p.bytes), 0);
	}
}

static void others_are_left_alone(void **state)
{
	static const uint8_t mss[] = {2, 4, 5, 180}, odd[] = {2, 3, 5}, none[] = {3, 0},
			     end[] = {0, 2, 4, 5, 180}, far[] = {8, 200, 2, 4, 5, 180};

	(void)state;
	tcp(false, ACK, mss, sizeof(mss));
	expect(1000, false);
	tcp(false, SYN, odd, sizeof(odd));
	expect(1000, false);
	tcp(false, SYN, none, sizeof(none));
	expect(1000, false);
	tcp(false, SYN, end, sizeof(end));
	expect(1000, false);
	tcp(false, SYN, far, sizeof(far));
	expect(1000, false);
	tcp(false, SYN, mss, sizeof(mss));
	p.bytes[9] = wanted.bytes[9] = SL_PROTO_UDP;
	expect(1000, false);
	tcp(false, SYN, mss, sizeof(mss));
	p.bytes[7] = wanted.bytes[7] = 3; // a fragment behind the first
	expect(1000, false);
	tcp(false, SYN, mss, sizeof(mss));
	p.bytes[20 + 12] = wanted.bytes[20 + 12] = 0xf0; // a header longer than the packet
	expect(1000, false);
	tcp(true, SYN, mss, sizeof(mss));
	for (uint32_t len = 40; len < 40 + 24; len++)
		assert_false(sl_mss_clamp(p.bytes, len, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syn_says_what_fits),
		cmocka_unit_test(every_value_keeps_the_checksum_right),
		cmocka_unit_test(others_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
