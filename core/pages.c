#include "core/pages.h"

#include <stdint.h>
#include <sys/mman.h>

enum {
	HUGE_PAGE = 2 << 20,
	LARGE = 16 << 20, // tables below are not worth hugepages, which they would use in part
};

static size_t rounded(size_t bytes)
{
	return (bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
}

// Map a page more than asked for and cut off what sticks out of whole hugepages.
void *sl_pages_map(size_t bytes)
{
	size_t len = rounded(bytes);
	uint8_t *all = mmap(NULL, len + HUGE_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	if (all == MAP_FAILED)
		return NULL;
	head = rounded((uintptr_t)all) - (uintptr_t)all;
	if (head > 0)
		munmap(all, head);
	if (head < HUGE_PAGE)
		munmap(all + head + len, HUGE_PAGE - head);
	if (len >= LARGE)
		madvise(all + head, len, MADV_HUGEPAGE); // a kernel without does without
	return all + head;
}

void sl_pages_unmap(void *p, size_t bytes)
{
	if (p)
		munmap(p, rounded(bytes));
}
