// confine_calls: the system calls that a running Sluice makes.
#pragma once

#include <stddef.h>

extern const int confine_calls[];
extern const size_t confine_n_calls;
