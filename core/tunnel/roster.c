#include "core/tunnel/roster.h"

#include <sodium.h>
#include <stdlib.h>

struct name {
	uint8_t key[SL_NOISE_KEY];
	uint32_t id;
};

struct sl_roster {
	struct sl_roster_peer *peers;
	struct name *names;        // in the order of the keys
	uint32_t n, max, end, low; // numbers below low are in use
	uint32_t generation;       // of the newest peer
};

struct sl_roster *sl_roster_create(uint32_t max)
{
	struct sl_roster *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->max = max;
	r->peers = calloc(max, sizeof(*r->peers));
	r->names = calloc(max, sizeof(*r->names));
	if (r->peers && r->names)
		return r;
	sl_roster_destroy(r);
	return NULL;
}

void sl_roster_destroy(struct sl_roster *r)
{
	if (!r)
		return;
	if (r->peers)
		sodium_memzero(r->peers, r->end * sizeof(*r->peers));
	free(r->peers);
	free(r->names);
	free(r);
}

// Where the key is among the names, or would be.
static uint32_t locate(const struct sl_roster *r, const uint8_t *key)
{
	uint32_t low = 0, high = r->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(r->names[middle].key, key, SL_NOISE_KEY) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct sl_roster *r, uint32_t at, const uint8_t *key)
{
	return at < r->n && memcmp(r->names[at].key, key, SL_NOISE_KEY) == 0;
}

uint32_t sl_roster_find(const struct sl_roster *r, const uint8_t public_key[SL_NOISE_KEY])
{
	uint32_t at = locate(r, public_key);

	return is_at(r, at, public_key) ? r->names[at].id : UINT32_MAX;
}

uint32_t sl_roster_add(struct sl_roster *r, const uint8_t public_key[SL_NOISE_KEY])
{
	uint32_t at = locate(r, public_key), id = r->low;

	if (r->n == r->max || is_at(r, at, public_key))
		return UINT32_MAX;
	while (r->peers[id].used)
		id++;
	memmove(&r->names[at + 1], &r->names[at], (r->n - at) * sizeof(r->names[0]));
	memcpy(r->names[at].key, public_key, SL_NOISE_KEY);
	r->names[at].id = id;
	r->n++;
	memcpy(r->peers[id].key, public_key, SL_NOISE_KEY);
	r->low = id + 1;
	r->peers[id].used = true;
	r->peers[id].generation = ++r->generation;
	if (id >= r->end)
		r->end = id + 1;
	return id;
}

void sl_roster_remove(struct sl_roster *r, uint32_t id)
{
	uint32_t at = 0;

	while (at < r->n && r->names[at].id != id)
		at++;
	if (at == r->n)
		return;
	r->n--;
	r->low = id < r->low ? id : r->low;
	memmove(&r->names[at], &r->names[at + 1], (r->n - at) * sizeof(r->names[0]));
	sodium_memzero(&r->peers[id], sizeof(r->peers[id]));
}

struct sl_roster_peer *sl_roster_peer(struct sl_roster *r, uint32_t id)
{
	return &r->peers[id];
}

uint32_t sl_roster_end(const struct sl_roster *r)
{
	return r->end;
}
