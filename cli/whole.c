#include "cli/whole.h"

#include <byteswap.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PCAP_RECORD = 16,  // bytes in front of a packet
	PCAP_CAPTURED = 8, // where its length stands
	BLOCK_MIN = 12,    // bytes of a pcapng block
	BLOCK_SECTION = 0x0a0d0d0a,
	ORDER_AT = 8, // where a section says its byte order
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	RECORD_MAX = 16 << 20, // what claims more is no capture
};

static const uint32_t magics[] = {0xa1b2c3d4, 0xa1b23c4d};

static uint32_t load(const struct whole *w, size_t at, bool swapped)
{
	uint32_t value;

	memcpy(&value, w->bytes + at, sizeof(value));
	return swapped ? bswap_32(value) : value;
}

static void find_kind(struct whole *w)
{
	uint32_t word = load(w, w->first, false);

	w->kind = WHOLE_OTHER;
	if (word == BLOCK_SECTION)
		w->kind = WHOLE_PCAPNG;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (word != magics[i] && word != bswap_32(magics[i]))
			continue;
		w->kind = WHOLE_PCAP;
		w->swapped = word != magics[i];
	}
}

// Learn what the capture is, once its first bytes are there. Returns whether they are, or -EINVAL.
static int read_header(struct whole *w, bool is_end)
{
	size_t n = w->len - w->first;

	if (w->kind != WHOLE_UNKNOWN)
		return 1;
	if (n < WHOLE_HEADER) {
		w->kind = is_end ? WHOLE_OTHER : WHOLE_UNKNOWN;
		return is_end;
	}
	find_kind(w);
	if (w->begun && w->kind != w->kind_before)
		return -EINVAL;
	if (w->kind == WHOLE_PCAP && w->begun) {
		if (memcmp(w->header, w->bytes + w->first, WHOLE_HEADER) != 0)
			return -EINVAL;
		w->first += WHOLE_HEADER;
	}
	if (w->kind == WHOLE_PCAP)
		memcpy(w->header, w->bytes + w->first - (w->begun ? WHOLE_HEADER : 0),
		       WHOLE_HEADER);
	return 1;
}

// Bytes of the record at `at`, of which enough are there to tell; 0 where it is none.
static size_t record_size(struct whole *w, size_t at)
{
	size_t n;

	if (w->kind == WHOLE_PCAP) {
		n = load(w, at + PCAP_CAPTURED, w->swapped);
		return n > RECORD_MAX ? 0 : n + PCAP_RECORD;
	}
	if (load(w, at, false) == BLOCK_SECTION)
		w->swapped = load(w, at + ORDER_AT, false) != BYTE_ORDER_MAGIC;
	n = load(w, at + 4, w->swapped);
	return n < BLOCK_MIN || n > RECORD_MAX ? 0 : n;
}

// Bytes behind `at` that are whole records.
static size_t count_whole(struct whole *w, size_t at)
{
	size_t min = w->kind == WHOLE_PCAP ? PCAP_RECORD : BLOCK_MIN, start = at, n;

	while (w->len - at >= min) {
		n = record_size(w, at);
		if (n == 0) {
			w->kind = WHOLE_OTHER;
			return w->len - start;
		}
		if (n > w->len - at)
			break;
		at += n;
	}
	return at - start;
}

void whole_begin(struct whole *w)
{
	w->first = w->len = 0;
	w->begun = w->begun || w->kind != WHOLE_UNKNOWN;
	if (w->kind != WHOLE_UNKNOWN)
		w->kind_before = w->kind;
	w->kind = WHOLE_UNKNOWN;
	w->swapped = false;
}

int whole_add(struct whole *w, const void *bytes, size_t n)
{
	uint8_t *larger;

	if (w->first > 0)
		memmove(w->bytes, w->bytes + w->first, w->len - w->first);
	w->len -= w->first;
	w->first = 0;
	if (w->len + n > w->size) {
		larger = realloc(w->bytes, 2 * (w->len + n));
		if (!larger)
			return -ENOMEM;
		w->bytes = larger;
		w->size = 2 * (w->len + n);
	}
	memcpy(w->bytes + w->len, bytes, n);
	w->len += n;
	return 0;
}

long whole_take(struct whole *w, bool is_end, const uint8_t **bytes)
{
	bool is_new = w->kind == WHOLE_UNKNOWN;
	int r = read_header(w, is_end);
	size_t n, header;

	*bytes = w->bytes + w->first;
	if (r <= 0)
		return r;
	header = is_new && w->kind == WHOLE_PCAP && !w->begun ? WHOLE_HEADER : 0;
	*bytes = w->bytes + w->first;
	if (is_end || w->kind == WHOLE_OTHER)
		n = w->len - w->first;
	else
		n = header + count_whole(w, w->first + header);
	w->first += n;
	return (long)n;
}

void whole_fini(struct whole *w)
{
	free(w->bytes);
	*w = (struct whole){0};
}
