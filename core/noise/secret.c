// secret: files that hold one line which is nobody else's business.

#include <errno.h>
#include <fcntl.h>
#include <sluice/key.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OTHERS = S_IRWXG | S_IRWXO };

static int failed(const char *name, const char *what, struct sl_error *err)
{
	int code = errno;

	return sl_error_set(err, -code, "%s: %s: %s", name, what, strerror(code));
}

// Read all that is there, as far as it fits. Returns the length or -errno.
static ssize_t read_all(int fd, char *out, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, out + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Cut the blanks around the text and terminate it. Returns whether it is one line of printable
// characters then.
static bool trim(char *line, size_t len)
{
	size_t start = 0;

	while (len > 0 && is_blank(line[len - 1]))
		len--;
	while (start < len && is_blank(line[start]))
		start++;
	memmove(line, line + start, len - start);
	line[len - start] = '\0';
	for (size_t i = 0; i < len - start; i++)
		if (line[i] < ' ' || line[i] > '~')
			return false;
	return len > start;
}

int sl_secret_read(int fd, const char *name, char *line, size_t size, struct sl_error *err)
{
	ssize_t len = read_all(fd, line, size);

	if (len >= 0 && (size_t)len < size && trim(line, (size_t)len))
		return 0;
	sodium_memzero(line, size);
	if (len < 0) {
		errno = (int)-len;
		return failed(name, "cannot be read", err);
	}
	return sl_error_set(err, -EINVAL, "%s: %s", name,
			    len == 0              ? "is empty"
			    : (size_t)len == size ? "is too long"
						  : "does not hold one line of text");
}

// Whether somebody else may read or change a regular file. What is none (a pipe from another
// program) is safe or not by other means.
static int check_mode(int fd, const char *path, struct sl_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return failed(path, "cannot be read", err);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & OTHERS))
		return 0;
	return sl_error_set(err, -EACCES,
			    "%s: others may read or change this file (mode %04o), so it is no "
			    "secret; if nobody did: chmod 600 '%s'",
			    path, st.st_mode & 07777, path);
}

int sl_secret_load(const char *path, char *line, size_t size, struct sl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), ret;

	sodium_memzero(line, size);
	if (fd < 0)
		return failed(path, "cannot be opened", err);
	ret = check_mode(fd, path, err);
	if (ret == 0)
		ret = sl_secret_read(fd, path, line, size, err);
	close(fd);
	return ret;
}

bool sl_secret_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int sl_secret_save(const char *path, const char *line, struct sl_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR), ret = 0;

	if (fd < 0 && errno == EEXIST)
		return sl_error_set(err, -EEXIST, "%s: is there already; no secret is overwritten",
				    path);
	if (fd < 0)
		return failed(path, "cannot be created", err);
	// Whatever the umask is; and on the disk before anybody counts on it.
	if (fchmod(fd, S_IRUSR | S_IWUSR) < 0 || write_all(fd, line, strlen(line)) < 0 ||
	    write_all(fd, "\n", 1) < 0 || fsync(fd) < 0)
		ret = failed(path, "cannot be written", err);
	if (close(fd) < 0 && ret == 0)
		ret = failed(path, "cannot be written", err);
	if (ret < 0)
		unlink(path);
	return ret;
}

void sl_secret_wipe(void *secret, size_t size)
{
	sodium_memzero(secret, size);
}
