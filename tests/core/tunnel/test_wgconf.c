#include <errno.h>
#include <setjmp.h>
#include <sluice/wgconf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// after the four above
#include <cmocka.h>

#define KEY   "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define OTHER "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static const char whole[] = "# a comment\n"
			    "[Interface]\n"
			    "PrivateKey = " KEY "\n"
			    "ListenPort=51820\r\n"
			    "\tFwMark\t=\t0xca6c # and another\n"
			    "Address = 10.0.0.1/24, fd00::1/64\n"
			    "address = 10.1.0.1\n"
			    "MTU = 1380\n"
			    "DNS = 192.0.2.53, example.com\n"
			    "PostUp = iptables -A FORWARD -i %i -j ACCEPT; echo [Peer]\n"
			    "PostUp = echo = =\n"
			    "Table = off\n"
			    "\n"
			    "[Peer]\n"
			    "AllowedIPs = 10.0.0.0/8 , fd00::/8\n"
			    "AllowedIPs = 192.0.2.7\n"
			    "PublicKey = " OTHER "\n"
			    "PresharedKey = " KEY "\n"
			    "Endpoint = vpn.example.com:51820\n"
			    "PersistentKeepalive = 25\n"
			    "[PEER]\n"
			    "PUBLICKEY = " KEY "\n"
			    "AllowedIPs =\n"
			    "PersistentKeepalive = off\n"
			    "Endpoint = [2001:db8::1]:7";

static void check_interface(const struct sl_wgconf *c)
{
	assert_true(c->has_key);
	assert_int_equal(c->private_key[0], 1);
	assert_int_equal(c->port, 51820);
	assert_int_equal(c->mark, 0xca6c);
	assert_int_equal(c->mtu, 1380);
	assert_int_equal(c->n_addresses, 3);
	assert_string_equal(c->addresses[0], "10.0.0.1/24");
	assert_string_equal(c->addresses[1], "fd00::1/64");
	assert_string_equal(c->addresses[2], "10.1.0.1");
	assert_int_equal(c->n_others, 3);
	assert_string_equal(c->others[0], "DNS");
	assert_string_equal(c->others[1], "PostUp");
	assert_string_equal(c->others[2], "Table");
}

static void check_peers(const struct sl_wgconf *c)
{
	assert_int_equal(c->n_peers, 2);
	assert_int_equal(c->peers[0].public_key[0], 2);
	assert_true(c->peers[0].has_psk);
	assert_int_equal(c->peers[0].psk[0], 1);
	assert_string_equal(c->peers[0].endpoint, "vpn.example.com:51820");
	assert_true(c->peers[0].has_keepalive);
	assert_int_equal(c->peers[0].keepalive_s, 25);
	assert_true(c->peers[0].replace_allowed);
	assert_int_equal(c->peers[0].n_allowed, 3);
	assert_string_equal(c->peers[0].allowed[0], "10.0.0.0/8");
	assert_string_equal(c->peers[0].allowed[1], "fd00::/8");
	assert_string_equal(c->peers[0].allowed[2], "192.0.2.7");
	assert_int_equal(c->peers[1].public_key[0], 1);
	assert_false(c->peers[1].has_psk);
	assert_true(c->peers[1].has_keepalive);
	assert_int_equal(c->peers[1].keepalive_s, 0);
	assert_int_equal(c->peers[1].n_allowed, 0);
	assert_string_equal(c->peers[1].endpoint, "[2001:db8::1]:7");
}

static void all_that_a_file_says_is_read(void **state)
{
	struct sl_error err;
	struct sl_wgconf c;

	(void)state;
	assert_int_equal(sl_wgconf_parse(&c, whole, sizeof(whole) - 1, "wg0.conf", &err), 0);
	check_interface(&c);
	check_peers(&c);
	sl_wgconf_fini(&c);
}

