// fuzz_pipeline: a pipeline line becomes a graph, is checked, copied and drawn, or is refused with
// one line that names a column.

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/graph.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_graph *g = sl_graph_create();
	char *line = strndup((const char *)data, size);
	struct sl_error err = {0};

	sl_graph_add(g, "in", "source", NULL);
	sl_graph_add(g, "out", "sink", NULL);
	if (sl_graph_pipeline(g, line, "in", "out", &err))
		fuzz_error(&err, "pipeline");
	else
		fuzz_graph(g);
	free(line);
	sl_graph_destroy(g);
	return 0;
}
