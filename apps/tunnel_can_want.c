// Whether the peers that tunnel-handshake's settings want can be had together: no two have one key
// or one prefix, and there is room for them. Control thread.

#include "apps/tunnel_handshake.h"
#include "core/tunnel/claims.h"

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

static int check_keys(struct sl_shake *s, struct sl_error *err)
{
	struct sl_claim *claims = calloc(s->n_wanted + 1, sizeof(*claims));
	const struct sl_claim *first, *second;
	int ret = 0;

	if (!claims)
		return no_memory(err);
	for (size_t i = 0; i < s->n_wanted; i++) {
		memcpy(claims[i].bytes, s->wanted[i].public_key, SL_NOISE_KEY);
		claims[i].order = i;
	}
	second = sl_claims_second(claims, s->n_wanted, &first);
	if (second) {
		blame_peer(s, second->order);
		ret = sl_error_set(err, -EINVAL, "peers %zu and %zu have one key", first->order + 1,
				   second->order + 1);
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

static void claim_prefixes(const struct sl_shake *s, struct sl_claim *c)
{
	for (size_t i = 0; i < s->n_wanted; i++)
		for (size_t k = 0; k < s->wanted[i].n_allowed; k++, c++) {
			struct sl_prefix p = sl_prefix_masked(&s->wanted[i].allowed[k].prefix);

			memcpy(c->bytes, &p, sizeof(p));
			c->order = i;
		}
}
_Static_assert(sizeof(struct sl_prefix) <= SL_CLAIM_BYTES, "a claim holds either");
_Static_assert((int)SL_NOISE_KEY <= SL_CLAIM_BYTES, "a claim holds either");

// A prefix is one peer's; a longer one inside it may be another's.
static int check_prefixes(struct sl_shake *s, struct sl_error *err)
{
	size_t n = count_prefixes(s);
	struct sl_claim *claims = calloc(n + 1, sizeof(*claims));
	const struct sl_claim *first, *second;
	char text[SL_IP_TEXT];
	struct sl_prefix p;
	int ret = 0;

	if (!claims)
		return no_memory(err);
	claim_prefixes(s, claims);
	second = sl_claims_second(claims, n, &first);
	if (second) {
		blame_peer(s, second->order);
		memcpy(&p, second->bytes, sizeof(p));
		ret = sl_error_set(err, -EINVAL,
				   "peers %zu and %zu both have %s, which can belong to one",
				   first->order + 1, second->order + 1, sl_prefix_print(&p, text));
	}
	free(claims);
	return ret;
}

// ---- all of them

static int check_own_key(struct sl_shake *s, struct sl_error *err)
{
	for (size_t i = 0; i < s->n_wanted; i++) {
		blame_peer(s, i);
		if (sl_shake_is_us(s, s->wanted[i].public_key))
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
