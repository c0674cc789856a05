// A capture file of any bytes: streamed, held in memory, written again and read back.

#include "drivers/pace.h"
#include "drivers/playlist.h"
#include "drivers/savefile.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// What was read: how many packets, and a hash of their bytes and time stamps.
struct summary {
	size_t packets;
	uint64_t hash;
};

static void mix(uint64_t *hash, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*hash = (*hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
}

static void summarize(struct summary *s, const struct sl_playlist *l, const struct sl_record *r)
{
	if (r->flags & SL_RECORD_TOO_LONG)
		return;
	mix(&s->hash, &r->stamp_ns, sizeof(r->stamp_ns));
	mix(&s->hash, sl_record_data(&l->records, r), r->len);
	s->packets++;
}

static void write_one(struct sl_savefile *out, const struct sl_playlist *l,
		      const struct sl_record *r)
{
	size_t written;

	if (r->flags & SL_RECORD_TOO_LONG)
		return;
	if (!sl_savefile_has_room(out, r->len))
		must(sl_savefile_flush(out, &written) == 0);
	sl_savefile_add(out, sl_record_data(&l->records, r), r->len, r->len, r->stamp_ns);
}

// Replay all packets into s and, where out is not NULL, into a savefile.
// Returns false where the capture does not open or is damaged.
static bool replay(const char *path, enum sl_playlist_mode mode, size_t size, struct summary *s,
		   struct sl_savefile *out)
{
	const struct sl_record *record[SL_BURST];
	struct sl_pace pace = {.mode = SL_PACE_ORIGINAL, .ns_per_unit = 0.5};
	struct sl_playlist_order order = {
		.files = {.items = &path, .count = 1}, .loops = 1, .mode = mode};
	struct sl_error err = {0};
	struct sl_playlist l;
	uint64_t due = 0, next;
	unsigned n;
	bool whole;

	*s = (struct summary){0};
	whole = sl_playlist_open(&l, &order, &err) == 0;
	must(whole == !err.text[0]);
	while (whole && (n = sl_playlist_next(&l, record, SL_BURST)) > 0) {
		for (unsigned i = 0; i < n; i++) {
			summarize(s, &l, record[i]);
			if (out)
				write_one(out, &l, record[i]);
			next = sl_pace_next(&pace, record[i]->flags & SL_RECORD_FIRST,
					    record[i]->stamp_ns, record[i]->len);
			must(next >= due);
			due = next;
		}
	}
	must(l.records.bytes_size <= (1 << 20) + 32 * size); // whatever lengths it claims
	whole = whole && !l.failure.text[0];
	sl_playlist_close(&l);
	return whole;
}

static int memory_file(char *path, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	must(fd >= 0);
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

// What was read, written as pcapng, must read the same.
static void round_trip(const char *path, size_t size, const struct summary *expected)
{
	const struct sl_savefile_format format = {.pcapng = true};
	struct sl_savefile out;
	struct summary s;
	char copy[32];
	size_t written;
	int fd = memory_file(copy, sizeof(copy));

	must(sl_savefile_open(&out, copy, format, NULL, NULL) == 0);
	must(sl_savefile_begin(&out) == 0);
	must(replay(path, SL_PLAYLIST_MEMORY, size, &s, &out));
	must(sl_savefile_flush(&out, &written) == 0);
	must(sl_savefile_close(&out) == 0);
	must(replay(copy, SL_PLAYLIST_STREAM, 8 * size, &s, NULL));
	must(s.packets == expected->packets && s.hash == expected->hash);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct summary streamed, held;
	char path[32];
	int fd = memory_file(path, sizeof(path));
	bool whole;

	must(write(fd, data, size) == (ssize_t)size);
	whole = replay(path, SL_PLAYLIST_STREAM, size, &streamed, NULL);
	must(replay(path, SL_PLAYLIST_MEMORY, size, &held, NULL) == whole);
	if (whole) {
		must(streamed.packets == held.packets && streamed.hash == held.hash);
		round_trip(path, size, &held);
	}
	close(fd);
	return 0;
}
