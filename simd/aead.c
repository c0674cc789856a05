#include "simd/aead.h"

#include "simd/aead_scalar.h"
#include "simd/chacha20.h"
#include "simd/part.h"
#include "simd/poly1305.h"
#include <sodium.h>
#include <string.h>

enum {
	// A packet alone and shorter than this leaves lanes empty where there are 16.
	SHORT_ALONE = 1280,
	// What open verifies at once before it decrypts that and verifies the next items meanwhile:
	// at least so many bytes of text, and a part of the pass.
	PORTION = 4096,
	PORTIONS = 8,
	BLOCK = 64,       // bytes of keystream in a block of ChaCha20
	HEAD = 2 * BLOCK, // bytes of text that open decrypts while it makes the key
#ifdef __OPTIMIZE__
	STACK = 6 << 10, // what kernels use of the stack at most
#else
	STACK = 64 << 10, // all that they compute with lies there
#endif
};

// A pass over a burst. Wiped at its end: it held the Poly1305 keys and, for open, the right tags
// and the texts' heads.
struct pass {
	uint8_t poly_keys[SL_AEAD_BURST][32];
	uint8_t heads[SL_AEAD_BURST * HEAD] __attribute__((aligned(BLOCK)));
	uint8_t right_tags[SL_AEAD_BURST][SL_AEAD_TAG];
	struct sl_poly1305_job tags[SL_AEAD_BURST];
	struct sl_chacha20_job texts[SL_AEAD_BURST];
	struct sl_poly1305_queue queue; // tags that are formed beside the texts
	const uint8_t *head;            // of the next item to verify
	uint64_t bytes;                 // of all texts
	size_t right;                   // items that open found right so far
};

// The jobs are written in place, field by field: a copy of a whole one would wait for its fields.
static void set_stream(struct sl_chacha20_job *job, const struct sl_aead_item *p, uint32_t block,
		       uint8_t *poly_key)
{
	job->key = p->key;
	job->nonce = p->nonce;
	job->block = block;
	job->poly_key = poly_key;
}

static void set_text(struct sl_chacha20_job *job, const uint8_t *in, uint8_t *out, uint32_t len)
{
	job->in = in;
	job->out = out;
	job->len = len;
}

static void set_tag(struct sl_poly1305_job *job, const struct sl_aead_item *p,
		    const uint8_t *poly_key, const uint8_t *ciphertext, uint8_t *tag)
{
	job->key = poly_key;
	job->aad = p->aad;
	job->text = ciphertext;
	job->aad_len = p->aad_len;
	job->len = p->len;
	job->tag = tag;
	job->done = false;
}

// Its messages are the kernels' to write.
static void queue_init(struct sl_poly1305_queue *q, const struct sl_simd_kernels *k,
		       struct sl_poly1305_job *tags, size_t n)
{
	q->jobs = tags;
	q->n = k->beside > 0 ? n : 0;
	q->follows = true;
	q->shortest = k->beside;
	q->next = 0;
	q->begun = false;
}

// Overwrite what the kernels left on the stack: keys, sums and keystream, also where the compiler
// put registers aside. Called from the frame that called them, so that this one lies where theirs
// were.
static __attribute__((noinline)) void wipe_stack(const struct sl_simd_kernels *k)
{
	uint8_t used[STACK];

#ifdef __OPTIMIZE__
	explicit_bzero(used + STACK - k->stack, k->stack);
#else
	(void)k;
	explicit_bzero(used, sizeof(used));
#endif
}

static void pass_wipe(struct pass *w, size_t n)
{
	sodium_memzero(w->poly_keys, n * sizeof(w->poly_keys[0]));
	sodium_memzero(&w->queue.message, sizeof(w->queue.message));
}

