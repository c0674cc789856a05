#include "cli/graph_file.h"

#include <errno.h>
#include <stdio.h>

// A file that was cut short while it was written may well be right, and a router that became
// nothing by it would have ended.
static int check_something(const struct sl_graph *g, const char *path, struct sl_error *err)
{
	if (sl_graph_count_apps(g) > 0)
		return 0;
	sl_error_set(err, -EINVAL, "it comes to nothing: there is no app and no port in it");
	snprintf(err->file, sizeof(err->file), "%s", path);
	return -EINVAL;
}

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
		ret = check_something(*g, path, err);
	if (ret == 0)
		return 0;
	sl_graph_destroy(*g);
	*g = NULL;
	return ret;
}
