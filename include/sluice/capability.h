// capability: the right to connect to a service, as one line of text.
//
// It carries the service's public key, a pre-shared key, the Noise pattern and, optionally, where
// the service is: who holds it can connect. It is a secret. The format is in docs/capabilities.md.
#pragma once

#include <sluice/error.h>
#include <sluice/key.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum {
	SL_CAPABILITY_PATTERN = 15 + 1,   // the longest pattern, terminated
	SL_CAPABILITY_ENDPOINT = 255 + 1, // the longest endpoint, terminated
	SL_CAPABILITY_TEXT = 511 + 1,     // any line, terminated
	SL_CAPABILITY_PROTOCOL = 63 + 1,  // the name of any protocol, terminated
};

// No pointers inside: may be copied. A secret, to be wiped by sl_capability_wipe.
struct sl_capability {
	uint8_t key[SL_KEY]; // the service's public key
	uint8_t psk[SL_KEY];
	char pattern[SL_CAPABILITY_PATTERN];   // with its modifier: "NKpsk0"
	char endpoint[SL_CAPABILITY_ENDPOINT]; // "host:port", "" = not said
};

// Read the line of a capability: nothing may stand before or behind it.
//
// c  Caller's; filled, wiped on failure.
//
// Returns 0 or -EINVAL: no capability, of another version, a typo (the checksum tells), or what
// sl_capability_check says. The error does not repeat the text.
int sl_capability_parse(struct sl_capability *c, const char *text, struct sl_error *err);

// Write that line.
//
// text  Caller's buffer of SL_CAPABILITY_TEXT bytes.
//
// Returns 0 or what sl_capability_check returns, text empty.
int sl_capability_format(const struct sl_capability *c, char *text, struct sl_error *err);

// Whether a capability makes sense.
//
// Returns 0 or -EINVAL: a key of low order, a psk of zeros, a pattern other than N, K, X, NK, KK,
// XK or IK with one psk modifier, an endpoint that is no host:port.
int sl_capability_check(const struct sl_capability *c, struct sl_error *err);

// Set the pattern: "NK", or with a modifier "NKpsk2". Without one it is psk2 for IK, which is
// WireGuard's handshake, and psk0 for the others, so that a service answers nobody who does not
// have the psk.
//
// Returns 0 or -EINVAL, c unchanged.
int sl_capability_set_pattern(struct sl_capability *c, const char *pattern, struct sl_error *err);

// The name of its protocol for sl_noise_parse.
//
// name  Caller's buffer of SL_CAPABILITY_PROTOCOL bytes.
void sl_capability_protocol(const struct sl_capability *c, char *name);

// A name for a capability that is no secret, and the same wherever it is used: its service calls
// the client by it.
//
// id  Caller's buffer of SL_KEY bytes.
void sl_capability_id(const struct sl_capability *c, uint8_t *id);

// Read a capability from a file, as sl_secret_load does.
int sl_capability_load(const char *path, struct sl_capability *c, struct sl_error *err);

void sl_capability_wipe(struct sl_capability *c);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
