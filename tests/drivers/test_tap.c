// Interfaces of the kernel. What touches one needs CAP_NET_ADMIN and happens in a network
// namespace of the test's own; it is skipped where there may be none.

#include "drivers/interface_route.h"
#include "drivers/tap_device.h"
#include "tests/harness/app_harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static bool has_namespace;

static int enter_namespace(void **state)
{
	(void)state;
	has_namespace = access("/dev/net/tun", W_OK) == 0 && unshare(CLONE_NEWNET) == 0;
	if (!has_namespace)
		print_message(
			"not root, or no /dev/net/tun: tests that make interfaces are skipped\n");
	return 0;
}

static void need_namespace(void)
{
	if (!has_namespace)
		skip();
}

static struct sl_harness *make(const char *line)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	assert_string_equal(err.text, "");
	assert_non_null(h);
	return h;
}

// The line is refused for a reason that begins with text.
static void refuse(const char *line, const char *text)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	if (h || strncmp(err.text, text, strlen(text)) != 0)
		fail_msg("%s: %s '%s', not '%s'", line, h ? "taken" : "refused for", err.text,
			 text);
}

static void finish(struct sl_harness *h)
{
	assert_string_equal(sl_harness_destroy(h), "");
}

static struct ifreq interface(const char *name, unsigned long what)
{
	struct ifreq r;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memset(&r, 0, sizeof(r));
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, what, &r), 0);
	close(fd);
	return r;
}

// Whether the kernel has the address on the interface.
static bool has_address(const char *name, const char *text)
{
	struct ifaddrs *all, *a;
	struct sl_address wanted;
	bool found = false;

	assert_int_equal(sl_address_parse(text, &wanted, NULL), 0);
	assert_int_equal(getifaddrs(&all), 0);
	for (a = all; a; a = a->ifa_next) {
		const void *bytes;

		if (!a->ifa_addr || strcmp(a->ifa_name, name) != 0 ||
		    a->ifa_addr->sa_family != wanted.family)
			continue;
		bytes = wanted.family == AF_INET6
				? (const void *)&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr
				: (const void *)&((struct sockaddr_in *)a->ifa_addr)->sin_addr;
		found |= memcmp(bytes, wanted.bytes, wanted.family == AF_INET6 ? 16 : 4) == 0;
	}
	freeifaddrs(all);
	return found;
}

static int udp_socket(const char *address, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, address, &at.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void send_udp(int fd, const char *address, uint16_t port, const char *text)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, address, &to.sin_addr);
	assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)),
			 strlen(text));
}

// The next IPv4 packet that the app gives, past what the kernel says of its own accord.
static int take_ipv4(struct sl_harness *h, uint8_t *bytes, size_t size)
{
	for (unsigned i = 0; i < 1000; i++) {
		int len;

		sl_harness_breathe(h);
		while ((len = sl_harness_take(h, 0, bytes, size)) >= 0)
			if (len > 20 && bytes[0] == 0x45)
				return len;
		usleep(1000);
	}
	return -1;
}

static uint16_t sum16(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (len % 2)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

// Turn a UDP packet around. Its checksums stay right: sums do not mind the order.
static void swap_ends(uint8_t *ip)
{
	uint8_t t[4];

	memcpy(t, ip + 12, 4);
	memcpy(ip + 12, ip + 16, 4);
	memcpy(ip + 16, t, 4);
	memcpy(t, ip + 20, 2);
	memcpy(ip + 20, ip + 22, 2);
	memcpy(ip + 22, t, 2);
}

static void tun_carries_ip_packets_both_ways(void **state)
{
	struct sl_harness *h;
	uint8_t packet[2048];
	char answer[64] = "";
	int fd, len;

	(void)state;
	need_namespace();
	h = make("tun sltun0 addresses=10.77.0.1/24");
	fd = udp_socket("10.77.0.1", 7000);
	send_udp(fd, "10.77.0.2", 7001, "over the sluice");
	len = take_ipv4(h, packet, sizeof(packet));
	assert_int_equal(len, 20 + 8 + 15);
	assert_memory_equal(packet + 28, "over the sluice", 15);
	swap_ends(packet);
	assert_true(sl_harness_feed(h, 0, packet, (uint16_t)len));
	sl_harness_breathe(h);
	assert_int_equal(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), 15);
	assert_string_equal(answer, "over the sluice");
	close(fd);
	finish(h);
}

