// graph: what a graph is made of. The verbs are in <sluice/graph.h>.
#pragma once

#include <sluice/graph.h>

enum {
	SL_NAME_SIZE = 64,   // bytes of an app's, class's or port's name, with its end
	SL_APPS_MAX = 4096,  // of a graph
	SL_LINKS_MAX = 8192, // of a graph
	SL_WORKERS_MAX = 64,

	SL_MTU_MIN = 68, // RFC 791 section 3.2
	SL_MTU_MAX = 65000,
	SL_LINK_SIZE_MIN = SL_BURST,
	SL_LINK_SIZE_MAX = 1 << 20,
	SL_PACKETS_MIN = 256,
	SL_PACKETS_MAX = 1 << 26,
};

// A text that graph items were read from: a file or a pipeline line.
struct sl_text {
	char *name;    // "router.yaml", "--through"
	char *content; // all of it, for the source line of an error
	bool is_file;  // relative paths in it are relative to name's folder
};

// Where an item was written. text is an index into sl_graph.texts, or -1 (made by C calls).
struct sl_place {
	int text;
	unsigned line, column; // from 1; columns are characters
	size_t offset;         // bytes in front of it in the text
};

// The value of a config key: a scalar (text set) or a list of scalars (items).
struct sl_value {
	struct sl_place at;
	char *text;
	struct sl_value *items;
	size_t n_items;
};

struct sl_setting {
	char *key; // NULL = the class's first
	struct sl_place at;
	struct sl_value value;
};

struct sl_graph_app {
	char *name;
	char *class; // "" = announced, not defined
	struct sl_place at, class_at;
	int worker; // -1 = placed automatically
	struct sl_place worker_at;
	struct sl_setting *settings;
	size_t n_settings;
};

struct sl_graph_link {
	char *from, *from_port; // a port of NULL is the default one
	char *to, *to_port;
	struct sl_place from_at, to_at;
};

struct sl_graph {
	struct sl_text *texts;
	size_t n_texts;
	struct sl_graph_app *apps;
	size_t n_apps;
	struct sl_graph_link *links;
	size_t n_links;
	struct sl_setting *plugins; // value.text is the path; key unused
	size_t n_plugins;
	char **eal_args; // NULL at the end, or NULL
	unsigned *cpus;  // of the workers, or NULL
	unsigned n_cpus;
	struct sl_place cpus_at;
	unsigned workers;
	struct sl_place workers_at;
	uint32_t mtu;
	uint32_t link_size; // slots of each link
	uint64_t packets;   // of the pool; 0 = as many as the graph can need
	uint64_t idle_ns;
};

// The place of items made by C calls.
static inline struct sl_place sl_place_none(void)
{
	return (struct sl_place){.text = -1};
}

// Step over one byte of a text.
static inline void sl_place_step(struct sl_place *at, char c)
{
	at->offset++;
	if (c == '\n') {
		at->line++;
		at->column = 1;
	} else if (((unsigned char)c & 0xc0) != 0x80) { // not the middle of a UTF-8 character
		at->column++;
	}
}

// Fill err with the formatted text and the place: file, line, column and source line.
// Returns code.
int sl_graph_error(const struct sl_graph *g, struct sl_place at, struct sl_error *err, int code,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));

// Fill in only the place of an error whose text is already there.
void sl_graph_error_place(const struct sl_graph *g, struct sl_place at, struct sl_error *err);

// The place of the character n bytes into a value that was read at `at`: as good as can be known
// where a value is not written literally.
struct sl_place sl_place_inside(const struct sl_graph *g, struct sl_place at, const char *value,
				size_t n);

// Exchange what two graphs hold: the commit of an operation that worked on a copy.
void sl_graph_swap(struct sl_graph *a, struct sl_graph *b);

// Whether an app, class or port may have this name: letters, digits, '-' and '_', neither
// starting nor ending with '-', shorter than SL_NAME_SIZE.
bool sl_name_valid(const char *name);

// Returns path as the process can open it: relative to the folder of the file that names it at
// `at`, if any; "-" stays what it is. Heap text, owned by the caller, or NULL (out of memory).
char *sl_graph_path(const struct sl_graph *g, struct sl_place at, const char *path);

// Remember a text. Returns its index, or -ENOMEM.
int sl_graph_add_text(struct sl_graph *g, const char *name, const char *content, bool is_file);

// Append an app or a link; names are copied. Return the new item, or NULL with err filled; it is
// valid until the next one is added. An app whose name exists or is no name, and a link to
// nowhere, are errors at their place. The ends of a link are "app" or "app.port".
struct sl_graph_app *sl_graph_add_app(struct sl_graph *g, const char *name, struct sl_place at,
				      const char *class, struct sl_place class_at,
				      struct sl_error *err);
struct sl_graph_link *sl_graph_add_link(struct sl_graph *g, const char *from,
					struct sl_place from_at, const char *to,
					struct sl_place to_at, struct sl_error *err);

// Add the links of "a -> b.in -> c", whose first character stands at `at`. A port in the middle is
// the input that the link in front of it feeds. Returns 0 or -errno, g as before.
int sl_graph_add_chain(struct sl_graph *g, const char *chain, struct sl_place at,
		       struct sl_error *err);

// Append a setting with a scalar value, or make it one more item of a list. text is copied; NULL
// with append makes an empty list. key NULL = the class's first. Returns 0, -EEXIST, -ENOMEM.
int sl_graph_app_set(struct sl_graph *g, struct sl_graph_app *app, const char *key,
		     struct sl_place key_at, const char *text, struct sl_place text_at, bool append,
		     struct sl_error *err);

// Returns the app of that name, or NULL.
struct sl_graph_app *sl_graph_find(const struct sl_graph *g, const char *name);

// Fill err with "no app is named ...", the nearest name and the place. Returns -ENOENT.
int sl_graph_no_app(const struct sl_graph *g, const char *name, struct sl_place at,
		    struct sl_error *err);

// The engine's words: plugins and EAL arguments are appended, the list of CPUs is replaced. All
// are copied. Return 0 or -ENOMEM.
int sl_graph_add_plugin(struct sl_graph *g, const char *path, struct sl_place at);
int sl_graph_add_eal_arg(struct sl_graph *g, const char *arg);
int sl_graph_set_cpus(struct sl_graph *g, const unsigned *cpus, unsigned n);

// Free what an item owns, not the item.
void sl_value_fini(struct sl_value *v);
void sl_setting_fini(struct sl_setting *s);
void sl_graph_link_fini(struct sl_graph_link *l);
