// replay: which packets of a session have been seen. Spec: RFC 6479.
//
// A ring of bits, cleared a word at a time as the newest number moves on. One word is always in
// part ahead of the newest, so the window is a word shorter than the ring. Check a number only
// when its packet is authentic: whoever can move the window can make it refuse.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	SL_REPLAY_WORDS = 128,
	SL_REPLAY_WINDOW = (SL_REPLAY_WORDS - 1) * 64, // numbers behind the newest that may come
};

// No number from here on is ever accepted or sent (REJECT_AFTER_MESSAGES): the nonce must not
// wrap, and what is in flight needs room, too.
#define SL_REPLAY_LIMIT (UINT64_MAX - (1 << 13))

// Zeroed memory is a window that has seen nothing.
struct sl_replay {
	uint64_t next; // the highest number seen, and one
	uint64_t seen[SL_REPLAY_WORDS];
};

// Say that number n will soon be noted.
static inline void sl_replay_prefetch(const struct sl_replay *r, uint64_t n)
{
	__builtin_prefetch(&r->seen[n / 64 % SL_REPLAY_WORDS], 1);
}

// Clear the words between the newest number's and n's.
static inline void sl_replay_advance(struct sl_replay *r, uint64_t n)
{
	uint64_t newest = (r->next ? r->next - 1 : 0) / 64, words = n / 64 - newest;

	for (uint64_t i = 1; i <= words && i <= SL_REPLAY_WORDS; i++)
		r->seen[(newest + i) % SL_REPLAY_WORDS] = 0;
	r->next = n + 1;
}

// Note the number of an authentic packet. Returns false where it was seen before or may have been.
static inline bool sl_replay_accept(struct sl_replay *r, uint64_t n)
{
	uint64_t *word = &r->seen[n / 64 % SL_REPLAY_WORDS], bit = (uint64_t)1 << n % 64;

	if (n >= SL_REPLAY_LIMIT)
		return false;
	if (n >= r->next)
		sl_replay_advance(r, n);
	else if (r->next - 1 - n > SL_REPLAY_WINDOW)
		return false;
	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}
