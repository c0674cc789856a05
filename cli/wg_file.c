#include "cli/wg_file.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { HOST_TEXT = NI_MAXHOST, PORT_TEXT = 32 };

// Cut "host:51820" or "[2001:db8::1]:51820" in two. Returns false where a part is too long.
static bool split(const char *endpoint, char host[HOST_TEXT], char port[PORT_TEXT])
{
	const char *colon = strrchr(endpoint, ':');
	size_t len = (size_t)(colon - endpoint);

	if (endpoint[0] == '[' && len > 2 && colon[-1] == ']') {
		endpoint++;
		len -= 2;
	}
	if (len >= HOST_TEXT || strlen(colon + 1) >= PORT_TEXT)
		return false;
	memcpy(host, endpoint, len);
	host[len] = '\0';
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return true;
}

// The first address of a host as an endpoint. Returns 0 or an error of getaddrinfo.
static int resolve(const char *endpoint, char out[SL_TUNNEL_ENDPOINT_TEXT])
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
	char host[HOST_TEXT], port[PORT_TEXT];
	struct addrinfo *found;
	int ret = split(endpoint, host, port) ? getaddrinfo(host, port, &wanted, &found)
					      : EAI_NONAME;

	if (ret != 0)
		return ret;
	ret = getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof(host), port, sizeof(port),
			  NI_DGRAM | NI_NUMERICHOST | NI_NUMERICSERV);
	if (ret == 0 && snprintf(out, SL_TUNNEL_ENDPOINT_TEXT,
				 found->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
				 port) >= SL_TUNNEL_ENDPOINT_TEXT)
		ret = EAI_OVERFLOW;
	freeaddrinfo(found);
	return ret;
}

static int resolve_all(struct wg_file *f, const char *path, struct sl_error *err)
{
	struct sl_wgconf *c = &f->conf;

	f->endpoints = calloc(c->n_peers + 1, sizeof(*f->endpoints));
	if (!f->endpoints)
		return sl_error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < c->n_peers; i++) {
		const char *endpoint = c->peers[i].endpoint;
		int code = endpoint ? resolve(endpoint, f->endpoints[i]) : 0;

		if (code != 0)
			return sl_error_set(err, -EHOSTUNREACH, "%s: Endpoint = %s: %s", path,
					    endpoint, gai_strerror(code));
		if (endpoint)
			c->peers[i].endpoint = f->endpoints[i];
	}
	return 0;
}

int wg_file_read(struct wg_file *f, const char *path, struct sl_error *err)
{
	int ret = sl_wgconf_load(&f->conf, path, err);

	f->endpoints = NULL;
	return ret < 0 ? ret : resolve_all(f, path, err);
}

void wg_file_fini(struct wg_file *f)
{
	sl_wgconf_fini(&f->conf);
	free(f->endpoints);
	f->endpoints = NULL;
}

struct wg_setting wg_file_setting(const struct wg_file *f)
{
	return (struct wg_setting){.port = f->conf.port,
				   .mark = f->conf.mark,
				   .mtu = f->conf.mtu ? f->conf.mtu : WG_MTU,
				   .up = true,
				   .addresses = f->conf.addresses,
				   .n_addresses = f->conf.n_addresses};
}

static bool is_listed(const void *context, const uint8_t public_key[SL_KEY])
{
	const struct sl_wgconf *c = context;

	for (size_t i = 0; i < c->n_peers; i++)
		if (memcmp(c->peers[i].public_key, public_key, SL_KEY) == 0)
			return true;
	return false;
}

int wg_file_apply(const struct wg_file *f, struct wg_device *d, struct sl_error *err)
{
	const struct sl_wgconf *c = &f->conf;
	int ret = wg_device_remove_peers(d, is_listed, c, err);

	if (ret == 0)
		ret = wg_device_set_key(d, c->has_key ? c->private_key : NULL, err);
	for (size_t i = 0; i < c->n_peers && ret == 0; i++)
		ret = wg_device_change_peer(d, &c->peers[i], err);
	return ret;
}
