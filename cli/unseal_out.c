#include "cli/unseal_out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *name_of(const struct unseal_out *o)
{
	return strcmp(o->path, "-") == 0 ? "standard output" : o->path;
}

static int failed(const struct unseal_out *o, int code, struct sl_error *err)
{
	return sl_error_set(err, -code, "%s: %s", name_of(o), strerror(code));
}

static bool is_input(const struct unseal_out *o, int fd)
{
	struct stat out, in;

	if (fstat(fd, &out) < 0 || !S_ISREG(out.st_mode))
		return false;
	for (size_t i = 0; i < o->n_inputs; i++)
		if (stat(o->inputs[i], &in) == 0 && in.st_dev == out.st_dev &&
		    in.st_ino == out.st_ino)
			return true;
	return false;
}

static int open_out(struct unseal_out *o, struct sl_error *err)
{
	struct stat st;
	bool is_stdout = strcmp(o->path, "-") == 0;

	o->fd = is_stdout ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
			  : open(o->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (o->fd < 0) {
		o->fd = 0;
		return failed(o, errno, err);
	}
	if (is_input(o, o->fd))
		return sl_error_set(err, -EEXIST, "%s: is one of the files to unseal", name_of(o));
	if (!is_stdout && fstat(o->fd, &st) == 0 && S_ISREG(st.st_mode) && ftruncate(o->fd, 0) < 0)
		return failed(o, errno, err);
	return 0;
}

static int write_all(struct unseal_out *o, const uint8_t *bytes, size_t n, struct sl_error *err)
{
	while (n > 0) {
		ssize_t done = write(o->fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return failed(o, errno, err);
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

void unseal_out_begin(struct unseal_out *o)
{
	whole_begin(&o->whole);
}

int unseal_out_write(struct unseal_out *o, const void *text, size_t n, bool is_end,
		     struct sl_error *err)
{
	const uint8_t *bytes;
	long len;
	int ret;

	if (n > 0 && whole_add(&o->whole, text, n) < 0)
		return failed(o, ENOMEM, err);
	len = whole_take(&o->whole, is_end, &bytes);
	if (len < 0)
		return sl_error_set(err, -EINVAL,
				    "%s: has another format than the captures before it: unseal "
				    "it by itself",
				    name_of(o));
	if (len == 0)
		return 0;
	ret = o->fd ? 0 : open_out(o, err);
	return ret < 0 ? ret : write_all(o, bytes, (size_t)len, err);
}

int unseal_out_close(struct unseal_out *o, struct sl_error *err)
{
	int fd = o->fd;

	whole_fini(&o->whole);
	o->fd = 0;
	return fd && close(fd) < 0 ? failed(o, errno, err) : 0;
}
