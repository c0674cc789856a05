// unseal_out: where unsealed captures go: one file, with the records that are whole.
#pragma once

#include "cli/whole.h"

#include <sluice/error.h>

// Zeroed but for path and inputs, it is closed.
struct unseal_out {
	const char *path; // "-" = the standard output
	char **inputs;    // files that must not be overwritten
	size_t n_inputs;
	int fd; // 0 = closed
	struct whole whole;
};

// Another capture follows.
void unseal_out_begin(struct unseal_out *o);

// Write what is whole of more text, and at the end of an undamaged capture all there is. The file
// is created, with mode 0600, or emptied, when there is something to write.
//
// Returns 0 or, with err filled: -EINVAL (the capture has another format than those before),
// -EEXIST (the file is one of the inputs), or what the system says.
int unseal_out_write(struct unseal_out *o, const void *text, size_t n, bool is_end,
		     struct sl_error *err);

// Close the file. Returns 0, or -errno with err filled.
int unseal_out_close(struct unseal_out *o, struct sl_error *err);
