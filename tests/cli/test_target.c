#include "cli/target.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// after the four above
#include <cmocka.h>

static void targets_are_told_apart(void **state)
{
	static const struct {
		const char *to, *class, *value;
	} table[] = {
		{"null", "sink", ""},
		{"-", "pcap-writer", "-"},
		{"a.pcap", "pcap-writer", "a.pcap"},
		{"a.pcapng", "pcap-writer", "a.pcapng"},
		{"dir/a", "pcap-writer", "dir/a"},
		{"./lo", "pcap-writer", "./lo"},
		{"net_a.pcap", "pcap-writer", "net_a.pcap"},
		{"net_null0", "dpdk", "net_null0"},
		{"net_pcap0,tx_pcap=/tmp/a.pcap", "dpdk", "net_pcap0,tx_pcap=/tmp/a.pcap"},
		{"tap:tap7", "tap", "tap7"},
		{"0000:8a:00.1", "dpdk", "0000:8a:00.1"},
		{"8a:00.1", "dpdk", "8a:00.1"},
		{"lo", "dpdk", "net_af_packet_replay,iface=lo"},
	};
	struct target t;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(target_read(&t, table[i].to, NULL), 0);
		assert_string_equal(t.class, table[i].class);
		assert_string_equal(t.value, table[i].value);
	}
}

static void what_is_nothing_of_this_is_an_error(void **state)
{
	static const char *const wrong[] = {"", "eth-none", "tap:", "8a:00:1", "8g:00.1", "out"};
	struct sl_error err;
	struct target t;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(target_read(&t, wrong[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "is no network interface here"));
	}
}

static void a_name_of_two_things_is_an_error(void **state)
{
	char dir[] = "/tmp/sluice-target-XXXXXX", back[4096];
	struct sl_error err;
	struct target t;
	int fd, ret;

	(void)state;
	assert_non_null(getcwd(back, sizeof(back)));
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	fd = open("lo", O_CREAT | O_WRONLY, 0600);
	ret = target_read(&t, "lo", &err);
	unlink("lo");
	close(fd);
	assert_int_equal(chdir(back), 0);
	rmdir(dir);
	assert_int_equal(ret, -EINVAL);
	assert_non_null(strstr(err.text, "'lo' is a network interface and a file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_told_apart),
		cmocka_unit_test(what_is_nothing_of_this_is_an_error),
		cmocka_unit_test(a_name_of_two_things_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
