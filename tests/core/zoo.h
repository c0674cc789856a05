// zoo: classes of every kind for the tests of what stands between text and a checked graph.
#pragma once

#include "core/graph.h"

// What the class "knobs" is configured with.
struct knobs {
	const char *title;
	bool loud;
	uint64_t count, size, pause;
	double share;
	const char *file;
	struct sl_strings tags, inputs;
	unsigned mode; // 0 slow, 1 steady, 2 fast
	struct sl_rate rate;
};

// gen: a source; eat: a sink; pass: in -> out; router: in -> out, expired; mixer: left, right ->
// out; fan: in -> any number; funnel: any number -> out; knobs: in -> out with a key of every
// type; needy: in -> out with a required key "file"; echo: a source that also takes packets.
extern const struct sl_app_class zoo_knobs;

// Make them known. A group setup of cmocka.
int zoo_open(void **state);

// Assert that code is `wanted` and err reads as `text` in its first line: "file:1:2: what".
void zoo_assert_error(int code, int wanted, const struct sl_error *err, const char *text);

// A text with a mistake, and what is said of it, with its line and column in front; a list of them
// ends with {0}.
struct zoo_mistake {
	const char *yaml, *error;
};

// Assert that each is refused in these words, with the line for the caret, and leaves nothing
// behind in the graph.
void zoo_check_mistakes(const struct zoo_mistake *m);

// Parse yaml, named "dir/test.yaml", into a new graph that must be fine.
struct sl_graph *zoo_graph(const char *yaml);
