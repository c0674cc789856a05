#include "core/yaml.h"

#include "core/error.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH_MAX = 16,      // of maps and lists in each other; a graph needs 5
	NODES_MAX = 1000000, // of a file
};

struct loader {
	const struct sl_graph *g;
	const struct sl_text *text;
	int text_index;
	struct sl_error *err;
	struct fy_diag *diag;
	struct fy_parser *parser;

	struct sl_yaml *root;
	struct sl_yaml *open[DEPTH_MAX]; // maps and lists that are not closed yet
	bool is_flow[DEPTH_MAX];
	unsigned depth;
	struct sl_yaml *key; // the key that waits for its value
	struct sl_place last;
	size_t nodes;
	bool ended; // the first document is complete
};

const char *sl_yaml_kind_name(enum sl_yaml_kind kind)
{
	static const char *const names[] = {
		[SL_YAML_NOTHING] = "nothing",
		[SL_YAML_TEXT] = "a single value",
		[SL_YAML_LIST] = "a list",
		[SL_YAML_MAP] = "a map",
	};

	return names[kind];
}

void sl_yaml_free(struct sl_yaml *node)
{
	while (node) {
		struct sl_yaml *next = node->next;

		sl_yaml_free(node->key);
		sl_yaml_free(node->first); // at most DEPTH_MAX deep
		free(node->text);
		free(node);
		node = next;
	}
}

static int out_of_memory(struct loader *l)
{
	return sl_error_set(l->err, -ENOMEM, "out of memory");
}

// ---- bytes

static struct sl_place place_of_byte(const struct loader *l, size_t offset)
{
	struct sl_place at = {.text = l->text_index, .line = 1, .column = 1};

	while (at.offset < offset)
		sl_place_step(&at, l->text->content[at.offset]);
	return at;
}

static int check_bytes(const struct loader *l)
{
	const char *s = l->text->content;
	size_t good = sl_text_utf8(s);

	if (s[good])
		return sl_graph_error(l->g, place_of_byte(l, good), l->err, -EINVAL,
				      "byte 0x%02x: this is not UTF-8", (unsigned char)s[good]);
	for (size_t i = 0; s[i]; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return sl_graph_error(l->g, place_of_byte(l, i), l->err, -EINVAL,
					      "control character 0x%02x", c);
	}
	return 0;
}

// ---- the parser's own errors

// libfyaml notices at the end of the file that a bracket is open; a person looks for the bracket.
static int unclosed_bracket(const struct loader *l)
{
	const struct sl_yaml *node = l->open[l->depth - 1];

	return sl_graph_error(l->g, node->at, l->err, -EINVAL, "this '%c' is never closed",
			      node->kind == SL_YAML_MAP ? '{' : '[');
}

static unsigned count_lines(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += s[0] == '\n' || (s[1] == '\0' && s[0] != '\n');
	return n;
}

static int syntax_error(struct loader *l)
{
	struct sl_place at = l->last;
	struct fy_diag_error *e;
	void *iterator = NULL;

	while ((e = fy_diag_errors_iterate(l->diag, &iterator)) && e->type != FYET_ERROR)
		;
	if (!e)
		return sl_graph_error(l->g, at, l->err, -EINVAL, "this is not YAML");
	at.line = e->line > 0 ? (unsigned)e->line : 1;
	at.column = e->column > 0 ? (unsigned)e->column : 1;
	if (at.line > count_lines(l->text->content) && l->depth && l->is_flow[l->depth - 1])
		return unclosed_bracket(l);
	return sl_graph_error(l->g, at, l->err, -EINVAL, "%s", e->msg);
}

// ---- nodes

static struct sl_place place_of(struct loader *l, const struct fy_mark *mark)
{
	// An empty value has no mark: it is where its key is.
	if (mark)
		l->last = (struct sl_place){
			.text = l->text_index,
			.line = (unsigned)mark->line + 1,
			.column = (unsigned)mark->column + 1,
			.offset = mark->input_pos,
		};
	return l->last;
}

static struct sl_yaml *new_node(struct loader *l, enum sl_yaml_kind kind, struct sl_place at)
{
	struct sl_yaml *node = calloc(1, sizeof(*node));

	if (!node) {
		out_of_memory(l);
		return NULL;
	}
	node->kind = kind;
	node->at = at;
	return node;
}

