#include "drivers/savefile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sluice/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = SL_SAVEFILE_BUFFER,
	SNAPLEN = 262144, // as the header says; what libpcap takes as its largest
	LINKTYPE_ETHERNET = 1,
	BLOCK_EXTRA = 64, // more than the headers and trailers of a packet
};

enum {                     // pcap
	PCAP_RECORD = 16,  // bytes in front of a packet
	PCAP_CAPTURED = 8, // where its length stands
};

static const uint32_t magic_micro = 0xa1b2c3d4, magic_nano = 0xa1b23c4d;

enum { // pcapng
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6, // Enhanced Packet Block
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	OPTION_TSRESOL = 9,
	PACKET_HEAD = 28,
	PACKET_TAIL = 4,
	BLOCK_LENGTH = 4, // where the length of a block stands
};

static const char *display_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard output" : path;
}

static int open_path(struct sl_savefile *s, const char *path)
{
	const int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;

	if (strcmp(path, "-") == 0)
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	s->fd = open(path, flags);
	if (s->fd < 0 && errno == ENOENT) {
		s->fd = open(path, flags | O_CREAT, 0666);
		s->created = s->fd >= 0;
	}
	return s->fd;
}

static bool same_file(int fd, const struct stat *st)
{
	struct stat other;

	return fstat(fd, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

static bool same_format(const struct sl_savefile_format *a, const struct sl_savefile_format *b)
{
	if (a->pcapng != b->pcapng || a->micro != b->micro || !a->seal != !b->seal)
		return false;
	return !a->seal || sl_seal_is_same(a->seal, b->seal);
}

// Share the open file of the savefile that runs, with its position and its lock.
static int continue_running(struct sl_savefile *s, const struct sl_savefile *running,
			    struct sl_error *err)
{
	int fd;

	if (!same_format(&running->format, &s->format))
		return sl_error_set(err, -EINVAL,
				    "%s: is being written in another format, precision or seal; "
				    "give the new one a file of its own",
				    display_name(s->path));
	fd = fcntl(running->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return sl_error_set(err, -errno, "%s: %s", display_name(s->path), strerror(errno));
	close(s->fd);
	s->fd = fd;
	s->begun = running->begun;
	s->created = false;
	return 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int sl_savefile_open(struct sl_savefile *s, const char *path, struct sl_savefile_format format,
		     const struct sl_savefile *running, struct sl_error *err)
{
	const char *name = display_name(path);
	struct stat st;

	*s = (struct sl_savefile){.path = path, .format = format, .fd = -1};
	s->buffer = malloc(BUFFER_SIZE);
	if (!s->buffer)
		return sl_error_set(err, -ENOMEM, "%s: no memory for its buffer", name);
	if (format.seal && is_folder(path))
		return sl_segments_open(&s->segments, path, format.seal, err);
	s->fd = open_path(s, path);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return sl_error_set(err, -errno, "%s: %s", name, strerror(errno));
	s->regular = S_ISREG(st.st_mode);
	if (running && running->fd >= 0 && same_file(running->fd, &st))
		return continue_running(s, running, err);
	// A pcap-reader holds what it streams shared; standard output belongs to others, too.
	if (s->regular && strcmp(path, "-") != 0 && flock(s->fd, LOCK_EX | LOCK_NB) < 0 &&
	    errno == EWOULDBLOCK)
		return sl_error_set(err, -EBUSY, "%s: is in use by a pcap-reader or pcap-writer",
				    name);
	return 0;
}

void sl_savefile_adopt(struct sl_savefile *s, struct sl_savefile *old)
{
	struct stat st;
	uint8_t *buffer = s->buffer;

	if (s->segments || old->segments || fstat(s->fd, &st) < 0 || !same_file(old->fd, &st))
		return;
	if (s->format.seal)
		sl_seal_adopt(s->format.seal, old->format.seal);
	s->begun = old->begun;
	s->created = old->created && !old->begun;
	s->buffer = old->buffer;
	s->used = old->used;
	s->header = old->header;
	s->waiting = old->waiting;
	old->buffer = buffer;
	old->used = old->header = old->waiting = 0;
	old->created = false;
}

static void put(struct sl_savefile *s, const void *data, size_t n)
{
	memcpy(s->buffer + s->used, data, n);
	s->used += n;
}

static void put_pcap_header(struct sl_savefile *s)
{
	const uint32_t header[] = {
		s->format.micro ? magic_micro : magic_nano, 0, 0, 0, SNAPLEN, LINKTYPE_ETHERNET,
	};
	const uint16_t version[] = {2, 4};

	put(s, header, sizeof(header));
	memcpy(s->buffer + sizeof(header[0]), version, sizeof(version));
}

static void put_pcapng_header(struct sl_savefile *s)
{
	const uint32_t section[] = {BLOCK_SECTION, 28, BYTE_ORDER_MAGIC, 0, UINT32_MAX,
				    UINT32_MAX,    28};
	const uint16_t version[] = {1, 0};
	const uint32_t interface[] = {BLOCK_INTERFACE, 32, 0, SNAPLEN, 0, 0, 0, 32};
	const uint16_t type[] = {LINKTYPE_ETHERNET, 0};
	const uint16_t option[] = {OPTION_TSRESOL, 1};
	const uint8_t tsresol = s->format.micro ? 6 : 9;
	uint8_t *at = s->buffer + s->used;

	put(s, section, sizeof(section));
	memcpy(at + 12, version, sizeof(version));
	at += sizeof(section);
	put(s, interface, sizeof(interface));
	memcpy(at + 8, type, sizeof(type));
	memcpy(at + 16, option, sizeof(option));
	at[20] = tsresol;
}

static void put_header(struct sl_savefile *s)
{
	if (s->format.pcapng)
		put_pcapng_header(s);
	else
		put_pcap_header(s);
	s->header = s->used;
	s->begun = true;
}

// Begin the segment that is ready. Each is a capture file of its own.
static int begin_segment(struct sl_savefile *s)
{
	struct sl_segment *segment = sl_segments_take(s->segments);

	if (!segment)
		return -EAGAIN;
	s->segment = segment;
	s->segment_bytes = s->segment_packets = 0;
	s->fd = segment->fd;
	s->regular = true;
	sl_seal_begin_with(s->format.seal, &segment->sealer, segment->header, segment->header_len);
	put_header(s);
	return 0;
}

int sl_savefile_begin(struct sl_savefile *s)
{
	int r;

	if (s->segments)
		return begin_segment(s);
	if (s->regular && strcmp(s->path, "-") != 0 &&
	    (ftruncate(s->fd, 0) < 0 || lseek(s->fd, 0, SEEK_SET) < 0))
		return -errno;
	r = s->format.seal ? sl_seal_begin(s->format.seal) : 0;
	if (r == 0)
		put_header(s);
	return r;
}

bool sl_savefile_has_room(const struct sl_savefile *s, uint32_t len)
{
	return s->used + len + BLOCK_EXTRA <= BUFFER_SIZE;
}

static void add_pcap(struct sl_savefile *s, const uint8_t *data, uint32_t captured, uint32_t len,
		     uint64_t stamp_ns)
{
	uint32_t fraction = (uint32_t)(stamp_ns % 1000000000);
	const uint32_t record[] = {(uint32_t)(stamp_ns / 1000000000),
				   s->format.micro ? fraction / 1000 : fraction, captured, len};

	put(s, record, sizeof(record));
	put(s, data, captured);
}

static void add_pcapng(struct sl_savefile *s, const uint8_t *data, uint32_t captured, uint32_t len,
		       uint64_t stamp_ns)
{
	uint64_t stamp = s->format.micro ? stamp_ns / 1000 : stamp_ns;
	uint32_t padding = -captured & 3, zero = 0;
	uint32_t total = PACKET_HEAD + captured + padding + PACKET_TAIL;
	const uint32_t block[] = {
		BLOCK_PACKET, total, 0, (uint32_t)(stamp >> 32), (uint32_t)stamp, captured, len,
	};

	put(s, block, sizeof(block));
	put(s, data, captured);
	put(s, &zero, padding);
	put(s, &total, sizeof(total));
}

void sl_savefile_add(struct sl_savefile *s, const uint8_t *data, uint32_t captured, uint32_t len,
		     uint64_t stamp_ns)
{
	if (s->format.pcapng)
		add_pcapng(s, data, captured, len, stamp_ns);
	else
		add_pcap(s, data, captured, len, stamp_ns);
	s->waiting++;
}

// Write n bytes; *done says how many were. Returns 0 or -errno.
static int write_bytes(int fd, const uint8_t *bytes, size_t n, size_t *done)
{
	struct pollfd writable = {.fd = fd, .events = POLLOUT};

	for (*done = 0; *done < n;) {
		ssize_t r = write(fd, bytes + *done, n - *done);

		if (r > 0)
			*done += (size_t)r;
		else if (r < 0 && errno == EAGAIN) // somebody's non-blocking pipe
			poll(&writable, 1, -1);
		else if (r == 0 || errno != EINTR)
			return r < 0 ? -errno : -EIO;
	}
	return 0;
}

// Bytes of the buffer's packet that starts at `at`.
static size_t packet_size(const struct sl_savefile *s, size_t at)
{
	uint32_t n;

	memcpy(&n, s->buffer + at + (s->format.pcapng ? BLOCK_LENGTH : PCAP_CAPTURED), sizeof(n));
	return s->format.pcapng ? n : n + PCAP_RECORD;
}

// Of the buffer's first `done` bytes, those of whole packets; *packets says how many packets.
static size_t whole_packets(const struct sl_savefile *s, size_t done, size_t *packets)
{
	size_t end = s->header;

	*packets = 0;
	if (done < s->header)
		return 0;
	while (end < s->used && end + packet_size(s, end) <= done) {
		end += packet_size(s, end);
		++*packets;
	}
	return end;
}

// Take back the last n bytes written. A pipe keeps them.
static void cut(struct sl_savefile *s, size_t n)
{
	off_t end = lseek(s->fd, 0, SEEK_CUR);

	if (!s->regular || n == 0 || end < (off_t)n)
		return;
	end -= (off_t)n;
	if (ftruncate(s->fd, end) == 0)
		lseek(s->fd, end, SEEK_SET);
}

// Take back what was written of a packet, or of a chunk, that is not whole. Returns how many of the
// `done` bytes stay.
static size_t take_back(struct sl_savefile *s, size_t done, size_t *packets)
{
	struct sl_seal *seal = s->format.seal;
	size_t header = seal ? seal->header : s->header, keep, text;

	if (seal) {
		keep = sl_seal_whole(seal, done, &text);
		whole_packets(s, text, packets);
		sl_sealer_wipe(&seal->sealer); // its numbers must not be used twice
	} else {
		keep = whole_packets(s, done, packets);
	}
	cut(s, done - keep);
	s->begun = keep >= header; // or who continues must write the header
	return keep;
}

static void end_segment(struct sl_savefile *s, bool is_complete)
{
	if (!s->segment)
		return;
	sl_segment_end(s->segment, is_complete);
	s->segment = NULL;
	s->fd = -1; // the clerk's
}

// Seal where there is a seal, and write. Flags as in sl_sealer_seal.
static int flush(struct sl_savefile *s, unsigned flags, size_t *written)
{
	struct sl_seal *seal = s->format.seal;
	int r = seal ? sl_seal_add(seal, s->buffer, s->used, flags) : 0;
	size_t done = 0;

	if (r == 0)
		r = write_bytes(s->fd, seal ? seal->bytes : s->buffer, seal ? seal->used : s->used,
				&done);
	*written = s->waiting;
	if (r < 0)
		done = take_back(s, done, written);
	s->bytes += done;
	s->segment_bytes += done;
	s->segment_packets += *written;
	if (s->segment && r == 0)
		sl_segment_wrote(s->segment, done);
	if (r < 0)
		end_segment(s, false);
	s->used = s->header = s->waiting = 0;
	if (seal)
		seal->used = seal->header = 0;
	return r;
}

int sl_savefile_flush(struct sl_savefile *s, size_t *written)
{
	return flush(s, 0, written);
}

bool sl_savefile_can_turn(const struct sl_savefile *s)
{
	return s->segment && sl_segments_is_ready(s->segments);
}

int sl_savefile_turn(struct sl_savefile *s, size_t *written)
{
	int r = flush(s, SL_SEALED_LAST | SL_SEALED_MORE, written);

	if (r < 0)
		return r;
	end_segment(s, true);
	return begin_segment(s);
}

int sl_savefile_finish(struct sl_savefile *s, size_t *written)
{
	int r = 0;

	*written = 0;
	if (s->used > 0 || (s->begun && s->format.seal && s->format.seal->sealer.cipher.has_key))
		r = flush(s, SL_SEALED_LAST, written);
	if (r == 0)
		end_segment(s, true);
	if (s->segments)
		sl_segments_finish(s->segments);
	return r;
}

const char *sl_savefile_trouble(const struct sl_savefile *s)
{
	return s->segments ? sl_segments_failure(s->segments) : NULL;
}

int sl_savefile_close(struct sl_savefile *s)
{
	int r = 0;

	end_segment(s, false);
	if (s->buffer && s->fd >= 0) {
		if (s->created && !s->begun)
			unlink(s->path);
		r = close(s->fd) < 0 ? -errno : 0;
	}
	sl_segments_close(s->segments);
	if (s->buffer && s->format.seal)
		sl_secret_wipe(s->buffer, BUFFER_SIZE);
	free(s->buffer);
	s->buffer = NULL;
	s->segments = NULL;
	s->fd = -1;
	return r;
}
