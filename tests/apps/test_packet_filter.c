// Machine code against libpcap's interpreter: every expression, very many packets.

#include "apps/packet_filter.h"

#include "core/eal.h"
#include "core/pool.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#ifdef __x86_64__
static const bool on_x86 = true;
#else
static const bool on_x86 = false;
#endif

static struct rte_mempool *pool;

static const char *const expressions[] = {
	"",
	"udp",
	"udp port 53",
	"udp dst port 53",
	"tcp",
	"tcp port 80 or tcp port 443",
	"ip",
	"ip6",
	"arp",
	"icmp",
	"icmp6",
	"sctp port 99",
	"ip proto 17 or ip proto 6",
	"host 10.0.0.1",
	"src host 10.0.0.1 and dst net 10.1.0.0/16",
	"net 10.0.0.0/8 and not port 22",
	"ip6 host 2001:db8::1",
	"ip6 net 2001:db8::/32",
	"ip6 host 2001:db8::1 or ip6 host 2001:db8::2 or ip6 host 2001:db8::3",
	"ether host 00:11:22:33:44:55",
	"ether multicast",
	"ether broadcast",
	"ether proto 0x0806 or stp",
	"ether[0] & 1 != 0",
	"ether[0] & 0x80 != 0",
	"ether[0:4] & 0x80000000 != 0",
	"ether[0:2] & 0xff80 != 0",
	"vlan",
	"vlan 5 and udp",
	"vlan and vlan and tcp port 80",
	"mpls",
	"pppoes and ip",
	"geneve",
	"llc",
	"iso",
	"len > 100",
	"greater 100",
	"less 64",
	"len - 14 = ether[0]",
	"portrange 1000-2000",
	"ip[0] & 0xf > 5",
	"ip multicast and not icmp",
	"ip[6:2] & 0x1fff != 0",
	"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
	"tcp[tcpflags] == tcp-syn",
	"tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
	"udp[4:2] > 20",
	"icmp[icmptype] = icmp-echo",
	"ether[0:4] / ether[4] > 3",
	"ether[0:4] % ether[4] = 3",
	"-ether[0] < 5",
	"ether[0:4] - ether[4:4] > 100000",
	"ether[0:4] + ether[4:4] < 100000",
	"ether[0] * 3 = ether[1]",
	"ether[0] ^ ether[1] = 3",
	"ether[0] | ether[1] & 7 = 3",
	"ether[0] << 4 = ether[1]",
	"ether[0:4] >> 31 = 1",
	"ether[0:4] > 0x7fffffff",
	"ether[ether[0]] = 1",
	"ether[ether[0:4]] = 0",
	"ether[ether[0:4]:4] = 0",
	"ether[ether[0:4] + 4:4] > 0",
	"ether[ether[0] + ether[1]:2] & 3 = 1",
	"ip[ip[0] & 3] > 1",
	"ether[0] << ether[1] = 0",
	"ether[0:4] >> ether[5] = 1",
	"ether[4294967295:1] = 0",
	"ether[ether[0] - 4] = 7",
	"ip6 protochain 6",
	"ip protochain 17",
	"ether[2000] = 0",
	"not ether[2000] = 0",
	"ether[65536:4] = 0",
	"ether[0] = 3 or (ether[100] = 5 and not ether[10] & 1 = 1)",
	"host 1.2.3.4 or host 1.2.3.5 or net 11.0.0.0/8 or port 5 or port 6 or port 7",
};

static int set_up(void **state)
{
	static const struct sl_engine_options everyday = {.no_huge = true};
	struct sl_error err;

	(void)state;
	if (sl_eal_init(&everyday, &err) < 0)
		return -1;
	pool = sl_pool_create("filter", 255, 9216, false, &err);
	return pool ? 0 : -1;
}

static int tear_down(void **state)
{
	unsigned missing = rte_mempool_in_use_count(pool);

	(void)state;
	sl_pool_destroy(pool);
	return missing == 0 ? 0 : -1;
}

