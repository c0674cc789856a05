// message: what tunnels send, as UDP payload. Spec: WireGuard paper sections 5.4.2 to 5.4.7.
//
// Integers are little-endian. The first four bytes are the type and three zeros. Handshake messages
// end with two MACs. Between header and MACs stands the Noise message, whose length depends on the
// pattern; the structs show it for IK.
#pragma once

#include "core/proto/bytes.h"

#include <stddef.h>

enum sl_message_type {
	SL_MESSAGE_NONE, // no message of ours
	SL_MESSAGE_INITIATION,
	SL_MESSAGE_RESPONSE,
	SL_MESSAGE_COOKIE,
	SL_MESSAGE_DATA,
	SL_MESSAGE_CONFIRMATION, // the third of XK; WireGuard has none
};

enum {
	SL_MAC = 16,    // bytes of mac1, mac2 and of a cookie
	SL_TAI64N = 12, // bytes of the time stamp in an initiation
	SL_MESSAGE_TAG = 16,
	SL_PADDING = 16, // plaintext is padded to a multiple
};

struct sl_message_macs {
	uint8_t mac1[SL_MAC];
	uint8_t mac2[SL_MAC];
};

struct sl_message_initiation {
	uint8_t type[4];
	uint8_t sender[4];
	uint8_t ephemeral[32];
	uint8_t static_public[32 + SL_MESSAGE_TAG];
	uint8_t timestamp[SL_TAI64N + SL_MESSAGE_TAG];
	struct sl_message_macs macs;
};
_Static_assert(sizeof(struct sl_message_initiation) == 148, "initiation of IK");

struct sl_message_response {
	uint8_t type[4];
	uint8_t sender[4];
	uint8_t receiver[4];
	uint8_t ephemeral[32];
	uint8_t empty[SL_MESSAGE_TAG];
	struct sl_message_macs macs;
};
_Static_assert(sizeof(struct sl_message_response) == 92, "response of IK");

struct sl_message_cookie {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t nonce[24];
	uint8_t cookie[SL_MAC + SL_MESSAGE_TAG];
};
_Static_assert(sizeof(struct sl_message_cookie) == 64, "cookie reply");

// In front of the ciphertext, whose last bytes are the tag.
struct sl_message_data {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t counter[8];
};
_Static_assert(sizeof(struct sl_message_data) == 16, "data header");

// The type of a message of len bytes. Cookies and data have a length that they can have; that of
// the others is the handshake's affair.
static inline enum sl_message_type sl_message_type(const uint8_t *p, size_t len)
{
	const size_t least = sizeof(struct sl_message_data) + SL_MESSAGE_TAG;
	uint32_t type = len < 4 ? 0 : load_le32(p);

	if (type == SL_MESSAGE_DATA && len < least)
		return SL_MESSAGE_NONE;
	if (type == SL_MESSAGE_COOKIE && len != sizeof(struct sl_message_cookie))
		return SL_MESSAGE_NONE;
	return type <= SL_MESSAGE_CONFIRMATION ? (enum sl_message_type)type : SL_MESSAGE_NONE;
}
