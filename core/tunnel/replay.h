// replay: which packets of a session have been seen. Spec: RFC 6479.
//
// A word of bits for the newest numbers, and a ring of words for those before, each written when
// the newest number leaves it: what comes in order touches the ring once in 64 numbers, so the two
// are apart. Check a number only when its packet is authentic: whoever can move the window can make
// it refuse.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	SL_REPLAY_WORDS = 128,                         // one more than the window needs
	SL_REPLAY_WINDOW = (SL_REPLAY_WORDS - 1) * 64, // numbers behind the newest that may come
};

// No number from here on is ever accepted or sent (REJECT_AFTER_MESSAGES): the nonce must not
// wrap, and what is in flight needs room, too.
#define SL_REPLAY_LIMIT (UINT64_MAX - (1 << 13))

// Zeroed: a window that has seen nothing.
struct sl_replay {
	uint64_t next;   // the highest number seen, and one
	uint64_t newest; // bits of the word with that number
};

// The words before, by their number. With a zeroed window, any memory will do.
struct sl_replay_past {
	uint64_t seen[SL_REPLAY_WORDS];
};

static inline uint64_t sl_replay_newest_word(const struct sl_replay *r)
{
	return (r->next ? r->next - 1 : 0) / 64;
}

// Make n the highest number: what is between its word and the newest was not seen.
static inline void sl_replay_advance(struct sl_replay *r, struct sl_replay_past *past, uint64_t n)
{
	uint64_t newest = sl_replay_newest_word(r), words = n / 64 - newest;

	r->next = n + 1;
	if (words == 0)
		return;
	past->seen[newest % SL_REPLAY_WORDS] = r->newest;
	for (uint64_t i = 1; i < words && i <= SL_REPLAY_WORDS; i++)
		past->seen[(newest + i) % SL_REPLAY_WORDS] = 0;
	r->newest = 0;
}

// Note the number of an authentic packet. Returns false where it was seen before or may have been.
static inline bool sl_replay_accept(struct sl_replay *r, struct sl_replay_past *past, uint64_t n)
{
	uint64_t *word = &r->newest, bit = (uint64_t)1 << n % 64;

	if (n >= SL_REPLAY_LIMIT)
		return false;
	if (n >= r->next)
		sl_replay_advance(r, past, n);
	else if (r->next - 1 - n > SL_REPLAY_WINDOW)
		return false;
	else if (n / 64 != sl_replay_newest_word(r))
		word = &past->seen[n / 64 % SL_REPLAY_WORDS];
	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}
