// text: numbers as a person reads and writes them, and prose within a width.
#pragma once

#include <sluice/error.h>
#include <stdint.h>
#include <stdio.h>

enum { TEXT_NUMBER = 32 }; // bytes that hold any of these numbers

// "1234567" as "1,234,567". Returns out, TEXT_NUMBER bytes.
const char *text_count(char *out, uint64_t n);

// Three digits that count, never an exponent: 12.3, 0.00371, 148. Returns out.
const char *text_real(char *out, double value);

// "850 ns", "12.3 us", "1.20 ms", "3.00 s". Returns out.
const char *text_duration(char *out, uint64_t ns);

// Read "1.5", "10s", "250ms", "2min", "1h"; a number alone is seconds.
// Returns 0 or -EINVAL, also where it is 0.
int text_parse_duration(const char *text, uint64_t *ns, struct sl_error *err);

// Print prose, each line indented by `indent` columns and at most 80 columns wide. Paragraphs
// are kept apart; a line that starts with a blank is printed as it is.
void text_wrap(FILE *out, const char *prose, unsigned indent);