// As for wg. Positions are those in the file all the same: see the next test but one.
static void blanks_mean_nothing(void **state)
{
	static const char text[] = " [ Inter face ]\nListen Port = 518 20\n\t[Pe er]\r\n"
				   "Public Key = AgAAAAAA AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA =\n"
				   "Allowed\tIPs = 10.0.0.0 / 8 , fd00 ::/8\n"
				   "Endpoint = 192.0.2.7 : 7\nPersistentKeepalive = o f f\n";
	struct sl_error err;
	struct sl_wgconf c;

	(void)state;
	if (sl_wgconf_parse(&c, text, sizeof(text) - 1, "wg0.conf", &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(c.port, 51820);
	assert_int_equal(c.n_peers, 1);
	assert_int_equal(c.peers[0].public_key[0], 2);
	assert_int_equal(c.peers[0].n_allowed, 2);
	assert_string_equal(c.peers[0].allowed[0], "10.0.0.0/8");
	assert_string_equal(c.peers[0].allowed[1], "fd00::/8");
	assert_string_equal(c.peers[0].endpoint, "192.0.2.7:7");
	sl_wgconf_fini(&c);
}

static void little_is_enough(void **state)
{
	struct sl_error err;
	struct sl_wgconf c;

	(void)state;
	assert_int_equal(sl_wgconf_parse(&c, "", 0, "wg0.conf", &err), 0);
	assert_false(c.has_key);
	assert_int_equal(c.n_peers, 0);
	sl_wgconf_fini(&c);
	assert_int_equal(sl_wgconf_parse(&c, "[Peer]\nPublicKey=" KEY, 61, "wg0.conf", &err), 0);
	assert_int_equal(c.n_peers, 1);
	sl_wgconf_fini(&c);
}

static void mistakes_are_found_where_they_stand(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *said;
	} table[] = {
		{"PrivateKey = " KEY, 1, 1, "before [Interface]"},
		{"[Interface]\n\n[Inter]\n", 3, 1, "not a section"},
		{"[Interface]\n  PrivateKey\n", 2, 3, "not of the form"},
		{"[Interface]\nPrivateKey = secret\n", 2, 14, "not a key"},
		{"[Interface]\nPrivatKey = secret\n", 2, 1, "did you mean 'PrivateKey'?"},
		{"[Interface]\nPublicKey = " KEY "\n", 2, 1, "the [Interface] has no such word"},
		{"[Interface]\nListenPort = 65536\n", 2, 14, "a port is 0 to 65535"},
		{"[Interface]\nListenPort = -1\n", 2, 14, "a port is"},
		{"[Interface]\nFwMark = 0x\n", 2, 10, "a mark is"},
		{"[Interface]\nFwMark = 4294967296\n", 2, 10, "a mark is"},
		{"[Interface]\nMTU = 67\n", 2, 7, "an MTU is 68 to 64920"},
		{"[Interface]\nMTU = 64921\n", 2, 7, "an MTU is 68 to 64920"},
		{"[Interface]\nAddress = 10.0.0.1/24, 10.0.0/8\n", 2, 24, "not an address"},
		{"[Peer]\nPublicKey = " KEY "\nAllowedIPs = 10.0.0.0/33\n", 3, 14, "not a prefix"},
		{"[Peer]\nPublicKey = " KEY "\nEndpoint = host\n", 3, 12, "not an endpoint"},
		{"[Peer]\nPublicKey = " KEY "\nEndpoint = :1\n", 3, 12, "not an endpoint"},
		{"[Peer]\nPublicKey = " KEY "\nEndpoint = host:\n", 3, 12, "not an endpoint"},
		{"[Peer]\nPublicKey = " KEY "\nEndpoint = host:0\n", 3, 12, "not an endpoint"},
		{"[Peer]\nPublicKey = " KEY "\nEndpoint = a:65536\n", 3, 12, "not an endpoint"},
		{"[Interface]\nAddress = 10. 0.0.1/24 , 10.0.0/8\n", 2, 26, "not an address"},
		{"[Peer]\nPersistentKeepalive = 65536\n", 2, 23, "a keepalive is"},
		{"[Peer]\nDNS = 192.0.2.1\n", 2, 1, "a [Peer] has no such word"},
		{"\n[Peer]\nEndpoint = a:1\n\n[Interface]\n", 2, 1, "without PublicKey"},
		{"[Peer]\n\n", 1, 1, "without PublicKey"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sl_error err = {0};
		struct sl_wgconf c;
		const char *text = table[i].text;

		assert_int_equal(sl_wgconf_parse(&c, text, strlen(text), "wg0.conf", &err),
				 -EINVAL);
		sl_wgconf_fini(&c);
		assert_string_equal(err.file, "wg0.conf");
		assert_int_equal(err.line, table[i].line);
		assert_int_equal(err.column, table[i].column);
		assert_non_null(strstr(err.text, table[i].said));
		assert_null(strstr(err.text, "secret")); // nor is the line shown
		assert_string_equal(err.source, "");
	}
}

static void what_is_no_text_is_refused(void **state)
{
	struct sl_error err;
	struct sl_wgconf c;

	(void)state;
	assert_int_equal(sl_wgconf_parse(&c, "[Interface]\0\n", 13, "wg0.conf", &err), -EINVAL);
	sl_wgconf_fini(&c);
}

static void files_are_read_and_their_modes_told(void **state)
{
	char path[] = "/tmp/sluice-wgconf-XXXXXX";
	int fd = mkstemp(path);
	struct sl_error err;
	struct sl_wgconf c;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, whole, sizeof(whole) - 1), sizeof(whole) - 1);
	assert_int_equal(sl_wgconf_load(&c, path, &err), 0);
	assert_false(c.is_open);
	check_peers(&c);
	sl_wgconf_fini(&c);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(sl_wgconf_load(&c, path, &err), 0);
	assert_true(c.is_open);
	sl_wgconf_fini(&c);
	unlink(path);
	close(fd);
	assert_int_equal(sl_wgconf_load(&c, path, &err), -ENOENT);
	sl_wgconf_fini(&c);
}

static void a_long_file_is_read_from_a_pipe(void **state)
{
	enum { PREFIXES = 10000 };
	struct sl_error err;
	struct sl_wgconf c;
	char path[32];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	if (fork() == 0) {
		dprintf(fds[1], "[Peer]\nPublicKey = " KEY "\n");
		for (unsigned i = 0; i < PREFIXES; i++)
			dprintf(fds[1], "AllowedIPs = 10.%u.%u.0/24\n", i / 256, i % 256);
		_exit(0);
	}
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(sl_wgconf_load(&c, path, &err), 0);
	close(fds[0]);
	assert_false(c.is_open);
	assert_int_equal(c.peers[0].n_allowed, PREFIXES);
	assert_string_equal(c.peers[0].allowed[PREFIXES - 1], "10.39.15.0/24");
	sl_wgconf_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_file_says_is_read),
		cmocka_unit_test(blanks_mean_nothing),
		cmocka_unit_test(little_is_enough),
		cmocka_unit_test(mistakes_are_found_where_they_stand),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(files_are_read_and_their_modes_told),
		cmocka_unit_test(a_long_file_is_read_from_a_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
