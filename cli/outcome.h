// outcome: where all packets of a run went, added up from a snapshot of the engine.
#pragma once

#include <sluice/stats.h>

// Packets that were dropped for one reason in one place.
struct outcome_drop {
	// "no_match", "unconnected", "full"; of what a reload removed: "dropped_before", "removed"
	const char *reason;
	const char *app;                  // the app that dropped them, or NULL
	const struct sl_link_stats *link; // the link that was full, or NULL
	uint64_t packets;
};

struct outcome {
	const struct sl_stats *stats;
	uint64_t in, in_bytes;   // brought in by the app `in`, or by any app
	uint64_t copied;         // brought in by other apps
	uint64_t out, out_bytes; // handed to the outside by the app `out`, or by any app
	uint64_t absorbed;       // handed to the outside by other apps
	uint64_t dropped, held;
	double seconds;             // between the first and the last packet that moved
	struct outcome_drop *drops; // most packets first; only reasons that happened
	size_t n_drops;
};

// Add up. in and out name the apps whose packets count as such; NULL = all apps. Bytes are
// counted for named apps only; where `out` did not get rid of all that it was given, the bytes of
// what it did are estimated by their share of the packets.
//
// stats  Borrowed until outcome_fini.
//
// Returns 0 or -ENOMEM.
int outcome_read(struct outcome *o, const struct sl_stats *stats, const char *in, const char *out);
void outcome_fini(struct outcome *o);

// Whether every packet is accounted for.
bool outcome_balances(const struct outcome *o);

// Name a drop as "dns: no_match" or "link in -> dns: full". Returns text, `size` bytes.
const char *outcome_drop_name(const struct outcome_drop *d, char *text, size_t size);

// Packets a second, and gigabits of frames (without FCS) a second, that went out. 0 where the
// time was too short to measure.
double outcome_mpps(const struct outcome *o);
double outcome_gbps(const struct outcome *o);
