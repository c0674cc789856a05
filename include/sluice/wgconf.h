// wgconf: the file that `wg setconf` and `wg-quick` read.
//
// Spec: wg(8), wg-quick(8), "CONFIGURATION FILE FORMAT".
//
// Thread rule: any thread; a struct is used by one at a time.
#pragma once

#include <sluice/tunnel.h>

#pragma GCC visibility push(default)

// What a file says. Its texts belong to it.
struct sl_wgconf {
	uint8_t private_key[SL_KEY];
	bool has_key;
	bool is_open;           // others than the owner may read the file
	uint16_t port;          // 0 = any
	uint32_t mark;          // 0 = none
	uint32_t mtu;           // 0 = not said
	const char **addresses; // of the interface, "10.0.0.1/24"
	size_t n_addresses;

	// Each replaces what there was of it. An endpoint is as the file has it, which may be a
	// host's name.
	struct sl_tunnel_change *peers;
	size_t n_peers;

	const char **others; // words of wg-quick that ask for more: DNS, Table, PostUp, ...
	size_t n_others;

	char *text; // all the texts, and secrets
	size_t size;
};

// Read a file, a pipe too.
//
// c  Filled; freed by sl_wgconf_fini, also on failure.
//
// Returns 0; -EINVAL, err saying where it is wrong, but never what stands there, which may be a
// secret; -ENOMEM, or what the system says.
int sl_wgconf_load(struct sl_wgconf *c, const char *path, struct sl_error *err);

// The same for a text of len bytes. name stands for the file in errors.
int sl_wgconf_parse(struct sl_wgconf *c, const char *text, size_t len, const char *name,
		    struct sl_error *err);

// Wipe and free what it holds. Zeroed memory is legal.
void sl_wgconf_fini(struct sl_wgconf *c);

#pragma GCC visibility pop
