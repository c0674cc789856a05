// One system call moves one packet, or several TCP segments or UDP datagrams in one piece. The
// kernel says with each what is left to do about it, and is told (struct virtio_net_hdr).

#include "drivers/tap_packets.h"

#include "drivers/cut.h"
#include "drivers/merge.h"

#include <errno.h>
#include <sys/uio.h>

enum {
	PULL_PACKETS = 2 * SL_BURST, // at once: more would leave the cache before they are used
	PIECE_PACKETS = 1400,        // of one piece at the smallest MSS that Linux has
};

// ---- from the kernel

static unsigned refuse(struct sl_app *app, struct rte_mbuf *p, const struct sl_cut *c)
{
	sl_app_created(app, 1);
	sl_app_drop(app, p, c->len > c->bytes.room ? SL_TAP_DROP_TOO_LONG : SL_TAP_DROP_MALFORMED);
	return 1;
}

// Make the packets of a piece, which p[0] holds the beginning of, and give them. Returns how many.
static unsigned give(struct sl_app *app, struct rte_mbuf **p, const struct sl_cut *c)
{
	unsigned n = RTE_MIN(c->n, (unsigned)PIECE_PACKETS);

	if (n > 1 && !sl_alloc_burst(app->pool, p + 1, n - 1))
		n = 1;
	sl_app_metric_add(app, SL_TAP_METRIC_RX_NO_BUFFER, c->n - n);
	for (unsigned i = n; i-- > 0;) {
		sl_cut_make(c, i, p[i]);
		sl_set_stamp_ns(p[i], app->wall_ns);
	}
	sl_app_created(app, n);
	sl_app_give(app, SL_TAP_RX, p, n);
	return n;
}

// Read one packet or piece. Returns how many packets it was; 0 where none waits, or the pool is
// empty.
static unsigned read_piece(struct sl_app *app, int fd, uint8_t *spill)
{
	struct rte_mbuf *p[PIECE_PACKETS];
	struct virtio_net_hdr header;
	struct sl_cut c;
	ssize_t len;

	if (!sl_alloc_burst(app->pool, p, 1))
		return 0;
	c.bytes = (struct sl_spill){sl_data(p[0]), sl_tailroom(p[0]), spill};
	len = readv(fd,
		    (struct iovec[]){{&header, sizeof(header)},
				     {sl_data(p[0]), c.bytes.room},
				     {spill, SL_SPILL_BYTES}},
		    3);
	if (len <= (ssize_t)sizeof(header)) {
		if (len < 0 && errno == EBADFD)
			sl_app_fail(app, "somebody has removed the interface");
		sl_free(p[0]);
		return 0;
	}
	c.len = (uint32_t)len - (uint32_t)sizeof(header);
	return sl_cut_plan(&c, &header) ? give(app, p, &c) : refuse(app, p[0], &c);
}

void sl_tap_receive(struct sl_app *app, int fd, uint8_t *spill)
{
	unsigned n = 0, more;

	do {
		if (sl_link_room(app->out[SL_TAP_RX]) < SL_BURST)
			return;
		more = read_piece(app, fd, spill);
		n += more;
	} while (more > 0 && n < PULL_PACKETS);
}

// ---- to the kernel

static unsigned reason(int error)
{
	switch (error) {
	case EIO: // the interface is down
	case ENETDOWN:
	case EBADFD: // or gone
	case ENODEV:
		return SL_TAP_DROP_DOWN;
	case EINVAL: // no Ethernet header, or neither IPv4 nor IPv6
		return SL_TAP_DROP_MALFORMED;
	case EMSGSIZE:
		return SL_TAP_DROP_TOO_LONG;
	default: // EAGAIN, ENOBUFS, ENOMEM
		return SL_TAP_DROP_TX_FULL;
	}
}

static void write_run(struct sl_app *app, int fd, struct sl_merge_run *run,
		      struct rte_mbuf *const *p)
{
	struct iovec parts[1 + SL_BURST];

	parts[0] = (struct iovec){&run->header, sizeof(run->header)};
	parts[1] = (struct iovec){sl_data(p[0]), sl_len(p[0])};
	for (unsigned i = 1; i < run->n; i++)
		parts[i + 1] = (struct iovec){sl_data(p[i]) + run->payload,
					      (size_t)(sl_len(p[i]) - run->payload)};
	if (writev(fd, parts, run->n + 1) < 0)
		sl_count(&app->drops[reason(errno)], run->n);
	else
		sl_app_consumed(app, run->n);
	sl_free_burst(p, run->n);
}

static void write_singly(struct sl_app *app, int fd, struct rte_mbuf *const *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct sl_merge_run one = {.n = 1};

		write_run(app, fd, &one, p + i);
	}
}

void sl_tap_send(struct sl_app *app, int fd, struct rte_mbuf *const *p, unsigned n,
		 enum sl_tap_pieces pieces)
{
	struct sl_merge_run runs[SL_BURST];
	unsigned n_runs;

	if (pieces == SL_TAP_NOTHING) {
		write_singly(app, fd, p, n);
		return;
	}
	n_runs = sl_merge(p, n, pieces == SL_TAP_TCP_UDP, runs);
	for (unsigned i = 0; i < n_runs; i++)
		write_run(app, fd, &runs[i], p + runs[i].start);
}
