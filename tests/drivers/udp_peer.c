#include "tests/drivers/udp_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BREATHS = 2000 };

static bool has_namespace, has_ipv6;

const char *const udp_loopback[2] = {"127.0.0.1", "::1"};

static void bring_up_loopback(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
}

static socklen_t write_sockaddr(struct sockaddr_in6 *a, const struct sl_endpoint *e)
{
	struct sockaddr_in *in = (struct sockaddr_in *)a;

	memset(a, 0, sizeof(*a));
	if (e->ip.family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(e->port);
		memcpy(&in->sin_addr, e->ip.bytes, 4);
		return sizeof(*in);
	}
	a->sin6_family = AF_INET6;
	a->sin6_port = htons(e->port);
	memcpy(&a->sin6_addr, e->ip.bytes, 16);
	return sizeof(*a);
}

void udp_peer_set(const struct udp_peer *p, int level, int option, int value)
{
	assert_int_equal(setsockopt(p->fd, level, option, &value, sizeof(value)), 0);
}

struct udp_peer udp_peer_open(const char *address)
{
	struct udp_peer p = {0};
	struct sockaddr_in6 a;
	socklen_t len;

	assert_true(sl_ip_parse(address, &p.at.ip));
	p.fd = socket(p.at.ip.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	len = write_sockaddr(&a, &p.at);
	if (bind(p.fd, (struct sockaddr *)&a, len) < 0)
		fail_msg("%s: %s", address, strerror(errno));
	assert_int_equal(getsockname(p.fd, (struct sockaddr *)&a, &len), 0);
	p.at.port = ntohs(a.sin6_port);
	if (p.at.ip.family == 4)
		udp_peer_set(&p, SOL_IP, IP_RECVTOS, 1);
	else
		udp_peer_set(&p, SOL_IPV6, IPV6_RECVTCLASS, 1);
	udp_peer_set(&p, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	return p;
}

int udp_enter(void **state)
{
	(void)state;
	has_namespace = unshare(CLONE_NEWNET) == 0;
	if (has_namespace)
		bring_up_loopback();
	for (unsigned i = 0; i < 2; i++) {
		struct sl_endpoint at = {0};
		struct sockaddr_in6 a;
		int fd = socket(i ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

		assert_true(sl_ip_parse(udp_loopback[i], &at.ip));
		if (fd >= 0 && bind(fd, (struct sockaddr *)&a, write_sockaddr(&a, &at)) == 0)
			has_ipv6 = i == 1;
		close(fd);
	}
	return 0;
}

bool udp_has_namespace(void)
{
	return has_namespace;
}

unsigned udp_families(void)
{
	return has_ipv6 ? 2 : 1;
}

struct sl_harness *udp_make(const char *line)
{
	struct sl_error err = {.text = ""};
	struct sl_harness *h = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);

	assert_string_equal(err.text, "");
	assert_non_null(h);
	return h;
}

void udp_finish(struct sl_harness *h)
{
	assert_string_equal(sl_harness_destroy(h), "");
}

uint16_t udp_port(struct sl_harness *h)
{
	return (uint16_t)sl_harness_metric(h, "port");
}

struct sl_endpoint udp_at(struct sl_harness *h, const char *address)
{
	struct sl_endpoint e = {.port = udp_port(h)};

	assert_true(sl_ip_parse(address, &e.ip));
	return e;
}

uint8_t udp_byte(unsigned id, unsigned i)
{
	return (uint8_t)(id * 31 + i * 7 + i / 256);
}

void udp_peer_send(const struct udp_peer *p, const struct sl_endpoint *to, unsigned id,
		   unsigned len)
{
	static uint8_t bytes[UDP_ROOM];
	struct sockaddr_in6 a;
	socklen_t size = write_sockaddr(&a, to);

	for (unsigned i = 0; i < len; i++)
		bytes[i] = udp_byte(id, i);
	if (sendto(p->fd, bytes, len, 0, (struct sockaddr *)&a, size) != (ssize_t)len)
		fail_msg("sendto: %s", strerror(errno));
}

int udp_take(struct sl_harness *h, uint8_t *bytes, struct sl_outer_packet *o)
{
	for (unsigned i = 0; i < BREATHS; i++) {
		int len = sl_harness_take(h, 0, bytes, UDP_ROOM);

		if (len >= 0) {
			assert_int_equal(sl_outer_parse(bytes, (size_t)len, o), SL_OUTER_GOOD);
			return len;
		}
		sl_harness_breathe(h);
		if (sl_harness_waiting_out(h, 0) == 0)
			usleep(1000);
	}
	return -1;
}

void udp_expect(struct sl_harness *h, const struct udp_peer *from, const struct sl_endpoint *to,
		unsigned id, unsigned len)
{
	static uint8_t bytes[UDP_ROOM];
	struct sl_outer_packet o;

	assert_true(udp_take(h, bytes, &o) > 0);
	assert_true(sl_endpoint_equal(&o.from, &from->at));
	assert_true(sl_endpoint_equal(&o.to, to));
	assert_int_equal(o.len, len);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(o.payload[i], udp_byte(id, i));
}

void udp_feed(struct sl_harness *h, const struct sl_endpoint *from, const struct sl_endpoint *to,
	      unsigned id, unsigned len, uint8_t tos)
{
	struct sl_outer o;
	struct rte_mbuf *p;
	uint8_t *at;

	assert_true(sl_alloc_burst(sl_harness_app(h)->pool, &p, 1));
	at = sl_append(p, (uint16_t)len);
	assert_non_null(at);
	for (unsigned i = 0; i < len; i++)
		at[i] = udp_byte(id, i);
	sl_outer_init(&o, from, to);
	assert_true(sl_outer_put(&o, p, tos));
	sl_harness_feed_packet(h, 0, p);
}

static int hear(const struct udp_peer *p, uint8_t *bytes, struct sl_endpoint *from, uint8_t *tos)
{
	struct pollfd ready = {.fd = p->fd, .events = POLLIN};
	struct sockaddr_in6 a = {0};
	struct sockaddr_in in;
	struct iovec part = {bytes, UDP_ROOM};
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct msghdr m = {.msg_name = &a,
			   .msg_namelen = sizeof(a),
			   .msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	ssize_t n;

	poll(&ready, 1, 10000);
	n = recvmsg(p->fd, &m, MSG_DONTWAIT);
	if (n < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS) ||
		    (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_TCLASS))
			*tos = *CMSG_DATA(c);
	memcpy(&in, &a, sizeof(in));
	*from = (struct sl_endpoint){.port = ntohs(a.sin6_port), .ip.family = p->at.ip.family};
	if (from->ip.family == 4)
		memcpy(from->ip.bytes, &in.sin_addr, 4);
	else
		memcpy(from->ip.bytes, &a.sin6_addr, 16);
	return (int)n;
}

void udp_expect_sent(const struct udp_peer *p, const struct sl_endpoint *from, unsigned id,
		     unsigned len, uint8_t tos)
{
	static uint8_t bytes[UDP_ROOM];
	struct sl_endpoint got_from;
	uint8_t got_tos = 0;

	assert_int_equal(hear(p, bytes, &got_from, &got_tos), len);
	assert_true(sl_endpoint_equal(&got_from, from));
	assert_int_equal(got_tos, tos);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(bytes[i], udp_byte(id, i));
}