// RFC 8439 section 2.8: the Poly1305 keys and the ciphertexts are one stream of independent blocks.
static void seal_pass(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n)
{
	struct pass w;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		set_stream(&w.texts[i], &items[i], 1, w.poly_keys[i]);
		set_text(&w.texts[i], items[i].in, items[i].out, items[i].len);
		set_tag(&w.tags[i], &items[i], w.poly_keys[i], items[i].out, items[i].tag);
	}
	queue_init(&w.queue, k, w.tags, n);
	k->chacha20(w.texts, n, &w.queue);
	k->chacha20(NULL, 0, &w.queue);
	k->poly1305(w.tags, n);
	wipe_stack(k);
	pass_wipe(&w, n);
}

// All 128 bits, in constant time.
static bool tags_equal(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[2], y[2], difference;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	difference = (x[0] ^ y[0]) | (x[1] ^ y[1]);
	return difference == 0;
}

// Copy len bytes; of `in` the rest of the last 16 is read, too. For a bounded length like this gcc
// makes a string instruction of memcpy, which takes long to begin.
static inline void copy_head(uint8_t *out, const uint8_t *in, uint32_t len)
{
	uint32_t at = 0;
	struct part last;

	for (; len - at >= BLOCK; at += BLOCK)
		memcpy(out + at, in + at, BLOCK);
	for (; len - at >= 16; at += 16)
		memcpy(out + at, in + at, 16);
	if (at < len) {
		memcpy(&last, in + at, sizeof(last));
		part_store(out + at, last, len - at);
	}
}

// Bytes of text that are decrypted together with the key: before the tag is known, so not to where
// the caller could see them.
static inline uint32_t head_len(const struct sl_simd_kernels *k, const struct sl_aead_item *p)
{
	if (p->len <= HEAD)
		return p->len;
	return k->heads ? HEAD : 0;
}

// What is behind the head.
static void set_rest(struct sl_chacha20_job *job, const struct sl_aead_item *p, uint32_t head)
{
	set_stream(job, p, 1 + head / BLOCK, NULL);
	set_text(job, p->in + head, p->out + head, p->len - head);
}

// What a head takes of the pass: whole blocks, so that none straddles a cache line more.
static inline uint32_t head_room(uint32_t head)
{
	return (head + BLOCK - 1) / BLOCK * BLOCK;
}

// Compare the tags of items from `from` to `to`. Of the right ones the head is given out and the
// rest is to be decrypted, the others' outputs are wiped. Returns how many have a rest.
static size_t verify(const struct sl_simd_kernels *k, struct sl_aead_item *items, struct pass *w,
		     size_t from, size_t to)
{
	const uint8_t *at = w->head;
	size_t right = 0, rests = 0;

	for (size_t i = from; i < to; i++) {
		struct sl_aead_item *p = &items[i];
		const uint32_t head = head_len(k, p);

		p->ok = tags_equal(w->right_tags[i], p->tag);
		if (p->ok) {
			right++;
			if (head > 0)
				copy_head(p->out, at, head);
			if (head < p->len)
				set_rest(&w->texts[rests++], p, head);
		} else if (p->len > 0) {
			sodium_memzero(p->out, p->len);
		}
		at += head_room(head);
	}
	w->head = at;
	w->right += right;
	return rests;
}

// How many items to verify before the first are decrypted.
static size_t first_portion(const struct sl_simd_kernels *k, const struct sl_aead_item *items,
			    const struct pass *w, size_t n)
{
	const uint64_t enough = w->bytes / PORTIONS < PORTION ? PORTION : w->bytes / PORTIONS;
	uint64_t portion = 0;
	size_t end = 0;

	if (k->beside == 0 || w->bytes <= enough)
		return n;
	while (portion < enough)
		portion += items[end++].len;
	return end;
}

// Finish the tags below `to` that were begun. Returns where the tags that are there end.
static size_t finish_begun(const struct sl_simd_kernels *k, struct pass *w, size_t to)
{
	struct sl_poly1305_queue *q = &w->queue;

	if (q->begun && q->next <= to)
		k->chacha20(NULL, 0, q);
	return q->begun ? q->next - 1 : q->next;
}

