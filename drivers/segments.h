// segments: a folder of sealed captures that follow one another, each named by its SHA-256.
//
// A thread of its own, the clerk, makes the next segment ready, hashes what has been written, and
// names what is complete. So the worker that captures makes no system call for all this, but one
// that wakes the clerk when a segment begins, and never waits: a segment goes on until the next one
// is ready.
//
// Thread rule: open and close belong to the control thread, the rest to one worker.
#pragma once

#include "drivers/seal.h"

#include <stdatomic.h>

// One file. Others than the clerk use these fields alone.
struct sl_segment {
	int fd;
	struct sl_sealer sealer;
	uint8_t header[SL_SEALED_HEADER_MAX];
	size_t header_len;

	// Of the worker that writes the segment, for the clerk.
	_Atomic uint64_t written; // bytes in the file
	_Atomic int state;
};

enum { SL_SEGMENT_OPEN, SL_SEGMENT_ENDED, SL_SEGMENT_ABANDONED };

struct sl_segments;

// Open the folder, make the first segment, start the clerk.
//
// path  Borrowed until close.
// seal  Borrowed until close; its keys are read.
//
// Returns 0 or -errno with err filled. Close it in either case.
int sl_segments_open(struct sl_segments **s, const char *path, const struct sl_seal *seal,
		     struct sl_error *err);

// The next segment, to be written from its header on; NULL where it is not ready yet.
struct sl_segment *sl_segments_take(struct sl_segments *s);

// Whether sl_segments_take has one.
bool sl_segments_is_ready(const struct sl_segments *s);

// Say that n more bytes are in the file.
void sl_segment_wrote(struct sl_segment *segment, uint64_t n);

// The worker is done with a segment: it is complete and gets its name, or it stays as it is.
void sl_segment_end(struct sl_segment *segment, bool is_complete);

// Why the clerk cannot do its work, or NULL. Lives until close.
const char *sl_segments_failure(const struct sl_segments *s);

// How many segments have their name.
uint64_t sl_segments_named(const struct sl_segments *s);

// Stop the clerk once all complete segments have their names. Takes as long as hashing what it has
// not hashed yet, and the disk. No segment may be open.
void sl_segments_finish(struct sl_segments *s);

// Finish, and free everything. NULL is legal.
void sl_segments_close(struct sl_segments *s);
