// unseal: reading sealed captures, which pcap-writer makes with `seal`.
//
// A sealed capture is one file, or several that follow one another, its segments. What is read
// from each is a capture file of its own, pcap or pcapng, verified before it is handed out; of a
// file that is cut or damaged, everything in front. The format is in docs/sealed-captures.md.
//
// Thread rule: one thread at a time may use a reader; different readers are independent.
#pragma once

#include <sluice/error.h>
#include <sluice/key.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum { SL_UNSEAL_ID = 32 };

// What opens a capture. Secrets: wipe them (sl_secret_wipe).
struct sl_unseal_keys {
	uint8_t key[SL_KEY];    // the private key that it is sealed for
	uint8_t psk[SL_KEY];    // of the capability that it is sealed by
	uint8_t writer[SL_KEY]; // the writer's public key, where writer_known: needed for K; with
	bool writer_known;      // X, all others are refused
};

// Which files the keys are in; NULL = not given.
struct sl_unseal_files {
	const char *key;    // a private key: mode 0600
	const char *cap;    // the capability: mode 0600
	const char *psk;    // or its psk alone: mode 0600
	const char *writer; // the writer's public key: the key itself, or a file
};

// Read keys from files.
//
// Returns 0; -EINVAL (no key, or neither or both of cap and psk), -EKEYREJECTED (a capability that
// is not for this key) or what sl_secret_load returns, with err filled and keys wiped.
int sl_unseal_keys_load(struct sl_unseal_keys *keys, const struct sl_unseal_files *files,
			struct sl_error *err);

// What is known about a segment without a key.
struct sl_unseal_info {
	char pattern[16];
	uint64_t number;                // in its capture, from 0
	uint8_t id[SL_UNSEAL_ID];       // of this segment
	uint8_t previous[SL_UNSEAL_ID]; // of the one before it; zeros for number 0
};

// Read the header of a segment.
//
// path  "-" is the standard input, of which nobody can read the header twice.
//
// Returns 0, or as sl_unseal_open.
int sl_unseal_peek(const char *path, struct sl_unseal_info *info, struct sl_error *err);

struct sl_unseal;

// Open a segment for reading.
//
// u     Set; the caller closes it.
// path  "-" is the standard input. Borrowed until close.
// keys  Borrowed during the call.
//
// Returns 0 or, with err filled: -EPROTO (no sealed capture), -EPROTONOSUPPORT (of another
// version), -EBADMSG (a damaged header), -ENODATA (it ends within its header), -EINVAL (its pattern
// needs the writer's key), -EKEYREJECTED (not sealed for these keys), or what open(2) says.
int sl_unseal_open(struct sl_unseal **u, const char *path, const struct sl_unseal_keys *keys,
		   struct sl_error *err);

// Read on.
//
// Returns how many bytes, up to size; 0 at the end of a whole segment. Or, always after everything
// that is good, with err filled: -EBADMSG (damaged), -EILSEQ (chunks were removed, repeated or put
// in another order), -ENODATA (cut off, or not finished), or what read(2) says.
ssize_t sl_unseal_read(struct sl_unseal *u, void *text, size_t size, struct sl_error *err);

const struct sl_unseal_info *sl_unseal_info(const struct sl_unseal *u);

// The public key of who sealed it, SL_KEY bytes inside u; NULL for pattern N, which does not say.
const uint8_t *sl_unseal_writer(const struct sl_unseal *u);

// At the end: whether the capture goes on in another segment.
bool sl_unseal_has_more(const struct sl_unseal *u);

// Which part of the file has been read, 0 to 1; 0 where it is no regular file.
double sl_unseal_done(const struct sl_unseal *u);

// Forget the keys and close the file. NULL is legal.
void sl_unseal_close(struct sl_unseal *u);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
