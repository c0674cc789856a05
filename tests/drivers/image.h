// image: capture files made byte by byte, in a folder that goes away with the test.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_form {
	bool pcapng;
	bool swapped; // the other byte order
	bool nano;
	uint32_t snaplen;   // 0 = 262144
	uint32_t link_type; // 0 = Ethernet
};

// Zeroed but for the form, it is empty; the header comes with the first call of image_header.
struct image {
	struct image_form form;
	uint8_t *bytes;
	size_t len, size;
};

void image_header(struct image *m);
void image_packet(struct image *m, uint64_t stamp_ns, const void *data, uint32_t captured,
		  uint32_t len);

// n frames of len bytes: frame i, filled with the byte i, is captured at stamp_ns + i * gap_ns.
void image_frames(struct image *m, unsigned n, uint32_t len, uint64_t stamp_ns, uint64_t gap_ns);

void image_bytes(struct image *m, const void *data, size_t n);
void image_save(const struct image *m, const char *path);
void image_free(struct image *m);

// A capture of n frames of one length, a microsecond apart from 1 s after 1970 on.
void image_simple(const char *path, unsigned n, uint32_t len);

void file_save(const char *path, const void *data, size_t n);
uint8_t *file_load(const char *path, size_t *n); // heap

// cmocka group fixtures: work in a fresh folder; leave and remove it.
int scratch_enter(void **state);
int scratch_leave(void **state);
