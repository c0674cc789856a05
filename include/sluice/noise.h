// noise: the Noise Protocol Framework, revision 34 (https://noiseprotocol.org/noise.html).
//
// A protocol name says everything that two parties must agree on. Parse it, initialise a handshake
// on each side, write and read messages in turns until it is done, then split it into two ciphers:
//
//	sl_noise_parse(&protocol, "Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s", &err);
//	sl_noise_init(&hs, &protocol, &config, &err);
//	while (!sl_noise_is_done(&hs))
//		sl_noise_is_my_turn(&hs) ? sl_noise_write(&hs, ...) : sl_noise_read(&hs, ...);
//	sl_noise_split(&hs, &send, &receive);
//
// Patterns: one-way N K X, interactive NN NK NX KN KK KX XN XK XX IN IK IX, their deferred forms
// (X1K1 and so on), each with any of the modifiers psk0 to psk4 that it has messages for. 25519;
// ChaChaPoly or AESGCM (where the CPU has AES-NI); BLAKE2s, BLAKE2b, SHA256 or SHA512.
//
// States have a fixed size, lie in the caller's memory, hold no pointers and may be copied; nothing
// allocates. They hold secrets: wipe them. A call that fails leaves its state as it was, so that
// a bad message does not disturb a handshake. One thread at a time may use a state; different
// states are independent. No call blocks.
#pragma once

#include <sluice/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum {
	SL_NOISE_KEY = 32,            // bytes of a private, public, symmetric or pre-shared key
	SL_NOISE_TAG = 16,            // bytes that encryption adds
	SL_NOISE_HASH_MAX = 64,       // bytes of the longest hash
	SL_NOISE_MESSAGE_MAX = 65535, // bytes of the longest message, handshake and transport
	SL_NOISE_NAME_MAX = 79,       // characters of the longest name
	SL_NOISE_PSKS_MAX = 5,
};

enum sl_noise_aead { SL_NOISE_CHACHAPOLY, SL_NOISE_AESGCM };

enum sl_noise_hash { SL_NOISE_BLAKE2S, SL_NOISE_BLAKE2B, SL_NOISE_SHA256, SL_NOISE_SHA512 };

// What a protocol name stands for. No secrets. Filled by sl_noise_parse, constant then.
struct sl_noise_protocol {
	char name[SL_NOISE_NAME_MAX + 1];
	uint8_t pattern; // row of the table of patterns
	uint8_t psks;    // bit n: modifier pskn
	enum sl_noise_aead aead;
	enum sl_noise_hash hash;
};

// A key and the number of the next message. Spec section 5.1, CipherState.
struct sl_noise_cipher {
	uint8_t key[SL_NOISE_KEY];
	uint64_t nonce;
	enum sl_noise_aead aead;
	bool has_key;
};

// Spec section 5.2, SymmetricState.
struct sl_noise_symmetric {
	uint8_t ck[SL_NOISE_HASH_MAX];
	uint8_t h[SL_NOISE_HASH_MAX];
	struct sl_noise_cipher cipher;
	enum sl_noise_hash hash;
};

// A handshake. Spec section 5.3, HandshakeState. The fields are the library's.
struct sl_noise {
	struct sl_noise_protocol protocol;
	struct sl_noise_symmetric symmetric;
	uint8_t s[SL_NOISE_KEY], s_public[SL_NOISE_KEY];
	uint8_t e[SL_NOISE_KEY], e_public[SL_NOISE_KEY];
	uint8_t rs[SL_NOISE_KEY], re[SL_NOISE_KEY];
	uint8_t psks[SL_NOISE_PSKS_MAX][SL_NOISE_KEY]; // by modifier
	uint8_t psks_known;                            // bit n: psks[n] is set
	uint8_t keys_known;                            // bits, see core/noise/handshake.c
	uint8_t message;                               // number of the next message
	bool is_initiator;
	bool is_ready; // initialised and not wiped
};

// What a party brings to a handshake. Borrowed during sl_noise_init only.
struct sl_noise_config {
	bool is_initiator;
	const void *prologue; // must be the same on both sides; NULL = empty
	size_t prologue_len;
	const uint8_t *static_private; // SL_NOISE_KEY bytes, or NULL where the pattern needs none
	const uint8_t *remote_public;  // the peer's static key: as many, or NULL as well
	// The pre-shared keys, SL_NOISE_KEY bytes each, in the order of the name's modifiers.
	// Fewer may be given: sl_noise_set_psk adds the others before they are needed.
	const uint8_t *psks;
	size_t n_psks;
	// The private ephemeral key, for test vectors only. NULL = a random one, as it must be.
	const uint8_t *test_ephemeral;
};

// Read a protocol name, for instance "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s".
//
// p  Caller's; filled.
//
// Returns 0; -EINVAL (no such name; err says which part is wrong and why) or -ENOTSUP (AESGCM on a
// CPU without AES-NI). Spec section 8.
int sl_noise_parse(struct sl_noise_protocol *p, const char *name, struct sl_error *err);

