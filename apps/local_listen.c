#include "apps/local_listen.h"

#include "core/proto/icmp.h"
#include "core/proto/protocol.h"
#include "core/tunnel/quote.h"

#include <errno.h>
#include <stdlib.h>

enum { UDP_HEADER = 8, UDP_DST = 2 };

static uint8_t output_of(const struct sl_listeners *l, uint16_t port)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->items[i].port == port)
			return l->items[i].output;
	return SL_IFACE_NO_OUTPUT;
}

static int read_one(struct sl_listeners *l, const char *text, struct sl_error *err)
{
	size_t name_len = strcspn(text, " ");
	const char *digits = text + name_len + (text[name_len] == ' ');
	unsigned long port = strtoul(digits, NULL, 10);

	if (name_len == 0 || !*digits || digits[strspn(digits, "0123456789")] || port < 1 ||
	    port > UINT16_MAX)
		return sl_error_set(err, -EINVAL, "listen: '%s' is not like 'site2 51820'", text);
	for (unsigned i = 0; i < l->n; i++)
		if (l->items[i].port == port)
			return sl_error_set(err, -EINVAL, "listen: port %lu stands there twice",
					    port);
	l->items[l->n++] = (struct sl_listener){text, name_len, (uint16_t)port, SL_IFACE_NO_OUTPUT};
	return 0;
}

int sl_listeners_read(struct sl_listeners *l, const struct sl_strings *texts, struct sl_error *err)
{
	int r = 0;

	if (texts->count > RTE_DIM(l->items))
		return sl_error_set(err, -EINVAL, "listen: %zu ports, %zu at most", texts->count,
				    RTE_DIM(l->items));
	l->n = 0;
	for (size_t i = 0; i < texts->count && r == 0; i++)
		r = read_one(l, texts->items[i], err);
	return r;
}

void sl_listeners_wire(struct sl_listeners *l, const struct sl_app *app)
{
	for (unsigned i = 0; i < l->n; i++) {
		struct sl_listener *item = &l->items[i];

		item->output = SL_IFACE_NO_OUTPUT;
		for (unsigned k = 0; k < app->n_out; k++) {
			const char *name = app->out_names[k];

			if (name && !strncmp(name, item->name, item->name_len) &&
			    !name[item->name_len])
				item->output = (uint8_t)k;
		}
	}
}

bool sl_listeners_have(const struct sl_listeners *l, uint8_t output)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->items[i].output == output)
			return true;
	return false;
}

uint8_t sl_listeners_find(const struct sl_listeners *l, const uint8_t *packet, size_t len,
			  uint8_t protocol, size_t at)
{
	struct sl_quote quote;

	if (l->n == 0)
		return SL_IFACE_NO_OUTPUT;
	if (protocol == SL_PROTO_UDP && len >= at + UDP_HEADER)
		return output_of(l, load_be16(packet + at + UDP_DST));
	if ((protocol == SL_PROTO_ICMP || protocol == SL_PROTO_ICMPV6) &&
	    sl_quote_parse(packet, len, &quote))
		return output_of(l, quote.from.port);
	return SL_IFACE_NO_OUTPUT;
}
