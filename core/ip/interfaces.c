#include "core/ip/interfaces.h"

#include "core/proto/bytes.h"

#include <errno.h>

int sl_iface_find(const struct sl_strings *interfaces, const char *name, size_t len)
{
	for (size_t i = 0; i < interfaces->count; i++) {
		const char *item = interfaces->items[i];

		if (strncmp(item, name, len) == 0 && item[len] == '\0')
			return (int)i;
	}
	return -1;
}

int sl_ifaces_check(const struct sl_strings *interfaces, struct sl_error *err)
{
	if (interfaces->count > SL_IFACES_MAX)
		return sl_error_set(err, -EINVAL, "%zu interfaces, %d at most", interfaces->count,
				    SL_IFACES_MAX);
	for (size_t i = 0; i < interfaces->count; i++) {
		const char *name = interfaces->items[i];

		if (sl_iface_find(interfaces, name, strlen(name)) != (int)i)
			return sl_error_set(err, -EINVAL, "interface '%s' is there twice", name);
	}
	return 0;
}

void sl_iface_outputs(uint8_t outputs[SL_IFACES_MAX], const struct sl_app *app,
		      const struct sl_strings *interfaces)
{
	memset(outputs, SL_IFACE_NO_OUTPUT, SL_IFACES_MAX);
	for (size_t i = 0; i < interfaces->count; i++) {
		int port = sl_app_output(app, interfaces->items[i]);

		if (port >= 0)
			outputs[i] = (uint8_t)port;
	}
}

static struct sl_iface_address *find(struct sl_iface_addresses *a, uint16_t iface,
				     const struct sl_prefix *prefix)
{
	for (unsigned i = 0; i < a->n; i++) {
		struct sl_iface_address *item = &a->items[i];

		if (item->iface == iface && item->prefix.len == prefix->len &&
		    sl_ip_equal(&item->prefix.ip, &prefix->ip))
			return item;
	}
	return NULL;
}

static bool add(struct sl_iface_addresses *a, const struct sl_iface_address *item)
{
	struct sl_iface_address *there = find(a, item->iface, &item->prefix);

	if (there) {
		there->filed |= item->filed;
		there->learned |= item->learned;
		return true;
	}
	if (a->n == SL_IFACE_ADDRESSES_MAX)
		return false;
	a->items[a->n++] = *item;
	return true;
}

static void unlearn(struct sl_iface_addresses *a, struct sl_iface_address *item)
{
	size_t behind = (size_t)(a->items + a->n - (item + 1));

	item->learned = false;
	if (item->filed)
		return;
	memmove(item, item + 1, behind * sizeof(*item)); // the order says which is the first
	a->n--;
}

static int read_one(struct sl_iface_addresses *a, const struct sl_strings *interfaces,
		    const char *text, struct sl_error *err)
{
	struct sl_iface_address item = {.filed = true};
	size_t name_len = strcspn(text, " ");
	int iface = sl_iface_find(interfaces, text, name_len);

	if (iface < 0)
		return sl_error_set(err, -EINVAL, "address '%s': no interface of that name", text);
	if (!text[name_len] || !sl_prefix_parse(text + name_len + 1, &item.prefix))
		return sl_error_set(
			err, -EINVAL,
			"address '%s' is not like 'lan 10.0.0.1/24' or 'lan fd00::1/64'", text);
	item.iface = (uint16_t)iface;
	if (!add(a, &item))
		return sl_error_set(err, -EINVAL, "more than %d addresses", SL_IFACE_ADDRESSES_MAX);
	return 0;
}

int sl_iface_addresses_read(struct sl_iface_addresses *a, const struct sl_strings *interfaces,
			    const struct sl_strings *texts, struct sl_error *err)
{
	int r = 0;

	for (size_t i = 0; i < texts->count && r == 0; i++)
		r = read_one(a, interfaces, texts->items[i], err);
	return r;
}

bool sl_iface_addresses_control(struct sl_iface_addresses *a, const struct sl_control *c)
{
	struct sl_iface_address item = {.prefix = c->address, .iface = c->iface, .learned = true};
	struct sl_iface_address *there;

	if (c->kind != SL_CONTROL_ADDRESS)
		return true;
	if (!c->remove)
		return add(a, &item);
	there = find(a, c->iface, &c->address);
	if (there)
		unlearn(a, there);
	return true;
}

