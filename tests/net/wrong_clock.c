// A clock that is wrong: preloaded, it moves what clock_gettime says by as many seconds as stand in
// the file that WRONG_CLOCK names, and that may change at any time: two int64_t, of the time since
// 1970 and of that since the start of the host. Others than those two clocks stay as they are.

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WALL, BOOT, CLOCKS };

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *t);

// As many seconds as each clock is wrong.
static const volatile int64_t *offsets(void)
{
	static const int64_t none[CLOCKS];
	static const volatile int64_t *mapped;
	const char *path = getenv("WRONG_CLOCK");
	int fd;

	if (mapped)
		return mapped;
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return none;
	mapped = mmap(NULL, sizeof(none), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED)
		abort();
	return mapped;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, id, t);

	if (r == 0 && id == CLOCK_REALTIME)
		t->tv_sec += offsets()[WALL];
	else if (r == 0 && id == CLOCK_BOOTTIME)
		t->tv_sec += offsets()[BOOT];
	return r;
}
