// eal: DPDK's environment, whose arguments are Sluice's business.
#pragma once

#include <sluice/engine.h>

// Initialise EAL unless the host did. Once per process; later calls find it ready.
// Control thread. Returns 0 or -errno with err filled.
int sl_eal_init(const struct sl_engine_options *options, struct sl_error *err);

// Whether EAL's memory is made of hugepages.
bool sl_eal_has_hugepages(void);
