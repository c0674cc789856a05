// records: captured packets in memory, one behind the other.
//
// An array of fixed-size records, and the bytes of all frames in a second one. Both are anonymous
// mappings that grow by moving page tables, not bytes. Every frame starts at a multiple of 16
// and may be read up to the next multiple of 64, so that short frames are copied in whole blocks.
//
// Thread rule: one thread at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	SL_RECORD_ALIGN = 16, // bytes between the places where frames may start
	SL_RECORD_BLOCK = 64, // a frame may be read up to a multiple of this
};

enum {
	SL_RECORD_FIRST = 1,     // the first packet of its capture
	SL_RECORD_TRUNCATED = 2, // the frame was longer than what was captured
	SL_RECORD_TOO_LONG = 4,  // longer than any packet; its bytes are not kept
};

struct sl_record {
	uint64_t stamp_ns; // since 1970
	uint32_t place;    // of the frame, in units of SL_RECORD_ALIGN
	uint16_t len;      // bytes kept
	uint16_t flags;
};

// All zero is empty.
struct sl_records {
	struct sl_record *index;
	uint8_t *bytes;
	size_t count;                  // records
	size_t used;                   // bytes of frames
	size_t index_size, bytes_size; // of the mappings, bytes
	uint32_t longest;              // frame in the captures, kept or not, bytes
};

// First byte of a record's frame.
static inline const uint8_t *sl_record_data(const struct sl_records *r,
					    const struct sl_record *record)
{
	return r->bytes + (size_t)record->place * SL_RECORD_ALIGN;
}

// Append a packet: its record, len and place aside, and a copy of record.len bytes at data.
// Moves everything in memory. Returns 0 or -ENOMEM.
int sl_records_add(struct sl_records *r, struct sl_record record, const uint8_t *data);

// Forget all packets, keep the memory.
void sl_records_clear(struct sl_records *r);

// Free the memory. r is empty then.
void sl_records_fini(struct sl_records *r);
