// A datagram is received straight into its packet. Where the kernel has merged several of one
// sender, one length and one traffic class (UDP_GRO), what does not fit the first packet comes to
// lie in `rest`, and the others are copied out of both into packets of their own.

#include "drivers/udp_receive.h"

#include "core/ip/meta.h"
#include "core/tunnel/outer.h"
#include "drivers/spill.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>

// What the kernel says about a message.
struct message {
	struct sl_endpoint from, to;
	uint32_t len, segment; // of all datagrams, of each but the last
	uint8_t tos;
};

int sl_udp_receiver_init(struct sl_udp_receiver *r, struct sl_app *app)
{
	r->app = app;
	r->rest = malloc((size_t)SL_UDP_MESSAGES * SL_SPILL_BYTES);
	return r->rest ? 0 : -ENOMEM;
}

void sl_udp_receiver_fini(struct sl_udp_receiver *r)
{
	free(r->rest);
}

static uint8_t *rest_of(const struct sl_udp_receiver *r, unsigned i)
{
	return r->rest + (size_t)i * SL_SPILL_BYTES;
}

static void prepare(struct sl_udp_receiver *r, unsigned i)
{
	r->parts[i][0] = (struct iovec){sl_data(r->packets[i]), sl_tailroom(r->packets[i])};
	r->parts[i][1] = (struct iovec){rest_of(r, i), SL_SPILL_BYTES};
	r->messages[i].msg_hdr = (struct msghdr){
		.msg_name = &r->from[i],
		.msg_namelen = sizeof(r->from[i]),
		.msg_iov = r->parts[i],
		.msg_iovlen = 2,
		.msg_control = &r->control[i],
		.msg_controllen = sizeof(r->control[i]),
	};
}

static void read_source(const struct sockaddr_in6 *a, struct sl_endpoint *from)
{
	struct sockaddr_in in;

	from->port = ntohs(a->sin6_port); // which both families have in one place
	from->ip = (struct sl_ip){.family = a->sin6_family == AF_INET ? 4 : 6};
	memcpy(&in, a, sizeof(in));
	if (from->ip.family == 4) {
		memcpy(from->ip.bytes, &in.sin_addr, sizeof(in.sin_addr));
		return;
	}
	memcpy(from->ip.bytes, &a->sin6_addr, sizeof(a->sin6_addr));
	sl_scope_put(&from->ip, a->sin6_scope_id);
}

static void read_control(struct sl_udp_receiver *r, const struct cmsghdr *c, struct message *m)
{
	const uint8_t *data = CMSG_DATA(c);
	uint32_t value = 0;

	memcpy(&value, data, RTE_MIN(c->cmsg_len - CMSG_LEN(0), sizeof(value)));
	if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
		// the address to answer from, also where it was sent to a group
		data += offsetof(struct in_pktinfo, ipi_spec_dst);
		memcpy(m->to.ip.bytes, data, sizeof(struct in_addr));
	} else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		memcpy(m->to.ip.bytes, data, sizeof(struct in6_addr));
	} else if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS) ||
		   (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_TCLASS)) {
		m->tos = (uint8_t)value;
	} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
		m->segment = value;
	} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
		sl_app_metric(r->app, SL_UDP_METRIC_RX_OVERFLOW, value);
	}
}

static struct message read_message(struct sl_udp_receiver *r, unsigned i, uint16_t port)
{
	struct msghdr *h = &r->messages[i].msg_hdr;
	struct message m = {.len = r->messages[i].msg_len, .to.port = port};

	read_source(&r->from[i], &m.from);
	m.to.ip.family = m.from.ip.family;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
		read_control(r, c, &m);
	if (m.segment == 0 || m.segment > m.len)
		m.segment = m.len;
	return m;
}