// The Poly1305 keys with the heads, and beside them the first tags. Returns how many items to
// verify before the first are decrypted.
static size_t keys_pass(const struct sl_simd_kernels *k, const struct sl_aead_item *items,
			struct pass *w, size_t n)
{
	struct sl_poly1305_queue *q = &w->queue;
	const size_t portion = first_portion(k, items, w, n);
	size_t end;

	queue_init(q, k, w->tags, n);
	k->chacha20(w->texts, n, q);
	q->follows = false;
	end = finish_begun(k, w, portion);
	return end > portion ? end : portion;
}

// Where the items from `from` on end that have their tags, or were too short for the queue.
static size_t next_portion(const struct sl_simd_kernels *k, struct pass *w, size_t from, size_t n)
{
	size_t end = finish_begun(k, w, from + 1);

	return end > from ? end : n;
}

static void open_start(const struct sl_simd_kernels *k, struct pass *w,
		       const struct sl_aead_item *items, size_t n)
{
	uint8_t *at = w->heads;

	w->head = at;
	w->bytes = 0;
	w->right = 0;
	for (size_t i = 0; i < n; i++) {
		const uint32_t head = head_len(k, &items[i]);

		set_stream(&w->texts[i], &items[i], 1, w->poly_keys[i]);
		set_text(&w->texts[i], items[i].in, at, head);
		at += head_room(head);
		set_tag(&w->tags[i], &items[i], w->poly_keys[i], items[i].in, w->right_tags[i]);
		w->bytes += items[i].len;
	}
}

// Keys and heads, tags, and only then what the caller sees: the texts whose tags are right.
static size_t open_pass(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n)
{
	struct pass w;

	if (n == 0)
		return 0;
	open_start(k, &w, items, n);
	for (size_t from = 0, to = keys_pass(k, items, &w, n); from < n;) {
		k->poly1305(w.tags + from, to - from);
		w.queue.next = w.queue.next < to ? to : w.queue.next;
		k->chacha20(w.texts, verify(k, items, &w, from, to), &w.queue);
		from = to;
		to = next_portion(k, &w, from, n);
	}
	wipe_stack(k);
	pass_wipe(&w, n);
	sodium_memzero(w.heads, (size_t)(w.head - w.heads));
	sodium_memzero(w.right_tags, n * sizeof(w.right_tags[0]));
	return w.right;
}

// An empty packet alone is a single block of ChaCha20.
static bool for_libsodium(const struct sl_simd_kernels *k, const struct sl_aead_item *items,
			  size_t n)
{
	return !k->chacha20 || (n == 1 && items[0].len == 0);
}

static const struct sl_simd_kernels *kernels_for(const struct sl_simd_kernels *k,
						 const struct sl_aead_item *items, size_t n)
{
	return n == 1 && items[0].len < SHORT_ALONE && k->alone ? k->alone : k;
}

void sl_aead_seal_with(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n)
{
	k = kernels_for(k, items, n);
	if (for_libsodium(k, items, n)) {
		sl_aead_seal_scalar(items, n);
		return;
	}
	for (size_t i = 0; i < n; i += SL_AEAD_BURST)
		seal_pass(k, items + i, n - i < SL_AEAD_BURST ? n - i : SL_AEAD_BURST);
}

size_t sl_aead_open_with(const struct sl_simd_kernels *k, struct sl_aead_item *items, size_t n)
{
	size_t right = 0;

	k = kernels_for(k, items, n);
	if (for_libsodium(k, items, n))
		return sl_aead_open_scalar(items, n);
	for (size_t i = 0; i < n; i += SL_AEAD_BURST)
		right += open_pass(k, items + i, n - i < SL_AEAD_BURST ? n - i : SL_AEAD_BURST);
	return right;
}

void sl_aead_seal(struct sl_aead_item *items, size_t n)
{
	sl_aead_seal_with(sl_simd_kernels(), items, n);
}

size_t sl_aead_open(struct sl_aead_item *items, size_t n)
{
	return sl_aead_open_with(sl_simd_kernels(), items, n);
}
