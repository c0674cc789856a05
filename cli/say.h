// say: messages for a person, on stderr.
#pragma once

#include <sluice/error.h>

// Print "sluice: " and the formatted text as one line.
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Print an error: as a compiler would where its place in a file is known, else as `say`.
void say_error(const struct sl_error *err);

// Clear the live line, if one stands there, so that what follows starts a line of its own.
void say_live_clear(void);

// Replace the live line. Only where stderr is a terminal.
void say_live(const char *text);
