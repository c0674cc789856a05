#include "drivers/xdp.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_xdp(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_XDP;
}

static bool contains(const struct sl_xdp_sockets *s, int fd)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->fds[i] == fd)
			return true;
	return false;
}

void sl_xdp_sockets_note(struct sl_xdp_sockets *s)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	s->count = 0;
	if (!d)
		return;
	while ((e = readdir(d)) && s->count < SL_XDP_SOCKETS_MAX) {
		int fd = atoi(e->d_name);

		if (is_xdp(fd))
			s->fds[s->count++] = fd;
	}
	closedir(d);
}

void sl_xdp_sockets_subtract(struct sl_xdp_sockets *s, const struct sl_xdp_sockets *others)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->count; i++)
		if (!contains(others, s->fds[i]))
			s->fds[kept++] = s->fds[i];
	s->count = kept;
}

void sl_xdp_sockets_close(const struct sl_xdp_sockets *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (is_xdp(s->fds[i]))
			close(s->fds[i]);
}

static int say_nothing(int level, const char *format, va_list values)
{
	(void)level;
	(void)format;
	(void)values;
	return 0;
}

// The libraries belong to a driver that is loaded at run time, so they are not linked to.
static void silence(const char *library, const char *setter)
{
	typedef int (*printer)(int level, const char *format, va_list values);
	void *handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
	printer (*set)(printer print);

	if (!handle)
		return;
	*(void **)&set = dlsym(handle, setter);
	if (set)
		set(say_nothing);
	dlclose(handle);
}

void sl_xdp_silence(void)
{
	silence("libxdp.so.1", "libxdp_set_print");
	silence("libbpf.so.1", "libbpf_set_print");
}
