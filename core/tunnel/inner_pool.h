// inner_pool: the inner addresses of a service's clients.
//
// A client's place in the pool follows from its name, so that it gets the same address whenever the
// service starts; where two names want one place, the later one gets the next that is free. Only
// the control thread, only while the service is set up.
#pragma once

#include "core/ip/address.h"

struct sl_inner_pool;

enum { SL_INNER_POOL_NAME = 32 };

// Returns a pool of the hosts of a network, owned by the caller, or NULL (out of memory).
//
// own  An address of the service and its network: it, the network's own address and IPv4's
//      broadcast are nobody else's. Of a large network, a million hosts are enough.
struct sl_inner_pool *sl_inner_pool_create(const struct sl_prefix *own);

// NULL is legal.
void sl_inner_pool_destroy(struct sl_inner_pool *p);

// Take an address that was chosen. Returns 0; -EEXIST (somebody has it) or -ERANGE (not of the
// network, or not for clients).
int sl_inner_pool_take(struct sl_inner_pool *p, const struct sl_ip *ip);

// Take the address for a name of SL_INNER_POOL_NAME bytes that are as good as random. Returns false
// where none is free.
bool sl_inner_pool_take_any(struct sl_inner_pool *p, const uint8_t *name, struct sl_ip *out);