// The kernel leaves checksums to devices that say they can; ours says no such thing.
static void checksums_from_the_kernel_are_finished(void **state)
{
	struct sl_harness *h;
	uint8_t packet[2048], pseudo[2048] = {0};
	int fd, len;

	(void)state;
	need_namespace();
	h = make("tun sltun0 addresses=10.77.0.1/24");
	fd = udp_socket("10.77.0.1", 7000);
	send_udp(fd, "10.77.0.2", 7001, "sum of all parts");
	len = take_ipv4(h, packet, sizeof(packet));
	assert_int_equal(len, 20 + 8 + 16);
	assert_int_equal(sum16(packet, 20), 0xffff);
	memcpy(pseudo, packet + 12, 8);
	pseudo[9] = IPPROTO_UDP;
	pseudo[11] = (uint8_t)(len - 20);
	memcpy(pseudo + 12, packet + 20, (size_t)len - 20);
	assert_int_equal(sum16(pseudo, 12 + (size_t)len - 20), 0xffff);
	close(fd);
	finish(h);
}

static void interface_is_set_up_as_the_keys_say(void **state)
{
	struct sl_harness *h;

	(void)state;
	need_namespace();
	h = make("tap sltap0 mtu=1400 addresses=10.77.0.1/24 addresses=fd77::1/64");
	assert_int_equal(interface("sltap0", SIOCGIFMTU).ifr_mtu, 1400);
	assert_int_equal(interface("sltap0", SIOCGIFTXQLEN).ifr_qlen, 2048);
	assert_true(interface("sltap0", SIOCGIFFLAGS).ifr_flags & IFF_UP);
	assert_true(has_address("sltap0", "10.77.0.1"));
	assert_true(has_address("sltap0", "fd77::1"));
	finish(h);
	assert_int_equal(if_nametoindex("sltap0"), 0);
	h = make("tap sltap0 up=no");
	assert_false(interface("sltap0", SIOCGIFFLAGS).ifr_flags & IFF_UP);
	finish(h);
}

static void successor_changes_the_interface_in_place(void **state)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *h;
	unsigned index;

	(void)state;
	need_namespace();
	h = make("tap sltap0 addresses=10.77.0.1/24 addresses=10.77.0.2/24");
	index = if_nametoindex("sltap0");
	assert_int_equal(sl_harness_replace(h,
					    "tap sltap0 mtu=1300 addresses=10.77.0.2/24 "
					    "addresses=10.77.0.3/24",
					    &err),
			 0);
	assert_int_equal(if_nametoindex("sltap0"), index);
	assert_false(has_address("sltap0", "10.77.0.1"));
	assert_true(has_address("sltap0", "10.77.0.2"));
	assert_true(has_address("sltap0", "10.77.0.3"));
	assert_int_equal(interface("sltap0", SIOCGIFMTU).ifr_mtu, 1300);
	assert_int_equal(sl_harness_replace(h, "tap sltap1", &err), 0);
	assert_int_equal(if_nametoindex("sltap0"), 0);
	assert_int_not_equal(if_nametoindex("sltap1"), 0);
	finish(h);
}

// The index of the interface that the kernel would send a packet to, 0 = nowhere.
static unsigned way_to(const char *address)
{
	struct sl_kernel_way w;
	struct sl_ip ip;

	assert_true(sl_ip_parse(address, &ip));
	return sl_kernel_find_way(&ip, &w, NULL) == 0 ? w.device : 0;
}

static void routes_come_and_go_and_leave_out_what_is_bypassed(void **state)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *outside, *h;
	unsigned out, in;

	(void)state;
	need_namespace();
	outside = make("tun slout0 addresses=10.78.0.1/24 routes=203.0.113.0/24");
	out = if_nametoindex("slout0");
	assert_int_equal(way_to("203.0.113.7"), out);
	h = make("tun slin0 up=no routes=0.0.0.0/0");
	in = if_nametoindex("slin0");
	assert_int_equal(way_to("203.0.113.7"), out);
	assert_int_equal(way_to("198.51.100.1"), 0); // it is down
	assert_int_equal(sl_harness_replace(h,
					    "tun slin0 addresses=10.79.0.1/24 "
					    "routes=203.0.113.0/25 routes=fd79::/64 "
					    "bypass=203.0.113.7",
					    &err),
			 0);
	assert_int_equal(way_to("203.0.113.1"), in);
	assert_int_equal(way_to("203.0.113.7"), out);
	assert_int_equal(way_to("fd79::1"), in);
	assert_int_equal(
		sl_harness_replace(h, "tun slin0 addresses=10.79.0.1/24 bypass=203.0.113.7", &err),
		0);
	assert_int_equal(way_to("203.0.113.1"), out);
	assert_int_equal(way_to("203.0.113.7"), out);
	assert_int_equal(way_to("fd79::1"), 0);
	finish(h);
	assert_int_equal(way_to("203.0.113.7"), out);
	finish(outside);
	assert_int_equal(way_to("203.0.113.7"), 0); // nothing is left
}

