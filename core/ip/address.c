#include "core/ip/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int family_of(uint8_t family)
{
	return family == 4 ? AF_INET : AF_INET6;
}

bool sl_ip_parse(const char *text, struct sl_ip *out)
{
	struct sl_ip ip = {.family = strchr(text, ':') ? 6 : 4};

	if (inet_pton(family_of(ip.family), text, ip.bytes) != 1)
		return false;
	*out = ip;
	return true;
}

// Decimal digits only: no sign, no blank, no leading zero.
static bool parse_len(const char *text, unsigned max, uint8_t *out)
{
	size_t digits = strspn(text, "0123456789");
	long len;

	if (digits == 0 || digits > 3 || text[digits] || (text[0] == '0' && digits > 1))
		return false;
	len = strtol(text, NULL, 10);
	if (len > (long)max)
		return false;
	*out = (uint8_t)len;
	return true;
}

bool sl_prefix_parse(const char *text, struct sl_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char address[SL_IP_TEXT];
	struct sl_prefix p = {0};

	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	if (!sl_ip_parse(address, &p.ip))
		return false;
	p.len = (uint8_t)sl_ip_bits(p.ip.family);
	if (slash && !parse_len(slash + 1, p.len, &p.len))
		return false;
	*out = p;
	return true;
}

bool sl_mac_parse(const char *text, uint8_t out[6])
{
	uint8_t mac[6];

	if (strlen(text) != 17)
		return false;
	for (unsigned i = 0; i < 6; i++) {
		char pair[3] = {text[3 * i], text[3 * i + 1], '\0'};

		if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1]))
			return false;
		if (i < 5 && text[3 * i + 2] != ':')
			return false;
		mac[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	memcpy(out, mac, sizeof(mac));
	return true;
}

char *sl_ip_print(const struct sl_ip *ip, char *buf)
{
	buf[0] = '\0';
	inet_ntop(family_of(ip->family), ip->bytes, buf, SL_IP_TEXT);
	return buf;
}

char *sl_prefix_print(const struct sl_prefix *p, char *buf)
{
	size_t n = strlen(sl_ip_print(&p->ip, buf));

	snprintf(buf + n, SL_IP_TEXT - n, "/%u", p->len);
	return buf;
}

// The mask's byte i of a prefix len bits long.
static uint8_t mask_byte(unsigned len, unsigned i)
{
	if (len >= 8 * (i + 1))
		return 0xff;
	return len <= 8 * i ? 0 : (uint8_t)(0xff << (8 * (i + 1) - len));
}

struct sl_prefix sl_prefix_masked(const struct sl_prefix *p)
{
	struct sl_prefix masked = *p;

	for (unsigned i = 0; i < sizeof(masked.ip.bytes); i++)
		masked.ip.bytes[i] &= mask_byte(p->len, i);
	return masked;
}

bool sl_prefix_is_anycast(const struct sl_prefix *p, const uint8_t *ip)
{
	struct sl_prefix net;

	if (p->ip.family != 6 || p->len >= 127 || sl_ip_is_link_local(&p->ip))
		return false;
	net = sl_prefix_masked(p);
	return memcmp(net.ip.bytes, ip, sizeof(net.ip.bytes)) == 0;
}

bool sl_prefix_contains(const struct sl_prefix *p, const struct sl_ip *ip)
{
	if (p->ip.family != ip->family)
		return false;
	for (unsigned i = 0; i < sizeof(ip->bytes); i++)
		if ((p->ip.bytes[i] ^ ip->bytes[i]) & mask_byte(p->len, i))
			return false;
	return true;
}

bool sl_prefix_overlap(const struct sl_prefix *a, const struct sl_prefix *b)
{
	return a->len < b->len ? sl_prefix_contains(a, &b->ip) : sl_prefix_contains(b, &a->ip);
}

bool sl_ip_equal(const struct sl_ip *a, const struct sl_ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sl_ip_len(a->family)) == 0;
}

bool sl_ip_is_multicast(const struct sl_ip *ip)
{
	return ip->family == 4 ? ip->bytes[0] >> 4 == 14 : ip->bytes[0] == 0xff;
}

bool sl_ip_is_link_local(const struct sl_ip *ip)
{
	return ip->family == 6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

struct sl_ip sl_ip_link_local(const uint8_t mac[6])
{
	return (struct sl_ip){
		.family = 6,
		.bytes = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe,
			  mac[3], mac[4], mac[5]},
	};
}
