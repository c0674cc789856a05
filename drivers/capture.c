#include "drivers/capture.h"

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

// Fill err with what libpcap says and how far the file had been read.
static int damaged(struct sl_error *err, const char *path, FILE *f, const char *what)
{
	off_t at = ftello(f);

	if (at < 0) // a pipe
		return sl_error_set(err, -EBADMSG, "%s: %s", path, what);
	return sl_error_set(err, -EBADMSG, "%s, byte %lld: %s", path, (long long)at, what);
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

static FILE *open_file(const char *path, int *result, struct sl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	FILE *f;

	if (fd < 0) {
		*result = sl_error_set(err, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	*result = check_file(fd, path, err);
	if (*result < 0) {
		close(fd);
		return NULL;
	}
	f = fdopen(fd, "rb");
	if (!f) {
		*result = sl_error_set(err, -errno, "%s: %s", path, strerror(errno));
		close(fd);
	}
	return f;
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

int sl_capture_open(struct sl_capture *c, const char *path, struct sl_error *err)
{
	char what[PCAP_ERRBUF_SIZE] = "";
	int r = 0;
	FILE *f = open_file(path, &r, err);

	*c = (struct sl_capture){.path = path};
	if (!f)
		return r;
	c->buffer = malloc(BUFFER_SIZE);
	if (c->buffer)
		setvbuf(f, c->buffer, _IOFBF, BUFFER_SIZE);
	__fsetlocking(f, FSETLOCKING_BYCALLER); // nobody else reads it
	c->pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, what);
	if (!c->pcap) {
		r = damaged(err, path, f, what);
		fclose(f);
	} else {
		r = check_link_type(c, err);
	}
	if (r < 0)
		sl_capture_close(c);
	return r;
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
		return damaged(err, c->path, pcap_file(c->pcap), pcap_geterr(c->pcap));
	return (int)reading.count;
}

double sl_capture_done(const struct sl_capture *c)
{
	FILE *f = c->pcap ? pcap_file(c->pcap) : NULL;
	struct stat st;
	off_t place;

	if (!f || fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	place = ftello(f);
	return place > 0 ? (double)place / (double)st.st_size : 0;
}

void sl_capture_close(struct sl_capture *c)
{
	if (c->pcap)
		pcap_close(c->pcap); // and its FILE
	free(c->buffer);
	*c = (struct sl_capture){0};
}
