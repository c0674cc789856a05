#include "cli/wg_device.h"

#include "cli/tunnel_graph.h"

#include <errno.h>
#include <sched.h>
#include <sluice/engine.h>
#include <sluice/stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// As many peers as wireguard-go takes. Memory that no peer needs is not touched.
enum { PEERS = 65536, PREFIXES = 2097152 };

static int fill(struct sl_graph *g, const struct wg_device *d, struct sl_error *err)
{
	const struct wg_setting *s = &d->setting;
	const struct tunnel_graph t = {.interface = d->name,
				       .tun_mtu = d->tun_mtu,
				       .up = s->up,
				       .addresses = s->addresses,
				       .n_addresses = s->n_addresses,
				       .port = s->port,
				       .mark = s->mark,
				       .mtu = s->mtu,
				       .max_peers = PEERS,
				       .max_prefixes = PREFIXES};
	int ret = tunnel_graph_fill(g, &t, err);

	if (ret == 0 && s->closed)
		ret = sl_graph_remove(g, TUNNEL_UDP);
	return ret;
}

// Make the engine what the device says.
static int apply(const struct wg_device *d, struct sl_error *err)
{
	struct sl_graph *g = sl_graph_create();
	int ret;

	if (!g)
		return sl_error_set(err, -ENOMEM, "out of memory");
	ret = fill(g, d, err);
	if (ret == 0)
		ret = sl_engine_apply(d->engine, g, err);
	sl_graph_destroy(g);
	return ret;
}

// The CPU of the worker: one of those allowed, another one for each process, or else all devices
// would share one and leave the others idle.
static unsigned choose_cpu(void)
{
	cpu_set_t allowed;
	unsigned nth, cpu = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return 0;
	nth = (unsigned)getpid() % (unsigned)CPU_COUNT(&allowed);
	for (;; cpu++)
		if (CPU_ISSET(cpu, &allowed) && nth-- == 0)
			return cpu;
}

int wg_device_open(struct wg_device *d, const char *name, const struct wg_setting *setting,
		   struct sl_error *err)
{
	const unsigned cpu = choose_cpu();
	const struct sl_engine_options options = {.cpus = &cpu, .n_cpus = 1};
	int ret;

	*d = (struct wg_device){.setting = *setting, .tun_mtu = setting->mtu};
	if (strlen(name) >= sizeof(d->name))
		return sl_error_set(err, -EINVAL,
				    "'%s': an interface's name has at most %zu characters", name,
				    sizeof(d->name) - 1);
	memcpy(d->name, name, strlen(name));
	ret = sl_engine_create(&d->engine, &options, err);
	if (ret == 0)
		ret = apply(d, err);
	return ret < 0 ? ret : sl_engine_start(d->engine, err);
}

void wg_device_close(struct wg_device *d)
{
	sl_engine_destroy(d->engine);
	d->engine = NULL;
}

int wg_device_change(struct wg_device *d, const struct wg_setting *setting, struct sl_error *err)
{
	struct wg_device before = *d;
	int ret;

	d->setting = *setting;
	if (setting->mtu > d->tun_mtu) // else the interface is left alone
		d->tun_mtu = setting->mtu;
	ret = apply(d, err);
	if (ret < 0)
		*d = before;
	return ret;
}

int wg_device_change_peer(struct wg_device *d, const struct sl_tunnel_change *c,
			  struct sl_error *err)
{
	return sl_tunnel_change(d->engine, TUNNEL, c, err);
}

int wg_device_set_key(struct wg_device *d, const uint8_t *private_key, struct sl_error *err)
{
	return sl_tunnel_set_key(d->engine, TUNNEL, private_key, err);
}

int wg_device_remove_peers(struct wg_device *d,
			   bool (*keep)(const void *context, const uint8_t public_key[SL_KEY]),
			   const void *context, struct sl_error *err)
{
	struct sl_tunnel_change c = {.remove = true};
	struct sl_tunnel_view *v;
	int ret = sl_tunnel_read(d->engine, TUNNEL, &v, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < v->n_peers && ret == 0; i++) {
		if (keep && keep(context, v->peers[i].public_key))
			continue;
		memcpy(c.public_key, v->peers[i].public_key, SL_KEY);
		ret = sl_tunnel_change(d->engine, TUNNEL, &c, err);
	}
	sl_tunnel_free(v);
	return ret;
}

