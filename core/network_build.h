// network_build: what the parts of the compiler of the network level share: apps, their settings,
// and wires between them. Internal to it.
#pragma once

#include "core/network.h"

enum { SL_BUILD_END = 128 }; // bytes of a link's end

// A link to be: where several lead to one input, a join stands in front of it.
struct sl_wire {
	char from[SL_BUILD_END], to[SL_BUILD_END];
	struct sl_place at;
};

// What apps and links are added to. The first failure stays, and nothing is added behind it.
struct sl_builder {
	const struct sl_network *n;
	struct sl_graph *g;
	struct sl_error *err;
	struct sl_wire *wires;
	size_t n_wires;
	size_t app; // index of the one whose settings are added
	bool ipv6;
	int code;
};

// Add an app called by the format; its settings follow.
void sl_build_app(struct sl_builder *b, struct sl_place at, const char *class, const char *format,
		  ...) __attribute__((format(printf, 4, 5)));

// Set a key of the app added last, or append an item to its list.
void sl_build_set(struct sl_builder *b, struct sl_place at, const char *key, const char *format,
		  ...) __attribute__((format(printf, 4, 5)));
void sl_build_append(struct sl_builder *b, struct sl_place at, const char *key, const char *format,
		     ...) __attribute__((format(printf, 4, 5)));

// The same with a text of any length.
void sl_build_put(struct sl_builder *b, struct sl_place at, const char *key, const char *text,
		  bool append);

// Have a link between two ends, "app.port" each; '*' stands for the name.
void sl_build_wire(struct sl_builder *b, struct sl_place at, const char *name, const char *from,
		   const char *to);

// Make links, and joins, of the wires. Free them.
void sl_build_link(struct sl_builder *b);

// Add the apps of a tunnel, and its wires.
void sl_build_tunnel(struct sl_builder *b, unsigned index);
