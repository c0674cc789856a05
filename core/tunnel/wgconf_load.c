// wgconf_load: a wg file in memory, which is wiped when it is given back.

#include "core/tunnel/wgconf_read.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FIRST = 4096,        // bytes; twice as many when they are full
	BYTES_MAX = 1 << 28, // no file of people is as large
};

static void wipe_text(struct sl_wgconf *c)
{
	if (c->text)
		sodium_memzero(c->text, c->size);
	free(c->text);
	c->text = NULL;
}

// Double the room, and leave no secret behind. Returns 0 or -errno.
static int grow(struct sl_wgconf *c)
{
	size_t size = c->size ? 2 * c->size : FIRST;
	char *more = size <= BYTES_MAX ? calloc(1, size) : NULL;

	if (!more)
		return size <= BYTES_MAX ? -ENOMEM : -EFBIG;
	if (c->size)
		memcpy(more, c->text, c->size);
	wipe_text(c);
	c->text = more;
	c->size = size;
	return 0;
}

// Read all of it. Returns its bytes or -errno.
static ssize_t read_text(struct sl_wgconf *c, int fd)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0) {
		int ret = len + 1 >= c->size ? grow(c) : 0;

		if (ret < 0)
			return ret;
		n = read(fd, c->text + len, c->size - 1 - len);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	return n < 0 ? -errno : (ssize_t)len;
}

int sl_wgconf_load(struct sl_wgconf *c, const char *path, struct sl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	ssize_t len;

	*c = (struct sl_wgconf){0};
	if (fd < 0)
		return sl_error_set(err, -errno, "%s: %s", path, strerror(errno));
	c->is_open = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		     (status.st_mode & (S_IRWXG | S_IRWXO));
	len = read_text(c, fd);
	close(fd);
	if (len < 0)
		return sl_error_set(err, (int)len, "%s: %s", path, strerror((int)-len));
	c->size = (size_t)len + 1;
	return sl_wgconf_read(c, path, err);
}

int sl_wgconf_parse(struct sl_wgconf *c, const char *text, size_t len, const char *name,
		    struct sl_error *err)
{
	*c = (struct sl_wgconf){.text = malloc(len + 1), .size = len + 1};
	if (!c->text)
		return sl_error_set(err, -ENOMEM, "out of memory");
	memcpy(c->text, text, len);
	c->text[len] = '\0';
	return sl_wgconf_read(c, name, err);
}

void sl_wgconf_fini(struct sl_wgconf *c)
{
	for (size_t i = 0; i < c->n_peers; i++) {
		free((void *)(uintptr_t)c->peers[i].allowed);
		sodium_memzero(&c->peers[i], sizeof(c->peers[i]));
	}
	free(c->peers);
	free(c->addresses);
	free(c->others);
	wipe_text(c);
	sodium_memzero(c, sizeof(*c));
}
