#include "drivers/segments.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
	NAP_NS = 50000000,
	HASH_STEP = 256 << 10, // bytes read at once
	HASH_VISIT = 1 << 20,  // bytes until the clerk looks around again
	RANDOM = 8,            // bytes in the name of what is not complete
	NAME = 64 + 1,         // any name, terminated
};

// A segment as the clerk sees it.
struct file {
	struct sl_segment segment; // first
	struct file *next;         // in the list of all, oldest first
	char name[NAME];
	uint64_t hashed; // bytes
	crypto_hash_sha256_state hash;
};

struct sl_segments {
	int folder;
	const char *path;
	const struct sl_seal *seal;

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; // of stopping; no worker takes it
	pthread_cond_t wake;
	bool stopping;

	struct file *files;           // the clerk's
	struct sl_sealed_place place; // of the next one
	uint8_t *step;                // HASH_STEP bytes
	_Atomic(struct file *) ready; // from the clerk to the worker
	_Atomic uint64_t named;
	_Atomic(const char *) failure;
	char text[512];
};

const char *sl_segments_failure(const struct sl_segments *s)
{
	return atomic_load_explicit(&s->failure, memory_order_acquire);
}

// Keep the first failure, which the worker may be reading since, and no later one.
static int fail(struct sl_segments *s, const char *name, const char *what, int code)
{
	if (sl_segments_failure(s))
		return -code;
	snprintf(s->text, sizeof(s->text), "%s/%s: %s: %s", s->path, name, what, strerror(code));
	atomic_store_explicit(&s->failure, s->text, memory_order_release);
	return -code;
}

uint64_t sl_segments_named(const struct sl_segments *s)
{
	return atomic_load_explicit(&s->named, memory_order_relaxed);
}

// Create a file of a name that nobody else has. A pcap-reader sees by the lock that it grows.
static int create(struct sl_segments *s, struct file *f)
{
	uint8_t random[RANDOM];
	char hex[2 * RANDOM + 1];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
	snprintf(f->name, sizeof(f->name), "unfinished-%s", hex);
	f->segment.fd = openat(s->folder, f->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY,
			       0666);
	if (f->segment.fd < 0)
		return fail(s, f->name, "cannot be created", errno);
	flock(f->segment.fd, LOCK_EX | LOCK_NB);
	return 0;
}

static int write_header(struct sl_segments *s, struct file *f)
{
	struct sl_sealer_keys keys = sl_seal_keys(s->seal);
	int len = sl_sealer_init(&f->segment.sealer, &keys, &s->place, f->segment.header, NULL);

	if (len < 0)
		return fail(s, f->name, "cannot be sealed", -len);
	f->segment.header_len = (size_t)len;
	s->place.number++;
	sl_sealed_id(f->segment.header, (size_t)len, s->place.previous);
	return 0;
}

static void free_file(struct file *f)
{
	if (f->segment.fd >= 0)
		close(f->segment.fd);
	sodium_memzero(f, sizeof(*f));
	free(f);
}

// Make the next segment ready, where none is.
static int prepare(struct sl_segments *s)
{
	struct file *f, **at;
	int ret;

	if (sl_segments_is_ready(s) || sl_segments_failure(s))
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return fail(s, "", "cannot be continued", ENOMEM);
	crypto_hash_sha256_init(&f->hash);
	ret = create(s, f);
	if (ret == 0)
		ret = write_header(s, f);
	if (ret < 0) {
		if (f->segment.fd >= 0)
			unlinkat(s->folder, f->name, 0);
		free_file(f);
		return ret;
	}
	for (at = &s->files; *at; at = &(*at)->next)
		;
	*at = f;
	atomic_store_explicit(&s->ready, f, memory_order_release);
	return 0;
}

// Hash what has been written, some of it. Returns whether there is more; -errno where it cannot be
// read.
static int hash(struct sl_segments *s, struct file *f)
{
	uint64_t written = atomic_load_explicit(&f->segment.written, memory_order_acquire);
	uint64_t end = written - f->hashed > HASH_VISIT ? f->hashed + HASH_VISIT : written;

	while (f->hashed < end) {
		size_t want = end - f->hashed < HASH_STEP ? (size_t)(end - f->hashed) : HASH_STEP;
		ssize_t n = pread(f->segment.fd, s->step, want, (off_t)f->hashed);

		if (n <= 0 && !(n < 0 && errno == EINTR))
			return n < 0 ? -errno : -EIO;
		if (n < 0)
			continue;
		crypto_hash_sha256_update(&f->hash, s->step, (size_t)n);
		f->hashed += (uint64_t)n;
	}
	return f->hashed < written;
}

