#include "drivers/capture.h"

#include "core/noise/sealed.h"
#include "drivers/unseal.h"
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <sluice/packet.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 64 << 10 }; // larger ones were slower: they leave the cache

// Fill err with what libpcap says and how far the file had been read; or with why it could not be
// unsealed.
static int damaged(const struct sl_capture *c, struct sl_error *err, FILE *f, const char *what)
{
	off_t at = ftello(f);

	if (c->failure.text[0] && err)
		*err = c->failure;
	if (c->failure.text[0])
		return -EBADMSG;
	if (at < 0) // a pipe
		return sl_error_set(err, -EBADMSG, "%s: %s", c->path, what);
	return sl_error_set(err, -EBADMSG, "%s, byte %lld: %s", c->path, (long long)at, what);
}

static int check_file(int fd, const char *path, struct sl_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return sl_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return sl_error_set(err, -EISDIR, "%s: is a directory, not a capture", path);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_size == 0)
		return sl_error_set(err, -EBADMSG, "%s, byte 0: the file is empty", path);
	// A pcap-writer holds its file exclusively: replaying what one is writing never ends well.
	if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return sl_error_set(err, -ETXTBSY, "%s: is being written by a pcap-writer", path);
	return 0;
}

// The first byte of a file tells whether it is sealed. A pipe has lost it then.
// Returns 1, 0 (there is none) or -1.
static ssize_t read_first(int fd, uint8_t *first, bool *is_lost)
{
	ssize_t n = pread(fd, first, 1, 0);

	*is_lost = false;
	if (n >= 0 || errno != ESPIPE)
		return n;
	do
		n = read(fd, first, 1);
	while (n < 0 && errno == EINTR);
	*is_lost = n == 1;
	return n;
}

static ssize_t read_unsealed(void *cookie, char *buffer, size_t size)
{
	struct sl_capture *c = cookie;
	ssize_t n = sl_unseal_read(c->unseal, buffer, size, &c->failure);

	return n < 0 ? -1 : n;
}

static int unseal(struct sl_capture *c, int fd, bool is_lost, const struct sl_unseal_keys *keys,
		  struct sl_error *err)
{
	const struct sl_unseal_source source = {
		.path = c->path, .fd = fd, .first_is_lost = is_lost};

	if (keys)
		return sl_unseal_start(&c->unseal, &source, keys, err);
	close(fd);
	return sl_error_set(err, -ENOKEY, "%s: is sealed: it is read with the private key for it",
			    c->path);
}

static void set_buffer(struct sl_capture *c, FILE *f)
{
	c->buffer = malloc(BUFFER_SIZE);
	if (c->buffer)
		setvbuf(f, c->buffer, _IOFBF, BUFFER_SIZE);
	__fsetlocking(f, FSETLOCKING_BYCALLER); // nobody else reads it
}

// Make a FILE that reads what is in fd, unsealed if need be; fd is taken, whatever happens.
static int make_file(struct sl_capture *c, int fd, FILE **f, const struct sl_unseal_keys *keys,
		     struct sl_error *err)
{
	const cookie_io_functions_t unsealed = {.read = read_unsealed};
	uint8_t first;
	bool is_lost;
	ssize_t n = read_first(fd, &first, &is_lost);

	*f = NULL;
	if (n == 1 && first == sl_sealed_first_byte) {
		int r = unseal(c, fd, is_lost, keys, err);

		if (r < 0)
			return r;
		*f = fopencookie(c, "rb", unsealed);
	} else {
		*f = fdopen(fd, "rb");
		if (!*f)
			close(fd);
	}
	if (!*f)
		return sl_error_set(err, -errno, "%s: %s", c->path, strerror(errno));
	set_buffer(c, *f);
	if (is_lost && !c->unseal)
		ungetc(first, *f);
	return 0;
}

static int open_file(struct sl_capture *c, FILE **f, const struct sl_unseal_keys *keys,
		     struct sl_error *err)
{
	int fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;

