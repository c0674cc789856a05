#include "core/tunnel/claims.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	const struct sl_claim *x = a, *y = b;
	int d = memcmp(x->bytes, y->bytes, sizeof(x->bytes));

	return d ? d : (x->order > y->order) - (x->order < y->order);
}

const struct sl_claim *sl_claims_second(struct sl_claim *claims, size_t n,
					const struct sl_claim **first)
{
	const struct sl_claim *second = NULL;

	qsort(claims, n, sizeof(*claims), compare);
	for (size_t i = 1; i < n; i++) {
		const struct sl_claim *a = &claims[i - 1], *b = &claims[i];

		if (memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0 && a->order != b->order &&
		    (!second || b->order < second->order)) {
			*first = a;
			second = b;
		}
	}
	return second;
}
