// sealed: the format of sealed captures: a one-way Noise handshake, then numbered chunks.
//
// Bytes only: files are the drivers' business. The format is specified, for other implementations
// too, in docs/sealed-captures.md.
#pragma once

#include <sluice/capability.h>
#include <sluice/noise.h>

enum {
	SL_SEALED_MAGIC = 8,
	SL_SEALED_TEXT = 16384, // bytes of text in a chunk, at most
	SL_SEALED_HEAD = 12,    // bytes in front of a chunk's text
	SL_SEALED_EXTRA = SL_SEALED_HEAD + SL_NOISE_TAG,
	SL_SEALED_CHUNK = SL_SEALED_TEXT + SL_SEALED_EXTRA,
	SL_SEALED_ID = 32,
	SL_SEALED_PROLOGUE_MAX = SL_SEALED_MAGIC + 2 + SL_CAPABILITY_PATTERN - 1 + 8 +
				 SL_SEALED_ID + 2,
	SL_SEALED_MESSAGE_MAX = 96, // bytes of a handshake message: X
	SL_SEALED_HEADER_MAX = SL_SEALED_PROLOGUE_MAX + SL_SEALED_MESSAGE_MAX,
};

// Flags of a chunk.
enum {
	SL_SEALED_RATCHET = 1, // the next chunk has the next key
	SL_SEALED_LAST = 2,    // the segment ends with this chunk
	SL_SEALED_MORE = 4,    // with LAST: another segment follows
};

// The number that no chunk of a segment may reach.
static const uint64_t sl_sealed_chunks_max = (uint64_t)1 << 48;

// First byte of a sealed capture; no other capture begins with it.
static const uint8_t sl_sealed_first_byte = 0x9c;

// Where a segment stands in its capture.
struct sl_sealed_place {
	uint64_t number;                // from 0
	uint8_t previous[SL_SEALED_ID]; // id of the segment before it; zeros for number 0
};

// The part of a segment that anybody can read.
struct sl_sealed_header {
	char pattern[SL_CAPABILITY_PATTERN]; // "Npsk0"
	struct sl_sealed_place place;
	uint8_t id[SL_SEALED_ID]; // SHA-256 of the header
	size_t prologue;          // bytes in front of the handshake message
	size_t len;               // bytes of all of it
};

// Write everything in front of the handshake message.
//
// out  Caller's buffer of SL_SEALED_PROLOGUE_MAX bytes.
//
// Returns the length.
size_t sl_sealed_prologue(const char *pattern, const struct sl_sealed_place *place,
			  size_t message_len, uint8_t *out);

// The id of a segment, from its whole header.
void sl_sealed_id(const uint8_t *header, size_t len, uint8_t id[SL_SEALED_ID]);

// Read a header.
//
// bytes  The first `len` bytes of a file; SL_SEALED_HEADER_MAX hold any header.
//
// Returns 0; -EMSGSIZE (more bytes are needed); -EPROTO (no sealed capture), -EPROTONOSUPPORT (of
// another version) or -EBADMSG (a header that no writer makes), with err filled.
int sl_sealed_header_read(struct sl_sealed_header *h, const uint8_t *bytes, size_t len,
			  struct sl_error *err);

// The head of a chunk.
struct sl_sealed_head {
	uint64_t number;
	unsigned flags;
	size_t len; // of the text
};

void sl_sealed_head_write(const struct sl_sealed_head *h, uint8_t out[SL_SEALED_HEAD]);

// Returns 0 or -EBADMSG (a head that no writer makes); it may be false as long as the tag of its
// chunk is not verified.
int sl_sealed_head_read(struct sl_sealed_head *h, const uint8_t bytes[SL_SEALED_HEAD]);

// The protocol of a pattern: 25519, ChaChaPoly, BLAKE2s.
// Returns 0, or -EINVAL with err filled (not N, K or X with one psk modifier).
int sl_sealed_protocol(struct sl_noise_protocol *p, const char *pattern, struct sl_error *err);

// The nonce of a chunk, as Noise's ChaChaPoly has it. Spec section 12.3.
void sl_sealed_nonce(uint64_t number, uint8_t nonce[12]);
