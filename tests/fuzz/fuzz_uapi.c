// fuzz_uapi: what is said to the configuration socket is answered the same in one piece and in
// many, and what it makes of a peer is in range.

#include "tests/fuzz/fuzz.h"

#include <sluice/uapi.h>
#include <stdlib.h>
#include <string.h>

struct heard {
	char text[1 << 16];
	size_t len;
};

static void hear(struct heard *h, const void *bytes, size_t len)
{
	if (len > sizeof(h->text) - h->len)
		len = sizeof(h->text) - h->len;
	memcpy(h->text + h->len, bytes, len);
	h->len += len;
}

static int set_key(void *context, const uint8_t *key)
{
	hear(context, key ? key : (const uint8_t *)"none", key ? SL_KEY : 4);
	return 0;
}

static int set_port(void *context, uint16_t port)
{
	hear(context, &port, sizeof(port));
	return 0;
}

static int set_mark(void *context, uint32_t mark)
{
	hear(context, &mark, sizeof(mark));
	return mark == 7 ? -7 : 0;
}

static int remove_peers(void *context)
{
	hear(context, "gone", 4);
	return 0;
}

static int change_peer(void *context, const struct sl_tunnel_change *c)
{
	hear(context, c->public_key, SL_KEY);
	if (c->has_psk)
		hear(context, c->psk, SL_KEY);
	if (c->has_keepalive)
		hear(context, &c->keepalive_s, sizeof(c->keepalive_s));
	if (c->endpoint && strnlen(c->endpoint, SL_TUNNEL_ENDPOINT_TEXT) == SL_TUNNEL_ENDPOINT_TEXT)
		abort();
	for (size_t i = 0; i < c->n_allowed; i++) {
		if (strnlen(c->allowed[i], SL_TUNNEL_PREFIX_TEXT) == SL_TUNNEL_PREFIX_TEXT)
			abort();
		hear(context, c->allowed[i], strlen(c->allowed[i]));
	}
	return c->public_key[0] == 7 ? -7 : 0;
}

static char *print(void *context, size_t *len)
{
	static const struct sl_tunnel_view nothing;

	(void)context;
	return sl_uapi_print(&nothing, 1, 2, len);
}

static void answer(void *context, const char *text, size_t len)
{
	hear(context, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sl_uapi_device device = {set_key,      set_port,    set_mark,
						     remove_peers, change_peer, print};
	static struct heard whole, pieces;
	struct sl_uapi *u = sl_uapi_create(&device, &whole, answer, &whole);
	struct sl_uapi *v = sl_uapi_create(&device, &pieces, answer, &pieces);

	whole.len = pieces.len = 0;
	for (size_t i = 0; i < size;)
		i += sl_uapi_hear(u, (const char *)data + i, size - i);
	for (size_t i = 0; i < size; i++)
		sl_uapi_hear(v, (const char *)data + i, 1);
	if (whole.len != pieces.len || memcmp(whole.text, pieces.text, whole.len) != 0)
		abort();
	sl_uapi_destroy(u);
	sl_uapi_destroy(v);
	return 0;
}
