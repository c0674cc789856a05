// kernel_table: how the routing tables of Linux are named. Spec: linux/rtnetlink.h, enum
// rt_class_t.
#pragma once

#include <sluice/error.h>
#include <stdint.h>

// Read the name of a table with routes to others: main, default, or a number.
//
// Returns 0, or -EINVAL with err filled.
int sl_kernel_table_parse(const char *text, uint32_t *table, struct sl_error *err);
