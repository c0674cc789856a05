// tunnel_serve: a service for who holds its capabilities.
#pragma once

#include <sluice/error.h>

// Be the service that a file describes, until a signal ends it. Returns 0 or negative.
int tunnel_serve(const char *path, struct sl_error *err);