// The kernel makes its link-local address when the interface comes up: not before it has the
// link-layer address that it is made of.
static void interface_waits_for_the_address_of_its_port(void **state)
{
	static const uint8_t first[6] = {2, 0, 0, 0, 0, 1}, second[6] = {2, 0, 0, 0, 0, 2};
	struct sl_error err = {.text = ""};
	struct sl_harness *h;

	(void)state;
	need_namespace();
	h = make("tap sltap0 port=port-lan");
	assert_false(interface("sltap0", SIOCGIFFLAGS).ifr_flags & IFF_UP);
	sl_harness_settle(h, "port-wan", second);
	assert_false(interface("sltap0", SIOCGIFFLAGS).ifr_flags & IFF_UP);
	sl_harness_settle(h, "port-lan", first);
	assert_true(interface("sltap0", SIOCGIFFLAGS).ifr_flags & IFF_UP);
	assert_memory_equal(interface("sltap0", SIOCGIFHWADDR).ifr_hwaddr.sa_data, first, 6);
	assert_int_equal(sl_harness_replace(h, "tap sltap0 mtu=1400 port=port-lan", &err), 0);
	assert_true(interface("sltap0", SIOCGIFFLAGS).ifr_flags & IFF_UP);
	sl_harness_settle(h, "port-lan", second);
	assert_memory_equal(interface("sltap0", SIOCGIFHWADDR).ifr_hwaddr.sa_data, second, 6);
	assert_int_equal(sl_harness_replace(h, "tap sltap0 mac=02:00:00:00:00:07", &err), 0);
	assert_int_equal(interface("sltap0", SIOCGIFHWADDR).ifr_hwaddr.sa_data[5], 7);
	finish(h);
}

// What /proc/sys/net has of an interface.
static char conf(const char *family, const char *name, const char *what)
{
	char path[128], value[8] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, what);
	f = fopen(path, "r");
	if (!f || !fgets(value, sizeof(value), f))
		fail_msg("%s", path);
	fclose(f);
	return value[0];
}

static void kernel_is_kept_from_routing_on_a_quiet_interface(void **state)
{
	struct sl_harness *h;

	(void)state;
	need_namespace();
	if (access("/proc/sys/net/ipv4/conf/lo/forwarding", W_OK) != 0)
		skip();
	h = make("tap sltap0");
	assert_int_equal(conf("ipv4", "sltap0", "arp_ignore"), '0');
	finish(h);
	assert_int_equal(system("echo 1 >/proc/sys/net/ipv4/ip_forward"), 0);
	h = make("tap sltap0 quiet=yes");
	assert_int_equal(conf("ipv4", "sltap0", "arp_ignore"), '8');
	assert_int_equal(conf("ipv4", "sltap0", "forwarding"), '0');
	assert_int_equal(conf("ipv6", "sltap0", "accept_ra"), '0');
	assert_int_equal(conf("ipv6", "sltap0", "keep_addr_on_down"), '1');
	finish(h);
	assert_int_equal(system("echo 0 >/proc/sys/net/ipv4/ip_forward"), 0);
}

static void what_the_kernel_refuses_is_dropped_by_name(void **state)
{
	static const uint8_t nonsense[40] = {0x70}, ip[40] = {0x45};
	struct sl_harness *h;

	(void)state;
	need_namespace();
	h = make("tun sltun0");
	assert_true(sl_harness_feed(h, 0, nonsense, sizeof(nonsense)));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "malformed"), 1);
	assert_int_equal(sl_interface_set_up("sltun0", false, NULL), 0);
	assert_true(sl_harness_feed(h, 0, ip, sizeof(ip)));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "down"), 1);
	finish(h);
	h = make("tap sltap0");
	assert_true(sl_harness_feed(h, 0, nonsense, 13));
	assert_true(sl_harness_feed(h, 0, nonsense, 14));
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "malformed"), 1);
	assert_int_equal(sl_harness_app(h)->consumed, 1);
	finish(h);
}

