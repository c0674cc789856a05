// graph: apps and links as data.
//
// A graph is passive: it names what is wanted. Build one from a file, from a pipeline line, from
// these calls, or from all of them; then hand it to sl_engine_apply. Every item remembers where
// it was written, so that an error found later still names file, line and column.
//
// Thread rule: a graph is used by one thread at a time. Texts passed in are copied.
#pragma once

#include <sluice/app.h>

#pragma GCC visibility push(default)

struct sl_graph;

// Returns an empty graph, owned by the caller, or NULL (out of memory).
struct sl_graph *sl_graph_create(void);

// Returns a copy of g, owned by the caller, or NULL (out of memory).
struct sl_graph *sl_graph_copy(const struct sl_graph *g);

// NULL is legal.
void sl_graph_destroy(struct sl_graph *g);

// Read a YAML file into g, beside what g holds already.
//
// Returns 0, or -errno with err filled: -ENOENT and the like, -EINVAL for what the file says.
// On failure g is as before.
int sl_graph_load(struct sl_graph *g, const char *path, struct sl_error *err);

// The same for YAML text in memory. name stands for the file in errors; relative paths in the
// text are relative to the folder of name.
int sl_graph_parse(struct sl_graph *g, const char *yaml, const char *name, struct sl_error *err);

// Add the apps of a pipeline line and link them in a row: "filter 'udp port 53' -> rate 1Mpps".
//
// Stages are `[name=]class [value] [key=value]...`, quoted as a shell would, joined by "->".
//
// line   Copied.
// first  Where not NULL: an existing app whose default output feeds the first stage.
// last   Where not NULL: an existing app whose default input the last stage feeds.
//
// An empty line just links first to last. On failure g is as before.
int sl_graph_pipeline(struct sl_graph *g, const char *line, const char *first, const char *last,
		      struct sl_error *err);

// Add an app. Returns 0, -EEXIST, -EINVAL (not a name), -ENOMEM.
int sl_graph_add(struct sl_graph *g, const char *name, const char *class, struct sl_error *err);

// Set a config key of an app from text; NULL as key means the class's first. Setting a key twice
// is an error, except that the value is appended where `append` is true (for lists).
int sl_graph_set(struct sl_graph *g, const char *app, const char *key, const char *value,
		 bool append, struct sl_error *err);

// Link apps in a row: "in -> dns -> out", "router.expired -> icmp". A name without a port means
// the app's only or first free port. Returns 0 or -EINVAL.
int sl_graph_link(struct sl_graph *g, const char *chain, struct sl_error *err);

// Remove an app and its links. Returns 0 or -ENOENT.
int sl_graph_remove(struct sl_graph *g, const char *name);

// Announce an app: links may name it before it is there. It must be defined later, by a file, by
// sl_graph_add or by sl_graph_replace, or the graph does not pass the check. Returns as add.
int sl_graph_announce(struct sl_graph *g, const char *name, struct sl_error *err);

// Make an app one of another class, without settings; its links and its worker stay.
// Returns 0, -ENOENT or -ENOMEM.
int sl_graph_replace(struct sl_graph *g, const char *name, const char *class, struct sl_error *err);

bool sl_graph_has(const struct sl_graph *g, const char *name);

// Whether a link leads from one app to another; NULL stands for any.
bool sl_graph_has_link(const struct sl_graph *g, const char *from, const char *to);

size_t sl_graph_count_apps(const struct sl_graph *g);
size_t sl_graph_count_links(const struct sl_graph *g);

// How many workers run it (default 1).
void sl_graph_set_workers(struct sl_graph *g, unsigned workers);

// The largest IP packet the pool's buffers are made for, bytes (default 1500).
void sl_graph_set_mtu(struct sl_graph *g, uint32_t mtu);

// How long an idle worker may sleep at a time, ns (default 3 ms); 0 = it never sleeps.
void sl_graph_set_idle(struct sl_graph *g, uint64_t idle_ns);

// Put an app on a worker, counted from 0; apps not put anywhere are placed automatically.
int sl_graph_place(struct sl_graph *g, const char *app, unsigned worker, struct sl_error *err);

// Check everything that can be checked without opening anything: classes, keys, values, ports,
// cycles, workers. Loads the graph's plugins. Returns 0 or -EINVAL and the first mistake.
int sl_graph_check(const struct sl_graph *g, struct sl_error *err);

// Check what the files say that the settings of a graph name, as keys and capabilities, and what
// they say together: what sl_engine_apply would refuse of a graph that is right by sl_graph_check.
// What can be read only once, as a pipe, is left alone. Returns likewise, or what the system says.
int sl_graph_check_files(const struct sl_graph *g, struct sl_error *err);

// Describe the graph in the dot language. Returns heap text, owned by the caller, or NULL.
char *sl_graph_dot(const struct sl_graph *g);

// Write the graph as a YAML file of apps and links, which makes the same graph when it is read; a
// relative path in it means what it says only in the folder of the file it came from. YAML holds
// no text that is not UTF-8.
// Returns heap text, owned by the caller, or NULL.
char *sl_graph_yaml(const struct sl_graph *g);

// The class of that name: a library class, or of a plugin loaded so far. NULL if there is none.
const struct sl_app_class *sl_class_find(const char *name);

// All of them in alphabetical order by index; NULL behind the last.
const struct sl_app_class *sl_class_at(size_t index);

// Make a class of the program's own known under its name. Control thread, before a graph names
// it; the table must outlive every engine. Returns 0, -EEXIST, -EINVAL (a table that makes no
// sense) or -ENOMEM.
int sl_class_register(const struct sl_app_class *class);

// Load the classes of a plugin, which stays loaded. A second time is no error and does nothing.
// Control thread. Returns 0; -ENOENT, -EINVAL (not a plugin), -ENOEXEC (built
// against another ABI version), -EEXIST (a class of that name exists).
int sl_plugin_load(const char *path, struct sl_error *err);

#pragma GCC visibility pop
