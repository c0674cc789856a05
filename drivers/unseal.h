// unseal: sealed captures for the other drivers; the contract is <sluice/unseal.h>.
#pragma once

#include <sluice/unseal.h>

// As sl_unseal_open, of a file that is open already.
//
// fd     Taken, whatever happens.
// first  `n` bytes that have been read from it, at most SL_UNSEAL_FIRST_MAX.
int sl_unseal_start(struct sl_unseal **u, int fd, const uint8_t *first, size_t n, const char *path,
		    const struct sl_unseal_keys *keys, struct sl_error *err);

enum { SL_UNSEAL_FIRST_MAX = 16 };
