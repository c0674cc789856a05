// tunnel_serve: a service for who holds its capabilities.
#pragma once

#include "cli/confine.h"

// Be the service that a file describes, until a signal ends it. Returns 0 or negative.
//
// user  Whom to become; NULL = nobody else.
int tunnel_serve(const char *path, const struct confine *user, struct sl_error *err);
