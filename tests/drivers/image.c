#include "tests/drivers/image.h"

#include <byteswap.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

void image_bytes(struct image *m, const void *data, size_t n)
{
	if (m->len + n > m->size) {
		m->size = (m->len + n) * 2;
		m->bytes = realloc(m->bytes, m->size);
		must(m->bytes != NULL, "realloc");
	}
	if (n)
		memcpy(m->bytes + m->len, data, n);
	m->len += n;
}

static void put32(struct image *m, uint32_t value)
{
	value = m->form.swapped ? bswap_32(value) : value;
	image_bytes(m, &value, sizeof(value));
}

static void put16(struct image *m, uint16_t value)
{
	value = m->form.swapped ? bswap_16(value) : value;
	image_bytes(m, &value, sizeof(value));
}

static void pcapng_header(struct image *m, uint32_t snaplen, uint32_t link_type)
{
	put32(m, 0x0a0d0d0a);
	put32(m, 28);
	put32(m, 0x1a2b3c4d);
	put16(m, 1);
	put16(m, 0);
	put32(m, UINT32_MAX);
	put32(m, UINT32_MAX);
	put32(m, 28);

	put32(m, 1);
	put32(m, 32);
	put16(m, (uint16_t)link_type);
	put16(m, 0);
	put32(m, snaplen);
	put16(m, 9); // if_tsresol
	put16(m, 1);
	image_bytes(m, m->form.nano ? "\x09\0\0\0" : "\x06\0\0\0", 4);
	put32(m, 0); // opt_endofopt
	put32(m, 32);
}

void image_header(struct image *m)
{
	uint32_t snaplen = m->form.snaplen ? m->form.snaplen : 262144;
	uint32_t link_type = m->form.link_type ? m->form.link_type : 1;

	if (m->form.pcapng) {
		pcapng_header(m, snaplen, link_type);
		return;
	}
	put32(m, m->form.nano ? 0xa1b23c4d : 0xa1b2c3d4);
	put16(m, 2);
	put16(m, 4);
	put32(m, 0);
	put32(m, 0);
	put32(m, snaplen);
	put32(m, link_type);
}

static void pcapng_packet(struct image *m, uint64_t stamp, const void *data, uint32_t captured,
			  uint32_t len)
{
	uint32_t padding = -captured & 3, total = 32 + captured + padding;

	put32(m, 6);
	put32(m, total);
	put32(m, 0);
	put32(m, (uint32_t)(stamp >> 32));
	put32(m, (uint32_t)stamp);
	put32(m, captured);
	put32(m, len);
	image_bytes(m, data, captured);
	image_bytes(m, "\0\0\0", padding);
	put32(m, total);
}

void image_packet(struct image *m, uint64_t stamp_ns, const void *data, uint32_t captured,
		  uint32_t len)
{
	uint64_t unit = m->form.nano ? 1 : 1000;

	if (m->form.pcapng) {
		pcapng_packet(m, stamp_ns / unit, data, captured, len);
		return;
	}
	put32(m, (uint32_t)(stamp_ns / 1000000000));
	put32(m, (uint32_t)(stamp_ns % 1000000000 / unit));
	put32(m, captured);
	put32(m, len);
	image_bytes(m, data, captured);
}

void image_frames(struct image *m, unsigned n, uint32_t len, uint64_t stamp_ns, uint64_t gap_ns)
{
	uint8_t *frame = malloc(len ? len : 1);

	must(frame != NULL, "malloc");
	for (unsigned i = 0; i < n; i++) {
		memset(frame, (int)i, len);
		image_packet(m, stamp_ns + i * gap_ns, frame, len, len);
	}
	free(frame);
}

void file_save(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	must(f != NULL, path);
	must(n == 0 || fwrite(data, n, 1, f) == 1, path);
	must(fclose(f) == 0, path);
}

uint8_t *file_load(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;

	must(f != NULL, path);
	must(fseek(f, 0, SEEK_END) == 0, path);
	*n = (size_t)ftell(f);
	rewind(f);
	data = malloc(*n + 1);
	must(data != NULL, "malloc");
	must(*n == 0 || fread(data, *n, 1, f) == 1, path);
	fclose(f);
	return data;
}

void image_save(const struct image *m, const char *path)
{
	file_save(path, m->bytes, m->len);
}

void image_free(struct image *m)
{
	free(m->bytes);
	*m = (struct image){.form = m->form};
}

void image_simple(const char *path, unsigned n, uint32_t len)
{
	struct image m = {0};

	image_header(&m);
	image_frames(&m, n, len, 1000000000, 1000);
	image_save(&m, path);
	image_free(&m);
}

int scratch_enter(void **state)
{
	const char *parent = getenv("TMPDIR");
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/sluice-XXXXXX", parent ? parent : "/tmp");
	must(mkdtemp(path) != NULL, path);
	must(chdir(path) == 0, path);
	return 0;
}

int scratch_leave(void **state)
{
	char path[512];
	DIR *d = opendir(".");
	struct dirent *e;

	(void)state;
	must(d != NULL && getcwd(path, sizeof(path)) != NULL, "scratch folder");
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    unlink(e->d_name) < 0)
			must(rmdir(e->d_name) == 0, e->d_name);
	closedir(d);
	must(chdir("/") == 0 && rmdir(path) == 0, path);
	return 0;
}
