// uapi_print: a tunnel as the answer to a get.

#include <inttypes.h>
#include <sluice/uapi.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DEVICE_TEXT = 256, // the most that is said of the device, bytes,
	PEER_TEXT = 640,   // of a peer without its prefixes,
	ALLOWED_TEXT = sizeof("allowed_ip=\n") + SL_TUNNEL_PREFIX_TEXT,
	SECOND_NS = 1000000000,
};

// Room for all of it, in one piece: a buffer that grew would leave secrets behind.
struct text {
	char *bytes;
	size_t len, size;
};

static size_t size_of(const struct sl_tunnel_view *v)
{
	size_t size = DEVICE_TEXT + v->n_peers * PEER_TEXT;

	for (size_t i = 0; i < v->n_peers; i++)
		size += v->peers[i].n_allowed * ALLOWED_TEXT;
	return size;
}

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->len += (size_t)vsnprintf(t->bytes + t->len, t->size - t->len, format, args);
	va_end(args);
}

static void put_key(struct text *t, const char *name, const uint8_t key[SL_KEY])
{
	char hex[2 * SL_KEY + 1];

	sodium_bin2hex(hex, sizeof(hex), key, SL_KEY);
	put(t, "%s=%s\n", name, hex);
	sodium_memzero(hex, sizeof(hex));
}

static void put_peer(struct text *t, const struct sl_tunnel_peer_view *p)
{
	put_key(t, "public_key", p->public_key);
	put_key(t, "preshared_key", p->psk);
	put(t, "protocol_version=1\n");
	if (p->endpoint[0])
		put(t, "endpoint=%s\n", p->endpoint);
	put(t, "last_handshake_time_sec=%" PRIu64 "\n", p->handshake_ns / SECOND_NS);
	put(t, "last_handshake_time_nsec=%" PRIu64 "\n", p->handshake_ns % SECOND_NS);
	put(t, "tx_bytes=%" PRIu64 "\nrx_bytes=%" PRIu64 "\n", p->tx_bytes, p->rx_bytes);
	put(t, "persistent_keepalive_interval=%u\n", p->keepalive_s);
	for (size_t i = 0; i < p->n_allowed; i++)
		put(t, "allowed_ip=%s\n", p->allowed[i]);
}

char *sl_uapi_print(const struct sl_tunnel_view *v, uint16_t port, uint32_t mark, size_t *len)
{
	struct text t = {.size = size_of(v)};

	t.bytes = malloc(t.size);
	if (!t.bytes)
		return NULL;
	if (v->has_key)
		put_key(&t, "private_key", v->private_key);
	if (port)
		put(&t, "listen_port=%u\n", port);
	if (mark)
		put(&t, "fwmark=%" PRIu32 "\n", mark);
	for (size_t i = 0; i < v->n_peers; i++)
		put_peer(&t, &v->peers[i]);
	*len = t.len;
	return t.bytes;
}