static struct sl_packet_filter compile(const char *expression)
{
	struct sl_packet_filter f;
	struct sl_error err;

	if (sl_packet_filter_init(&f, expression, &err) < 0)
		fail_msg("%s", err.text);
	return f;
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

// Random bytes with something like headers in front, so that deep branches are reached.
static unsigned invent(uint8_t *bytes, unsigned max, uint32_t *seed)
{
	static const char *const starts[] = {"\x08\x00\x45", "\x08\x00\x46", "\x86\xdd\x60",
					     "\x81\x00\x00", "\x08\x06\x00", "\x88\x47\x00"};
	static const uint8_t protocols[] = {1, 6, 17, 44, 58, 132};
	uint32_t kind = next(seed);
	unsigned len = next(seed) % (kind & 1 ? max : 60);
	uint8_t mask = kind & 2 ? 0xff : 7;

	for (unsigned i = 0; i < max; i++)
		bytes[i] = (uint8_t)next(seed) & mask;
	if (kind & 4)
		memcpy(bytes + 12, starts[next(seed) % 6], 3);
	if (kind & 8)
		bytes[23] = protocols[next(seed) % 6];
	if (kind & 16)
		bytes[20] = bytes[21] = 0;
	if (kind & 32)
		memset(bytes, 0xff, 4), bytes[3] = (uint8_t)(256 - next(seed) % 16);
	return len;
}

static void check(const struct sl_packet_filter *f, const char *expression, struct rte_mbuf *p)
{
	bool want = bpf_filter(f->classic.bf_insns, sl_data(p), sl_len(p), sl_len(p)) != 0;

	if (sl_packet_filter_match(f, p) != want)
		fail_msg("'%s' is wrong about a packet of %u bytes", expression, sl_len(p));
}

static void check_invented(const struct sl_packet_filter *f, const char *expression,
			   unsigned packets)
{
	uint32_t seed = 1;
	struct rte_mbuf *p;

	assert_true(sl_alloc_burst(pool, &p, 1));
	for (unsigned i = 0; i < packets; i++) {
		sl_set_len(p, (uint16_t)invent(sl_data(p), 200, &seed));
		check(f, expression, p);
	}
	sl_free(p);
}

static void machine_code_agrees_with_libpcap(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		struct sl_packet_filter f = compile(expressions[i]);

		assert_int_equal(f.machine_code != NULL, on_x86);
		check_invented(&f, expressions[i], 20000);
		sl_packet_filter_fini(&f);
	}
}

static void combinations_agree_with_libpcap(void **state)
{
	enum { N = sizeof(expressions) / sizeof(expressions[0]) };
	unsigned tried = 0;
	char text[1024];

	(void)state;
	for (unsigned i = 1; i < N; i++)
		for (unsigned k = 1 + i % 4; k < N; k += 4) {
			struct sl_packet_filter f;

			snprintf(text, sizeof(text), "(%s) %s (%s)", expressions[i],
				 k & 1 ? "or not" : "and", expressions[k]);
			if (strstr(text, "geneve"))
				continue; // libpcap reads memory that it never wrote
			if (sl_packet_filter_init(&f, text, NULL) < 0)
				continue; // "expression rejects all packets"
			check_invented(&f, text, 500);
			tried++;
			sl_packet_filter_fini(&f);
		}
	assert_true(tried > 500);
}

static void interpreting_gives_the_same_result(void **state)
{
	struct sl_packet_filter f = compile("udp port 53");

	(void)state;
	sl_packet_filter_interpret(&f);
	assert_null(f.machine_code);
	check_invented(&f, "udp port 53", 20000);
	sl_packet_filter_fini(&f);
}

static void a_very_long_expression_becomes_machine_code_too(void **state)
{
	char text[8192];
	size_t n = 0;
	struct sl_packet_filter f;

	(void)state;
	for (unsigned i = 1; i <= 60; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%shost 10.0.0.%u and port %u",
				      i > 1 ? " or " : "", i, i);
	f = compile(text);
	check_invented(&f, text, 20000);
	sl_packet_filter_fini(&f);
}

