// pages: large tables of zeros.
#pragma once

#include <stddef.h>

// Map `bytes` that take memory only where they are written, a small page at a time, without a
// pause. Any thread. Returns the memory, owned by the caller, or NULL.
void *sl_pages_map(size_t bytes);

// Map `bytes` in pages of 2 MiB where the kernel has such (transparent hugepages), so that reading
// all over the table misses the TLB less. The first write to such a page pauses, as a rule for a
// tenth of a millisecond, seldom for twenty: the first `ready` bytes are there from the start,
// which takes some milliseconds for 100 MiB. Any thread. Returns the memory, owned by the caller,
// or NULL.
void *sl_pages_map_large(size_t bytes, size_t ready);

// Map `bytes` that are read all over: in large pages where they would fill one at least half, the
// first of which is there from the start, and else in small ones. A table that could be large and
// is not takes little. Any thread. Returns the memory, owned by the caller, or NULL.
void *sl_pages_map_random(size_t bytes);

// Give any of them back. bytes as it was mapped with. NULL is legal.
void sl_pages_unmap(void *p, size_t bytes);
