#include <sluice/version.h>

#include "core/version_text.h" // made by meson from the project's version

const char *sl_version(void)
{
	return SL_VERSION_TEXT;
}
