// Any bytes as an IP packet: what the input apps let pass goes through all that a router says of a
// packet or to it, and what comes out must be fit to come in.

#include "core/ip/extensions.h"
#include "core/ip/fragment.h"
#include "core/ip/icmp_error.h"
#include "core/ip/options.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"
#include "tests/fuzz/fuzz.h"
#include "tests/harness/ip.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { LONGEST = 4000, ROOM = 1 << 16, GUARD = 4096, MINUTE_S = 60 };

static struct sl_harness *input[2], *icmp_error, *local; // inputs: IPv4, IPv6

static struct sl_harness *make(const char *line)
{
	struct sl_error err;
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	must(h != NULL);
	return h;
}

static void make_all(void)
{
	input[0] = make("ipv4-input");
	input[1] = make("ipv6-input");
	icmp_error = make("icmp-error interfaces=lan addresses='lan 10.0.0.1/24' "
			  "addresses='lan fd00:1::1/64' rate=1000000 burst=1000000 "
			  "total-rate=1000000 total-burst=1000000");
	local = make("local interfaces=lan addresses='lan 10.0.0.1/24' "
		     "addresses='lan fd00:1::1/64'");
}

// Bytes that end at a page nobody may touch. Every packet of a call gets the same place.
static uint8_t *place(const uint8_t *bytes, size_t len)
{
	static uint8_t *room;

	if (!room) {
		room = mmap(NULL, ROOM + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		must(room != MAP_FAILED);
		must(mprotect(room + ROOM, GUARD, PROT_NONE) == 0);
	}
	memcpy(room + ROOM - len, bytes, len);
	return room + ROOM - len;
}

static unsigned family_of(const struct ip_packet *p)
{
	return p->len > 0 && p->bytes[0] >> 4 == 6;
}

// Returns whether the input app of its family lets p pass; p is what it made of it then.
static bool comes_in(struct ip_packet *p)
{
	static struct ip_packet got;
	struct sl_harness *h = input[family_of(p)];

	must(ip_feed(h, 0, p));
	sl_harness_breathe(h);
	if (!ip_take(h, 0, &got))
		return false;
	must(got.len <= p->len && memcmp(got.bytes, p->bytes, got.len) == 0);
	p->len = got.len;
	return true;
}

static void check_extensions(const uint8_t *packet, size_t len)
{
	struct sl_extensions x;

	sl_extensions_walk(&x, packet, len);
	must(x.at <= len && x.named < x.at);
	must(x.verdict != SL_EXTENSIONS_ERROR || x.pointer < len);
}

static void check_error(const uint8_t *packet, size_t len, const struct sl_ip_meta *m)
{
	static const uint8_t source[16] = {10, 0, 0, 1};
	static uint8_t message[SL_ICMP_ERROR_MAX6];
	struct sl_icmp_error e = sl_icmp_error_of(packet[0] >> 4, m);

	sl_icmp_error_allowed(packet, len, m);
	must(sl_icmp_error_len(packet, len) <= sizeof(message));
	sl_icmp_error_write(message, &e, source, 1, packet, len);
}

static bool is_own(const void *context, const uint8_t *ip)
{
	(void)context;
	return ip[0] == 10;
}

// Whatever is written into the options of IPv4, what comes out must be fit to come in.
static void check_options(const uint8_t *packet, size_t len)
{
	static const uint8_t address[4] = {10, 0, 0, 1};
	static struct ip_packet filled;
	const struct sl_options_router router = {.address = address, .ms = 1, .own = is_own};
	uint8_t collected[SL_OPTIONS_MAX];
	uint32_t pointer = 0;

	must(sl_options_collect(collected, packet) <= sizeof(collected));
	if (sl_options_check(packet, &pointer) == SL_OPTIONS_BAD)
		must(pointer >= 20 && pointer < 60);
	filled.len = (uint32_t)len;
	memcpy(filled.bytes, packet, len);
	sl_options_fill(filled.bytes, &router);
	must(comes_in(&filled) && filled.len == len);
}

// The fragments carry all that the packet does.
static void check_fragments(const uint8_t *packet, size_t len, uint16_t mtu)
{
	static uint8_t fragment[LONGEST + 8];
	struct sl_fragments f;
	size_t n;

	if (!sl_fragments_begin(&f, packet, len, mtu, 7))
		return;
	while ((n = sl_fragments_len(&f)) > 0) {
		must(n <= sizeof(fragment));
		sl_fragments_next(&f, fragment);
	}
	must(f.done == f.payload_len);
}

// Whatever waits in the outputs of h. Its IP packets must be good, its others are let go.
static void drain(struct sl_harness *h, unsigned ip_outputs)
{
	static struct ip_packet got;

	for (unsigned i = 0; i < sl_harness_app(h)->n_out; i++)
		while (ip_take(h, i, &got))
			must(i >= ip_outputs || comes_in(&got));
}

static void through_apps(struct ip_packet *p)
{
	must(ip_feed(icmp_error, 1, p));
	sl_harness_breathe(icmp_error);
	drain(icmp_error, 2);
	must(ip_feed(local, family_of(p), p));
	sl_harness_breathe(local);
	sl_harness_advance(local, MINUTE_S * (uint64_t)1000000000);
	sl_harness_tick(local);
	drain(local, 2);
	must(sl_harness_app(local)->held == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ip_packet p;
	uint8_t *packet;

	if (!local)
		make_all();
	if (size < 4)
		return 0;
	p.meta = (struct sl_ip_meta){.flags = data[0] & SL_META_L2_GROUP,
				     .error = data[1] % SL_IP_ERRORS,
				     .mtu = load_be16(data + 2)};
	p.len = (uint32_t)RTE_MIN(size - 4, (size_t)LONGEST);
	memcpy(p.bytes, data + 4, p.len);
	if (!comes_in(&p))
		return 0;
	packet = place(p.bytes, p.len);
	if (family_of(&p))
		check_extensions(packet, p.len);
	else
		check_options(packet, p.len);
	check_error(packet, p.len, &p.meta);
	check_fragments(packet, p.len, p.meta.mtu);
	through_apps(&p);
	return 0;
}
