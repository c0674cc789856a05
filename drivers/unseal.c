#include "drivers/unseal.h"

#include "core/noise/unsealer.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BYTES = SL_UNSEALER_BURST * SL_SEALED_CHUNK,
	TEXT = SL_UNSEALER_BURST * SL_SEALED_TEXT,
};

_Static_assert((int)SL_UNSEAL_ID == (int)SL_SEALED_ID, "one id");
_Static_assert(sizeof(((struct sl_unseal_info *)0)->pattern) == SL_CAPABILITY_PATTERN, "one name");

struct sl_unseal {
	struct sl_unsealer unsealer;
	struct sl_unseal_info info;
	const char *path; // for messages
	int fd;
	bool at_end; // of the file

	uint8_t *bytes; // read and not opened yet: start to end
	size_t start, end;
	uint64_t offset; // in the file, of the byte at start
	uint8_t *text;   // opened and not handed out yet: next to len
	size_t next, len;
	int error; // what ends the text; 0 = nothing yet
	struct sl_error failure;
};

static const char *name_of(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static int open_path(const char *path, struct sl_error *err)
{
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					: open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd >= 0 ? fd : sl_error_set(err, -errno, "%s: %s", name_of(path), strerror(errno));
}

// Read more bytes behind those that wait. Returns 0 or -errno; at_end tells the end.
static int fill(struct sl_unseal *u)
{
	ssize_t n;

	memmove(u->bytes, u->bytes + u->start, u->end - u->start);
	u->end -= u->start;
	u->start = 0;
	do
		n = read(u->fd, u->bytes + u->end, BYTES - u->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	u->at_end = n == 0;
	u->end += (size_t)n;
	return 0;
}

static void use(struct sl_unseal *u, size_t n)
{
	u->start += n;
	u->offset += n;
}

static int read_header(struct sl_unseal *u, struct sl_sealed_header *h, struct sl_error *err)
{
	const char *name = name_of(u->path);
	int ret;

	for (;;) {
		ret = sl_sealed_header_read(h, u->bytes + u->start, u->end - u->start, err);
		if (ret != -EMSGSIZE)
			return ret < 0 ? sl_error_prefix(err, ret, "%s", name) : 0;
		ret = fill(u);
		if (ret < 0)
			return sl_error_set(err, ret, "%s: %s", name, strerror(-ret));
		if (u->at_end && u->end == 0)
			return sl_error_set(err, -ENODATA, "%s: is empty", name);
		if (u->at_end)
			return sl_error_set(err, -ENODATA,
					    "%s: cut off at byte %zu, within its header", name,
					    u->end);
	}
}

static int create(struct sl_unseal **out, int fd, const char *path, struct sl_error *err)
{
	struct sl_unseal *u = calloc(1, sizeof(*u));

	*out = u;
	if (u) {
		u->fd = fd;
		u->path = path;
		u->bytes = malloc(BYTES);
		u->text = malloc(TEXT);
	}
	if (u && u->bytes && u->text)
		return 0;
	if (!u)
		close(fd);
	return sl_error_set(err, -ENOMEM, "%s: out of memory", name_of(path));
}

static void take_info(struct sl_unseal_info *info, const struct sl_sealed_header *h)
{
	memcpy(info->pattern, h->pattern, sizeof(info->pattern));
	memcpy(info->id, h->id, sizeof(info->id));
	memcpy(info->previous, h->place.previous, sizeof(info->previous));
	info->number = h->place.number;
}

// keys  NULL: the header alone.
static int start(struct sl_unseal *u, const struct sl_unseal_keys *keys, struct sl_error *err)
{
	struct sl_sealed_header h;
	int ret = read_header(u, &h, err);

	if (ret < 0)
		return ret;
	take_info(&u->info, &h);
	if (!keys)
		return 0;
	ret = sl_unsealer_init(&u->unsealer, &h, u->bytes + u->start, keys, err);
	use(u, h.len);
	return ret < 0 ? sl_error_prefix(err, ret, "%s", name_of(u->path)) : 0;
}

int sl_unseal_start(struct sl_unseal **u, const struct sl_unseal_source *source,
		    const struct sl_unseal_keys *keys, struct sl_error *err)
{
	int ret = create(u, source->fd, source->path, err);

	if (ret == 0 && source->first_is_lost)
		(*u)->bytes[(*u)->end++] = sl_sealed_first_byte;
	if (ret == 0)
		ret = start(*u, keys, err);
	if (ret < 0) {
		sl_unseal_close(*u);
		*u = NULL;
	}
	return ret;
}

int sl_unseal_open(struct sl_unseal **u, const char *path, const struct sl_unseal_keys *keys,
		   struct sl_error *err)
{
	struct sl_unseal_source source = {.path = path, .fd = open_path(path, err)};

	*u = NULL;
	return source.fd < 0 ? source.fd : sl_unseal_start(u, &source, keys, err);
}

int sl_unseal_peek(const char *path, struct sl_unseal_info *info, struct sl_error *err)
{
	struct sl_unseal *u;
	int ret = sl_unseal_open(&u, path, NULL, err);

	if (ret == 0)
		*info = u->info;
	sl_unseal_close(u);
	return ret;
}

// What ends the text: said once everything in front has been handed out, and again from then on.
static void fail(struct sl_unseal *u, int error, uint64_t found)
{
	const char *name = name_of(u->path);
	unsigned long long chunk = u->unsealer.cipher.nonce, at = u->offset, other = found;
	struct sl_error *err = &u->failure;

	u->error = error;
	if (error == -EBADMSG && u->unsealer.ended)
		sl_error_set(err, error, "%s: damaged: bytes behind its end, at byte %llu", name,
			     at);
	else if (error == -EBADMSG)
		sl_error_set(err, error, "%s: damaged at chunk %llu, byte %llu", name, chunk, at);
	else if (error == -EILSEQ)
		sl_error_set(err, error,
			     "%s: chunk %llu where chunk %llu should be, at byte %llu: chunks were "
			     "removed, repeated or put in another order",
			     name, other, chunk, at);
	else if (error == -ENODATA)
		sl_error_set(err, error,
			     "%s: not finished, or cut off: it ends %s chunk %llu, at byte %llu",
			     name, u->end > u->start ? "within" : "before", chunk,
			     at + u->end - u->start);
	else
		sl_error_set(err, error, "%s: %s", name, strerror(-error));
}

// Open what waits, or else read more. Sets len or error, unless there is nothing to say yet.
static void advance(struct sl_unseal *u)
{
	struct sl_unsealed done;
	int ret = sl_unsealer_open(&u->unsealer, u->bytes + u->start, u->end - u->start, u->text,
				   &done);

	use(u, done.used);
	u->next = 0;
	u->len = done.len;
	if (ret < 0)
		fail(u, ret, done.found);
	else if (u->unsealer.ended && u->end > u->start)
		fail(u, -EBADMSG, 0);
	else if (done.used == 0 && u->at_end && !u->unsealer.ended)
		fail(u, -ENODATA, 0);
	else if (done.used == 0) {
		ret = fill(u);
		if (ret < 0)
			fail(u, ret, 0);
	}
}

ssize_t sl_unseal_read(struct sl_unseal *u, void *text, size_t size, struct sl_error *err)
{
	size_t n;

	while (u->next == u->len && !u->error && !(u->unsealer.ended && u->at_end))
		advance(u);
	n = u->len - u->next < size ? u->len - u->next : size;
	if (n == 0 && u->error) {
		if (err)
			*err = u->failure;
		return u->error;
	}
	memcpy(text, u->text + u->next, n);
	u->next += n;
	return (ssize_t)n;
}

const struct sl_unseal_info *sl_unseal_info(const struct sl_unseal *u)
{
	return &u->info;
}

const uint8_t *sl_unseal_writer(const struct sl_unseal *u)
{
	return u->info.pattern[0] == 'N' ? NULL : u->unsealer.writer;
}

bool sl_unseal_has_more(const struct sl_unseal *u)
{
	return u->unsealer.more;
}

double sl_unseal_done(const struct sl_unseal *u)
{
	struct stat st;

	if (fstat(u->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	return (double)u->offset / (double)st.st_size;
}

void sl_unseal_close(struct sl_unseal *u)
{
	if (!u)
		return;
	sl_unsealer_wipe(&u->unsealer);
	if (u->text)
		sl_secret_wipe(u->text, TEXT);
	close(u->fd);
	free(u->bytes);
	free(u->text);
	free(u);
}