// The port that the kernel gave, where any would do.
static uint16_t port_of(const struct wg_device *d)
{
	const struct sl_stats *stats = d->setting.port ? NULL : sl_stats_read(d->engine);
	const struct sl_app_stats *udp = stats ? sl_stats_app(stats, TUNNEL_UDP) : NULL;
	uint16_t port = udp ? (uint16_t)sl_app_stats_metric(udp, "port") : d->setting.port;

	sl_stats_free(stats);
	return port;
}

// End all sessions: as of a tunnel that gets the key it has.
static int end_sessions(struct wg_device *d, struct sl_error *err)
{
	struct sl_tunnel_view *v;
	int ret = sl_tunnel_read(d->engine, TUNNEL, &v, err);

	if (ret < 0)
		return ret;
	if (v->has_key)
		ret = wg_device_set_key(d, v->private_key, err);
	sl_tunnel_free(v);
	return ret;
}

// Switch keepalives on anew, which sends one to each peer that has them.
static int renew_keepalives(struct wg_device *d, struct sl_error *err)
{
	struct sl_tunnel_change c = {.update_only = true, .has_keepalive = true};
	struct sl_tunnel_view *v;
	int ret = sl_tunnel_read(d->engine, TUNNEL, &v, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < v->n_peers && ret == 0; i++) {
		if (!v->peers[i].keepalive_s)
			continue;
		memcpy(c.public_key, v->peers[i].public_key, SL_KEY);
		c.keepalive_s = 0;
		ret = wg_device_change_peer(d, &c, err);
		c.keepalive_s = v->peers[i].keepalive_s;
		if (ret == 0)
			ret = wg_device_change_peer(d, &c, err);
	}
	sl_tunnel_free(v);
	return ret;
}

int wg_device_follow(struct wg_device *d, uint32_t mtu, bool up, struct sl_error *err)
{
	struct wg_setting s = d->setting;
	bool falls = d->up && !up, rises = s.closed && up;
	int ret;

	d->up = up;
	s.mtu = mtu;
	s.closed = !up && (falls || s.closed);
	if (falls)
		s.port = port_of(d);
	if (s.mtu == d->setting.mtu && s.closed == d->setting.closed)
		return 0;
	ret = wg_device_change(d, &s, err);
	if (ret == 0 && falls)
		ret = end_sessions(d, err);
	if (ret == 0 && rises)
		ret = renew_keepalives(d, err);
	return ret;
}

bool wg_device_failed(struct wg_device *d, char *text, size_t size)
{
	const struct sl_stats *stats = sl_stats_read(d->engine);
	bool failed = false;

	for (size_t i = 0; stats && i < stats->n_apps && !failed; i++) {
		failed = stats->apps[i].failure;
		if (failed)
			snprintf(text, size, "%s: %s", stats->apps[i].name, stats->apps[i].failure);
	}
	sl_stats_free(stats);
	return failed;
}

// ---- what is said to it

static int uapi_set_key(void *context, const uint8_t *private_key)
{
	return wg_device_set_key(context, private_key, NULL);
}

static int uapi_set_port(void *context, uint16_t port)
{
	struct wg_device *d = context;
	struct wg_setting s = d->setting;

	s.port = port;
	return wg_device_change(d, &s, NULL);
}

static int uapi_set_mark(void *context, uint32_t mark)
{
	struct wg_device *d = context;
	struct wg_setting s = d->setting;

	s.mark = mark;
	return wg_device_change(d, &s, NULL);
}

static int uapi_remove_peers(void *context)
{
	return wg_device_remove_peers(context, NULL, NULL, NULL);
}

static int uapi_change_peer(void *context, const struct sl_tunnel_change *c)
{
	return wg_device_change_peer(context, c, NULL);
}

static char *uapi_print(void *context, size_t *len)
{
	struct wg_device *d = context;
	struct sl_tunnel_view *v;
	char *text;

	if (sl_tunnel_read(d->engine, TUNNEL, &v, NULL) < 0)
		return NULL;
	text = sl_uapi_print(v, port_of(d), d->setting.mark, len);
	sl_tunnel_free(v);
	return text;
}

const struct sl_uapi_device wg_device_uapi = {
	.set_key = uapi_set_key,
	.set_port = uapi_set_port,
	.set_mark = uapi_set_mark,
	.remove_peers = uapi_remove_peers,
	.change_peer = uapi_change_peer,
	.print = uapi_print,
};
