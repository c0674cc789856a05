// app: what the engine shows an app of the others.
#pragma once

#include <sluice/app.h>

struct sl_apps {
	const struct sl_app *const *items;
	size_t n;
};
