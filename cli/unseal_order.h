// unseal_order: the segments of sealed captures in the order in which they follow one another.
#pragma once

#include <sluice/unseal.h>

struct unseal_segment {
	const char *path;
	struct sl_unseal_info info;

	// Found by unseal_order.
	bool has_before; // the segment that it follows stands in front of it
	bool has_after;  // the one that follows it stands behind it
	bool is_again;   // a segment in front of it is the same
};

// Put segments in order: those of one capture together, captures by which of their segments came
// first. Each of the n is given with path and info.
//
// Returns 0 or -ENOMEM.
int unseal_order(struct unseal_segment *segments, size_t n);
