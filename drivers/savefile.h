// savefile: writing a capture file, pcap or pcapng, through a large buffer.
//
// libpcap writes classic pcap alone, and by one fwrite per packet; so both formats are ours.
// What a full disk cuts off is taken back to the last whole packet, as far as the file allows.
//
// With a seal, what would go into the file is sealed on its way, by the buffer. Where the path is a
// folder then, the file is a row of segments in it. What a full disk cuts off of these is taken
// back to the last whole chunk.
//
// Thread rule: one thread at a time.
// Spec: pcap-savefile(5); draft-ietf-opsawg-pcapng sections 4.1, 4.2, 4.3.
#pragma once

#include "drivers/segments.h"

enum { SL_SAVEFILE_BUFFER = 256 << 10 }; // bytes written at once, at most

struct sl_savefile_format {
	bool pcapng;
	bool micro;           // time stamps in micro-, not nanoseconds
	struct sl_seal *seal; // for that many bytes; borrowed until close. NULL = not sealed
};

// All zero is closed.
struct sl_savefile {
	const char *path;
	struct sl_savefile_format format;
	int fd;
	bool regular;
	bool created; // it did not exist before
	bool begun;   // emptied, header written; or continues another one

	uint8_t *buffer; // NULL = closed
	size_t used;     // bytes waiting in the buffer
	size_t header;   // of them, the header of the file
	size_t waiting;  // packets in the buffer
	uint64_t bytes;  // written so far

	struct sl_segments *segments; // NULL = one file
	struct sl_segment *segment;   // the present one; NULL = failed
	uint64_t segment_bytes;       // written into it
	uint64_t segment_packets;
};

// Open a file for writing, without changing what is in it.
//
// path     Borrowed until close. "-" is standard output.
// running  Where not NULL and its file is the same one: the new savefile continues it where it
//          stands, see sl_savefile_adopt.
//
// Returns 0, or -errno with err filled: what open(2) says; -EBUSY (another app uses it);
// -EINVAL (running has another format or seal). Close it in either case.
int sl_savefile_open(struct sl_savefile *s, const char *path, struct sl_savefile_format format,
		     const struct sl_savefile *running, struct sl_error *err);

// Take over what waits in the buffer of `old`, whose file s continues; nothing where it does not,
// and of segments, as each savefile begins a row of its own.
void sl_savefile_adopt(struct sl_savefile *s, struct sl_savefile *old);

// Empty the file, and put the header into the buffer. Once, before the first packet.
// Returns 0 or -errno.
int sl_savefile_begin(struct sl_savefile *s);

// Whether a packet of len bytes goes into the buffer before a flush. Any goes into an empty one.
bool sl_savefile_has_room(const struct sl_savefile *s, uint32_t len);

// Put a packet into the buffer, which has room for it.
//
// data       The first `captured` of its `len` bytes.
// stamp_ns   Since 1970.
void sl_savefile_add(struct sl_savefile *s, const uint8_t *data, uint32_t captured, uint32_t len,
		     uint64_t stamp_ns);

// Write the buffer. It is empty then.
//
// written  How many of the waiting packets are in the file.
//
// Returns 0 or -errno: then the file ends, where it can be cut, with the last whole packet.
int sl_savefile_flush(struct sl_savefile *s, size_t *written);

// Whether sl_savefile_turn can: there are segments, and the next one is ready.
bool sl_savefile_can_turn(const struct sl_savefile *s);

// Write the buffer as the end of a segment, and begin the next one.
//
// Returns 0 or -errno, as sl_savefile_flush.
int sl_savefile_turn(struct sl_savefile *s, size_t *written);

// Write the buffer, and the end of a sealed file: nothing can be added any more. Waits until the
// segments have their names.
//
// Returns 0 or -errno, as sl_savefile_flush.
int sl_savefile_finish(struct sl_savefile *s, size_t *written);

// Why segments cannot be begun or named, or NULL. Lives until close.
const char *sl_savefile_trouble(const struct sl_savefile *s);

// Close the file, without a flush; a file that was created and never begun is removed. A closed
// savefile is legal.
// Returns 0 or -errno.
int sl_savefile_close(struct sl_savefile *s);
