// error: what a person must fix, and where.
#pragma once

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

// Filled by control-plane calls that fail on something a person can mend.
// Caller's memory; every call that takes one accepts NULL.
struct sl_error {
	char text[512];        // what is wrong: one line, no newline
	char file[256];        // the file it stands in, "" where there is none
	unsigned line, column; // from 1; 0 where unknown
	char source[256];      // that line of the file, for the caret; "" where unknown
};

// Store the formatted text in err (if any), with no place in a file.
//
// Returns code, so that a failing function can `return sl_error_set(err, -EINVAL, ...)`.
int sl_error_set(struct sl_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Put `format` and ": " in front of the text that err holds; the place stays.
//
// Returns code.
int sl_error_prefix(struct sl_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Write err as a compiler would: "file:line:column: text", then the source line and a caret.
//
// out  Caller's buffer of `size` bytes; always terminated. 1200 bytes hold any error.
void sl_error_format(const struct sl_error *err, char *out, unsigned long size);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
