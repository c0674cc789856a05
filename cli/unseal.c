// sluice unseal: read sealed captures.

#include "cli/command.h"
#include "cli/say.h"
#include "cli/unseal_order.h"
#include "cli/unseal_out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT, KEY, CAP, PSK, WRITER };

// What is wrong with a capture; STATUS_FAILED is everything else.
enum {
	STATUS_KEY = 3,
	STATUS_DAMAGED = 4,
	STATUS_CUT = 5,
	STATUS_ORDER = 6,
	STATUS_MISSING = 7,
};

enum { TEXT = 256 << 10 }; // bytes read at once

static const struct args_option options[] = {
	[OUTPUT] = {"output", 'o', "FILE|-", "Write there; default -, the standard output"},
	[KEY] = {"key", 'k', "FILE", "The private key that the captures are sealed for"},
	[CAP] = {"cap", 'c', "FILE", "The capability that they were sealed by"},
	[PSK] = {"psk", 0, "FILE", "Or its pre-shared key alone"},
	[WRITER] = {"writer", 'w', "KEY|FILE", "Who sealed: public key; for K, and to verify X"},
	{0},
};

struct unseal {
	struct sl_unseal_keys keys;
	struct unseal_segment *segments;
	size_t n;
	struct unseal_out out;
	uint8_t *text;        // TEXT bytes
	uint8_t told[SL_KEY]; // the writer that was told last
	int status;           // the first that was not STATUS_DONE
};

static int status_of(int error)
{
	switch (error) {
	case -EKEYREJECTED:
		return STATUS_KEY;
	case -EBADMSG:
		return STATUS_DAMAGED;
	case -ENODATA:
		return STATUS_CUT;
	case -EILSEQ:
		return STATUS_ORDER;
	default:
		return STATUS_FAILED;
	}
}

static void note(struct unseal *u, int status)
{
	if (u->status == STATUS_DONE)
		u->status = status;
}

static void complain(struct unseal *u, int error, const struct sl_error *err)
{
	say("%s", err->text);
	note(u, status_of(error));
}

