#include "core/tunnel/endpoint.h"

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
	if (!sl_ip_parse(address, &e.ip) || (e.ip.family == 6) != bracket)
		return false;
	if (!parse_port(colon + 1, &e.port))
		return false;
	*out = e;
	return true;
}

char *sl_endpoint_print(const struct sl_endpoint *e, char *buf)
{
	char ip[SL_IP_TEXT];

	snprintf(buf, SL_ENDPOINT_TEXT, e->ip.family == 6 ? "[%s]:%u" : "%s:%u",
		 sl_ip_print(&e->ip, ip), e->port);
	return buf;
}
