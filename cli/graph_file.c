#include "cli/graph_file.h"

#include <errno.h>

int graph_file_open(struct sl_graph **g, const char *path, struct sl_error *err)
{
	int ret;

	*g = sl_graph_create();
	if (!*g)
		return sl_error_set(err, -ENOMEM, "out of memory");
	ret = sl_graph_load(*g, path, err);
	if (ret == 0)
		ret = sl_graph_check(*g, err);
	if (ret == 0)
		return 0;
	sl_graph_destroy(*g);
	*g = NULL;
	return ret;
}
