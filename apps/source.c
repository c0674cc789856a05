// source: make UDP packets of one length as fast as the link behind it takes them.
// Ports: -> out.  Config: length, count.  Spec: RFC 2544 appendix C (addresses), RFC 863 (port).

#include "apps/classes.h"

#include <errno.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include <stdlib.h>

enum { OUT };
enum {
	CHUNK = 64, // bytes copied at a time; the template is padded to a multiple
	DISCARD = 9,
	LENGTH_MIN = RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr),
};

struct source_config {
	uint64_t length; // bytes of each frame
	uint64_t count;  // packets to make; 0 = without end
};

struct source {
	struct sl_app app;
	uint8_t *frame; // the template
	uint16_t length;
	uint64_t left; // packets still to make
};

// One frame between the two networks that RFC 2544 sets aside for benchmarks.
static void write_frame(uint8_t *frame, uint16_t length)
{
	struct rte_ether_hdr ether = {
		.dst_addr.addr_bytes = {2, 0, 0, 0, 0, 2},
		.src_addr.addr_bytes = {2, 0, 0, 0, 0, 1},
		.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4),
	};
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(length - sizeof(ether))),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = RTE_BE32(0xc6120001U), // 198.18.0.1
		.dst_addr = RTE_BE32(0xc6130001U), // 198.19.0.1
	};
	struct rte_udp_hdr udp = {
		.src_port = RTE_BE16(DISCARD),
		.dst_port = RTE_BE16(DISCARD),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(length - sizeof(ether) - sizeof(ip))),
	};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(frame, &ether, sizeof(ether));
	memcpy(frame + sizeof(ether), &ip, sizeof(ip));
	memcpy(frame + sizeof(ether) + sizeof(ip), &udp, sizeof(udp));
	udp.dgram_cksum = rte_ipv4_udptcp_cksum(&ip, frame + sizeof(ether) + sizeof(ip));
	memcpy(frame + sizeof(ether) + sizeof(ip), &udp, sizeof(udp));
}

static int source_configure(struct sl_app *app, const void *config, struct sl_error *err)
{
	struct source *self = (struct source *)app;
	const struct source_config *c = config;
	uint32_t room = rte_pktmbuf_data_room_size(app->pool) - SL_HEADROOM;
	size_t padded = RTE_ALIGN_CEIL(c->length, (uint64_t)CHUNK);

	if (padded > room)
		return sl_error_set(err, -EINVAL, "length %u does not fit the pool's buffers of %u",
				    (unsigned)c->length, room);
	self->frame = aligned_alloc(CHUNK, padded);
	if (!self->frame)
		return sl_error_set(err, -ENOMEM, "out of memory");
	memset(self->frame, 0, padded);
	self->length = (uint16_t)c->length;
	self->left = c->count ? c->count : UINT64_MAX;
	write_frame(self->frame, self->length);
	return 0;
}

// Whole chunks: a copy of known size is a handful of moves, one of any size is a call.
static void source_write(const struct source *self, struct rte_mbuf *p)
{
	uint8_t *data = sl_data(p);

	for (unsigned at = 0; at < self->length; at += CHUNK)
		memcpy(data + at, self->frame + at, CHUNK);
	sl_set_len(p, self->length);
}

static void source_pull(struct sl_app *app)
{
	struct source *self = (struct source *)app;
	struct rte_mbuf *p[SL_BURST];
	unsigned n = (unsigned)RTE_MIN(self->left, (uint64_t)SL_BURST);

	if (app->out[OUT])
		n = (unsigned)RTE_MIN((uint64_t)n, sl_link_room(app->out[OUT]));
	if (n == 0 || !sl_alloc_burst(app->pool, p, n))
		return;
	for (unsigned i = 0; i < n; i++)
		source_write(self, p[i]);
	sl_app_created(app, n);
	sl_app_give(app, OUT, p, n);
	self->left -= n;
	if (self->left == 0)
		sl_app_finish(app);
}

static void source_stop(struct sl_app *app)
{
	free(((struct source *)app)->frame);
}

static void source_needs(const void *config, struct sl_needs *needs)
{
	const struct source_config *c = config;

	needs->frame_bytes = (uint32_t)RTE_ALIGN_CEIL(c->length, (uint64_t)CHUNK);
}

static const struct sl_key source_keys[] = {
	{.name = "length",
	 .type = SL_UINT,
	 .offset = offsetof(struct source_config, length),
	 .preset = "60",
	 .help = "bytes of each frame, without FCS",
	 .min = LENGTH_MIN,
	 .max = SL_FRAME_MAX - CHUNK},
	{.name = "count",
	 .type = SL_UINT,
	 .offset = offsetof(struct source_config, count),
	 .preset = "0",
	 .help = "packets to make; 0 = without end"},
	{0},
};

const struct sl_app_class sl_source_class = {
	.name = "source",
	.help = "make UDP packets as fast as they are taken\n"
		"Every frame is the same: UDP to the discard port, from 198.18.0.1 to 198.19.0.1, "
		"checksums right. It makes no more than the link behind it has room for, so it "
		"loses nothing.",
	.outputs = {[OUT] = "out"},
	.keys = source_keys,
	.config_size = sizeof(struct source_config),
	.size = sizeof(struct source),
	.needs = source_needs,
	.configure = source_configure,
	.pull = source_pull,
	.stop = source_stop,
};