	if (fd < 0)
		return sl_error_set(err, -errno, "%s: %s", c->path, strerror(errno));
	r = check_file(fd, c->path, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	return make_file(c, fd, f, keys, err);
}

static int check_link_type(const struct sl_capture *c, struct sl_error *err)
{
	int type = pcap_datalink(c->pcap);
	const char *name = pcap_datalink_val_to_name(type);
	const char *description = pcap_datalink_val_to_description(type);

	if (type == DLT_EN10MB)
		return 0;
	if (!name)
		return sl_error_set(err, -EPROTONOSUPPORT, "%s: its link type %d is not Ethernet",
				    c->path, type);
	return sl_error_set(err, -EPROTONOSUPPORT, "%s: its link type %s (%s) is not Ethernet",
			    c->path, name, description ? description : name);
}

int sl_capture_open_with(struct sl_capture *c, const char *path, const struct sl_unseal_keys *keys,
			 struct sl_error *err)
{
	char what[PCAP_ERRBUF_SIZE] = "";
	FILE *f = NULL;
	int r;

	*c = (struct sl_capture){.path = path};
	r = open_file(c, &f, keys, err);
	if (r < 0)
		goto close_capture;
	c->pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, what);
	if (!c->pcap) {
		r = damaged(c, err, f, what);
		fclose(f);
	} else {
		r = check_link_type(c, err);
	}
	if (r == 0)
		return 0;
close_capture:
	sl_capture_close(c);
	return r;
}

int sl_capture_open(struct sl_capture *c, const char *path, struct sl_error *err)
{
	return sl_capture_open_with(c, path, NULL, err);
}

// What one call of libpcap needs for each packet.
struct reading {
	struct sl_capture *capture;
	struct sl_records *records;
	unsigned count;
	int error;
};

static void read_one(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
	struct reading *reading = (struct reading *)(void *)user;
	struct sl_capture *c = reading->capture;
	bool too_long = h->caplen > SL_FRAME_MAX;
	struct sl_record record = {
		// libpcap was asked for nanoseconds: tv_usec holds them
		.stamp_ns = (uint64_t)h->ts.tv_sec * 1000000000 + (uint64_t)h->ts.tv_usec,
		.len = too_long ? 0 : (uint16_t)h->caplen,
		.flags = (uint16_t)((c->begun ? 0 : SL_RECORD_FIRST) |
				    (h->caplen < h->len ? SL_RECORD_TRUNCATED : 0) |
				    (too_long ? SL_RECORD_TOO_LONG : 0)),
	};

	if (too_long)
		reading->records->longest = h->caplen;
	reading->error = sl_records_add(reading->records, record, data);
	if (reading->error < 0) {
		pcap_breakloop(c->pcap);
		return;
	}
	c->begun = true;
	reading->count++;
}

int sl_capture_read(struct sl_capture *c, struct sl_records *r, unsigned max, struct sl_error *err)
{
	struct reading reading = {.capture = c, .records = r};
	int result = pcap_dispatch(c->pcap, (int)max, read_one, (u_char *)&reading);

	if (reading.error < 0)
		return sl_error_set(err, -ENOMEM, "%s: does not fit into memory", c->path);
	if (result < 0)
		return damaged(c, err, pcap_file(c->pcap), pcap_geterr(c->pcap));
	return (int)reading.count;
}

double sl_capture_done(const struct sl_capture *c)
{
	FILE *f = c->pcap ? pcap_file(c->pcap) : NULL;
	struct stat st;
	off_t place;

	if (c->unseal)
		return sl_unseal_done(c->unseal);
	if (!f || fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	place = ftello(f);
	return place > 0 ? (double)place / (double)st.st_size : 0;
}

void sl_capture_close(struct sl_capture *c)
{
	if (c->pcap)
		pcap_close(c->pcap); // and its FILE
	if (c->unseal && c->buffer)
		sl_secret_wipe(c->buffer, BUFFER_SIZE);
	sl_unseal_close(c->unseal);
	free(c->buffer);
	*c = (struct sl_capture){0};
}