// Refuse what only makes sense to a machine.
static int check_event(struct loader *l, struct fy_event *e)
{
	struct fy_token *anchor = fy_event_get_anchor_token(e);
	struct fy_token *tag = fy_event_get_tag_token(e);

	if (e->type == FYET_ALIAS)
		return sl_graph_error(l->g, place_of(l, fy_event_start_mark(e)), l->err, -EINVAL,
				      "aliases (*name) are not used here; a text with '*' needs "
				      "quotes");
	if (anchor)
		return sl_graph_error(l->g, place_of(l, fy_token_start_mark(anchor)), l->err,
				      -EINVAL,
				      "anchors (&name) are not used here; a text with '&' needs "
				      "quotes");
	if (tag)
		return sl_graph_error(l->g, place_of(l, fy_token_start_mark(tag)), l->err, -EINVAL,
				      "tags (!name) are not used here; a text with '!' needs "
				      "quotes");
	if (l->ended)
		return sl_graph_error(l->g, place_of(l, fy_event_start_mark(e)), l->err, -EINVAL,
				      "a second document: a file has one");
	if (++l->nodes > NODES_MAX)
		return sl_graph_error(l->g, place_of(l, fy_event_start_mark(e)), l->err, -EINVAL,
				      "more than %d values", NODES_MAX);
	return 0;
}

// Whether the next node is the key of a map.
static bool at_key(const struct loader *l)
{
	return l->depth > 0 && l->open[l->depth - 1]->kind == SL_YAML_MAP && !l->key;
}

// Put a finished text, or an opened map or list, where it belongs. The tree owns node from here
// on, also in case of an error.
static int attach(struct loader *l, struct sl_yaml *node)
{
	struct sl_yaml *parent = l->depth ? l->open[l->depth - 1] : NULL;

	if (!parent) {
		l->root = node;
		return 0;
	}
	if (at_key(l)) {
		l->key = node;
		if (node->kind == SL_YAML_TEXT)
			return 0;
		return sl_graph_error(l->g, node->at, l->err, -EINVAL,
				      "the key of a map must be a text, not %s",
				      sl_yaml_kind_name(node->kind));
	}
	node->key = l->key;
	l->key = NULL;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	return 0;
}

// Whether a scalar is empty, or a word for it. As a key "null" is a name like any other.
static bool is_nothing(const struct loader *l, struct fy_token *token, const char *text, size_t len)
{
	if (fy_token_scalar_style(token) != FYSS_PLAIN)
		return false;
	if (len == 0 || at_key(l))
		return len == 0;
	return (len == 1 && text[0] == '~') || (len == 4 && !memcmp(text, "null", 4));
}

// The source of a single-quoted text, which its marks enclose; NULL where e is none, or has no ''.
static const char *quoted(const struct loader *l, struct fy_event *e, size_t *len)
{
	const struct fy_mark *start = fy_event_start_mark(e), *end = fy_event_end_mark(e);
	const char *text;

	if (!start || !end || fy_token_scalar_style(e->scalar.value) != FYSS_SINGLE_QUOTED)
		return NULL;
	text = l->text->content + start->input_pos;
	*len = end->input_pos - start->input_pos;
	return memmem(text, *len, "''", 2) ? text : NULL;
}

// libfyaml 0.7.12 loses memory on some texts with '', so they are read here.
static int add_quoted(struct loader *l, struct sl_place at, const char *text, size_t len)
{
	struct sl_yaml *node;
	size_t n = 0;

	if (memchr(text, '\n', len))
		return sl_graph_error(l->g, at, l->err, -EINVAL,
				      "'' in a text of several lines: use double quotes around it");
	node = new_node(l, SL_YAML_TEXT, at);
	if (!node)
		return -ENOMEM;
	node->text = malloc(len + 1);
	if (!node->text) {
		sl_yaml_free(node);
		return out_of_memory(l);
	}
	for (size_t i = 0; i < len; i += 1 + (text[i] == '\''))
		node->text[n++] = text[i];
	node->text[n] = '\0';
	return attach(l, node);
}

static int add_scalar(struct loader *l, struct fy_event *e)
{
	struct fy_token *token = fy_event_get_token(e);
	struct sl_place at = place_of(l, fy_event_start_mark(e));
	size_t len = 0;
	const char *text = "";
	const char *source = quoted(l, e, &len);
	struct sl_yaml *node;

	if (source)
		return add_quoted(l, at, source, len);
	if (token)
		text = fy_token_get_text(token, &len);
	if (!text)
		return out_of_memory(l);
	if (memchr(text, '\0', len))
		return sl_graph_error(l->g, at, l->err, -EINVAL, "a NUL character in a text");
	node = new_node(l, is_nothing(l, token, text, len) ? SL_YAML_NOTHING : SL_YAML_TEXT, at);
	if (!node)
		return -ENOMEM;
	if (node->kind == SL_YAML_TEXT && !(node->text = strndup(text, len))) {
		sl_yaml_free(node);
		return out_of_memory(l);
	}
	return attach(l, node);
}

