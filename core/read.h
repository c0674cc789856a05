// read: what the readers of a file's words share.
#pragma once

#include "core/network.h"
#include "core/yaml.h"

struct sl_reader {
	struct sl_graph *g;
	struct sl_network *net;
	struct sl_error *err;
};

// Whether v is of the kind that `what` must be. Returns 0 or -EINVAL.
int sl_read_want(const struct sl_reader *r, const struct sl_yaml *v, const char *what,
		 enum sl_yaml_kind kind);

// Refuse what is neither a text nor a list of texts. Returns 0 or -EINVAL.
int sl_read_want_texts(const struct sl_reader *r, const struct sl_yaml *v, const char *what);

// The first text of a list, or the one text in place of a list, and the one behind `text`.
const struct sl_yaml *sl_read_first(const struct sl_yaml *v);
const struct sl_yaml *sl_read_next(const struct sl_yaml *v, const struct sl_yaml *text);

// Parse a whole number and hold it against its limits. Returns 0 or -EINVAL.
int sl_read_number(const struct sl_reader *r, const struct sl_yaml *v, const char *what,
		   uint64_t min, uint64_t max, uint64_t *out);

// Returns code; where it is not 0, it is -ENOMEM.
int sl_read_memory(const struct sl_reader *r, int code);

// The readers of the network level: one word of a file each.
int sl_read_ports(const struct sl_reader *r, const struct sl_yaml *v);
int sl_read_addresses(const struct sl_reader *r, const struct sl_yaml *v);
int sl_read_routes(const struct sl_reader *r, const struct sl_yaml *v);
int sl_read_neighbours(const struct sl_reader *r, const struct sl_yaml *v);
int sl_read_router(const struct sl_reader *r, const struct sl_yaml *v);
