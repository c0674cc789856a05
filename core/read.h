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

// Append an item of zeros to an array. Returns it, or NULL where there is no memory.
void *sl_read_append(void **items, size_t *n, size_t size);

// Keep a text with its place.
int sl_read_text(const struct sl_reader *r, struct sl_network_text *to, const struct sl_yaml *v);

// The network level begins with its first word.
void sl_read_begin(const struct sl_reader *r, const struct sl_yaml *v);

// Whether a text is among those known, NULL at the end.
bool sl_read_is_one_of(const char *const *known, const char *text);

// Say that `what` has no such key, and which ones it has. Returns -EINVAL.
int sl_read_unknown_key(const struct sl_reader *r, const struct sl_yaml *key, const char *what,
			const char *const *known);

// Refuse a key that is not among those known, NULL at the end. Returns 0 or -EINVAL.
int sl_read_want_known(const struct sl_reader *r, const struct sl_yaml *v, const char *what,
		       const char *const *known);

// The value of a map's key, or NULL.
const struct sl_yaml *sl_read_find(const struct sl_yaml *map, const char *key);

// Read the services of a tunnel. Returns 0 or -errno.
int sl_read_services(const struct sl_reader *r, struct sl_network_services *s,
		     const struct sl_yaml *v);

// Begin a port or tunnel, as `kind` says: its name is good, and its value a map. Returns 0 and the
// new item, valid until the next one is added, or -errno.
int sl_read_interface(const struct sl_reader *r, const struct sl_yaml *v, const char *kind,
		      struct sl_network_port **port);

// The readers of the network level: one word of a file each.
int sl_read_ports(const struct sl_reader *r, const struct sl_yaml *v);
int sl_read_tunnels(const struct sl_reader *r, const struct sl_yaml *v);
int sl_read_addresses(const struct sl_reader *r, const struct sl_yaml *v);
int sl_read_routes(const struct sl_reader *r, const struct sl_yaml *v);
int sl_read_neighbours(const struct sl_reader *r, const struct sl_yaml *v);
int sl_read_router(const struct sl_reader *r, const struct sl_yaml *v);

// The word `serve`.
int sl_read_serve(const struct sl_reader *r, const struct sl_yaml *v);
