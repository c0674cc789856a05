#include "core/ip/kernel_table.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

int sl_kernel_table_parse(const char *text, uint32_t *table, struct sl_error *err)
{
	unsigned long number;
	char *end;

	if (strcmp(text, "main") == 0) {
		*table = RT_TABLE_MAIN;
		return 0;
	}
	if (strcmp(text, "default") == 0) {
		*table = RT_TABLE_DEFAULT;
		return 0;
	}
	if (strcmp(text, "local") == 0)
		return sl_error_set(
			err, -EINVAL,
			"table 'local' is the kernel's own: it holds no routes to others");
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || number == RT_TABLE_UNSPEC ||
	    number == RT_TABLE_LOCAL || number > UINT32_MAX)
		return sl_error_set(err, -EINVAL, "'%s' is no table: main, default, or a number",
				    text);
	*table = (uint32_t)number;
	return 0;
}