// Give a complete segment its name; whoever sees the name finds all of it, also after a crash.
static void give_name(struct sl_segments *s, struct file *f)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	char name[NAME];

	crypto_hash_sha256_final(&f->hash, sum);
	sodium_bin2hex(name, sizeof(name), sum, sizeof(sum));
	if (fdatasync(f->segment.fd) < 0 && errno != EINVAL)
		fail(s, f->name, "cannot be brought to the disk", errno);
	else if (renameat(s->folder, f->name, s->folder, name) < 0)
		fail(s, f->name, "cannot be renamed", errno);
	else
		atomic_fetch_add_explicit(&s->named, 1, memory_order_relaxed);
}

// Do what there is to do for a segment. Returns whether the clerk is done with it; *busy is set
// where there is more to do at once.
static bool attend(struct sl_segments *s, struct file *f, bool *busy)
{
	int state = atomic_load_explicit(&f->segment.state, memory_order_acquire);
	int more = hash(s, f);

	if (more < 0) {
		fail(s, f->name, "cannot be read", -more);
		return state != SL_SEGMENT_OPEN;
	}
	if (more > 0) {
		*busy = true;
		return false;
	}
	if (state == SL_SEGMENT_ENDED)
		give_name(s, f);
	return state != SL_SEGMENT_OPEN;
}

// The oldest first. Returns whether there is more to do at once.
static bool attend_all(struct sl_segments *s)
{
	bool busy = false;

	for (struct file **at = &s->files; *at && !busy;) {
		struct file *f = *at;

		if (!attend(s, f, &busy)) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		free_file(f);
	}
	return busy;
}

// Wait a little, unless there is work. Returns whether the clerk is to stop.
static bool rest(struct sl_segments *s, bool busy)
{
	struct timespec until;
	bool stopping;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += NAP_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&s->lock);
	if (!s->stopping && !busy)
		pthread_cond_timedwait(&s->wake, &s->lock, &until);
	stopping = s->stopping;
	pthread_mutex_unlock(&s->lock);
	return stopping;
}

static void *clerk(void *arg)
{
	struct sl_segments *s = arg;
	bool busy = false;

	while (!rest(s, busy)) {
		prepare(s);
		busy = attend_all(s);
	}
	return NULL;
}

// Signals are for the threads that wait for them.
static int start_thread(struct sl_segments *s)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&s->thread, NULL, clerk, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->has_thread = ret == 0;
	return -ret;
}

static int start(struct sl_segments *s, struct sl_error *err)
{
	int ret;

	s->folder = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->folder < 0)
		return sl_error_set(err, -errno, "%s: %s", s->path, strerror(errno));
	s->step = malloc(HASH_STEP);
	ret = s->step ? prepare(s) : fail(s, "", "cannot be hashed", ENOMEM);
	if (ret < 0)
		return sl_error_set(err, ret, "%s", s->text);
	ret = start_thread(s);
	return ret < 0 ? sl_error_set(err, ret, "%s: no thread: %s", s->path, strerror(-ret)) : 0;
}

int sl_segments_open(struct sl_segments **out, const char *path, const struct sl_seal *seal,
		     struct sl_error *err)
{
	struct sl_segments *s = calloc(1, sizeof(*s));
	pthread_condattr_t attributes;

	*out = s;
	if (!s)
		return sl_error_set(err, -ENOMEM, "%s: out of memory", path);
	s->path = path;
	s->seal = seal;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	return start(s, err);
}

bool sl_segments_is_ready(const struct sl_segments *s)
{
	return atomic_load_explicit(&s->ready, memory_order_acquire) != NULL;
}

struct sl_segment *sl_segments_take(struct sl_segments *s)
{
	struct file *f = atomic_exchange_explicit(&s->ready, NULL, memory_order_acq_rel);

	pthread_cond_signal(&s->wake); // without the lock: who wakes late has only napped
	return f ? &f->segment : NULL;
}

void sl_segment_wrote(struct sl_segment *segment, uint64_t n)
{
	uint64_t written = atomic_load_explicit(&segment->written, memory_order_relaxed);

	atomic_store_explicit(&segment->written, written + n, memory_order_release);
}

void sl_segment_end(struct sl_segment *segment, bool is_complete)
{
	atomic_store_explicit(&segment->state,
			      is_complete ? SL_SEGMENT_ENDED : SL_SEGMENT_ABANDONED,
			      memory_order_release);
}

static void stop_thread(struct sl_segments *s)
{
	if (!s->has_thread)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->has_thread = false;
}

void sl_segments_finish(struct sl_segments *s)
{
	struct sl_segment *unused;

	stop_thread(s);
	unused = sl_segments_take(s);
	if (unused) {
		unlinkat(s->folder, ((struct file *)unused)->name, 0);
		sl_segment_end(unused, false);
	}
	while (s->files)
		attend_all(s);
}

void sl_segments_close(struct sl_segments *s)
{
	if (!s)
		return;
	sl_segments_finish(s);
	if (s->folder >= 0)
		close(s->folder);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s->step);
	free(s);
}
