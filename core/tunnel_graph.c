#include "core/graph.h"

#include <errno.h>
#include <sluice/tunnel.h>
#include <stdio.h>

// Suffixes of the tunnel's name.
static const struct {
	const char *suffix, *class;
} apps[] = {
	{"", "tunnel-data"}, {"-handshake", "tunnel-handshake"}, {"-tun", "tun"}, {"-udp", "udp"},
	{"-to-tun", "join"}, {"-error", "icmp-error"},
};

// Ports behind the names.
static const struct {
	const char *from, *to;
} links[] = {
	{"-tun.rx", ".inner"},
	{".inner4", "-to-tun"},
	{".inner6", "-to-tun"},
	{"-error.ipv4", "-to-tun"},
	{"-error.ipv6", "-to-tun"},
	{"-to-tun", "-tun.tx"},
	{".error", "-error.inner"},
	{"-udp.rx", ".outer"},
	{".outer4", "-udp"},
	{".outer6", "-udp"},
	{"-handshake.outer4", "-udp"},
	{"-handshake.outer6", "-udp"},
	{".handshake", "-handshake.handshake"},
	{".events", "-handshake.events"},
	{"-handshake.commands", ".commands"},
};

int sl_tunnel_add(struct sl_graph *g, const char *name, struct sl_error *err)
{
	char text[300];
	int ret = 0;

	if (strlen(name) > 64)
		return sl_error_set(err, -EINVAL, "'%s' is too long a name for a tunnel", name);
	for (size_t i = 0; i < sizeof(apps) / sizeof(apps[0]) && ret == 0; i++) {
		snprintf(text, sizeof(text), "%s%s", name, apps[i].suffix);
		ret = sl_graph_add(g, text, apps[i].class, err);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && ret == 0; i++) {
		snprintf(text, sizeof(text), "%s%s -> %s%s", name, links[i].from, name,
			 links[i].to);
		ret = sl_graph_link(g, text, err);
	}
	// The host would take errors from its own addresses for forged ones.
	snprintf(text, sizeof(text), "%s-error", name);
	if (ret == 0)
		ret = sl_graph_set(g, text, "from-destination", "yes", false, err);
	return ret;
}
