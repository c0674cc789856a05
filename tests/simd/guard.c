#include "tests/simd/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

struct guard guard_create(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t usable = (size + page - 1) / page * page;
	uint8_t *map = mmap(NULL, usable + 2 * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct guard g = {map + page, map + page + usable};

	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map, page, PROT_NONE), 0);
	assert_int_equal(mprotect(g.end, page, PROT_NONE), 0);
	return g;
}

void guard_destroy(struct guard g)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	munmap(g.first - page, (size_t)(g.end - g.first) + 2 * page);
}
