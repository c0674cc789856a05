#include "cli/wg_connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 16384 }; // bytes heard at a time

struct wg_connection {
	struct wg_connection **slot;
	struct loop *loop;
	struct loop_watch watch;
	struct sl_uapi *uapi;
	int fd;
	char in[PIECE]; // what was read: bytes in_at to in_len are not heard yet
	size_t in_at, in_len;
	char *out; // what is to be sent: bytes out_at to out_len
	size_t out_at, out_len, out_room;
	bool failed; // no memory for an answer, or nobody takes it
};

static void wipe_out(struct wg_connection *c)
{
	if (c->out)
		sl_secret_wipe(c->out, c->out_room);
	free(c->out);
	c->out = NULL;
	c->out_at = c->out_len = c->out_room = 0;
}

// Make room for len bytes more. What is moved is wiped where it was.
static bool reserve(struct wg_connection *c, size_t len)
{
	size_t used = c->out_len, room = 2 * c->out_room + len;
	char *more;

	if (len <= c->out_room - used)
		return true;
	more = malloc(room);
	if (!more)
		return false;
	if (used)
		memcpy(more, c->out, used);
	wipe_out(c);
	c->out = more;
	c->out_len = used;
	c->out_room = room;
	return true;
}

// Nothing of it has been sent yet: what is heard is answered before anything is.
static void answer(void *to, const char *text, size_t len)
{
	struct wg_connection *c = to;

	if (c->failed || !reserve(c, len)) {
		c->failed = true;
		return;
	}
	memcpy(c->out + c->out_len, text, len);
	c->out_len += len;
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

// Send what there is. Afterwards there may be some left.
static void send_out(struct wg_connection *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

		if (n < 0) {
			c->failed = !would_block();
			return;
		}
		c->out_at += (size_t)n;
	}
	wipe_out(c);
}

static bool has_unheard(const struct wg_connection *c)
{
	return c->in_at < c->in_len;
}

// Read when all is heard. Returns false at the end of the conversation.
static bool read_more(struct wg_connection *c)
{
	ssize_t n = read(c->fd, c->in, sizeof(c->in));

	c->in_at = 0;
	c->in_len = n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && would_block());
}

// Hear one request, or a part of it. Returns false at the end of the conversation.
static bool hear(struct wg_connection *c)
{
	size_t n;

	if (!has_unheard(c) && !read_more(c))
		return false;
	n = sl_uapi_hear(c->uapi, c->in + c->in_at, c->in_len - c->in_at);
	sl_secret_wipe(c->in + c->in_at, n);
	c->in_at += n;
	return true;
}

void wg_connection_close(struct wg_connection **slot)
{
	struct wg_connection *c = *slot;

	if (!c)
		return;
	loop_unwatch(c->loop, c->fd);
	close(c->fd);
	sl_uapi_destroy(c->uapi);
	wipe_out(c);
	sl_secret_wipe(c->in, sizeof(c->in));
	free(c);
	*slot = NULL;
}

// Whoever does not take an answer is not heard. What is left to hear comes after the others' turns.
static void ready(void *context)
{
	struct wg_connection *c = context;
	bool goes_on = c->out || hear(c);

	send_out(c);
	c->watch.events = c->out || has_unheard(c) ? POLLOUT : POLLIN;
	if (!goes_on || c->failed || loop_watch(c->loop, &c->watch) < 0)
		wg_connection_close(c->slot);
}

int wg_connection_open(struct wg_connection **slot, int fd, struct loop *loop,
		       const struct sl_uapi_device *device, void *context)
{
	struct wg_connection *c = calloc(1, sizeof(*c));
	int ret = -ENOMEM;

	*slot = c;
	if (!c) {
		close(fd);
		return ret;
	}
	c->slot = slot;
	c->loop = loop;
	c->fd = fd;
	c->watch = (struct loop_watch){.fd = fd, .events = POLLIN, .ready = ready, .context = c};
	c->uapi = sl_uapi_create(device, context, answer, c);
	if (c->uapi)
		ret = loop_watch(loop, &c->watch);
	if (ret < 0)
		wg_connection_close(slot);
	return ret;
}
