// whole: the whole records at the front of a capture's bytes, pcap or pcapng, as they come.
//
// Several captures of one format make a single one: pcap headers behind the first are left out;
// pcapng sections follow one another. What is neither is passed on as it is.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum whole_kind { WHOLE_UNKNOWN, WHOLE_PCAP, WHOLE_PCAPNG, WHOLE_OTHER };

enum { WHOLE_HEADER = 24 }; // bytes of a pcap header

// All zero is empty.
struct whole {
	uint8_t *bytes; // first to len
	size_t first, len, size;

	enum whole_kind kind;         // of the present capture
	bool swapped;                 // it has the other byte order
	bool begun;                   // a capture before had a header
	enum whole_kind kind_before;  // of that
	uint8_t header[WHOLE_HEADER]; // and its header, with WHOLE_PCAP
};

// Another capture begins. What was left of the one before is forgotten.
void whole_begin(struct whole *w);

// Append bytes. Returns 0 or -ENOMEM.
int whole_add(struct whole *w, const void *bytes, size_t n);

// Take what is whole, or at the end of an undamaged capture all there is.
//
// bytes  Set; valid until the next call.
//
// Returns how many, 0 for none; -EINVAL: the capture has another format than the one before.
long whole_take(struct whole *w, bool is_end, const uint8_t **bytes);

void whole_fini(struct whole *w);
