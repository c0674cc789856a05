// json: writes one JSON value to a stream.
//
// Between json_object or json_array and the json_end that closes it, every call adds one member
// (with a key) or one item (key NULL). Strings become valid JSON whatever bytes they hold: what
// is no UTF-8 turns into U+FFFD.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEPTH_MAX = 16 };

struct json {
	FILE *out;
	unsigned depth;
	bool is_array[JSON_DEPTH_MAX]; // by depth
	bool has_items[JSON_DEPTH_MAX];
};

void json_init(struct json *j, FILE *out);
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j);
void json_string(struct json *j, const char *key, const char *value); // NULL becomes null
void json_uint(struct json *j, const char *key, uint64_t value);
void json_real(struct json *j, const char *key, double value); // null where not finite
void json_bool(struct json *j, const char *key, bool value);
