// Ports on interfaces of the kernel: a veth in a network namespace of the test's own, which needs
// root. Skipped where that may not be.

#include "tests/harness/app_harness.h"

#include <errno.h>
#include <net/if.h>
#include <rte_ethdev.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAME = 60, FRAMES = 500, NOBODY = 65534 };

// Read by the leak sanitizer. net_af_xdp of DPDK 22.11 forgets it.
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xsk_umem__create";
}

static bool has_veth;

static int make_veth(void **state)
{
	(void)state;
	has_veth = unshare(CLONE_NEWNET) == 0 &&
		   system("ip link add v0 type veth peer name v1 && "
			  "sysctl -qw net.ipv6.conf.v0.disable_ipv6=1 "
			  "net.ipv6.conf.v1.disable_ipv6=1 && "
			  "ip link set v0 up && ip link set v1 up") == 0;
	if (!has_veth)
		print_message("not root, or no veth: nothing to be tested here\n");
	return 0;
}

static void need_veth(void)
{
	if (!has_veth)
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

static void finish(struct sl_harness *h)
{
	assert_string_equal(sl_harness_destroy(h), "");
}

// A frame of a protocol that no kernel answers.
static void feed(struct sl_harness *h, uint16_t number, uint16_t len)
{
	uint8_t frame[2048] = {[0] = 0xff, [12] = 0x88, [13] = 0xb5};

	memcpy(frame + 14, &number, sizeof(number));
	assert_true(sl_harness_feed(h, 0, frame, len));
}

// Receive until n frames of ours have come, in their order, or for too long.
static unsigned receive(struct sl_harness *from, struct sl_harness *to, unsigned n)
{
	uint8_t frame[2048];
	uint16_t number;
	unsigned got = 0;

	for (unsigned i = 0; i < 5000 && got < n; i++) {
		sl_harness_breathe(from);
		sl_harness_breathe(to);
		while (sl_harness_take(to, 0, frame, sizeof(frame)) > 0) {
			if (frame[12] != 0x88 || frame[13] != 0xb5)
				continue;
			memcpy(&number, frame + 14, sizeof(number));
			assert_int_equal(number, got);
			got++;
		}
		usleep(1000);
	}
	return got;
}

static void pass_frames(const char *left, const char *right)
{
	struct sl_harness *a = make(left), *b = make(right);

	for (unsigned i = 0; i < FRAMES; i++)
		feed(a, (uint16_t)i, FRAME);
	assert_int_equal(receive(a, b, FRAMES), FRAMES);
	for (unsigned i = 0; i < FRAMES; i++)
		feed(b, (uint16_t)i, 1514);
	assert_int_equal(receive(b, a, FRAMES), FRAMES);
	finish(a);
	finish(b);
	assert_int_equal(rte_eth_dev_count_avail(), 0);
}

static void af_packet_ports_pass_frames_and_lose_none(void **state)
{
	(void)state;
	need_veth();
	for (unsigned i = 0; i < 3; i++)
		pass_frames("dpdk net_af_packet0,iface=v0", "dpdk net_af_packet1,iface=v1");
}

static void af_xdp_ports_pass_frames_and_lose_none(void **state)
{
	(void)state;
	need_veth();
	for (unsigned i = 0; i < 3; i++)
		pass_frames("dpdk net_af_xdp0,iface=v0", "dpdk net_af_xdp1,iface=v1");
}

static void dpdk_tap_comes_and_goes(void **state)
{
	struct sl_harness *h;

	(void)state;
	need_veth();
	h = make("dpdk net_tap0,iface=t0");
	assert_int_not_equal(if_nametoindex("t0"), 0);
	for (unsigned i = 0; i < FRAMES; i++)
		feed(h, (uint16_t)i, FRAME);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_app(h)->consumed, FRAMES);
	finish(h);
	assert_int_equal(if_nametoindex("t0"), 0);
}

static int mtu_of(const char *name)
{
	struct ifreq r;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memset(&r, 0, sizeof(r));
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, SIOCGIFMTU, &r), 0);
	close(fd);
	return r.ifr_mtu;
}

static void interface_with_a_smaller_mtu_limits_the_frames(void **state)
{
	struct sl_harness *h;

	(void)state;
	need_veth();
	assert_int_equal(system("ip link set v0 mtu 1000"), 0);
	h = make("dpdk net_af_packet0,iface=v0");
	feed(h, 0, 1014);
	feed(h, 1, 1015);
	sl_harness_breathe(h);
	assert_int_equal(sl_harness_drop(h, "too_long"), 1);
	assert_int_equal(sl_harness_app(h)->consumed, 1);
	assert_int_equal(mtu_of("v0"), 1000);
	finish(h);
}

static void mtu_key_sets_the_interface(void **state)
{
	(void)state;
	need_veth();
	finish(make("dpdk net_af_packet0,iface=v0 mtu=1400"));
	assert_int_equal(mtu_of("v0"), 1400);
	finish(make("dpdk net_af_packet0,iface=v0 mtu=1500"));
	assert_int_equal(mtu_of("v0"), 1500);
}

// Tell why a user without privileges cannot have the port. In a process of its own.
static void refuse_to_nobody(const char *line, const char *text)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct sl_error err = {.text = ""};
		struct sl_harness_options options = {.line = line};

		if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
			_exit(2);
		if (sl_harness_create(&options, &err) || strcmp(err.text, text) != 0) {
			fprintf(stderr, "%s: '%s'\n", line, err.text);
			_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void unprivileged_user_is_told_what_is_missing(void **state)
{
	(void)state;
	need_veth();
	refuse_to_nobody("dpdk net_af_packet0,iface=v0",
			 "net_af_packet0,iface=v0: needs CAP_NET_RAW (or root)");
	refuse_to_nobody("dpdk net_af_xdp0,iface=v0",
			 "net_af_xdp0,iface=v0: needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF (or "
			 "root)");
	refuse_to_nobody("dpdk net_tap0,iface=t0",
			 "net_tap0,iface=t0: needs CAP_NET_ADMIN (or root)");
	refuse_to_nobody("tap t0", "t0: needs CAP_NET_ADMIN (or root)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unprivileged_user_is_told_what_is_missing), // before EAL starts
		cmocka_unit_test(af_packet_ports_pass_frames_and_lose_none),
		cmocka_unit_test(af_xdp_ports_pass_frames_and_lose_none),
		cmocka_unit_test(dpdk_tap_comes_and_goes),
		cmocka_unit_test(interface_with_a_smaller_mtu_limits_the_frames),
		cmocka_unit_test(mtu_key_sets_the_interface),
	};

	return cmocka_run_group_tests(tests, make_veth, NULL);
}
