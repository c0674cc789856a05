// Whether the peers that tunnel-handshake's settings want can be had together: no two have one key
// or one prefix, and there is room for them. Control thread.

#include "apps/tunnel_handshake.h"

#include <errno.h>
#include <sluice/tunnel.h>
#include <stdlib.h>

static int no_memory(struct sl_error *err)
{
	return sl_error_set(err, -ENOMEM, "out of memory");
}

static void blame_peer(struct sl_shake *s, size_t i)
{
	s->blame = (struct sl_blame){.key = "peers", .item = i};
}

// ---- what two of them have

// Something that one peer alone may have, to be sorted.
struct claim {
	uint8_t bytes[SL_NOISE_KEY];
	size_t peer; // its number among the wanted
};

static int by_bytes(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int d = memcmp(x->bytes, y->bytes, sizeof(x->bytes));

	return d ? d : (x->peer > y->peer) - (x->peer < y->peer);
}

// The first claim that a peer further up has made already; *first is that one's. Of those of one
// peer none is meant.
static const struct claim *find_second(struct claim *claims, size_t n, const struct claim **first)
{
	const struct claim *second = NULL;

	qsort(claims, n, sizeof(*claims), by_bytes);
	for (size_t i = 1; i < n; i++) {
		const struct claim *a = &claims[i - 1], *b = &claims[i];

		if (!memcmp(a->bytes, b->bytes, sizeof(a->bytes)) && a->peer != b->peer &&
		    (!second || b->peer < second->peer)) {
			*first = a;
			second = b;
		}
	}
	return second;
}

static int check_keys(struct sl_shake *s, struct sl_error *err)
{
	struct claim *claims = calloc(s->n_wanted + 1, sizeof(*claims));
	const struct claim *first, *second;
	int ret = 0;

	if (!claims)
		return no_memory(err);
	for (size_t i = 0; i < s->n_wanted; i++) {
		memcpy(claims[i].bytes, s->wanted[i].public_key, SL_NOISE_KEY);
		claims[i].peer = i;
	}
	second = find_second(claims, s->n_wanted, &first);
	if (second) {
		blame_peer(s, second->peer);
		ret = sl_error_set(err, -EINVAL, "peers %zu and %zu have one key", first->peer + 1,
				   second->peer + 1);
	}
	free(claims);
	return ret;
}

static size_t count_prefixes(const struct sl_shake *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_wanted; i++)
		n += s->wanted[i].n_allowed;
	return n;
}

static void claim_prefixes(const struct sl_shake *s, struct claim *c)
{
	for (size_t i = 0; i < s->n_wanted; i++)
		for (size_t k = 0; k < s->wanted[i].n_allowed; k++, c++) {
			struct sl_prefix p = sl_prefix_masked(&s->wanted[i].allowed[k].prefix);

			memcpy(c->bytes, &p, sizeof(p));
			c->peer = i;
		}
}
_Static_assert(sizeof(struct sl_prefix) <= SL_NOISE_KEY, "a claim holds either");

// A prefix is one peer's; a longer one inside it may be another's.
static int check_prefixes(struct sl_shake *s, struct sl_error *err)
{
	size_t n = count_prefixes(s);
	struct claim *claims = calloc(n + 1, sizeof(*claims));
	const struct claim *first, *second;
	char text[SL_IP_TEXT];
	struct sl_prefix p;
	int ret = 0;

	if (!claims)
		return no_memory(err);
	claim_prefixes(s, claims);
	second = find_second(claims, n, &first);
	if (second) {
		blame_peer(s, second->peer);
		memcpy(&p, second->bytes, sizeof(p));
		ret = sl_error_set(err, -EINVAL,
				   "peers %zu and %zu both have %s, which can belong to one",
				   first->peer + 1, second->peer + 1, sl_prefix_print(&p, text));
	}
	free(claims);
	return ret;
}

// ---- all of them

static int check_own_key(struct sl_shake *s, struct sl_error *err)
{
	for (size_t i = 0; s->local.has_key && i < s->n_wanted; i++) {
		blame_peer(s, i);
		if (!memcmp(s->wanted[i].public_key, s->local.public_key, SL_NOISE_KEY))
			return sl_error_set(err, -EINVAL, "peer %zu has the tunnel's own key",
					    i + 1);
	}
	return 0;
}

static int check_numbers(struct sl_shake *s, struct sl_error *err)
{
	size_t prefixes = count_prefixes(s);

	blame_peer(s, s->max_peers);
	if (s->n_wanted > s->max_peers)
		return sl_error_set(err, -ENOSPC, "%zu peers, but max-peers is %u", s->n_wanted,
				    s->max_peers);
	if (prefixes > s->max_prefixes)
		return sl_error_set(err, -ENOSPC, "%zu prefixes of peers, but max-prefixes is %llu",
				    prefixes, (unsigned long long)s->max_prefixes);
	return 0;
}

int sl_shake_can_want(struct sl_shake *s, const struct sl_shake *before, struct sl_error *err)
{
	size_t news = 4 * s->n_wanted + count_prefixes(s);
	int ret = check_numbers(s, err);

	if (ret == 0)
		ret = check_own_key(s, err);
	if (ret == 0)
		ret = check_keys(s, err);
	if (ret == 0)
		ret = check_prefixes(s, err);
	if (before)
		news += before->news.n + sl_allowed_count(before->allowed) +
			2 * (size_t)sl_roster_end(before->roster);
	if (ret == 0 && sl_shake_news_reserve(s, news) < 0)
		ret = no_memory(err);
	return ret;
}
