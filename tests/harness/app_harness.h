// app_harness: one app, tried from outside. Give it bytes, call it, take bytes back.
//
// The harness stands in for the engine: it makes the app from a line of text, as in a pipeline,
// puts a link on each of its ports and owns its clock, which moves only when told to. At the end
// it tells whether every packet is accounted for and back in its pool.
//
//	struct sl_harness *h = sl_harness_create(
//		&(struct sl_harness_options){.line = "truncate 64"}, &err);
//
//	sl_harness_feed(h, 0, frame, 100);
//	sl_harness_breathe(h);
//	assert(sl_harness_take(h, 0, buf, sizeof(buf)) == 64);
//	assert(strcmp(sl_harness_destroy(h), "") == 0);
//
// Needs no privilege and no hugepages. Packets and memory are the harness's; one thread.
#pragma once

#include <sluice/app.h>

struct sl_harness;

struct sl_harness_options {
	const char *line; // "impair loss=1% seed=7": class, first key's value, key=value
	unsigned inputs;  // for a class with inputs "*": how many behind the named; 0 = 1
	unsigned outputs; // for a class with outputs "*": likewise
	// Their names; NULL = "1", "2", ...
	const char *const *input_names, *const *output_names;
	unsigned link_size; // slots of each link; 0 = 1024
	unsigned packets;   // in the pool; 0 = 4095
};

// Returns the app at time 1 s, owned by the caller, or NULL with err filled: a class that does not
// exist, a key or value that is wrong, or what the app's configure said.
struct sl_harness *sl_harness_create(const struct sl_harness_options *options,
				     struct sl_error *err);

// Stop and free the app. Returns "" if all packets were accounted for and came back to the pool,
// else what is wrong, as text that lives until the next call. NULL is legal.
const char *sl_harness_destroy(struct sl_harness *h);

// Replace the app by one made from another line, as a change of the running graph would: its
// links stay, and the new app adopts what the old one holds. Returns 0 or -errno, the old app
// going on.
int sl_harness_replace(struct sl_harness *h, const char *line, struct sl_error *err);

// The app, to look at its counters.
struct sl_app *sl_harness_app(struct sl_harness *h);

// Show the app, once made, another one of that name and link-layer address, as at a commit.
void sl_harness_settle(struct sl_harness *h, const char *name, const uint8_t ether[6]);

// Leave an output without a link. Packets in it are freed.
void sl_harness_disconnect(struct sl_harness *h, unsigned output);

// Put a frame of len bytes into the link of an input. Returns false where the pool is empty.
bool sl_harness_feed(struct sl_harness *h, unsigned input, const void *bytes, uint16_t len);

// Put a packet made of the app's pool there; the harness takes it over.
void sl_harness_feed_packet(struct sl_harness *h, unsigned input, struct rte_mbuf *p);

// One breath, as of a worker: pull, then push while packets wait and some are taken.
void sl_harness_breathe(struct sl_harness *h);

void sl_harness_tick(struct sl_harness *h);

// The sources have ended: the app says its last.
void sl_harness_quiesce(struct sl_harness *h);

// Move the app's clock; calls nothing.
void sl_harness_advance(struct sl_harness *h, uint64_t ns);

// Take the oldest packet from the link of an output, copying up to size bytes of it.
// Returns its length, or -1 if there is none.
int sl_harness_take(struct sl_harness *h, unsigned output, void *bytes, size_t size);

// The same packet itself, owned by the caller, who frees it; NULL if there is none.
struct rte_mbuf *sl_harness_take_packet(struct sl_harness *h, unsigned output);

// How many packets wait in the link of an input, or of an output.
uint64_t sl_harness_waiting_in(struct sl_harness *h, unsigned input);
uint64_t sl_harness_waiting_out(struct sl_harness *h, unsigned output);

// The value of a named drop or metric; UINT64_MAX where the class has none of that name.
uint64_t sl_harness_drop(struct sl_harness *h, const char *name);
uint64_t sl_harness_metric(struct sl_harness *h, const char *name);
