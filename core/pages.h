// pages: large tables of zeros.
#pragma once

#include <stddef.h>

// Map `bytes` that take memory only where they are written, a small page at a time, without a
// pause. Any thread. Returns the memory, owned by the caller, or NULL.
void *sl_pages_map(size_t bytes);

// Map `bytes` that are there from the start, in pages of 2 MiB where the kernel has such
// (transparent hugepages): reading all over the table misses the TLB less, and no first write to a
// part of it pauses. Takes some milliseconds for 100 MiB. Any thread. Returns the memory, owned by
// the caller, or NULL.
void *sl_pages_map_whole(size_t bytes);

// Give either back. bytes as it was mapped with. NULL is legal.
void sl_pages_unmap(void *p, size_t bytes);
