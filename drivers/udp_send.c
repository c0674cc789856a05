// Packets to one place that follow each other are handed over as one message, which the kernel
// cuts into datagrams again (UDP_SEGMENT), as late as it can: its way through the host costs as
// much as that of one datagram. What the kernel refuses as one message is sent one by one.

#include "drivers/udp_send.h"

#include <errno.h>
#include <netinet/udp.h>

enum {
	RUN_PACKETS = 64,  // UDP_MAX_SEGMENTS of the kernels that have fewest
	RUN_BYTES = 65000, // an IP packet's, without headers
};

// ---- runs

static bool continues(const struct sl_udp_sender *s, const struct sl_udp_run *run,
		      const struct sl_outer_packet *o)
{
	const struct sl_outer_packet *first = &run->first;

	return s->has_segments && !run->ended && run->n < RUN_PACKETS &&
	       run->bytes + o->len <= RUN_BYTES && o->len > 0 && o->len <= first->len &&
	       o->tos == first->tos && sl_endpoint_equal(&o->to, &first->to) &&
	       sl_ip_equal(&o->from.ip, &first->from.ip);
}

static void add(struct sl_udp_sender *s, struct rte_mbuf *p, const struct sl_outer_packet *o)
{
	unsigned i = s->n_packets++;
	struct sl_udp_run *run = s->n_runs > 0 ? &s->runs[s->n_runs - 1] : NULL;

	s->packets[i] = p;
	s->payloads[i] = (struct iovec){(void *)(uintptr_t)o->payload, o->len};
	if (!run || !continues(s, run, o)) {
		run = &s->runs[s->n_runs++];
		*run = (struct sl_udp_run){.first = *o, .start = (uint16_t)i};
	}
	run->n++;
	run->bytes += o->len;
	run->ended = o->len < run->first.len;
}

// ---- messages

static socklen_t write_address(struct sockaddr_in6 *a, const struct sl_endpoint *to)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(to->port)};
	struct sl_ip ip = to->ip;

	if (to->ip.family == 4) {
		memcpy(&in.sin_addr, to->ip.bytes, sizeof(in.sin_addr));
		memcpy(a, &in, sizeof(in));
		return sizeof(in);
	}
	*a = (struct sockaddr_in6){.sin6_family = AF_INET6,
				   .sin6_port = htons(to->port),
				   .sin6_scope_id = sl_scope_take(&ip)};
	memcpy(&a->sin6_addr, ip.bytes, sizeof(a->sin6_addr));
	return sizeof(*a);
}

static void say(struct msghdr *h, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)h->msg_control + h->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), value, len);
	h->msg_controllen += CMSG_SPACE(len);
}

static void say_source(struct msghdr *h, const struct sl_ip *ip)
{
	struct in_pktinfo in = {0};
	struct in6_pktinfo in6 = {0};

	if (ip->family == 4) {
		memcpy(&in.ipi_spec_dst, ip->bytes, sizeof(in.ipi_spec_dst));
		say(h, SOL_IP, IP_PKTINFO, &in, sizeof(in));
	} else {
		memcpy(&in6.ipi6_addr, ip->bytes, sizeof(in6.ipi6_addr));
		say(h, SOL_IPV6, IPV6_PKTINFO, &in6, sizeof(in6));
	}
}

static bool has_source(const struct sl_udp_run *run)
{
	static const uint8_t any[16];

	return memcmp(run->first.from.ip.bytes, any, sizeof(any)) != 0;
}

// Write the message of a run into place i; with its source address where that is wanted and known.
static void write_message(struct sl_udp_sender *s, unsigned i, const struct sl_udp_run *run,
			  bool with_source)
{
	struct msghdr *h = &s->messages[i].msg_hdr;
	const struct sl_outer_packet *o = &run->first;
	uint16_t segment = o->len;
	int tos = o->tos;

	*h = (struct msghdr){
		.msg_name = &s->to[i],
		.msg_namelen = write_address(&s->to[i], &o->to),
		.msg_iov = &s->payloads[run->start],
		.msg_iovlen = run->n,
		.msg_control = &s->control[i],
	};
	if (with_source && has_source(run))
		say_source(h, &o->from.ip);
	if (s->family == 4)
		say(h, SOL_IP, IP_TOS, &tos, sizeof(tos));
	else
		say(h, SOL_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	if (run->n > 1)
		say(h, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment));
}

