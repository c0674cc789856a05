#include "core/tunnel/endpoint.h"

#include "core/proto/bytes.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Decimal digits only, 1 to 65535.
static bool parse_port(const char *text, uint16_t *out)
{
	size_t digits = strspn(text, "0123456789");
	long port;

	if (digits == 0 || digits > 5 || text[digits])
		return false;
	port = strtol(text, NULL, 10);
	if (port < 1 || port > UINT16_MAX)
		return false;
	*out = (uint16_t)port;
	return true;
}

enum { SCOPE_AT = 4, DIGITS = 9 }; // of an index, at most

void sl_scope_put(struct sl_ip *ip, uint32_t scope)
{
	if (sl_ip_is_link_local(ip) && load_be32(ip->bytes + SCOPE_AT) == 0)
		store_be32(ip->bytes + SCOPE_AT, scope);
}

uint32_t sl_scope_take(struct sl_ip *ip)
{
	uint32_t scope;

	if (!sl_ip_is_link_local(ip))
		return 0;
	scope = load_be32(ip->bytes + SCOPE_AT);
	store_be32(ip->bytes + SCOPE_AT, 0);
	return scope;
}

// An interface's name or index. Returns 0 where it is neither.
static uint32_t parse_scope(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	uint32_t index = if_nametoindex(text);

	if (index == 0 && digits > 0 && digits <= DIGITS && !text[digits])
		index = (uint32_t)strtoul(text, NULL, 10);
	return index;
}

// "fe80::1%eth0", or an address without a scope.
static bool parse_address(char *text, struct sl_ip *out)
{
	char *percent = strchr(text, '%');
	uint32_t scope = 0;

	if (percent) {
		*percent = '\0';
		scope = parse_scope(percent + 1);
	}
	if (!sl_ip_parse(text, out) || (percent && (scope == 0 || !sl_ip_is_link_local(out))))
		return false;
	sl_scope_put(out, scope);
	return true;
}

bool sl_endpoint_parse(const char *text, struct sl_endpoint *out)
{
	bool bracket = text[0] == '[';
	const char *colon = strrchr(text, ':'), *start = text + bracket;
	struct sl_endpoint e = {0};
	char address[SL_IP_TEXT];
	size_t n;

	if (!colon || colon < start + bracket || (bracket && colon[-1] != ']'))
		return false;
	n = (size_t)(colon - start) - bracket;
	if (n >= sizeof(address))
		return false;
	memcpy(address, start, n);
	address[n] = '\0';
	if (!parse_address(address, &e.ip) || (e.ip.family == 6) != bracket)
		return false;
	if (!parse_port(colon + 1, &e.port))
		return false;
	*out = e;
	return true;
}

char *sl_endpoint_print(const struct sl_endpoint *e, char *buf)
{
	char text[SL_IP_TEXT], name[1 + IF_NAMESIZE] = "";
	struct sl_ip ip = e->ip;
	uint32_t scope = sl_scope_take(&ip);

	if (scope && !if_indextoname(scope, name + 1))
		snprintf(name + 1, sizeof(name) - 1, "%u", scope);
	if (scope)
		name[0] = '%';
	snprintf(buf, SL_ENDPOINT_TEXT, ip.family == 6 ? "[%s%s]:%u" : "%s%s:%u",
		 sl_ip_print(&ip, text), name, e->port);
	return buf;
}
