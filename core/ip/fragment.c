#include "core/ip/fragment.h"

#include "core/ip/options.h"
#include "core/ip/random.h"
#include "core/proto/checksum.h"
#include "core/proto/ipv4.h"
#include "core/proto/ipv6.h"

uint32_t sl_fragment_id(uint64_t *state)
{
	return sl_random_next(state);
}

static bool is_ipv4(const struct sl_fragments *f)
{
	return f->packet[0] >> 4 == 4;
}

// Append the options that every fragment has to the header `later`.
static bool copy_options(struct sl_fragments *f)
{
	const uint8_t *p = f->first + sizeof(struct sl_ipv4_hdr), *end = f->first + f->first_len;

	while (p < end && *p != SL_OPTION_END) {
		size_t len = sl_option_len(p, (size_t)(end - p));

		if (len == 0)
			return false;
		if (*p & SL_OPTION_COPIED) {
			memcpy(f->later + f->later_len, p, len);
			f->later_len += len;
		}
		p += len;
	}
	while (f->later_len % 4 != 0)
		f->later[f->later_len++] = SL_OPTION_END;
	return true;
}

static bool begin4(struct sl_fragments *f)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)f->packet;

	f->first_len = sl_ipv4_hdr_len(ip);
	memcpy(f->first, ip, f->first_len);
	memcpy(f->later, ip, sizeof(*ip));
	f->later_len = sizeof(*ip);
	if (f->mtu < SL_FRAGMENT_MTU_MIN4)
		f->mtu = SL_FRAGMENT_MTU_MIN4;
	if (!copy_options(f))
		return false;
	f->later[0] = (uint8_t)(0x40 | f->later_len / 4);
	return true;
}

static void begin6(struct sl_fragments *f, uint32_t id)
{
	struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)f->first;
	struct sl_ipv6_fragment *fragment = (struct sl_ipv6_fragment *)(ip + 1);

	memcpy(ip, f->packet, sizeof(*ip));
	*fragment = (struct sl_ipv6_fragment){.next_header = ip->next_header};
	store_be32(fragment->id, id);
	ip->next_header = SL_PROTO_FRAGMENT;
	f->first_len = f->later_len = sizeof(*ip) + sizeof(*fragment);
	memcpy(f->later, f->first, f->first_len);
	if (f->mtu < SL_FRAGMENT_MTU_MIN6)
		f->mtu = SL_FRAGMENT_MTU_MIN6;
}

bool sl_fragments_fit(const uint8_t *packet, size_t len)
{
	const struct sl_ipv4_hdr *ip = (const struct sl_ipv4_hdr *)packet;

	if (packet[0] >> 4 != 4)
		return true;
	return (load_be16(ip->flags_offset) & SL_IPV4_OFFSET) * 8U + len <= UINT16_MAX;
}

bool sl_fragments_begin(struct sl_fragments *f, const uint8_t *packet, size_t len, uint16_t mtu,
			uint32_t id)
{
	*f = (struct sl_fragments){.packet = packet, .mtu = mtu};
	f->payload_len = len - sizeof(struct sl_ipv6_hdr);
	if (!is_ipv4(f)) {
		begin6(f, id);
		return true;
	}
	f->payload_len = len - sl_ipv4_hdr_len((const struct sl_ipv4_hdr *)packet);
	return begin4(f);
}

static size_t header_len(const struct sl_fragments *f)
{
	return f->done == 0 ? f->first_len : f->later_len;
}

// Bytes of payload in the next fragment.
static size_t piece(const struct sl_fragments *f)
{
	size_t left = f->payload_len - f->done, room = f->mtu - header_len(f);

	return left <= room ? left : room & ~(size_t)7;
}

size_t sl_fragments_len(const struct sl_fragments *f)
{
	return f->done < f->payload_len ? header_len(f) + piece(f) : 0;
}

static void finish4(const struct sl_fragments *f, uint8_t *to, size_t n)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)to;
	uint16_t whole = load_be16(ip->flags_offset), checksum;
	uint16_t offset = (uint16_t)((whole & SL_IPV4_OFFSET) + f->done / 8);
	bool more = whole & SL_IPV4_MF || f->done + n < f->payload_len;

	store_be16(ip->total_len, (uint16_t)(header_len(f) + n));
	store_be16(ip->flags_offset,
		   (uint16_t)((offset & SL_IPV4_OFFSET) | (more ? SL_IPV4_MF : 0)));
	checksum = sl_checksum_make(to, header_len(f), offsetof(struct sl_ipv4_hdr, checksum), 0);
	memcpy(ip->checksum, &checksum, sizeof(checksum));
}

static void finish6(const struct sl_fragments *f, uint8_t *to, size_t n)
{
	struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)to;
	struct sl_ipv6_fragment *fragment = (struct sl_ipv6_fragment *)(ip + 1);
	bool more = f->done + n < f->payload_len;

	store_be16(ip->payload_len, (uint16_t)(sizeof(*fragment) + n));
	store_be16(fragment->offset_more, (uint16_t)(f->done | (more ? SL_IPV6_MORE : 0)));
}

void sl_fragments_next(struct sl_fragments *f, uint8_t *to)
{
	size_t n = piece(f), hdr_len = header_len(f);
	size_t packet_hdr_len = is_ipv4(f) ? f->first_len : sizeof(struct sl_ipv6_hdr);

	memcpy(to, f->done == 0 ? f->first : f->later, hdr_len);
	memcpy(to + hdr_len, f->packet + packet_hdr_len + f->done, n);
	if (is_ipv4(f))
		finish4(f, to, n);
	else
		finish6(f, to, n);
	f->done += n;
}
