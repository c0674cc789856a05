#include "drivers/udp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BUFFER_BYTES = 8 << 20, // what may wait in the kernel while a worker is elsewhere
	TRIES = 100,            // for a port that is free in both families
};

static const int families[SL_UDP_FAMILIES] = {AF_INET, AF_INET6};

void sl_udp_init(struct sl_udp_sockets *s)
{
	*s = (struct sl_udp_sockets){.fd = {-1, -1}};
}

void sl_udp_close(struct sl_udp_sockets *s)
{
	for (unsigned i = 0; i < SL_UDP_FAMILIES; i++)
		if (s->fd[i] >= 0)
			close(s->fd[i]);
	sl_udp_init(s);
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

// Only an administrator may exceed the system's limit.
static void set_buffers(int fd)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES) < 0)
		set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES) < 0)
		set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
}

// Over IPv4 routers fragment what is too long, so nobody has reason to say what would fit, and
// what somebody says is not believed. Over IPv6 only the sender can fragment: it must listen.
static int set_options(int fd, unsigned family)
{
	static const int options[SL_UDP_FAMILIES][4][3] = {
		{{SOL_IP, IP_PKTINFO, 1},
		 {SOL_IP, IP_RECVTOS, 1},
		 {SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT},
		 {SOL_SOCKET, SO_RXQ_OVFL, 1}},
		{{SOL_IPV6, IPV6_V6ONLY, 1},
		 {SOL_IPV6, IPV6_RECVPKTINFO, 1},
		 {SOL_IPV6, IPV6_RECVTCLASS, 1},
		 {SOL_SOCKET, SO_RXQ_OVFL, 1}},
	};
	int r = 0;

	for (unsigned i = 0; i < 4 && r == 0; i++)
		r = set(fd, options[family][i][0], options[family][i][1], options[family][i][2]);
	if (r == 0 && family == SL_UDP_IPV6)
		r = set(fd, SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	set(fd, SOL_UDP, UDP_GRO, 1);
	set_buffers(fd);
	return r;
}

static int bind_port(int fd, unsigned family, uint16_t port)
{
	const struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int r = family == SL_UDP_IPV4 ? bind(fd, (const struct sockaddr *)&any4, sizeof(any4))
				      : bind(fd, (const struct sockaddr *)&any6, sizeof(any6));

	return r < 0 ? -errno : 0;
}

// Returns the port that a socket is bound to, in the place that both families have it in.
static uint16_t port_of(int fd)
{
	struct sockaddr_in6 at = {0};
	socklen_t len = sizeof(at);

	getsockname(fd, (struct sockaddr *)&at, &len);
	return ntohs(at.sin6_port);
}

static int refused(uint16_t port, int code, struct sl_error *err)
{
	if (code == -EADDRINUSE)
		return sl_error_set(err, code, "UDP port %u is in use", port);
	if (code == -EACCES)
		return sl_error_set(err, code, "UDP port %u: needs CAP_NET_BIND_SERVICE (or root)",
				    port);
	return sl_error_set(err, code, "no UDP socket: %s", strerror(-code));
}

static int set_mark(int fd, uint32_t mark, struct sl_error *err)
{
	int r = mark ? set(fd, SOL_SOCKET, SO_MARK, (int)mark) : 0;

	return r < 0 ? sl_error_set(err, r, "mark: needs CAP_NET_ADMIN (or root)") : 0;
}

// Open the socket of one family on s->port, which is learned where it is 0.
static int open_family(struct sl_udp_sockets *s, unsigned family, uint32_t mark,
		       struct sl_error *err)
{
	int fd = socket(families[family], SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return refused(s->port, -errno, err);
	s->fd[family] = fd;
	r = set_mark(fd, mark, err);
	if (r < 0)
		return r;
	r = set_options(fd, family);
	if (r == 0)
		r = bind_port(fd, family, s->port);
	if (r < 0)
		return refused(s->port, r, err);
	s->port = port_of(fd);
	return 0;
}

static int share_family(struct sl_udp_sockets *s, unsigned family, int fd, struct sl_error *err)
{
	s->fd[family] = dup(fd);
	return s->fd[family] < 0 ? refused(s->port, -errno, err) : 0;
}

// A kernel without IPv6, or told to do without, is no mistake.
static int open_ipv6(struct sl_udp_sockets *s, uint32_t mark, struct sl_error *err)
{
	struct sl_error why = {0};
	int r = open_family(s, SL_UDP_IPV6, mark, &why);

	if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) {
		if (s->fd[SL_UDP_IPV6] >= 0)
			close(s->fd[SL_UDP_IPV6]);
		s->fd[SL_UDP_IPV6] = -1;
		return 0;
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

static int open_pair(struct sl_udp_sockets *s, const struct sl_udp_setting *setting,
		     struct sl_error *err)
{
	int r;

	s->port = setting->port;
	r = open_family(s, SL_UDP_IPV4, setting->mark, err);
	return r == 0 && setting->ipv6 ? open_ipv6(s, setting->mark, err) : r;
}

// The port that is free in one family may be taken in the other.
static int open_free_pair(struct sl_udp_sockets *s, const struct sl_udp_setting *setting,
			  struct sl_error *err)
{
	struct sl_error why;
	int r = -EADDRINUSE;

	for (unsigned i = 0; i < TRIES && r == -EADDRINUSE; i++) {
		sl_udp_close(s);
		r = open_pair(s, setting, &why);
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

// Whether sockets may have the mark, which shared ones do not get yet.
static int try_mark(uint32_t mark, struct sl_error *err)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return refused(0, -errno, err);
	r = set_mark(fd, mark, err);
	close(fd);
	return r;
}

static int share_pair(struct sl_udp_sockets *s, const struct sl_udp_setting *setting,
		      const struct sl_udp_sockets *before, struct sl_error *err)
{
	int r = try_mark(setting->mark, err);

	s->port = before->port;
	if (r == 0)
		r = share_family(s, SL_UDP_IPV4, before->fd[SL_UDP_IPV4], err);
	if (r < 0 || !setting->ipv6)
		return r;
	return before->fd[SL_UDP_IPV6] >= 0
		       ? share_family(s, SL_UDP_IPV6, before->fd[SL_UDP_IPV6], err)
		       : open_ipv6(s, setting->mark, err);
}

int sl_udp_open(struct sl_udp_sockets *s, const struct sl_udp_setting *setting,
		const struct sl_udp_sockets *before, struct sl_error *err)
{
	sl_udp_init(s);
	if (before)
		return share_pair(s, setting, before, err);
	return setting->port ? open_pair(s, setting, err) : open_free_pair(s, setting, err);
}

void sl_udp_set_mark(const struct sl_udp_sockets *s, uint32_t mark)
{
	for (unsigned i = 0; i < SL_UDP_FAMILIES; i++)
		if (s->fd[i] >= 0)
			set(s->fd[i], SOL_SOCKET, SO_MARK, (int)mark);
}

bool sl_udp_has_segments(const struct sl_udp_sockets *s)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(s->fd[SL_UDP_IPV4], SOL_UDP, UDP_SEGMENT, &value, &len) == 0;
}
