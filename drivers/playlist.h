// playlist: the packets of capture files, one file after the other, so many times over.
//
// Held in memory, all of them, or streamed a burst at a time.
//
// Thread rule: one thread at a time.
#pragma once

#include "drivers/capture.h"

#include <sluice/app.h>

enum sl_playlist_mode {
	SL_PLAYLIST_AUTO, // stream what is large or no regular file, unless it is looped
	SL_PLAYLIST_STREAM,
	SL_PLAYLIST_MEMORY,
};

// What to play.
struct sl_playlist_order {
	struct sl_strings files; // at least one; borrowed until close
	uint64_t loops;          // 0 = forever
	enum sl_playlist_mode mode;
	const struct sl_unseal_keys *keys; // of sealed files, borrowed until close; NULL = none
};

// All zero is closed. Others may read it.
struct sl_playlist {
	struct sl_strings files;
	const struct sl_unseal_keys *keys;
	uint64_t loops;            // 0 = forever
	uint64_t loops_done;       // passes over all files
	bool ended;                // the last pass is over
	struct sl_records records; // all packets, or in a stream the last burst
	size_t next;               // record

	bool streaming;
	struct sl_capture capture; // where the stream is
	size_t next_file;
	uint64_t pass_packets;   // read in this pass
	struct sl_error failure; // that ended the stream, or will behind the records
};

// Open captures: read them into memory, or check the headers of all and begin to stream.
//
// Returns 0, or -errno with err filled: as sl_capture_open_with and sl_capture_read, or -EINVAL
// (what is no regular file cannot be streamed twice). Close it in either case.
int sl_playlist_open(struct sl_playlist *l, const struct sl_playlist_order *order,
		     struct sl_error *err);

// The next packets, in order.
//
// record  Filled with up to max (at most SL_BURST) records, valid until the next call; their
//         frames are in l->records.
//
// Returns how many; 0 at the end, or, with l->failure filled, at a damaged or vanished file.
unsigned sl_playlist_next(struct sl_playlist *l, const struct sl_record **record, unsigned max);

// Returns which part of all passes has been handed out, 0 to 1; 0 where nobody knows.
double sl_playlist_done(const struct sl_playlist *l);

// A closed playlist is legal.
void sl_playlist_close(struct sl_playlist *l);
