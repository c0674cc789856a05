#include "tests/harness/services.h"

#include "core/proto/ipv4.h"
#include "core/proto/protocol.h"
#include "core/tunnel/outer.h"
#include "tests/harness/key_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUT_OUTER4 = 0, LONGEST = 1500 };

static void path_of(const char *folder, const char *kind, unsigned i, char out[128])
{
	snprintf(out, 128, "%s/%u.%s", folder, i, kind);
}

static bool save(const char *folder, const char *kind, unsigned i, const uint8_t key[SL_KEY])
{
	char name[32];

	snprintf(name, sizeof(name), "%u.%s", i, kind);
	return key_file_save(folder, name, key);
}

// Keys that follow from a number.
static void numbered(uint8_t key[SL_KEY], uint8_t first)
{
	for (unsigned i = 0; i < SL_KEY; i++)
		key[i] = (uint8_t)(first + i);
}

static bool make_keys(struct services *s, const char *folder)
{
	bool good = true;

	for (unsigned i = 0; i < SERVICES; i++) {
		uint8_t key[SL_KEY], own[SL_KEY], public_key[SL_KEY], psk[SL_KEY];

		numbered(key, (uint8_t)(1 + i));
		numbered(own, (uint8_t)(0x21 + i));
		numbered(psk, (uint8_t)(0xc0 + i));
		sl_key_public(key, public_key);
		sl_tunnel_local_init(&s->client[i], i, i == SL_TUNNEL_NK ? NULL : own);
		sl_tunnel_remote_init(&s->service[i], &s->client[i], public_key, psk);
		good &= save(folder, "key", i, key) && save(folder, "psk", i, psk);
	}
	return good;
}

static void remove_keys(const char *folder)
{
	static const char *const kinds[] = {"key", "psk"};
	char path[128];

	for (unsigned i = 0; i < 2 * SERVICES; i++) {
		path_of(folder, kinds[i % 2], i / 2, path);
		unlink(path);
	}
	rmdir(folder);
}

bool services_open(struct services *s)
{
	char folder[] = "/tmp/sluice-services-XXXXXX", line[2048];
	char wg[SL_KEY_TEXT], kk[SL_KEY_TEXT];
	struct sl_error err;

	if (!mkdtemp(folder) || !make_keys(s, folder))
		return false;
	sl_key_format(s->client[SL_TUNNEL_IK].public_key, wg);
	sl_key_format(s->client[SL_TUNNEL_KK].public_key, kk);
	snprintf(line, sizeof(line),
		 "tunnel-handshake key=%s/%d.key port=%d services='nk NK key=%s/%d.key "
		 "pool=10.9.0.1/24' services='kk KK key=%s/%d.key' services='xk XK key=%s/%d.key' "
		 "peers='%s psk=%s/%d.psk' peers='service=nk psk=%s/%d.psk' "
		 "peers='service=kk psk=%s/%d.psk key=%s' peers='service=xk psk=%s/%d.psk'",
		 folder, SL_TUNNEL_IK, SERVICES_PORT, folder, SL_TUNNEL_NK, folder, SL_TUNNEL_KK,
		 folder, SL_TUNNEL_XK, wg, folder, SL_TUNNEL_IK, folder, SL_TUNNEL_NK, folder,
		 SL_TUNNEL_KK, kk, folder, SL_TUNNEL_XK);
	s->shake = sl_harness_create(&(struct sl_harness_options){.line = line}, &err);
	remove_keys(folder);
	if (!s->shake)
		return false;
	sl_harness_breathe(s->shake); // it tells who there is
	while (sl_harness_take(s->shake, 2, line, sizeof(line)) >= 0)
		;
	return true;
}

bool services_close(struct services *s)
{
	const char *wrong = sl_harness_destroy(s->shake);

	s->shake = NULL;
	return wrong[0] == '\0';
}

void services_feed(struct services *s, uint16_t port, const uint8_t *message, size_t len)
{
	uint8_t packet[SL_OUTER4_LEN + LONGEST] = {0}, *udp = packet + 20;
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)packet;

	if (len > LONGEST)
		len = LONGEST;
	ip->version_ihl = 0x45;
	ip->ttl = 64;
	ip->protocol = SL_PROTO_UDP;
	store_be16(ip->total_len, (uint16_t)(SL_OUTER4_LEN + len));
	memcpy(ip->src, (uint8_t[]){192, 0, 2, 2}, 4);
	memcpy(ip->dst, (uint8_t[]){192, 0, 2, 1}, 4);
	store_be16(udp, port);
	store_be16(udp + 2, SERVICES_PORT);
	store_be16(udp + 4, (uint16_t)(SL_UDP_LEN + len)); // without a checksum
	memcpy(packet + SL_OUTER4_LEN, message, len);
	sl_harness_feed(s->shake, 0, packet, (uint16_t)(SL_OUTER4_LEN + len));
}

size_t services_take(struct services *s, uint8_t *message, size_t size)
{
	uint8_t packet[SL_OUTER4_LEN + LONGEST];
	int len = sl_harness_take(s->shake, OUT_OUTER4, packet, sizeof(packet));
	size_t n = len < SL_OUTER4_LEN ? 0 : (size_t)len - SL_OUTER4_LEN;

	if (n > size)
		n = size;
	memcpy(message, packet + SL_OUTER4_LEN, n);
	return n;
}

void services_put_tag(const struct sl_tunnel_remote *r, uint8_t *message, size_t len)
{
	size_t at = len - sizeof(struct sl_message_macs) - SL_MAC;

	sl_mac(r->tag_key, SL_MAC_KEY, message, at, message + at);
}

void services_put_mac1(const struct sl_mac_keys *keys, uint8_t *message, size_t len)
{
	size_t at = len - sizeof(struct sl_message_macs);

	sl_mac(keys->mac1, SL_MAC_KEY, message, at, message + at);
}
