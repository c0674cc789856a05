// pages: large tables that take memory only where they are written.
#pragma once

#include <stddef.h>

// Map `bytes` of zeros. Physical memory comes with the first write to each page, to large tables in
// pages of 2 MiB where the kernel has such (transparent hugepages): reading all over the table then
// misses the TLB less. Any thread. Returns the memory, owned by the caller, or NULL.
void *sl_pages_map(size_t bytes);

// Give it back. bytes as it was mapped with. NULL is legal.
void sl_pages_unmap(void *p, size_t bytes);
