// seal: what a savefile is sealed with: keys, and the sealed bytes on their way to the file.
//
// Thread rule: opened and closed by the control thread, else one thread at a time.
#pragma once

#include "core/noise/sealer.h"

struct sl_seal {
	struct sl_capability to; // whom it is for
	uint8_t key[SL_KEY];     // the writer's own, where has_key
	bool has_key;

	struct sl_sealer sealer;
	uint8_t *bytes; // sealed and not written yet; NULL = closed
	size_t header;  // of them, the header of the file
	size_t used;
};

// Read the keys and see that they go together.
//
// cap  File of the capability.
// key  File of the writer's own private key, or NULL.
// max  Bytes that are sealed at once, at most.
//
// Returns 0, or -errno with err filled. Close it in either case.
int sl_seal_open(struct sl_seal *s, const char *cap, const char *key, size_t max,
		 struct sl_error *err);

// What a sealer needs; borrows from s.
struct sl_sealer_keys sl_seal_keys(const struct sl_seal *s);

// Whether two seal for the same reader with the same keys.
bool sl_seal_is_same(const struct sl_seal *a, const struct sl_seal *b);

// Begin a file: a new key, and the header into the bytes.
// Returns 0 or -errno.
int sl_seal_begin(struct sl_seal *s);

// Begin a file whose sealer and header are there already: a segment's. The sealer moves.
void sl_seal_begin_with(struct sl_seal *s, struct sl_sealer *sealer, const uint8_t *header,
			size_t len);

// Take over where `old` stands in the file, with the bytes that wait. Old ends.
void sl_seal_adopt(struct sl_seal *s, struct sl_seal *old);

// Seal text into the bytes. Flags as in sl_sealer_seal.
// Returns 0 or -EKEYEXPIRED.
int sl_seal_add(struct sl_seal *s, const uint8_t *text, size_t len, unsigned flags);

// Where writing broke off after `done` of the bytes: how many of them are header and whole chunks.
//
// text  Set to how many bytes of text those chunks hold.
size_t sl_seal_whole(const struct sl_seal *s, size_t done, size_t *text);

// Forget all keys. A closed one is legal.
void sl_seal_close(struct sl_seal *s);