static int open_node(struct loader *l, struct fy_event *e)
{
	struct sl_place at = place_of(l, fy_event_start_mark(e));
	struct sl_yaml *node;
	int code;

	if (l->depth == DEPTH_MAX)
		return sl_graph_error(l->g, at, l->err, -EINVAL,
				      "more than %d maps and lists in each other", DEPTH_MAX);
	node = new_node(l, e->type == FYET_MAPPING_START ? SL_YAML_MAP : SL_YAML_LIST, at);
	if (!node)
		return -ENOMEM;
	code = attach(l, node);
	if (code)
		return code;
	l->is_flow[l->depth] = fy_event_get_node_style(e) == FYNS_FLOW;
	l->open[l->depth++] = node;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct sl_yaml *x = *(struct sl_yaml *const *)a, *y = *(struct sl_yaml *const *)b;
	int order = strcmp(x->text, y->text);

	return order ? order : (x->at.offset > y->at.offset) - (x->at.offset < y->at.offset);
}

// Sorting keeps a map of a hundred thousand routes from taking minutes.
static int check_duplicates(struct loader *l, const struct sl_yaml *map)
{
	const struct sl_yaml *twice = NULL, *once = NULL;
	const struct sl_yaml **keys;
	size_t n = 0;

	for (const struct sl_yaml *v = map->first; v; v = v->next)
		n++;
	keys = calloc(n + 1, sizeof(*keys));
	if (!keys)
		return out_of_memory(l);
	n = 0;
	for (const struct sl_yaml *v = map->first; v; v = v->next)
		keys[n++] = v->key;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(keys[i - 1]->text, keys[i]->text) != 0)
			continue;
		if (twice && keys[i]->at.offset > twice->at.offset)
			continue;
		once = keys[i - 1];
		twice = keys[i];
	}
	free(keys);
	if (!twice)
		return 0;
	return sl_graph_error(l->g, twice->at, l->err, -EINVAL,
			      "'%.64s' stands here twice, first on line %u", twice->text,
			      once->at.line);
}

static int close_node(struct loader *l)
{
	const struct sl_yaml *node = l->open[--l->depth];

	return node->kind == SL_YAML_MAP ? check_duplicates(l, node) : 0;
}

static int handle(struct loader *l, struct fy_event *e)
{
	int code;

	switch (e->type) {
	case FYET_ALIAS:
		return check_event(l, e);
	case FYET_SCALAR:
		code = check_event(l, e);
		return code ? code : add_scalar(l, e);
	case FYET_MAPPING_START:
	case FYET_SEQUENCE_START:
		code = check_event(l, e);
		return code ? code : open_node(l, e);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return close_node(l);
	case FYET_DOCUMENT_END:
		l->ended = true;
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct loader *l)
{
	struct fy_event *e;
	int code = 0;

	while (!code && (e = fy_parser_parse(l->parser))) {
		code = handle(l, e);
		fy_parser_event_free(l->parser, e);
	}
	if (!code && fy_parser_get_stream_error(l->parser))
		code = syntax_error(l);
	return code;
}

// A diagnostic object without an output: errors are collected, nothing is printed.
static struct fy_diag *create_diag(void)
{
	struct fy_diag_cfg config;
	struct fy_diag *diag;

	fy_diag_cfg_default(&config);
	config.fp = NULL;
	config.colorize = false;
	diag = fy_diag_create(&config);
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

int sl_yaml_parse(const struct sl_graph *g, int text, struct sl_yaml **root, struct sl_error *err)
{
	struct loader l = {.g = g, .text = &g->texts[text], .text_index = text, .err = err};
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE};
	int code;

	l.last = (struct sl_place){.text = text, .line = 1, .column = 1};
	code = check_bytes(&l);
	if (code)
		return code;
	l.diag = create_diag();
	if (!l.diag)
		return out_of_memory(&l);
	config.diag = l.diag;
	l.parser = fy_parser_create(&config);
	if (!l.parser || fy_parser_set_string(l.parser, l.text->content, strlen(l.text->content)))
		code = out_of_memory(&l);
	else
		code = read_events(&l);
	fy_parser_destroy(l.parser);
	fy_diag_destroy(l.diag);
	sl_yaml_free(l.key);
	if (code) {
		sl_yaml_free(l.root);
		l.root = NULL;
	}
	*root = l.root;
	return code;
}