// ---- sending

static unsigned reason(int error)
{
	switch (error) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		return SL_UDP_DROP_TX_FULL;
	case EMSGSIZE:
		return SL_UDP_DROP_TOO_LONG;
	case EPERM: // a packet filter of the host's
	case EACCES:
		return SL_UDP_DROP_PROHIBITED;
	default: // ENETUNREACH, EHOSTUNREACH, ENETDOWN, EINVAL for addresses that nobody can have
		return SL_UDP_DROP_NO_ROUTE;
	}
}

static void consumed(struct sl_udp_sender *s, const struct sl_udp_run *run)
{
	sl_app_consumed(s->app, run->n);
	sl_free_burst(&s->packets[run->start], run->n);
}

// Send a run of one packet in place i, a second time after the kernel refused it: its source
// address may be gone, or the error was that of an earlier one.
static void send_again(struct sl_udp_sender *s, int fd, unsigned i, const struct sl_udp_run *run)
{
	write_message(s, i, run, false);
	if (sendmsg(fd, &s->messages[i].msg_hdr, MSG_DONTWAIT) >= 0)
		consumed(s, run);
	else
		sl_app_drop(s->app, s->packets[run->start], reason(errno));
}

// Send a run packet by packet, in place i.
static void send_singly(struct sl_udp_sender *s, int fd, unsigned i, const struct sl_udp_run *run)
{
	struct sl_udp_run one = *run;

	one.n = 1;
	for (unsigned k = 0; k < run->n; k++, one.start++) {
		write_message(s, i, &one, true);
		if (sendmsg(fd, &s->messages[i].msg_hdr, MSG_DONTWAIT) >= 0)
			consumed(s, &one);
		else
			send_again(s, fd, i, &one);
	}
}

// What the kernel refused.
static void settle_refused(struct sl_udp_sender *s, int fd, unsigned i, int error)
{
	const struct sl_udp_run *run = &s->runs[i];
	unsigned why = reason(error);

	if (why == SL_UDP_DROP_TX_FULL) {
		sl_count(&s->app->drops[why], run->n);
		sl_free_burst(&s->packets[run->start], run->n);
		return;
	}
	if (error == EIO) // the way out can have no message cut
		s->has_segments = false;
	if (run->n == 1)
		send_again(s, fd, i, run);
	else
		send_singly(s, fd, i, run);
}

static void flush(struct sl_udp_sender *s, int fd)
{
	unsigned done = 0;

	for (unsigned i = 0; i < s->n_runs; i++)
		write_message(s, i, &s->runs[i], true);
	while (done < s->n_runs) {
		int n = sendmmsg(fd, s->messages + done, s->n_runs - done, MSG_DONTWAIT);

		if (n <= 0)
			settle_refused(s, fd, done++, errno);
		for (; n > 0; n--)
			consumed(s, &s->runs[done++]);
	}
	s->n_runs = s->n_packets = 0;
}

static int socket_of(const struct sl_udp_sender *s, const int fd[2])
{
	return fd[s->family == 6];
}

void sl_udp_send(struct sl_udp_sender *s, const int fd[2], struct rte_mbuf *const *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct sl_outer_packet o;

		if (!sl_outer_read(sl_data(p[i]), sl_len(p[i]), &o)) {
			sl_app_drop(s->app, p[i], SL_UDP_DROP_MALFORMED);
			continue;
		}
		if (o.to.ip.family != s->family) {
			flush(s, socket_of(s, fd));
			s->family = o.to.ip.family;
		}
		if (socket_of(s, fd) < 0)
			sl_app_drop(s->app, p[i], SL_UDP_DROP_NO_ROUTE);
		else
			add(s, p[i], &o);
	}
	flush(s, socket_of(s, fd));
}
