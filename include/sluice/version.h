// version: what a plugin was built against.
#pragma once

#pragma GCC visibility push(default)

// Grows when a public struct or an inlined function changes in a way that breaks compiled apps.
enum { SL_ABI_VERSION = 5 };

// The library's version, "MAJOR.MINOR.PATCH". Semantic versioning of everything in this folder.
const char *sl_version(void);

#pragma GCC visibility pop
