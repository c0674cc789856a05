// args: the words and options behind a subcommand.
#pragma once

#include <sluice/error.h>
#include <stdbool.h>
#include <stddef.h>

enum { ARGS_OPTIONS_MAX = 16 };

// One option of a subcommand. The same table serves the parser and --help.
struct args_option {
	const char *name;  // without the dashes; NULL ends the table
	char letter;       // of its short form, 0 = none
	const char *value; // what --help calls its value; NULL = the option takes none
	const char *help;  // one line, no full stop
};

struct args {
	char **words; // what is no option, in order; points into argv
	size_t n_words;
	const char *values[ARGS_OPTIONS_MAX]; // by option number; NULL = not given
	bool help;                            // --help or -h was given
};

// Sort argv[0..argc) into words and options: "--name value", "--name=value", "-o value",
// "-ovalue"; "--" ends the options. argv is reordered.
//
// Returns 0 or -EINVAL: an unknown option (with the nearest name), one given twice, a value
// that is missing or one too many.
int args_parse(struct args *args, const struct args_option *options, int argc, char **argv,
	       struct sl_error *err);
