#include "core/ip/source_limit.h"

#include "core/proto/bytes.h"

#include <stdlib.h>
#include <sys/random.h>

enum { WAYS = 4, SECOND_NS = 1000000000 };

struct bucket {
	uint64_t source;
	uint64_t full_ns; // when it will be full again; in the past = it is
};

// A bucket's constants: ns that a token takes, and the most that full_ns may be ahead.
struct speed {
	uint64_t token_ns, ahead_ns;
};

struct sl_source_limit {
	struct speed source, group;
	uint64_t secret; // which sources share a set is nobody's business
	uint64_t mask;   // of sets
	uint64_t *groups;
	struct bucket (*sets)[WAYS];
};

static struct speed speed(uint64_t rate, uint64_t burst)
{
	uint64_t token_ns = SECOND_NS / (rate ? rate : 1);

	token_ns = token_ns ? token_ns : 1;
	return (struct speed){token_ns, token_ns * burst};
}

struct sl_source_limit *sl_source_limit_create(const struct sl_source_limit_options *o)
{
	struct sl_source_limit *l = calloc(1, sizeof(*l));
	uint64_t sets = 1;

	if (!l)
		return NULL;
	while (sets * WAYS < o->sources)
		sets *= 2;
	l->source = speed(o->rate, o->burst);
	l->group = speed(o->group_rate, o->group_burst);
	l->mask = sets - 1;
	l->groups = calloc(o->groups, sizeof(*l->groups));
	l->sets = calloc(sets, sizeof(*l->sets));
	if (!l->groups || !l->sets || getrandom(&l->secret, sizeof(l->secret), GRND_NONBLOCK) < 0) {
		sl_source_limit_destroy(l);
		return NULL;
	}
	return l;
}

void sl_source_limit_destroy(struct sl_source_limit *l)
{
	if (!l)
		return;
	free(l->groups);
	free(l->sets);
	free(l);
}

// Mix as MurmurHash3's finalizer does; the secret keeps others from choosing who collides.
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

// The bucket of a source, or the one that it may have.
static struct bucket *find(struct sl_source_limit *l, uint64_t source)
{
	struct bucket *set = l->sets[mix(source ^ l->secret) & l->mask], *best = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].source == source)
			return &set[i];
		if (set[i].full_ns < best->full_ns)
			best = &set[i];
	}
	*best = (struct bucket){.source = source};
	return best;
}

static bool has_token(uint64_t full_ns, const struct speed *s, uint64_t now_ns)
{
	return full_ns + s->token_ns <= now_ns + s->ahead_ns;
}

static uint64_t taken(uint64_t full_ns, const struct speed *s, uint64_t now_ns)
{
	return (full_ns > now_ns ? full_ns : now_ns) + s->token_ns;
}

bool sl_source_limit_take(struct sl_source_limit *l, uint64_t source, unsigned group,
			  uint64_t now_ns)
{
	struct bucket *b = find(l, source);

	if (!has_token(b->full_ns, &l->source, now_ns) ||
	    !has_token(l->groups[group], &l->group, now_ns))
		return false;
	b->full_ns = taken(b->full_ns, &l->source, now_ns);
	l->groups[group] = taken(l->groups[group], &l->group, now_ns);
	return true;
}

// Above the IPv6 prefixes that a source may have: 0xffff:... is multicast.
uint64_t sl_source_limit_ipv4(const uint8_t ip[4])
{
	return UINT64_C(0xffff) << 48 | load_be32(ip);
}

uint64_t sl_source_limit_ipv6(const uint8_t ip[16])
{
	return load_be64(ip);
}
