// What a udp app may be told, and how it changes, on the loopback interface. What needs more
// privilege than any user has is skipped where there is none.

#include "tests/drivers/udp_peer.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void refuse(const char *line, const char *text)
{
	struct sl_error err = {.text = ""};

	assert_null(sl_harness_create(&(struct sl_harness_options){.line = line}, &err));
	assert_string_equal(err.text, text);
}

static void refuse_port(uint16_t port)
{
	char line[64], text[64];

	snprintf(line, sizeof(line), "udp %u", port);
	snprintf(text, sizeof(text), "UDP port %u is in use", port);
	refuse(line, text);
}

static void port_is_the_same_in_both_families(void **state)
{
	struct sl_harness *h = udp_make("udp");

	(void)state;
	assert_int_not_equal(udp_port(h), 0);
	for (unsigned f = 0; f < udp_families(); f++) {
		struct udp_peer peer = udp_peer_open(udp_loopback[f]);
		struct sl_endpoint to = udp_at(h, udp_loopback[f]);

		udp_peer_send(&peer, &to, 1, 10);
		udp_expect(h, &peer, &to, 1, 10);
		close(peer.fd);
	}
	refuse_port(udp_port(h));
	udp_finish(h);
}

static void taken_port_is_named(void **state)
{
	(void)state;
	for (unsigned f = 0; f < udp_families(); f++) {
		struct udp_peer peer = udp_peer_open(f ? "::" : "0.0.0.0");

		refuse_port(peer.at.port);
		close(peer.fd);
	}
}

static void successor_keeps_the_sockets_of_its_port(void **state)
{
	struct sl_error err = {.text = ""};
	struct udp_peer peer = udp_peer_open(udp_loopback[0]);
	struct sl_harness *h = udp_make("udp");
	struct sl_endpoint to = udp_at(h, udp_loopback[0]);
	uint16_t port = udp_port(h);
	char line[64];

	(void)state;
	udp_peer_send(&peer, &to, 1, 10); // waits in the socket
	assert_int_equal(sl_harness_replace(h, "udp ipv6=no", &err), 0);
	assert_int_equal(udp_port(h), port);
	udp_expect(h, &peer, &to, 1, 10);
	snprintf(line, sizeof(line), "udp %u", port);
	assert_int_equal(sl_harness_replace(h, line, &err), 0);
	udp_peer_send(&peer, &to, 2, 10);
	udp_expect(h, &peer, &to, 2, 10);
	assert_int_equal(sl_harness_replace(h, "udp", &err), 0);
	assert_int_not_equal(udp_port(h), port);
	to.port = udp_port(h);
	udp_peer_send(&peer, &to, 3, 10);
	udp_expect(h, &peer, &to, 3, 10);
	close(peer.fd);
	udp_finish(h);
}

// A socket that hears of the mark of what it receives.
static uint32_t mark_heard(struct sl_harness *h, const struct udp_peer *peer)
{
	const struct sl_endpoint nowhere = {0};
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct pollfd ready = {.fd = peer->fd, .events = POLLIN};
	struct iovec part = {(char[16]){0}, 16};
	struct msghdr m = {.msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	uint32_t mark = UINT32_MAX;

	udp_feed(h, &nowhere, &peer->at, 0, 10, 0);
	sl_harness_breathe(h);
	poll(&ready, 1, 10000);
	assert_int_equal(recvmsg(peer->fd, &m, MSG_DONTWAIT), 10);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_MARK)
			memcpy(&mark, CMSG_DATA(c), sizeof(mark));
	return mark;
}

static void mark_is_set_and_changed_in_place(void **state)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *h;
	struct udp_peer peer;
	uint16_t port;
	int on = 1;

	(void)state;
	if (!udp_has_namespace())
		skip();
	peer = udp_peer_open(udp_loopback[0]);
	if (setsockopt(peer.fd, SOL_SOCKET, SO_RCVMARK, &on, sizeof(on)) < 0)
		skip();
	h = udp_make("udp mark=0x51820");
	port = udp_port(h);
	assert_int_equal(mark_heard(h, &peer), 0x51820);
	assert_int_equal(sl_harness_replace(h, "udp mark=7", &err), 0);
	assert_int_equal(mark_heard(h, &peer), 7);
	assert_int_equal(sl_harness_replace(h, "udp", &err), 0);
	assert_int_equal(mark_heard(h, &peer), 0);
	assert_int_equal(udp_port(h), port);
	close(peer.fd);
	udp_finish(h);
}

static void unprivileged_user_is_told_what_is_missing(void **state)
{
	(void)state;
	if (geteuid() == 0)
		skip();
	refuse("udp mark=1", "mark: needs CAP_NET_ADMIN (or root)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_is_the_same_in_both_families),
		cmocka_unit_test(taken_port_is_named),
		cmocka_unit_test(successor_keeps_the_sockets_of_its_port),
		cmocka_unit_test(mark_is_set_and_changed_in_place),
		cmocka_unit_test(unprivileged_user_is_told_what_is_missing),
	};

	return cmocka_run_group_tests(tests, udp_enter, NULL);
}
