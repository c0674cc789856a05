// poly1305: the tags of many packets at once (RFC 8439 sections 2.5 and 2.8).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The message is aad, padded to 16 bytes with zeroes, text, padded likewise, and both lengths.
struct sl_poly1305_job {
	const uint8_t *key;  // 32 bytes, r and s
	const uint8_t *aad;  // NULL where aad_len is 0
	const uint8_t *text; // NULL where len is 0
	uint64_t aad_len;    // bytes; next to each other as in the message
	uint64_t len;        // bytes
	uint8_t *tag;        // 16 bytes: the result
	bool done;           // it is there: a kernel leaves the job alone
};

// A message on its way through general registers.
struct sl_poly1305_message {
	uint64_t h[3];       // the sum so far
	uint64_t r[2], r1_5; // what it is multiplied by, and 5/4 of r[1]
	struct sl_poly1305_job *job;
	const uint8_t *at; // of the text: what was not summed up yet
	uint32_t whole;    // blocks from there on
};

// Messages that general registers work on while vector registers make keystream: what chacha20
// takes besides its own jobs. It does what fits and marks it done, in the order of the jobs, and
// leaves the rest, and what is too short, to poly1305.
struct sl_poly1305_queue {
	struct sl_poly1305_job *jobs;
	size_t n;
	bool follows;      // job i is of what chacha20's job i writes, so it must wait for that
	uint32_t shortest; // bytes of text below which a message is too short
	// The rest is the kernels': zero at first.
	size_t next; // job to start
	bool begun;  // the one before it is on its way
	struct sl_poly1305_message message;
};

// The kernels. Nothing outside the buffers is read. What they leave on the stack is the caller's to
// wipe, with what the compiler left there (level.h).
void sl_poly1305_bmi2(struct sl_poly1305_job *jobs, size_t n);
void sl_poly1305_ifma(struct sl_poly1305_job *jobs, size_t n);
