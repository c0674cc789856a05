// command: what main knows about a subcommand.
#pragma once

#include "cli/args.h"

enum {
	STATUS_DONE = 0,
	STATUS_FAILED = 1, // nothing is left half done
	STATUS_USAGE = 2,  // the command line itself is wrong
};

struct command {
	const char *name;
	const char *summary; // one line, no full stop
	const char *usage;   // what stands behind the name
	const char *details; // prose of --help
	const char *example; // lines of a shell
	const struct args_option *options;
	size_t min_words, max_words;
	int (*run)(const struct args *args); // returns the exit status
};

extern const struct command command_apps;
extern const struct command command_cap;
extern const struct command command_check;
extern const struct command command_graph;
extern const struct command command_key;
extern const struct command command_replay;
extern const struct command command_run;
extern const struct command command_tunnel;
extern const struct command command_unseal;
extern const struct command command_wg;
