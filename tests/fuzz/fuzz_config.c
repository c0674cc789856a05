// fuzz_config: YAML text becomes a graph, is checked, copied and drawn, or is refused with one line
// that names a place.

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/graph.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_graph *g = sl_graph_create();
	char *yaml = strndup((const char *)data, size);
	struct sl_error err = {0};

	if (sl_graph_parse(g, yaml, "fuzz/fuzz.yaml", &err))
		fuzz_error(&err, "fuzz/fuzz.yaml");
	else
		fuzz_graph(g);
	free(yaml);
	sl_graph_destroy(g);
	return 0;
}