void sl_iface_addresses_adopt(struct sl_iface_addresses *a, const struct sl_iface_addresses *old)
{
	for (unsigned i = 0; i < old->n; i++) {
		struct sl_iface_address item = old->items[i];

		item.filed = false; // that is the new file's to say
		if (item.learned)
			add(a, &item);
	}
}

bool sl_iface_addresses_have(const struct sl_iface_addresses *a, uint8_t family, const uint8_t *ip)
{
	for (unsigned i = 0; i < a->n; i++) {
		const struct sl_ip *own = &a->items[i].prefix.ip;

		if (own->family == family && memcmp(own->bytes, ip, sl_ip_len(family)) == 0)
			return true;
	}
	return false;
}

bool sl_iface_addresses_broadcast(const struct sl_iface_addresses *a, const uint8_t ip[4])
{
	for (unsigned i = 0; i < a->n; i++) {
		const struct sl_prefix *p = &a->items[i].prefix;
		uint32_t hosts = p->len < 31 ? UINT32_MAX >> p->len : 0;

		if (p->ip.family == 4 && hosts && load_be32(ip) == (load_be32(p->ip.bytes) | hosts))
			return true;
	}
	return false;
}

bool sl_iface_addresses_anycast(const struct sl_iface_addresses *a, const uint8_t ip[16])
{
	for (unsigned i = 0; i < a->n; i++)
		if (sl_prefix_is_anycast(&a->items[i].prefix, ip))
			return true;
	return false;
}

// Whether an address of ours, or the anycast address that comes with it, ends in these 24 bits.
static bool ends_in(const struct sl_iface_addresses *a, const uint8_t end[3])
{
	for (unsigned i = 0; i < a->n; i++) {
		const struct sl_prefix *own = &a->items[i].prefix, net = sl_prefix_masked(own);

		if (own->ip.family == 6 && (memcmp(own->ip.bytes + 13, end, 3) == 0 ||
					    memcmp(net.ip.bytes + 13, end, 3) == 0))
			return true;
	}
	return false;
}

bool sl_iface_addresses_joined(const struct sl_iface_addresses *a, const uint8_t ip[16])
{
	static const uint8_t groups[][16] = {
		{0xff, 2, [15] = 1}, {0xff, 2, [15] = 2}, {0xff, 5, [15] = 2}};
	static const uint8_t solicited_node[13] = {0xff, 2, [11] = 1, 0xff};

	for (unsigned i = 0; i < RTE_DIM(groups); i++)
		if (memcmp(groups[i], ip, sizeof(groups[i])) == 0)
			return true;
	return memcmp(solicited_node, ip, sizeof(solicited_node)) == 0 && ends_in(a, ip + 13);
}

const uint8_t *sl_iface_addresses_towards(const struct sl_iface_addresses *a, uint16_t iface,
					  uint8_t family, const uint8_t *ip)
{
	struct sl_ip hop = {.family = family};

	memcpy(hop.bytes, ip, sl_ip_len(family));
	for (unsigned i = 0; i < a->n; i++)
		if (a->items[i].iface == iface && sl_prefix_contains(&a->items[i].prefix, &hop))
			return a->items[i].prefix.ip.bytes;
	return NULL;
}

// How well an address fits; 0 = not at all.
static unsigned fitness(const struct sl_iface_address *item, uint16_t iface, bool link_local)
{
	bool here = item->iface == iface;

	if (sl_ip_is_link_local(&item->prefix.ip))
		return !here ? 0 : link_local ? 3 : 0;
	return here ? 2 : 1;
}

const uint8_t *sl_iface_addresses_source(const struct sl_iface_addresses *a, uint16_t iface,
					 uint8_t family, bool link_local)
{
	const uint8_t *best = NULL;
	unsigned best_fit = 0;

	for (unsigned i = 0; i < a->n; i++) {
		const struct sl_iface_address *item = &a->items[i];
		unsigned fit = fitness(item, iface, link_local);

		if (item->prefix.ip.family == family && fit > best_fit) {
			best = item->prefix.ip.bytes;
			best_fit = fit;
		}
	}
	return best;
}
