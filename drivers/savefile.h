// savefile: writing a capture file, pcap or pcapng, through a large buffer.
//
// libpcap writes classic pcap alone, and by one fwrite per packet; so both formats are ours.
// What a full disk cuts off is taken back to the last whole packet, as far as the file allows.
//
// Thread rule: one thread at a time.
// Spec: pcap-savefile(5); draft-ietf-opsawg-pcapng sections 4.1, 4.2, 4.3.
#pragma once

#include <sluice/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_savefile_format {
	bool pcapng;
	bool micro; // time stamps in micro-, not nanoseconds
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
};

// Open a file for writing, without changing what is in it.
//
// path     Borrowed until close. "-" is standard output.
// running  Where not NULL and its file is the same one: the new savefile continues it where it
//          stands, see sl_savefile_adopt.
//
// Returns 0, or -errno with err filled: what open(2) says; -EBUSY (another app uses it);
// -EINVAL (running has another format). Close it in either case.
int sl_savefile_open(struct sl_savefile *s, const char *path, struct sl_savefile_format format,
		     const struct sl_savefile *running, struct sl_error *err);

// Take over what waits in the buffer of `old`, whose file s continues; nothing where it does not.
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

// Close the file, without a flush; a file that was created and never begun is removed. A closed
// savefile is legal.
// Returns 0 or -errno.
int sl_savefile_close(struct sl_savefile *s);