static void every_length_up_to_the_last_load_is_right(void **state)
{
	static const char *const loads[] = {"ether[13] = 0", "ether[12:2] = 0", "ether[10:4] = 0",
					    "ether[ether[0] + 13] = 0", "udp[2:2] = 0"};
	struct rte_mbuf *p;

	(void)state;
	assert_true(sl_alloc_burst(pool, &p, 1));
	memset(sl_data(p), 0, 100);
	for (unsigned i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		struct sl_packet_filter f = compile(loads[i]);

		for (uint16_t len = 0; len < 100; len++) {
			sl_set_len(p, len);
			check(&f, loads[i], p);
			if (i < 4)
				assert_int_equal(sl_packet_filter_match(&f, p), len >= 14);
		}
		sl_packet_filter_fini(&f);
	}
	sl_free(p);
}

static void bad_expressions_are_refused_in_libpcaps_words(void **state)
{
	static const struct {
		const char *expression, *words;
	} bad[] = {
		{"udp prot 53", "syntax error"}, {"port", "syntax error"},
		{"host 1.2.3.4.5.6", ""},        {"ip broadcast", "netmask"},
		{"wlan type mgt", "802.11"},     {"tcp and udp and arp", "rejects all packets"},
		{"port 70000", "port"},          {"ether[0:3] = 1", "size"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sl_packet_filter f;
		struct sl_error err = {0};

		assert_int_equal(sl_packet_filter_init(&f, bad[i].expression, &err), -EINVAL);
		assert_non_null(strstr(err.text, bad[i].expression));
		if (!strstr(err.text, bad[i].words))
			fail_msg("%s", err.text);
		sl_packet_filter_fini(&f);
	}
}

// ---- real captures

static unsigned check_file(const char *path, const struct sl_packet_filter *filters, unsigned n)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, text);
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	unsigned packets = 0;
	struct rte_mbuf *p;

	if (!pcap)
		return 0;
	assert_true(sl_alloc_burst(pool, &p, 1));
	while (packets < 2000 && pcap_next_ex(pcap, &header, &bytes) == 1) {
		uint16_t len = (uint16_t)RTE_MIN(header->caplen, 9216U);

		memcpy(sl_data(p), bytes, len);
		sl_set_len(p, len);
		for (unsigned i = 0; i < n; i++)
			check(&filters[i], expressions[i], p);
		packets++;
	}
	sl_free(p);
	pcap_close(pcap);
	return packets;
}

static void machine_code_agrees_on_real_captures(void **state)
{
	enum { N = sizeof(expressions) / sizeof(expressions[0]) };
	const char *corpus = getenv("SLUICE_CORPUS");
	struct sl_packet_filter filters[N];
	char folder[512], path[1024];
	unsigned packets = 0;
	struct dirent *e;
	DIR *d;

	(void)state;
	if (!corpus) {
		print_message("SLUICE_CORPUS is not set: no real captures\n");
		skip();
	}
	for (unsigned i = 0; i < N; i++)
		filters[i] = compile(expressions[i]);
	snprintf(folder, sizeof(folder), "%s/pcap", corpus);
	d = opendir(folder);
	assert_non_null(d);
	while ((e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		packets += check_file(path, filters, N);
	}
	closedir(d);
	for (unsigned i = 0; i < N; i++)
		sl_packet_filter_fini(&filters[i]);
	print_message("%u packets\n", packets);
	assert_int_not_equal(packets, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machine_code_agrees_with_libpcap),
		cmocka_unit_test(combinations_agree_with_libpcap),
		cmocka_unit_test(interpreting_gives_the_same_result),
		cmocka_unit_test(a_very_long_expression_becomes_machine_code_too),
		cmocka_unit_test(every_length_up_to_the_last_load_is_right),
		cmocka_unit_test(bad_expressions_are_refused_in_libpcaps_words),
		cmocka_unit_test(machine_code_agrees_on_real_captures),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
