// unseal: sealed captures for the other drivers; the contract is <sluice/unseal.h>.
#pragma once

#include <sluice/unseal.h>

// A file that is open already.
struct sl_unseal_source {
	const char *path;   // for messages; borrowed until close
	int fd;             // taken, whatever happens
	bool first_is_lost; // its first byte has been read, and is the one of sealed captures
};

// As sl_unseal_open.
int sl_unseal_start(struct sl_unseal **u, const struct sl_unseal_source *source,
		    const struct sl_unseal_keys *keys, struct sl_error *err);
