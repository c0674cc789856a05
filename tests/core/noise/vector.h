// vector: a public test vector of a Noise protocol, and running it.
#pragma once

#include <sluice/noise.h>

enum { INITIATOR, RESPONDER, PARTIES };

enum vector_result { VECTOR_PASSED, VECTOR_FAILED, VECTOR_SKIPPED };

struct vector_bytes {
	uint8_t *data; // NULL = not given
	size_t len;
};

struct vector_message {
	struct vector_bytes payload, ciphertext;
};

// What a file says. All memory is the vector's.
struct vector {
	char name[128];
	struct vector_bytes prologue[PARTIES], secret[PARTIES], ephemeral[PARTIES], remote[PARTIES];
	struct vector_bytes psks[PARTIES][SL_NOISE_PSKS_MAX];
	size_t n_psks[PARTIES];
	struct vector_bytes handshake_hash;
	struct vector_message *messages;
	size_t n_messages;
	// Behind the handshake the initiator begins anew, and the responder answers even in a
	// one-way pattern. Otherwise, messages go on alternating, or one way.
	bool is_transport_fresh;
	bool is_fallback; // it tests Noise Pipes, which are not here
	bool is_bad;      // "fail": the last ciphertext must be refused
};

// How many of each result.
struct vector_count {
	unsigned n[3];
};

// Whether a vector is of something that is not here, whatever else it says: a fallback, or another
// key exchange, cipher, hash, pattern or modifier.
bool vector_is_skipped(const struct vector *v);

// Play both parties of a vector and compare every byte.
//
// why  Filled unless the vector passed.
enum vector_result vector_run(const struct vector *v, char *why, size_t size);

// Run it, print a line unless it passed, and count the result.
void vector_count(struct vector_count *count, const struct vector *v, const char *file);

// Read hexadecimal digits of either case. Returns 0 or -EINVAL.
int vector_hex(struct vector_bytes *out, const char *text, size_t len);

// Free what the vector holds and empty it.
void vector_clear(struct vector *v);

// Run all vectors of a text in one of the two formats.
//
// Returns 0, or -EINVAL after printing what is wrong with the file. A vector that is no good by
// itself is printed and counted as failed.
int vector_run_json(struct vector_count *count, const char *file, const char *text, size_t len);
int vector_run_lines(struct vector_count *count, const char *file, const char *text, size_t len);