static bool is_regular(const char *path)
{
	struct stat st;

	return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

// Read the headers, which anybody can, and put the segments in order. One file needs no order,
// and may be a pipe.
static int gather(struct unseal *u, const struct args *args)
{
	struct sl_error err;
	int ret;

	u->segments = calloc(args->n_words, sizeof(*u->segments));
	u->text = malloc(TEXT);
	if (!u->segments || !u->text)
		return -ENOMEM;
	for (size_t i = 0; i < args->n_words; i++) {
		struct unseal_segment *s = &u->segments[u->n];

		s->path = args->words[i];
		ret = is_regular(s->path) || args->n_words > 1
			      ? sl_unseal_peek(s->path, &s->info, &err)
			      : 0;
		if (ret == 0)
			u->n++;
		else
			complain(u, ret, &err);
	}
	return unseal_order(u->segments, u->n);
}

// With X, who sealed is told, unless the caller has asked for somebody.
static void tell_writer(struct unseal *u, const struct unseal_segment *s,
			const struct sl_unseal *reader)
{
	const uint8_t *writer = sl_unseal_writer(reader);
	char text[SL_KEY_TEXT];

	if (!writer || u->keys.writer_known || memcmp(u->told, writer, SL_KEY) == 0)
		return;
	memcpy(u->told, writer, SL_KEY);
	sl_key_format(writer, text);
	say("%s: sealed by %s", s->path, text);
}

// Neighbours that are not among the files.
static void tell_missing(struct unseal *u, const struct unseal_segment *s,
			 const struct sl_unseal *reader, bool is_whole)
{
	const struct sl_unseal_info *info = sl_unseal_info(reader);
	unsigned long long number = info->number;

	if (number > 0 && !s->has_before) {
		say("%s: is segment %llu of its capture; segment %llu, which it follows, is "
		    "missing",
		    s->path, number, number - 1);
		note(u, STATUS_MISSING);
	}
	if (is_whole && sl_unseal_has_more(reader) && !s->has_after) {
		say("%s: is segment %llu of its capture, which goes on; segment %llu is missing",
		    s->path, number, number + 1);
		note(u, STATUS_MISSING);
	}
}

// Returns 0, or -errno where the output cannot be written; what is wrong with the input is noted.
static int copy(struct unseal *u, const struct unseal_segment *s, struct sl_unseal *reader)
{
	struct sl_error err = {0};
	ssize_t n;
	int ret = 0;

	unseal_out_begin(&u->out);
	do {
		n = sl_unseal_read(reader, u->text, TEXT, &err);
		if (n >= 0)
			ret = unseal_out_write(&u->out, u->text, (size_t)n, n == 0, &err);
	} while (n > 0 && ret == 0);
	if (n < 0)
		complain(u, (int)n, &err);
	else if (ret < 0)
		complain(u, -EIO, &err);
	tell_missing(u, s, reader, n == 0);
	return ret;
}

static int unseal_one(struct unseal *u, const struct unseal_segment *s)
{
	struct sl_unseal *reader;
	struct sl_error err;
	int ret;

	if (s->is_again) {
		say("%s: is the same segment as one before; left out", s->path);
		return 0;
	}
	ret = sl_unseal_open(&reader, s->path, &u->keys, &err);
	if (ret < 0) {
		complain(u, ret, &err);
		return 0;
	}
	tell_writer(u, s, reader);
	ret = copy(u, s, reader);
	sl_unseal_close(reader);
	return ret;
}

static int unseal_all(struct unseal *u, const struct args *args)
{
	struct sl_error err;
	int ret = gather(u, args);

	if (ret < 0) {
		say("out of memory");
		note(u, STATUS_FAILED);
	}
	for (size_t i = 0; i < u->n && ret == 0; i++)
		ret = unseal_one(u, &u->segments[i]);
	ret = unseal_out_close(&u->out, &err);
	if (ret < 0)
		complain(u, -EIO, &err);
	free(u->segments);
	free(u->text);
	return u->status;
}

static int unseal_run(const struct args *args)
{
	const char *const *values = args->values;
	const struct sl_unseal_files files = {
		.key = values[KEY],
		.cap = values[CAP],
		.psk = values[PSK],
		.writer = values[WRITER],
	};
	struct unseal u = {
		.out = {.path = values[OUTPUT] ? values[OUTPUT] : "-",
			.inputs = args->words,
			.n_inputs = args->n_words},
	};
	struct sl_error err;
	int status, ret;

	if (!files.key || !files.cap == !files.psk) {
		say("unseal: needs --key, and one of --cap and --psk");
		return STATUS_USAGE;
	}
	if (strcmp(u.out.path, "-") == 0 && isatty(STDOUT_FILENO)) {
		say("unseal: a capture is nothing for a terminal: give --output, or a pipe");
		return STATUS_USAGE;
	}
	ret = sl_unseal_keys_load(&u.keys, &files, &err);
	if (ret < 0) {
		say_error(&err);
		status = ret == -EKEYREJECTED ? STATUS_KEY : STATUS_FAILED;
	} else {
		status = unseal_all(&u, args);
	}
	sl_secret_wipe(&u.keys, sizeof(u.keys));
	return status;
}

const struct command command_unseal = {
	.name = "unseal",
	.summary = "Read sealed captures",
	.usage = "FILE... --key FILE --cap FILE|--psk FILE [--writer KEY|FILE]\n"
		 "                     [--output FILE|-]",
	.details =
		"Write what is in sealed captures, which pcap-writer makes with 'seal', as one "
		"capture file. The segments of a capture may be given in any order, for instance "
		"as a whole folder.\n"
		"\n"
		"FILE may be -, the standard input, where it is the only one. The output is "
		"created with mode 0600. Nothing is written before it is verified; of a file that "
		"is damaged or cut off, all packets in front of the damage are written, and the "
		"other files are read all the same.\n"
		"\n"
		"The exit status tells what was found first: 3 another key, 4 damage, 5 a file "
		"that was cut off or is not finished, 6 chunks that were removed, repeated or put "
		"in another order, 7 a segment that is missing.",
	.example =
		"  sluice unseal evening.sealed --key reader.key --cap writer.cap -o evening.pcap\n"
		"  sluice unseal store/* --key reader.key --cap writer.cap | tcpdump -r -\n",
	.options = options,
	.min_words = 1,
	.max_words = SIZE_MAX,
	.run = unseal_run,
};