// Cut message i into packets, the first of which is where it was received. Returns how many.
static unsigned cut(struct sl_udp_receiver *r, unsigned i, const struct message *m,
		    struct rte_mbuf **p)
{
	unsigned all = m->segment ? (m->len + m->segment - 1) / m->segment : 1;
	unsigned n = RTE_MIN(all, (unsigned)SL_UDP_SEGMENTS);
	const struct sl_spill bytes = {.first = r->parts[i][0].iov_base,
				       .room = (uint32_t)r->parts[i][0].iov_len,
				       .rest = rest_of(r, i)};

	p[0] = r->packets[i];
	if (n > 1 && !sl_alloc_burst(r->app->pool, p + 1, n - 1))
		n = 1;
	sl_app_metric_add(r->app, SL_UDP_METRIC_RX_NO_BUFFER, all - n);
	sl_set_len(p[0], (uint16_t)m->segment);
	for (unsigned k = 1; k < n; k++) {
		uint32_t at = k * m->segment, len = RTE_MIN(m->segment, m->len - at);

		sl_spill_copy(&bytes, at, sl_data(p[k]), len);
		sl_set_len(p[k], (uint16_t)len);
	}
	return n;
}

// Put headers on what was received, and give it on.
static void give(struct sl_udp_receiver *r, const struct message *m, struct rte_mbuf **p,
		 unsigned n)
{
	struct sl_outer outer;
	unsigned kept = 0;

	sl_outer_init(&outer, &m->from, &m->to);
	sl_app_created(r->app, n);
	for (unsigned k = 0; k < n; k++) {
		if (!sl_outer_put_checked(&outer, p[k], m->tos) || !sl_ip_meta_fits(p[k])) {
			sl_app_drop(r->app, p[k], SL_UDP_DROP_TOO_LONG);
			continue;
		}
		sl_ip_meta_reset(p[k]);
		sl_set_stamp_ns(p[k], r->app->wall_ns);
		p[kept++] = p[k];
	}
	sl_app_give(r->app, SL_UDP_RX, p, kept);
}

static unsigned take_message(struct sl_udp_receiver *r, unsigned i, uint16_t port)
{
	struct rte_mbuf *p[SL_UDP_SEGMENTS];
	struct message m = read_message(r, i, port);
	unsigned n;

	if (m.segment > r->parts[i][0].iov_len) {
		sl_app_created(r->app, 1);
		sl_app_drop(r->app, r->packets[i], SL_UDP_DROP_TOO_LONG);
		return 1;
	}
	n = cut(r, i, &m, p);
	give(r, &m, p, n);
	return n;
}

// How many messages to receive: what there is no room for waits in the socket. Few are longer than
// a burst.
static unsigned wanted(const struct sl_udp_receiver *r)
{
	uint64_t most = SL_UDP_MESSAGES;
	uint64_t room = sl_link_room_up_to(r->app->out[SL_UDP_RX], most * SL_BURST);

	return (unsigned)RTE_MIN(room / SL_BURST, most);
}

// Returns how many datagrams, or 0 where no more wait.
static unsigned receive_some(struct sl_udp_receiver *r, int fd, uint16_t port)
{
	unsigned n = wanted(r), datagrams = 0;
	int got;

	if (n == 0 || !sl_alloc_burst(r->app->pool, r->packets, n))
		return 0;
	for (unsigned i = 0; i < n; i++)
		prepare(r, i);
	got = recvmmsg(fd, r->messages, n, MSG_DONTWAIT, NULL);
	got = RTE_MAX(got, 0); // an error is that of a datagram sent earlier
	for (unsigned i = 0; i < (unsigned)got; i++)
		datagrams += take_message(r, i, port);
	sl_free_burst(r->packets + got, n - (unsigned)got);
	return (unsigned)got == n ? datagrams : 0;
}

// Handshakes of thousands of senders, a message each, stand in front of data, and a breath that
// looks into some of them is a long one: so few messages would let data wait for seconds.
void sl_udp_receive(struct sl_udp_receiver *r, int fd, uint16_t port)
{
	unsigned n, datagrams = 0;

	do {
		n = receive_some(r, fd, port);
		datagrams += n;
	} while (n > 0 && datagrams < SL_UDP_ENOUGH);
}
