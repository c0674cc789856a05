// path: how long a packet may be on the whole way to a peer, as ICMP errors tell. Such an error can
// be forged, and ways change: so there is a least, and what was told is forgotten after a while.
// Spec: RFC 1191 sections 3 and 6.3, RFC 8201 section 4.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	SL_PATH_MIN4 = 576, // no less, whatever is told
	SL_PATH_MIN6 = 1280,
	SL_PATH_LINK4 = 68, // what every link takes
};

static const uint64_t sl_path_age_ns = 600000000000; // RFC 1191 section 6.3: 10 minutes

struct sl_path {
	uint64_t until_ns;
	uint16_t mtu; // 0 = nothing was told
};

// Whether there is a link of so little: who says so is not believed. RFC 791, RFC 8201 section 4.
static inline bool sl_path_may_be(uint8_t family, uint32_t mtu)
{
	return mtu >= (family == 4 ? SL_PATH_LINK4 : SL_PATH_MIN6);
}

// Take what an error says. Returns whether packets must be shorter than before.
static inline bool sl_path_lower(struct sl_path *p, uint8_t family, uint32_t mtu, uint64_t now_ns)
{
	uint32_t least = family == 4 ? SL_PATH_MIN4 : SL_PATH_MIN6;

	if (mtu < least)
		mtu = least;
	if (mtu >= UINT16_MAX || (p->mtu && mtu >= p->mtu))
		return false;
	p->mtu = (uint16_t)mtu;
	p->until_ns = now_ns + sl_path_age_ns;
	return true;
}

// Forget what is too long ago.
static inline void sl_path_age(struct sl_path *p, uint64_t now_ns)
{
	if (p->mtu && now_ns >= p->until_ns)
		p->mtu = 0;
}

// The longest packet of those of at most mtu bytes that goes through with `around` bytes around it.
static inline uint32_t sl_path_inside(const struct sl_path *p, uint32_t mtu, uint32_t around)
{
	return p->mtu && p->mtu < mtu + around ? p->mtu - around : mtu;
}
