#include "drivers/playlist.h"

#include <errno.h>
#include <sys/stat.h>

enum {
	STREAM_FROM = 64 << 20, // bytes of files from which on "auto" streams
	LOAD_STEP = 4096,       // packets
};

static int load_file(struct sl_playlist *l, const char *path, struct sl_error *err)
{
	struct sl_capture c;
	int n = sl_capture_open_with(&c, path, l->keys, err);

	if (n < 0)
		return n;
	do
		n = sl_capture_read(&c, &l->records, LOAD_STEP, err);
	while (n == LOAD_STEP);
	sl_capture_close(&c);
	return n < 0 ? n : 0;
}

static int load(struct sl_playlist *l, struct sl_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->files.count; i++)
		r = load_file(l, l->files.items[i], err);
	return r;
}

// Open and close a capture of the stream. A pipe gives its bytes once: it is opened when its
// turn has come.
static int check_file(const struct sl_playlist *l, const char *path, struct sl_error *err)
{
	struct sl_capture c;
	struct stat st;
	int r;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return l->loops == 1 ? 0
				     : sl_error_set(err, -EINVAL,
						    "%s: is no regular file: it cannot be streamed "
						    "more than once",
						    path);
	r = sl_capture_open_with(&c, path, l->keys, err);
	if (r == 0)
		sl_capture_close(&c);
	return r;
}

static int begin_stream(struct sl_playlist *l, struct sl_error *err)
{
	for (size_t i = 0; i < l->files.count; i++) {
		int r = check_file(l, l->files.items[i], err);

		if (r < 0)
			return r;
	}
	l->next_file = 1;
	return sl_capture_open_with(&l->capture, l->files.items[0], l->keys, err);
}

static bool wants_stream(const struct sl_playlist *l, enum sl_playlist_mode mode)
{
	uint64_t bytes = 0;
	struct stat st;

	if (mode != SL_PLAYLIST_AUTO)
		return mode == SL_PLAYLIST_STREAM;
	if (l->loops != 1)
		return false;
	for (size_t i = 0; i < l->files.count; i++) {
		if (stat(l->files.items[i], &st) < 0)
			continue;
		if (!S_ISREG(st.st_mode))
			return true;
		bytes += (uint64_t)st.st_size;
	}
	return bytes >= STREAM_FROM;
}

int sl_playlist_open(struct sl_playlist *l, const struct sl_playlist_order *order,
		     struct sl_error *err)
{
	*l = (struct sl_playlist){
		.files = order->files, .keys = order->keys, .loops = order->loops};
	l->streaming = wants_stream(l, order->mode);
	return l->streaming ? begin_stream(l, err) : load(l, err);
}

// Count the pass over the files that ended. Returns false where it was the last; a pass without
// packets is.
static bool next_pass(struct sl_playlist *l, bool had_packets)
{
	l->loops_done++;
	l->ended = l->loops_done == l->loops || !had_packets;
	return !l->ended;
}

// Open the next file of the stream. Returns false where there is none or it does not open.
static bool next_file(struct sl_playlist *l)
{
	sl_capture_close(&l->capture);
	if (l->next_file == l->files.count) {
		if (!next_pass(l, l->pass_packets > 0))
			return false;
		l->next_file = 0;
		l->pass_packets = 0;
	}
	return sl_capture_open_with(&l->capture, l->files.items[l->next_file++], l->keys,
				    &l->failure) == 0;
}

// Read the next burst of the stream. Packets in front of damage come before its error.
static void read_stream(struct sl_playlist *l, unsigned max)
{
	sl_records_clear(&l->records);
	l->next = 0;
	while (l->records.count == 0 && l->capture.pcap && !l->failure.text[0]) {
		int n = sl_capture_read(&l->capture, &l->records, max, &l->failure);

		l->pass_packets += l->records.count;
		if (n == 0 && !next_file(l))
			return;
	}
}

unsigned sl_playlist_next(struct sl_playlist *l, const struct sl_record **record, unsigned max)
{
	struct sl_records *r = &l->records;
	unsigned n = 0;

	if (l->streaming)
		read_stream(l, max);
	while (n < max) {
		if (l->next < r->count) {
			record[n++] = &r->index[l->next++];
			continue;
		}
		if (l->streaming || l->ended || !next_pass(l, r->count > 0))
			break;
		l->next = 0;
	}
	return n;
}

double sl_playlist_done(const struct sl_playlist *l)
{
	double pass = 0; // which part of the present one

	if (l->ended)
		return 1;
	if (l->loops == 0)
		return 0;
	if (l->streaming)
		pass = ((double)l->next_file - 1 + sl_capture_done(&l->capture)) /
		       (double)l->files.count;
	else if (l->records.count > 0)
		pass = (double)l->next / (double)l->records.count;
	return ((double)l->loops_done + pass) / (double)l->loops;
}

void sl_playlist_close(struct sl_playlist *l)
{
	sl_capture_close(&l->capture);
	sl_records_fini(&l->records);
}