// Begin a handshake.
//
// hs  Caller's; initialised. To be ended by sl_noise_split or sl_noise_wipe.
// c   What this party knows. Keys that the pattern does not use are refused, so that a mistake
//     does not pass unnoticed.
//
// Returns 0; -EINVAL (a key that is missing, superfluous or no key) with hs wiped.
int sl_noise_init(struct sl_noise *hs, const struct sl_noise_protocol *p,
		  const struct sl_noise_config *c, struct sl_error *err);

// Set the pre-shared key of modifier psk`number`, once the peer is known or before.
//
// Returns 0 or -EINVAL (the protocol has no such modifier).
int sl_noise_set_psk(struct sl_noise *hs, unsigned number, const uint8_t psk[SL_NOISE_KEY]);

// Whether all messages have been written and read.
bool sl_noise_is_done(const struct sl_noise *hs);

// Whether this party writes the next message.
bool sl_noise_is_my_turn(const struct sl_noise *hs);

// Bytes by which the next message, written or read, is longer than its payload.
size_t sl_noise_overhead(const struct sl_noise *hs);

// Write the next message.
//
// payload  Of len bytes. The pattern tells how well it is protected: spec section 7.7.
// out      Caller's buffer of `size` bytes; must not overlap payload. Undefined on failure.
//
// Returns the message's length, len + sl_noise_overhead; -EPROTO (not this party's turn),
// -EMSGSIZE (more than size or SL_NOISE_MESSAGE_MAX), -ENOKEY (a psk is not set).
int sl_noise_write(struct sl_noise *hs, const void *payload, size_t len, void *out, size_t size);

// Read the next message.
//
// message  Of len bytes, from anybody.
// payload  Caller's buffer of `size` bytes; must not overlap message. Undefined on failure.
//
// Returns the payload's length; -EPROTO (not the peer's turn), -EBADMSG (not from this peer, or
// not intact), -EKEYREJECTED (a low-order public key), -EMSGSIZE (payload does not fit), -ENOKEY (a
// psk is not set). hs is as before then, and the right message is still accepted.
int sl_noise_read(struct sl_noise *hs, const void *message, size_t len, void *payload, size_t size);

// The peer's static public key, SL_NOISE_KEY bytes inside hs, or NULL where it is not known (yet).
const uint8_t *sl_noise_remote_public(const struct sl_noise *hs);

// The handshake hash: equal on both sides once done, and of this session alone. Spec section 11.2.
//
// out  Caller's buffer of SL_NOISE_HASH_MAX bytes.
//
// Returns its length, 32 or 64.
size_t sl_noise_handshake_hash(const struct sl_noise *hs, uint8_t *out);

// End a handshake that is done, and wipe it: ask for hash and peer before.
//
// send, receive  Caller's; filled. In a one-way pattern the responder's send and the initiator's
//                receive have no key and refuse work. To be ended by sl_noise_cipher_wipe.
//
// Returns 0 or -EPROTO (not done; nothing changed). Spec section 5.2, Split.
int sl_noise_split(struct sl_noise *hs, struct sl_noise_cipher *send,
		   struct sl_noise_cipher *receive);

// Wipe a handshake, at any time.
void sl_noise_wipe(struct sl_noise *hs);

// Bytes in and out of a cipher.
struct sl_noise_text {
	const void *ad; // authenticated but not sent; NULL = empty
	size_t ad_len;
	const void *in;
	size_t len;
	void *out; // SL_NOISE_TAG bytes more (encrypt) or less (decrypt) than in; may be in itself
};

// Encrypt and count one message.
//
// Returns the length of out; -ENOKEY (a cipher without a key), -EMSGSIZE, or -EKEYEXPIRED (2^64-1
// messages have been sent).
int sl_noise_encrypt(struct sl_noise_cipher *c, const struct sl_noise_text *t);

// Decrypt the next message in order, and count it.
//
// Returns the length of out; -EBADMSG (not intact, or not the next one; nothing is counted and out
// is wiped), -ENOKEY, -EMSGSIZE or -EKEYEXPIRED.
int sl_noise_decrypt(struct sl_noise_cipher *c, const struct sl_noise_text *t);

// The same for datagrams, which carry their number: nothing is counted. A number must not be used
// twice to encrypt, and the receiver must refuse those that it has seen.
int sl_noise_encrypt_at(const struct sl_noise_cipher *c, uint64_t nonce,
			const struct sl_noise_text *t);
int sl_noise_decrypt_at(const struct sl_noise_cipher *c, uint64_t nonce,
			const struct sl_noise_text *t);

// Replace the key by one derived from it; the nonce stays. Both sides must at the same message.
//
// Returns 0 or -ENOKEY. Spec section 4.2, REKEY.
int sl_noise_rekey(struct sl_noise_cipher *c);

// Wipe a cipher. It has no key then.
void sl_noise_cipher_wipe(struct sl_noise_cipher *c);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
