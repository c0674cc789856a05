// poly1305_message: a message of RFC 8439 section 2.8 on its way through general registers.
//
// Included by its kernels alone, and compiled with their flags.
#pragma once

#include "simd/part.h"
#include "simd/poly1305_limbs64.h"

// What is behind the whole blocks, padded with zeroes.
static inline void message_part(struct sl_poly1305_message *m, const uint8_t *from, uint32_t len)
{
	struct part p;

	if (len == 0)
		return;
	p = part_load(from, len);
	sum_block(m, p.low, p.high);
}

static inline void message_start(struct sl_poly1305_message *m, struct sl_poly1305_job *job)
{
	const uint64_t whole = job->aad_len / 16;

	m->job = job;
	sum_start(m, job->key);
	for (uint64_t i = 0; i < whole; i++)
		sum_block_at(m, job->aad + 16 * i);
	if (job->aad_len > 0)
		message_part(m, job->aad + 16 * whole, job->aad_len % 16);
	m->at = job->text;
	m->whole = (uint32_t)(job->len / 16);
}

// Field by field, or it would be copied in memory, and stay there instead of in registers.
static inline void message_copy(struct sl_poly1305_message *to,
				const struct sl_poly1305_message *from)
{
#pragma GCC unroll 3
	for (int i = 0; i < 3; i++)
		to->h[i] = from->h[i];
#pragma GCC unroll 2
	for (int i = 0; i < 2; i++)
		to->r[i] = from->r[i];
	to->r1_5 = from->r1_5;
	to->job = from->job;
	to->at = from->at;
	to->whole = from->whole;
}

// The whole blocks that are left, the part behind them, the lengths: the tag.
static inline void message_finish(struct sl_poly1305_message *m)
{
	const struct sl_poly1305_job *j = m->job;

	for (; m->whole > 0; m->whole--, m->at += 16)
		sum_block_at(m, m->at);
	if (j->len > 0)
		message_part(m, m->at, j->len % 16);
	sum_block_at(m, (const uint8_t *)j + offsetof(struct sl_poly1305_job, aad_len));
	sum_finish(m, j->key, j->tag);
}
