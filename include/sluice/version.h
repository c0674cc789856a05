// version: what a plugin was built against.
#pragma once

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

// Grows when a public struct or an inlined function changes in a way that breaks compiled apps.
enum { SL_ABI_VERSION = 5 };

// The library's version, "MAJOR.MINOR.PATCH". Semantic versioning of everything in this folder.
const char *sl_version(void);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
