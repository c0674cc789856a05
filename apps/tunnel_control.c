// A tunnel asked and changed from outside: <sluice/tunnel.h>.

#include "apps/tunnel.h"
#include "apps/tunnel_handshake.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

enum { NAME = 256 };

_Static_assert((int)SL_TUNNEL_ENDPOINT_TEXT >= (int)SL_ENDPOINT_TEXT, "any endpoint has room");
_Static_assert((int)SL_TUNNEL_PREFIX_TEXT >= (int)SL_IP_TEXT, "any prefix has room");
_Static_assert((int)SL_TUNNEL_NETWORKS == (int)SL_LEASE_NETWORKS, "a lease has room");

static int ask(struct sl_engine *e, const char *tunnel, struct sl_shake_request *r,
	       struct sl_error *err)
{
	char name[NAME];

	snprintf(name, sizeof(name), "%s-handshake", tunnel);
	return sl_engine_call(e, name, "tunnel-handshake", r, err);
}

// ---- changing

static int read_prefixes(const struct sl_tunnel_change *c, struct sl_shake_peer *p,
			 struct sl_error *err)
{
	p->allowed = calloc(c->n_allowed + 1, sizeof(*p->allowed));
	if (!p->allowed)
		return sl_error_set(err, -ENOMEM, "out of memory");
	for (; p->n_allowed < c->n_allowed; p->n_allowed++) {
		const char *text = c->allowed[p->n_allowed];
		struct sl_shake_prefix *a = &p->allowed[p->n_allowed];

		a->remove = text[0] == '-';
		if (!sl_prefix_parse(text + a->remove, &a->prefix))
			return sl_error_set(err, -EINVAL,
					    "'%s' is not a prefix such as 10.1.0.0/16", text);
	}
	return 0;
}

static int read_change(const struct sl_tunnel_change *c, struct sl_shake_peer *p,
		       struct sl_error *err)
{
	*p = (struct sl_shake_peer){
		.remove = c->remove,
		.update_only = c->update_only,
		.has_psk = c->has_psk,
		.has_keepalive = c->has_keepalive,
		.replace_allowed = c->replace_allowed,
		.keepalive_ns = c->keepalive_s * SL_TIMER_SECOND_NS,
	};
	memcpy(p->public_key, c->public_key, sizeof(p->public_key));
	if (c->has_psk)
		memcpy(p->psk, c->psk, sizeof(p->psk));
	if (c->endpoint && !sl_endpoint_parse(c->endpoint, &p->endpoint))
		return sl_error_set(err, -EINVAL, "'%s' is not an endpoint such as 192.0.2.1:51820",
				    c->endpoint);
	return read_prefixes(c, p, err);
}

int sl_tunnel_change(struct sl_engine *e, const char *tunnel, const struct sl_tunnel_change *c,
		     struct sl_error *err)
{
	struct sl_shake_peer p;
	struct sl_shake_request r = {.what = SL_SHAKE_CHANGE, .peer = &p};
	int ret = read_change(c, &p, err);

	if (ret == 0)
		ret = ask(e, tunnel, &r, err);
	free(p.allowed);
	sodium_memzero(&p, sizeof(p));
	return ret;
}

int sl_tunnel_set_key(struct sl_engine *e, const char *tunnel, const uint8_t *private_key,
		      struct sl_error *err)
{
	struct sl_shake_request r = {.what = SL_SHAKE_SET_KEY, .private_key = private_key};

	return ask(e, tunnel, &r, err);
}

// ---- reading

// What tunnel-data knows better, or alone.
static void add_look(struct sl_tunnel_peer_view *v, const struct sl_tunnel_look *look)
{
	v->handshake_ns = look->handshake_ns;
	v->rx_bytes += look->rx_bytes;
	v->tx_bytes += look->tx_bytes;
	if (look->endpoint.ip.family)
		sl_endpoint_print(&look->endpoint, v->endpoint);
}

int sl_tunnel_read(struct sl_engine *e, const char *tunnel, struct sl_tunnel_view **out,
		   struct sl_error *err)
{
	struct sl_tunnel_reading reading = {.view = calloc(1, sizeof(*reading.view))};
	struct sl_shake_request r = {.what = SL_SHAKE_READ, .reading = &reading};
	int ret = reading.view ? 0 : sl_error_set(err, -ENOMEM, "out of memory");

	if (ret == 0)
		ret = ask(e, tunnel, &r, err);
	if (ret == 0)
		ret = sl_engine_call(e, tunnel, "tunnel-data", &reading.looks, err);
	for (size_t i = 0; ret == 0 && i < reading.looks.n; i++)
		add_look(&reading.view->peers[i], &reading.looks.items[i]);
	free(reading.looks.items);
	if (ret < 0) {
		sl_tunnel_free(reading.view);
		reading.view = NULL;
	}
	*out = reading.view;
	return ret;
}

void sl_tunnel_free(struct sl_tunnel_view *view)
{
	if (!view)
		return;
	for (size_t i = 0; i < view->n_peers; i++)
		free(view->peers[i].allowed);
	if (view->peers)
		sodium_memzero(view->peers, view->n_peers * sizeof(*view->peers));
	free(view->peers);
	sodium_memzero(view, sizeof(*view));
	free(view);
}