static void packets_longer_than_a_buffer_are_dropped_by_name(void **state)
{
	static char text[20000];
	struct sl_harness *h;
	int fd;

	(void)state;
	need_namespace();
	memset(text, 'x', sizeof(text) - 1);
	h = make("tun sltun0 addresses=10.77.0.1/24");
	assert_int_equal(sl_interface_set_mtu("sltun0", 30000, NULL), 0);
	fd = udp_socket("10.77.0.1", 7000);
	send_udp(fd, "10.77.0.2", 7001, text);
	for (unsigned i = 0; i < 1000 && sl_harness_drop(h, "too_long") == 0; i++) {
		sl_harness_breathe(h);
		usleep(1000);
	}
	assert_int_equal(sl_harness_drop(h, "too_long"), 1);
	close(fd);
	finish(h);
}

static void an_interface_that_was_removed_is_a_failure(void **state)
{
	struct sl_harness *h;

	(void)state;
	need_namespace();
	h = make("tun sltun0");
	sl_harness_breathe(h);
	assert_null(sl_harness_app(h)->failure);
	assert_int_equal(system("ip link del sltun0"), 0);
	sl_harness_breathe(h);
	assert_string_equal(sl_harness_app(h)->failure, "somebody has removed the interface");
	finish(h);
}

static void mistakes_with_interfaces_are_named(void **state)
{
	struct sl_harness *h;

	(void)state;
	need_namespace();
	h = make("tap sltap0");
	refuse("tap sltap0", "sltap0: another program has it open");
	refuse("tun sltap0", "sltap0: is there already and is no TUN interface");
	refuse("tap lo", "lo: is there already and is no TAP interface");
	finish(h);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	refuse("tap", "app 'tap' (tap) needs 'name'");
	refuse("tap ''", "an interface needs a name");
	refuse("tap x mac=1", "mac: '1' is not an address such as 02:00:00:00:00:01");
	refuse("tap abcdefghijklmnop",
	       "'abcdefghijklmnop': an interface's name has at most 15 characters");
	refuse("tap a/b", "'a/b' is no name for an interface");
	refuse("tap 'a b'", "'a b' is no name for an interface");
	refuse("tap sl%d", "'sl%d' is no name for an interface");
	refuse("tap x mtu=67", "'mtu' of app 'tap' must be between 68 and ");
	refuse("tap x addresses=10.0.0.1/33",
	       "'10.0.0.1/33' is not an address such as 10.0.0.1/24 or fd00::1/64");
	refuse("tun x routes=10.0.0.0/33", "'10.0.0.0/33' is not a prefix such as 10.1.0.0/16");
	refuse("tun x bypass=host", "'host' is not a prefix such as 10.1.0.0/16");
}

static void unprivileged_user_is_told_what_is_missing(void **state)
{
	(void)state;
	if (geteuid() == 0)
		skip();
	refuse("tap sltap0", "sltap0: needs CAP_NET_ADMIN (or root)");
}

static void addresses_are_parsed(void **state)
{
	static const char *const wrong[] = {
		"",           "10.0.0",       "10.0.0.1/",   "10.0.0.1/-1",
		"1.2.3.4/+8", "10.0.0.1/24x", "fd00::1/129", "host"};
	struct sl_address a;

	(void)state;
	assert_int_equal(sl_address_parse("10.1.2.3/24", &a, NULL), 0);
	assert_int_equal(a.family, AF_INET);
	assert_int_equal(a.prefix, 24);
	assert_memory_equal(a.bytes, "\x0a\x01\x02\x03", 4);
	assert_int_equal(sl_address_parse("10.1.2.3", &a, NULL), 0);
	assert_int_equal(a.prefix, 32);
	assert_int_equal(sl_address_parse("fd00::1/0", &a, NULL), 0);
	assert_int_equal(a.family, AF_INET6);
	assert_int_equal(a.prefix, 0);
	for (size_t i = 0; i < RTE_DIM(wrong); i++)
		assert_int_equal(sl_address_parse(wrong[i], &a, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_parsed),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(unprivileged_user_is_told_what_is_missing),
		cmocka_unit_test(mistakes_with_interfaces_are_named),
		cmocka_unit_test(tun_carries_ip_packets_both_ways),
		cmocka_unit_test(checksums_from_the_kernel_are_finished),
		cmocka_unit_test(interface_is_set_up_as_the_keys_say),
		cmocka_unit_test(successor_changes_the_interface_in_place),
		cmocka_unit_test(routes_come_and_go_and_leave_out_what_is_bypassed),
		cmocka_unit_test(interface_waits_for_the_address_of_its_port),
		cmocka_unit_test(kernel_is_kept_from_routing_on_a_quiet_interface),
		cmocka_unit_test(what_the_kernel_refuses_is_dropped_by_name),
		cmocka_unit_test(packets_longer_than_a_buffer_are_dropped_by_name),
		cmocka_unit_test(an_interface_that_was_removed_is_a_failure),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
