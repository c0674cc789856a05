// Prints the test vectors of docs/capabilities.md: handshakes with fixed keys, as that document
// shows them.
#include "core/tunnel/handshake.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLIENT_INDEX = 0x11223344, SERVICE_INDEX = 0x55667788, LINE = 32 };

static const uint8_t stamp[SL_TAI64N] = {0x40, 0, 0, 0, 0x69, 0x55, 0xb9, 0x0a, 1};

struct vector {
	struct sl_tunnel_local client, service;
	struct sl_tunnel_remote to_service, to_client;
	struct sl_handshake at_client, at_service;
	struct sl_tunnel_keys client_keys, service_keys;
};

static void must(bool good)
{
	if (!good)
		abort();
}

static void numbered(uint8_t *bytes, size_t n, uint8_t first)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(first + i);
}

static void print(const char *what, const uint8_t *bytes, size_t n)
{
	printf("  %s, %zu bytes\n", what, n);
	for (size_t i = 0; i < n; i++)
		printf("%s%02x%s", i % LINE ? "" : "    ", bytes[i],
		       i % LINE == LINE - 1 || i == n - 1 ? "\n" : "");
}

static void fill_lease(uint8_t out[SL_LEASE_LEN])
{
	struct sl_lease l = {.mtu = 1420, .n_networks = 2};

	must(sl_prefix_parse("10.9.0.7/24", &l.ipv4));
	must(sl_prefix_parse("fd00:9::7/64", &l.ipv6));
	must(sl_prefix_parse("0.0.0.0/0", &l.networks[0]));
	must(sl_prefix_parse("::/0", &l.networks[1]));
	sl_lease_write(&l, out);
}

static void begin(struct vector *v, enum sl_tunnel_pattern pattern)
{
	static uint8_t service_key[32], client_key[32], psk[32], client_e[32], service_e[32];

	numbered(service_key, 32, 1);
	numbered(client_key, 32, 0x21);
	numbered(psk, 32, 0xc0);
	numbered(client_e, 32, 0x80);
	numbered(service_e, 32, 0xa0);
	sl_tunnel_local_init(&v->client, pattern,
			     sl_tunnel_pattern_has_static(pattern) ? client_key : NULL);
	sl_tunnel_local_init(&v->service, pattern, service_key);
	v->client.test_ephemeral = client_e;
	v->service.test_ephemeral = service_e;
	sl_tunnel_remote_init(&v->to_service, &v->client, v->service.public_key, psk);
	sl_tunnel_remote_init(&v->to_client, &v->service,
			      sl_tunnel_pattern_knows_static(pattern) ? v->client.public_key : NULL,
			      psk);
	fill_lease(v->to_client.lease);
}

// With mac1, and without mac2: no cookie is known.
static void finish(const struct sl_mac_keys *keys, uint8_t *message, int len, const char *what)
{
	struct sl_cookie none = {0};

	must(len > 0);
	sl_macs_put(&none, keys, 0, message, (size_t)len);
	print(what, message, (size_t)len);
}

static void print_handshake(const char *name)
{
	uint8_t m1[SL_HANDSHAKE_MAX], m2[SL_HANDSHAKE_MAX], m3[SL_HANDSHAKE_MAX];
	uint8_t lease[SL_LEASE_LEN], public_key[32];
	enum sl_tunnel_pattern pattern;
	struct vector v = {0};
	struct sl_heard x;
	bool done;
	int n;

	must(sl_tunnel_pattern_parse(name, &pattern));
	begin(&v, pattern);
	printf("%s\n", name);
	n = sl_handshake_initiate(&v.at_client, &v.client, &v.to_service, CLIENT_INDEX, stamp, m1);
	finish(&v.to_service.first, m1, n, "message 1");
	must(sl_handshake_tag_good(&v.service, &v.to_client, m1, (size_t)n));
	must(sl_handshake_hear(&x, &v.service, &v.to_client, m1, (size_t)n) == 0);
	n = sl_handshake_answer(&v.at_service, &x, &v.to_client, SERVICE_INDEX, m2, &v.service_keys,
				&done);
	finish(&v.to_client.to, m2, n, "message 2");
	n = sl_handshake_conclude(&v.at_client, m2, (size_t)n, m3, &v.client_keys, lease);
	must(n >= 0 && done == (n == 0));
	if (n > 0) {
		finish(&v.to_service.to, m3, n, "message 3");
		must(sl_handshake_confirm(&v.at_service, m3, (size_t)n, &v.service_keys,
					  public_key) == 0);
	}
	must(memcmp(v.client_keys.send, v.service_keys.receive, 32) == 0);
	print("key of data to the service", v.client_keys.send, 32);
	print("key of data to the client", v.client_keys.receive, 32);
	printf("\n");
}

// A cookie reply to message 1 of NK, and the mac2 that message 1 would have with it.
static void print_cookie(void)
{
	struct sl_message_cookie reply = {.type = {SL_MESSAGE_COOKIE}};
	uint8_t m1[SL_HANDSHAKE_MAX], cookie[SL_MAC];
	struct sl_cookie known = {0};
	struct vector v = {0};
	int n;

	begin(&v, SL_TUNNEL_NK);
	n = sl_handshake_initiate(&v.at_client, &v.client, &v.to_service, CLIENT_INDEX, stamp, m1);
	must(n > 0);
	sl_macs_put(&known, &v.to_service.first, 0, m1, (size_t)n);
	numbered(cookie, sizeof(cookie), 0xe0);
	numbered(reply.nonce, sizeof(reply.nonce), 0x70);
	store_le32(reply.receiver, CLIENT_INDEX);
	crypto_aead_xchacha20poly1305_ietf_encrypt(reply.cookie, NULL, cookie, SL_MAC, known.mac1,
						   SL_MAC, NULL, reply.nonce,
						   v.to_service.first.cookie);
	must(sl_cookie_take(&known, &v.to_service.first, 0, &reply));
	sl_macs_put(&known, &v.to_service.first, 0, m1, (size_t)n);
	printf("cookie\n");
	print("reply", (const uint8_t *)&reply, sizeof(reply));
	print("mac2 of message 1 of NKpsk0 with it", m1 + n - SL_MAC, SL_MAC);
}

int main(void)
{
	print_handshake("NKpsk0");
	print_handshake("KKpsk0");
	print_handshake("XKpsk0");
	print_cookie();
	return 0;
}
