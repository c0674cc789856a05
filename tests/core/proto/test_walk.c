#include "core/proto/walk.h"
#include "core/proto/walk_plain.h"

#include "core/proto/ipv6.h"
#include "tests/harness/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

static const unsigned payloads[] = {0, 1, 2, 7, 64, 333};
enum { PAYLOADS = sizeof(payloads) / sizeof(payloads[0]) };

static bool verify(struct sl_walk *w, const struct frame *f)
{
	sl_walk(w, f->bytes, f->len, false);
	return sl_walk_verify(w, f->bytes);
}

// Walk a frame made from words and return the flags.
static unsigned flags_of(const char *words)
{
	struct frame f;
	struct sl_walk w;

	frame_build(&f, words, 20);
	assert_true(verify(&w, &f));
	return w.flags;
}

static bool has_checksum(const struct frame *f, const struct sl_walk_layer *l)
{
	return l->kind != SL_WALK_UDP || load_be16(f->bytes + l->offset + l->field) != 0;
}

static void every_layer_is_found_and_good(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	for (unsigned k = 0; k < PAYLOADS; k++) {
		for (unsigned i = 0; frame_words[i]; i++) {
			frame_build(&f, frame_words[i], payloads[k]);
			if (!verify(&w, &f) || w.n != f.n || w.flags & ~SL_WALK_UNKNOWN)
				fail_msg("%s: %u layers, flags %u", frame_words[i], w.n, w.flags);
			for (unsigned n = 0; n < w.n; n++) {
				const struct sl_walk_layer *l = &w.layers[n], *e = &f.layers[n];
				bool sent = has_checksum(&f, e);

				assert_int_equal(l->kind, e->kind);
				assert_int_equal(l->offset, e->offset);
				assert_int_equal(l->len, e->len);
				assert_int_equal(l->field, e->field);
				assert_int_equal(l->verdict, sent ? SL_WALK_GOOD : SL_WALK_NONE);
			}
		}
	}
}

// Bytes that no walk depends on: a flip there changes a sum and nothing else.
static bool is_payload(const struct frame *f, unsigned at, unsigned payload)
{
	return at >= f->len - payload;
}

static unsigned covering(const struct frame *f, unsigned at)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->n; i++) {
		const struct sl_walk_layer *l = &f->layers[i];

		n += at >= l->offset && at < (unsigned)l->offset + l->len && has_checksum(f, l);
	}
	return n;
}

static unsigned count(const struct sl_walk *w, enum sl_walk_verdict verdict)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n; i++)
		n += w->layers[i].verdict == verdict;
	return n;
}

