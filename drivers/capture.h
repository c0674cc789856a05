// capture: reading a capture file by libpcap, with errors that name file and byte.
//
// pcap and pcapng, micro- and nanoseconds, both byte orders; Ethernet only. Sealed ones, too, which
// are never in the clear anywhere but in memory.
//
// Thread rule: one thread at a time.
#pragma once

#include "drivers/records.h"

#include <sluice/unseal.h>

// All zero is closed.
struct sl_capture {
	const char *path;
	struct pcap *pcap;
	char *buffer; // of its FILE
	bool begun;   // a packet was read

	struct sl_unseal *unseal; // what the FILE reads from; NULL = the file
	struct sl_error failure;  // of that
};

// Open a capture and read its header.
//
// path  Borrowed until close.
//
// Returns 0, or -errno with err filled: what open(2) says; -EISDIR; -ETXTBSY (an app is writing
// it); -EBADMSG (empty, damaged or no capture); -EPROTONOSUPPORT (not Ethernet); -ENOKEY (sealed).
int sl_capture_open(struct sl_capture *c, const char *path, struct sl_error *err);

// The same where a sealed capture is opened with keys, which may be NULL; others are opened all the
// same. Returns also what sl_unseal_open does.
//
// keys  Borrowed during the call.
int sl_capture_open_with(struct sl_capture *c, const char *path, const struct sl_unseal_keys *keys,
			 struct sl_error *err);

// Read up to max more packets and append them to r.
//
// Returns how many; fewer than max only at the end of the file. Or, with err filled, -EBADMSG
// (damaged; the packets in front of the damage stand in r) or -ENOMEM.
int sl_capture_read(struct sl_capture *c, struct sl_records *r, unsigned max, struct sl_error *err);

// Returns which part of the file has been read, 0 to 1; 0 where it is no regular file or closed.
double sl_capture_done(const struct sl_capture *c);

// A closed capture is legal.
void sl_capture_close(struct sl_capture *c);
