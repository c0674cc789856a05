#include "drivers/records.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_SIZE = 64 << 10 }; // bytes of a mapping at first

// Make the mapping at *memory hold at least `needed` bytes.
static int grow(void **memory, size_t *size, size_t needed)
{
	size_t wanted = *size ? *size : FIRST_SIZE;
	void *p;

	if (needed <= *size)
		return 0;
	while (wanted < needed)
		wanted *= 2;
	p = *memory ? mremap(*memory, *size, wanted, MREMAP_MAYMOVE)
		    : mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	*memory = p;
	*size = wanted;
	return 0;
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static int reserve(struct sl_records *r, size_t len)
{
	void *index = r->index, *bytes = r->bytes;
	int e;

	e = grow(&index, &r->index_size, (r->count + 1) * sizeof(*r->index));
	r->index = index;
	if (e < 0)
		return e;
	e = grow(&bytes, &r->bytes_size,
		 r->used + round_up(len, SL_RECORD_BLOCK) + SL_RECORD_BLOCK);
	r->bytes = bytes;
	return e;
}

int sl_records_add(struct sl_records *r, struct sl_record record, const uint8_t *data)
{
	if (r->used / SL_RECORD_ALIGN > UINT32_MAX || reserve(r, record.len) < 0)
		return -ENOMEM;
	record.place = (uint32_t)(r->used / SL_RECORD_ALIGN);
	memcpy(r->bytes + r->used, data, record.len);
	r->index[r->count++] = record;
	r->used += round_up(record.len, SL_RECORD_ALIGN);
	if (record.len > r->longest)
		r->longest = record.len;
	return 0;
}

void sl_records_clear(struct sl_records *r)
{
	r->count = 0;
	r->used = 0;
	r->longest = 0;
}

void sl_records_fini(struct sl_records *r)
{
	if (r->index)
		munmap(r->index, r->index_size);
	if (r->bytes)
		munmap(r->bytes, r->bytes_size);
	*r = (struct sl_records){0};
}