static void a_flipped_bit_of_payload_is_bad_in_every_layer_that_covers_it(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	for (unsigned i = 0; frame_words[i]; i++) {
		frame_build(&f, frame_words[i], 33);
		for (unsigned bit = 0; bit < f.len * 8u; bit++) {
			if (!is_payload(&f, bit / 8, 33))
				continue;
			f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(verify(&w, &f), covering(&f, bit / 8) == 0);
			assert_int_equal(count(&w, SL_WALK_BAD), covering(&f, bit / 8));
			f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

// In a header, a flip may also change what the walk sees: then it must not be seen as all good.
// Not found are what a one's complement sum cannot see, and what turns a checksum off.
static void a_flipped_bit_of_a_covered_header_does_not_pass_as_good(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	for (unsigned i = 0; frame_words[i]; i++) {
		frame_build(&f, frame_words[i], 33);
		for (unsigned bit = 0; bit < f.len * 8u; bit++) {
			bool passes;

			if (is_payload(&f, bit / 8, 33) || covering(&f, bit / 8) == 0)
				continue;
			f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			passes = verify(&w, &f) && w.n == f.n && !(w.flags & ~SL_WALK_UNKNOWN) &&
				 count(&w, SL_WALK_GOOD) == f.n;
			if (passes)
				fail_msg("%s: bit %u", frame_words[i], bit);
			f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

// What one's complement sums cannot see: words changed places, and 0x0000 for 0xffff.
static void words_that_changed_places_are_not_noticed(void **state)
{
	struct frame f;
	struct sl_walk w;
	uint8_t *p;
	uint16_t word;

	(void)state;
	frame_build(&f, "ether ipv4 udp", 64);
	p = f.bytes + f.len - 64;
	word = load_be16(p);
	store_be16(p, load_be16(p + 8));
	store_be16(p + 8, word);
	assert_true(verify(&w, &f));
	store_be16(p, 0);
	sl_walk_fix(&w, f.bytes); // nothing is due any more
	assert_false(verify(&w, &f));
	sl_walk_fix(&w, f.bytes);
	assert_true(verify(&w, &f));
	store_be16(p, 0xffff);
	assert_true(verify(&w, &f));
}

static void scramble_checksums(struct frame *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		const struct sl_walk_layer *l = &f->layers[i];

		if (has_checksum(f, l))
			store_be16(f->bytes + l->offset + l->field, (uint16_t)(rand() | 1));
	}
}

static void fixing_restores_every_checksum_and_nothing_else(void **state)
{
	struct frame f, right;
	struct sl_walk w;

	(void)state;
	srand(1);
	for (unsigned k = 0; k < PAYLOADS; k++) {
		for (unsigned i = 0; frame_words[i]; i++) {
			frame_build(&right, frame_words[i], payloads[k]);
			f = right;
			scramble_checksums(&f);
			sl_walk(&w, f.bytes, f.len, false);
			sl_walk_fix(&w, f.bytes);
			assert_memory_equal(f.bytes, right.bytes, right.len);
			assert_true(verify(&w, &f));
			sl_walk(&w, f.bytes, f.len, false);
			sl_walk_fix(&w, f.bytes);
			assert_int_equal(count(&w, SL_WALK_FIXED), 0);
		}
	}
}

// The end of memory that ends at a page nobody may read: sums are assembly, which sanitizers do not
// watch.
static uint8_t *guarded(void)
{
	uint8_t *p = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(mprotect(p + 4096, 4096, PROT_NONE), 0);
	return p + 4096;
}

// Cut after each byte, in a buffer that ends there: what is left is judged, and no byte more read.
static void every_truncation_is_truncated_and_never_bad(void **state)
{
	uint8_t *end = guarded();
	struct frame f;
	struct sl_walk w;

	(void)state;
	for (unsigned i = 0; frame_words[i]; i++) {
		frame_build(&f, frame_words[i], 40);
		for (uint16_t len = 0; len < f.len; len++) {
			uint8_t *exact = end - len;

			memcpy(exact, f.bytes, len);
			sl_walk(&w, exact, len, false);
			assert_true(sl_walk_verify(&w, exact));
			assert_int_equal(w.flags & ~SL_WALK_UNKNOWN, SL_WALK_TRUNCATED);
			for (unsigned n = 0; n < w.n; n++) {
				const struct sl_walk_layer *e = &f.layers[n];
				bool whole = e->offset + e->len <= len;

				if (has_checksum(&f, e))
					assert_int_equal(w.layers[n].verdict,
							 whole ? SL_WALK_GOOD : SL_WALK_PARTIAL);
			}
			sl_walk(&w, exact, len, false);
			sl_walk_fix(&w, exact);
			assert_memory_equal(exact, f.bytes, len);
			assert_false(sl_walk_plain_good(exact, len));
		}
	}
	munmap(end - 4096, 2 * 4096);
}

static void bytes_behind_the_packet_are_padding(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	for (unsigned i = 0; frame_words[i]; i++) {
		frame_build(&f, frame_words[i], 5);
		memset(f.bytes + f.len, 0xa5, 30);
		f.len = (uint16_t)(f.len + 30);
		assert_true(verify(&w, &f));
		assert_int_equal(count(&w, SL_WALK_PARTIAL), 0);
		assert_int_equal(w.flags & ~SL_WALK_UNKNOWN, 0);
	}
}

static void eight_ip_headers_are_walked_and_the_ninth_is_not(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	frame_build(&f, "ether ipv4 ipv6 ipv4 ipv6 ipv4 ipv6 ipv4 ipv6 udp", 9);
	assert_true(verify(&w, &f));
	assert_int_equal(w.depth, 8);
	assert_int_equal(w.flags, 0);
	assert_int_equal(w.n, 5);
	f.bytes[f.len - 1] ^= 1;
	assert_false(verify(&w, &f));

	frame_build(&f, "ether ipv4 gre+c ipv4 ipv4 ipv4 ipv4 ipv4 ipv4 ipv4 ipv4 udp", 9);
	assert_true(verify(&w, &f));
	assert_int_equal(w.depth, 8);
	assert_int_equal(w.flags, SL_WALK_TOO_DEEP);
	assert_int_equal(w.n, 9);
	f.bytes[f.len - 1] ^= 1; // the ninth is data of GRE
	assert_false(verify(&w, &f));
	assert_int_equal(w.layers[1].verdict, SL_WALK_BAD);
	assert_int_equal(count(&w, SL_WALK_BAD), 1);
}

static void udp_without_checksum_is_none_over_ipv4_and_bad_over_ipv6_unless_allowed(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	frame_build(&f, "ether ipv4 udp0", 9);
	assert_true(verify(&w, &f));
	assert_int_equal(w.layers[1].verdict, SL_WALK_NONE);
	sl_walk_fix(&w, f.bytes);
	assert_int_equal(load_be16(f.bytes + 40), 0);

	frame_build(&f, "ether ipv6 udp0", 9);
	assert_false(verify(&w, &f));
	sl_walk(&w, f.bytes, f.len, true);
	assert_true(sl_walk_verify(&w, f.bytes));
	assert_int_equal(w.layers[0].verdict, SL_WALK_NONE);
	sl_walk(&w, f.bytes, f.len, false);
	sl_walk_fix(&w, f.bytes);
	assert_int_equal(w.layers[0].verdict, SL_WALK_FIXED);
	assert_int_not_equal(load_be16(f.bytes + 60), 0);
	assert_true(verify(&w, &f));
}

// RFC 768: a computed 0 goes out as 0xffff, and arrives as good.
static void a_udp_checksum_computed_as_0_is_sent_as_ffff(void **state)
{
	static const char *const words[] = {"ether ipv4 udp", "ether ipv6 udp"};
	struct frame f;
	struct sl_walk w;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t *field;

		frame_build(&f, words[i], 2);
		field = f.bytes + f.layers[f.n - 1].offset + 6;
		// the payload takes the place of the checksum: what is left for it is 0
		store_be16(f.bytes + f.len - 2, 0);
		sl_walk(&w, f.bytes, f.len, false);
		sl_walk_fix(&w, f.bytes);
		memcpy(f.bytes + f.len - 2, field, 2);
		sl_walk(&w, f.bytes, f.len, false);
		sl_walk_fix(&w, f.bytes);
		assert_int_equal(load_be16(field), 0xffff);
		assert_true(verify(&w, &f));
	}
}

// 0xffff for 0 sums up as well: who is right is left alone.
static void a_good_checksum_is_not_written_again(void **state)
{
	struct frame f;
	struct sl_walk w;
	uint8_t *ip = f.bytes + 14;

	(void)state;
	frame_build(&f, "ether ipv4 udp", 2);
	for (unsigned id = 0; load_be16(ip + 10) != 0; id++) {
		assert_in_range(id, 0, 65535);
		store_be16(ip + 4, (uint16_t)id);
		sl_walk(&w, f.bytes, f.len, false);
		sl_walk_fix(&w, f.bytes);
	}
	store_be16(ip + 10, 0xffff);
	assert_true(verify(&w, &f));
	sl_walk(&w, f.bytes, f.len, false);
	sl_walk_fix(&w, f.bytes);
	assert_int_equal(count(&w, SL_WALK_FIXED), 0);
	assert_int_equal(load_be16(ip + 10), 0xffff);
}

// Set the fragment field of the only IP header, and fix what can be.
static void fragment(struct frame *f, struct sl_walk *w, uint16_t field)
{
	if (f->bytes[12] == 0x08)
		store_be16(f->bytes + 14 + 6, field);
	else
		store_be16(f->bytes + 14 + 40 + 2, (uint16_t)((field & 0x1fff) << 3 | field >> 13));
	sl_walk(w, f->bytes, f->len, false);
	sl_walk_fix(w, f->bytes);
	assert_true(verify(w, f));
}

static void of_fragments_only_what_is_whole_is_judged(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	frame_build(&f, "ether ipv4 udp", 40);
	fragment(&f, &w, SL_IPV4_MF);
	f.bytes[f.len - 1] ^= 1;
	assert_true(verify(&w, &f));
	assert_int_equal(w.flags, SL_WALK_FRAGMENT);
	assert_int_equal(w.layers[0].verdict, SL_WALK_GOOD);
	assert_int_equal(w.layers[1].verdict, SL_WALK_PARTIAL);
	f.bytes[20] ^= 1; // in the header
	assert_false(verify(&w, &f));
	f.bytes[20] ^= 1;
	fragment(&f, &w, 5); // the last
	assert_int_equal(w.n, 1);
	assert_int_equal(w.flags, SL_WALK_FRAGMENT);
	assert_false(sl_walk_plain_good(f.bytes, f.len));

	frame_build(&f, "ether ipv6 atomic tcp", 40);
	assert_true(verify(&w, &f));
	assert_int_equal(w.flags, 0);
	assert_int_equal(w.layers[0].verdict, SL_WALK_GOOD);
	fragment(&f, &w, SL_IPV4_MF);
	assert_int_equal(w.layers[0].verdict, SL_WALK_PARTIAL);
	fragment(&f, &w, 9);
	assert_int_equal(w.n, 0);
}

static void a_whole_packet_inside_a_first_fragment_is_judged(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	frame_build(&f, "ether ipv4 gre+c ipv4 udp", 40);
	fragment(&f, &w, SL_IPV4_MF);
	assert_int_equal(w.layers[1].verdict, SL_WALK_PARTIAL);
	assert_int_equal(w.layers[3].verdict, SL_WALK_GOOD);
	f.bytes[f.len - 1] ^= 1;
	assert_false(verify(&w, &f));
	assert_int_equal(w.layers[3].verdict, SL_WALK_BAD);
	f.bytes[f.len - 1] ^= 1;
	f.len = (uint16_t)(f.len - 8);
	store_be16(f.bytes + 16, (uint16_t)(f.len - 14)); // and one that goes on in the next
	fragment(&f, &w, SL_IPV4_MF);
	assert_int_equal(w.flags, SL_WALK_FRAGMENT);
	assert_int_equal(w.layers[2].verdict, SL_WALK_GOOD);
	assert_int_equal(w.layers[3].verdict, SL_WALK_PARTIAL);
}

static void an_unknown_way_leaves_the_checksum_open(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	frame_build(&f, "ether ipv6 route9 udp", 8);
	assert_true(verify(&w, &f));
	assert_int_equal(w.layers[0].verdict, SL_WALK_PARTIAL);
	f.bytes[14 + 40 + 3] = 0; // at its end: the destination is where it is
	assert_false(verify(&w, &f));
	sl_walk_fix(&w, f.bytes);
	assert_true(verify(&w, &f));
	assert_int_equal(w.layers[0].verdict, SL_WALK_GOOD);
}

static void other_protocols_end_the_walk(void **state)
{
	(void)state;
	assert_int_equal(flags_of("ether"), SL_WALK_UNKNOWN);
	assert_int_equal(flags_of("ether vlan"), SL_WALK_UNKNOWN);
	assert_int_equal(flags_of("ether ipv4 igmp"), SL_WALK_UNKNOWN);
	assert_int_equal(flags_of("ether ipv4 icmpv6"), SL_WALK_UNKNOWN);
	assert_int_equal(flags_of("ether ipv6 icmp"), SL_WALK_UNKNOWN);
	assert_int_equal(flags_of("ether ipv4 gre+c"), SL_WALK_UNKNOWN);
	assert_int_equal(flags_of("ether ether ipv4 udp"), SL_WALK_UNKNOWN);
}

// What is quoted may be cut anywhere; the checksum over it is that of the ICMP message.
static void a_packet_quoted_in_an_icmp_error_is_data(void **state)
{
	struct frame f, quoted;
	struct sl_walk w;

	(void)state;
	frame_build(&quoted, "ether ipv4 udp", 0);
	frame_build(&f, "ether ipv4 icmp", 28);
	f.bytes[34] = 3;
	memcpy(f.bytes + f.len - 28, quoted.bytes + 14, 28);
	f.bytes[f.len - 28 + 10] ^= 1; // the quoted header's checksum
	sl_walk(&w, f.bytes, f.len, false);
	sl_walk_fix(&w, f.bytes);
	assert_true(verify(&w, &f));
	assert_int_equal(w.n, 2);
	assert_int_equal(w.flags, 0);
}

// One byte of a good frame overwritten: the header cannot be.
static void impossible_headers_are_malformed(void **state)
{
	static const struct {
		const char *words;
		unsigned at;
		uint8_t byte;
	} table[] = {
		{"ether ipv4 udp", 14, 0x55},          // version
		{"ether ipv4 udp", 14, 0x44},          // header too short
		{"ether ipv4 udp", 14, 0x4f},          // header longer than the packet
		{"ether ipv4 udp", 17, 19},            // total length below the header's
		{"ether ipv4 udp", 17, 27},            // no room for UDP
		{"ether ipv4 udp", 39, 7},             // UDP shorter than its header
		{"ether ipv4 udp", 39, 29},            // UDP longer than the packet
		{"ether ipv4 tcp", 17, 39},            // no room for TCP
		{"ether ipv4 icmp", 17, 23},           // no room for ICMP
		{"ether ipv6 udp", 14, 0x40},          // version
		{"ether ipv6 udp", 19, 7},             // no room for UDP
		{"ether ipv6 hop udp", 55, 200},       // extension longer than the packet
		{"ether ipv6 icmpv6", 19, 3},          // no room for ICMPv6
		{"ether ipv4 gre ipv4 udp", 34, 0x40}, // routing present
		{"ether ipv4 gre ipv4 udp", 34, 0x08}, // reserved
		{"ether ipv4 gre ipv4 udp", 34, 0x04}, // reserved
		{"ether ipv4 gre ipv4 udp", 41, 0xff}, // inner packet longer than the outer
		{"ether ipv4 ipv4 udp", 37, 0xff},     // the same
		{"ether ipv4 ipv6 udp", 39, 0xff},     // the same
	};
	struct frame f;
	struct sl_walk w;

	(void)state;
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		frame_build(&f, table[i].words, 20);
		f.bytes[table[i].at] = table[i].byte;
		memset(f.bytes + f.len, 0, 300);
		f.len = (uint16_t)(f.len + 300); // nothing is truncated
		sl_walk(&w, f.bytes, f.len, false);
		if (!(w.flags & SL_WALK_MALFORMED) || w.flags & SL_WALK_TRUNCATED)
			fail_msg("%s, byte %u: flags %u", table[i].words, table[i].at, w.flags);
	}
}

static void reserved_bits_that_are_to_be_ignored_are(void **state)
{
	struct frame f;
	struct sl_walk w;

	(void)state;
	frame_build(&f, "ether ipv4 gre ipv4 udp", 20);
	store_be16(f.bytes + 34, 0x03f8); // RFC 2784 section 2.3: bits 6 to 12
	assert_true(verify(&w, &f));
	assert_int_equal(w.n, 3);
	frame_build(&f, "ether ipv4 udp0 vxlan ether ipv4 udp", 20);
	memset(f.bytes + 42, 0xff, 8); // RFC 7348 section 5
	assert_true(verify(&w, &f));
	assert_int_equal(w.n, 4);
	f.bytes[42] = 0xf7; // no VNI: not VXLAN
	assert_true(verify(&w, &f));
	assert_int_equal(w.n, 2);
	assert_int_equal(w.flags, SL_WALK_UNKNOWN);
	frame_build(&f, "ether ipv4 gre ipv4 udp", 20);
	f.bytes[35] = 1; // version: PPTP
	assert_true(verify(&w, &f));
	assert_int_equal(w.n, 1);
	assert_int_equal(w.flags, SL_WALK_UNKNOWN);
}

static bool same_layer(const struct sl_walk_layer *a, const struct sl_walk_layer *b)
{
	return a->kind == b->kind && a->verdict == b->verdict && a->offset == b->offset &&
	       a->len == b->len && a->field == b->field &&
	       sl_checksum_fold(a->initial) == sl_checksum_fold(b->initial);
}

// Frames of any bytes in front of the fast path: it either sees what the walk sees, or nothing.
static void a_plain_walk_sees_what_a_walk_sees(void **state)
{
	unsigned plain = 0;

	(void)state;
	srand(4);
	for (unsigned i = 0; i < 200000; i++) {
		struct sl_walk_layer header, upper;
		struct frame f;
		struct sl_walk w;

		frame_build(&f, i % 2 ? "ether ipv4 udp" : "ether ipv4 tcp", i % 40);
		for (unsigned k = rand() % 4; k > 0; k--)
			f.bytes[12 + rand() % 48] ^= (uint8_t)(1 << rand() % 8);
		f.len = (uint16_t)(f.len - (i % 5 ? 0 : rand() % f.len));
		sl_walk(&w, f.bytes, f.len, false);
		if (!sl_walk_plain(f.bytes, f.len, &header, &upper))
			continue;
		plain++;
		assert_int_equal(w.n, 2);
		assert_int_equal(w.flags, 0);
		assert_true(same_layer(&header, &w.layers[0]));
		assert_true(same_layer(&upper, &w.layers[1]));
		assert_int_equal(sl_walk_plain_good(f.bytes, f.len), sl_walk_verify(&w, f.bytes));
	}
	assert_in_range(plain, 50000, 199999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layer_is_found_and_good),
		cmocka_unit_test(a_flipped_bit_of_payload_is_bad_in_every_layer_that_covers_it),
		cmocka_unit_test(a_flipped_bit_of_a_covered_header_does_not_pass_as_good),
		cmocka_unit_test(words_that_changed_places_are_not_noticed),
		cmocka_unit_test(fixing_restores_every_checksum_and_nothing_else),
		cmocka_unit_test(every_truncation_is_truncated_and_never_bad),
		cmocka_unit_test(bytes_behind_the_packet_are_padding),
		cmocka_unit_test(eight_ip_headers_are_walked_and_the_ninth_is_not),
		cmocka_unit_test(
			udp_without_checksum_is_none_over_ipv4_and_bad_over_ipv6_unless_allowed),
		cmocka_unit_test(a_udp_checksum_computed_as_0_is_sent_as_ffff),
		cmocka_unit_test(a_good_checksum_is_not_written_again),
		cmocka_unit_test(of_fragments_only_what_is_whole_is_judged),
		cmocka_unit_test(a_whole_packet_inside_a_first_fragment_is_judged),
		cmocka_unit_test(an_unknown_way_leaves_the_checksum_open),
		cmocka_unit_test(other_protocols_end_the_walk),
		cmocka_unit_test(a_packet_quoted_in_an_icmp_error_is_data),
		cmocka_unit_test(impossible_headers_are_malformed),
		cmocka_unit_test(reserved_bits_that_are_to_be_ignored_are),
		cmocka_unit_test(a_plain_walk_sees_what_a_walk_sees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
