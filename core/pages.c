#include "core/pages.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

static size_t rounded(size_t bytes)
{
	return (bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
}

// Map a hugepage more than asked for and cut off what sticks out of whole ones.
void *sl_pages_map(size_t bytes)
{
	size_t len = rounded(bytes), head;
	uint8_t *all = mmap(NULL, len + HUGE_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (all == MAP_FAILED)
		return NULL;
	head = rounded((uintptr_t)all) - (uintptr_t)all;
	if (head > 0)
		munmap(all, head);
	if (head < HUGE_PAGE)
		munmap(all + head + len, HUGE_PAGE - head);
	madvise(all + head, len, MADV_NOHUGEPAGE); // a kernel without them does without
	return all + head;
}

void *sl_pages_map_large(size_t bytes, size_t ready)
{
	void *p = sl_pages_map(bytes);

	if (!p)
		return NULL;
	madvise(p, rounded(bytes), MADV_HUGEPAGE);
	memset(p, 0, ready);
	return p;
}

void *sl_pages_map_random(size_t bytes)
{
	return bytes < HUGE_PAGE / 2 ? sl_pages_map(bytes)
				     : sl_pages_map_large(bytes, HUGE_PAGE / 2);
}

void sl_pages_unmap(void *p, size_t bytes)
{
	if (p)
		munmap(p, rounded(bytes));
}
