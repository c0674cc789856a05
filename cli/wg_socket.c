#include "cli/wg_socket.h"

#include "cli/wg_connection.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOLDER "/var/run/wireguard"

enum { PATIENCE_MS = 900, PATIENCE_TRIES = 90 }; // with somebody who listens and may soon end

static int failed(const struct wg_socket *s, int code, struct sl_error *err)
{
	return sl_error_set(err, code, "%s: %s", s->address.sun_path, strerror(-code));
}

static int bind_here(const struct wg_socket *s)
{
	const struct sockaddr *address = (const struct sockaddr *)&s->address;

	return bind(s->fd, address, sizeof(s->address)) < 0 ? -errno : 0;
}

// Whether nobody listens on a socket whose file is there.
static bool is_stale(const struct wg_socket *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)&s->address, sizeof(s->address)) < 0 &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

// Bind, in place of who does not listen any more, or will soon not: of an interface that has just
// been removed.
static int bind_patiently(struct wg_socket *s)
{
	const struct timespec pause = {.tv_nsec = PATIENCE_MS * 1000000 / PATIENCE_TRIES};
	int ret = bind_here(s);

	for (unsigned i = 0; ret == -EADDRINUSE && i < PATIENCE_TRIES; i++) {
		if (!is_stale(s) || unlink(s->address.sun_path) < 0)
			nanosleep(&pause, NULL);
		ret = bind_here(s);
	}
	return ret;
}

// Make the file, and the folder where it is not there, for nobody but the owner.
static int make_file(struct wg_socket *s, struct sl_error *err)
{
	mode_t mask = umask(S_IRWXG | S_IRWXO);
	int ret = mkdir(FOLDER, 0755) < 0 && errno != EEXIST ? -errno : bind_patiently(s);

	umask(mask);
	if (ret == -EADDRINUSE)
		return sl_error_set(err, ret, "%s: another program answers there",
				    s->address.sun_path);
	return ret < 0 ? failed(s, ret, err) : 0;
}

static uint64_t inode_of(const struct wg_socket *s)
{
	struct stat status;

	return stat(s->address.sun_path, &status) < 0 ? 0 : status.st_ino;
}

// A place for one more. Where there is none, somebody who has been there for long, and may never
// end the line, has to go.
static struct wg_connection **make_place(struct wg_socket *s)
{
	struct wg_connection **oldest;

	for (unsigned i = 0; i < WG_CONNECTIONS; i++)
		if (!s->connections[i])
			return &s->connections[i];
	oldest = &s->connections[s->turn++ % WG_CONNECTIONS];
	wg_connection_close(oldest);
	return oldest;
}

static void accept_one(void *context)
{
	struct wg_socket *s = context;
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		wg_connection_open(make_place(s), fd, s->loop, s->device, s->context);
}

static void look_at_file(void *context)
{
	struct wg_socket *s = context;
	char events[4096];

	if (read(s->watch, events, sizeof(events)) > 0 && inode_of(s) != s->inode)
		loop_end(s->loop);
}

static int watch(struct wg_socket *s, int fd, void (*ready)(void *))
{
	struct loop_watch w = {.fd = fd, .events = POLLIN, .ready = ready, .context = s};

	return loop_watch(s->loop, &w);
}

static int listen_there(struct wg_socket *s, struct sl_error *err)
{
	s->inode = inode_of(s);
	// IN_ATTRIB: one link less.
	if (listen(s->fd, WG_CONNECTIONS) < 0 ||
	    inotify_add_watch(s->watch, s->address.sun_path,
			      IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) < 0)
		return failed(s, -errno, err);
	if (watch(s, s->fd, accept_one) < 0 || watch(s, s->watch, look_at_file) < 0)
		return failed(s, -ENOSPC, err);
	return 0;
}

int wg_socket_open(struct wg_socket *s, struct loop *loop, const char *name,
		   const struct sl_uapi_device *device, void *context, struct sl_error *err)
{
	int ret;

	*s = (struct wg_socket){.loop = loop,
				.device = device,
				.context = context,
				.address = {.sun_family = AF_UNIX}};
	snprintf(s->address.sun_path, sizeof(s->address.sun_path), FOLDER "/%s.sock", name);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	s->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->fd < 0 || s->watch < 0)
		return failed(s, -errno, err);
	ret = make_file(s, err);
	return ret < 0 ? ret : listen_there(s, err);
}

static void close_fd(struct wg_socket *s, int fd)
{
	if (fd < 0)
		return;
	loop_unwatch(s->loop, fd);
	close(fd);
}

void wg_socket_close(struct wg_socket *s)
{
	for (unsigned i = 0; i < WG_CONNECTIONS; i++)
		wg_connection_close(&s->connections[i]);
	if (s->inode && inode_of(s) == s->inode)
		unlink(s->address.sun_path);
	close_fd(s, s->fd);
	close_fd(s, s->watch);
}
