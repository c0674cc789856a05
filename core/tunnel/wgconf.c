// wgconf: the lines of a wg file, cut where they stand.

#include "core/error.h"
#include "core/grow.h"
#include "core/ip/address.h"
#include "core/suggest.h"
#include "core/tunnel/wgconf_read.h"

#include <errno.h>
#include <sluice/wgconf.h>
#include <stdio.h>
#include <strings.h>

enum { MTU_MIN = 68 };

enum section { NO_SECTION, INTERFACE, PEER };

struct reader {
	struct sl_wgconf *c;
	const char *name;
	unsigned line, peer_line;
	const char *start; // of the line
	enum section section;
	bool has_public; // the peer has told its key
	struct sl_error *err;
};

__attribute__((format(printf, 3, 4))) static int wrong(const struct reader *r, const char *at,
						       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sl_error_vset(r->err, format, args);
	va_end(args);
	sl_error_place(r->err, r->name, r->line, (unsigned)(at - r->start) + 1, NULL, 0);
	return -EINVAL;
}

static int no_memory(const struct reader *r)
{
	return sl_error_set(r->err, -ENOMEM, "out of memory");
}

// ---- values

#define BLANKS " \t\r\f\v"

static char *skip_blanks(char *text)
{
	return text + strspn(text, BLANKS);
}

// text without blanks, also within, which mean nothing to wg; cut where it stands.
static char *squeeze(char *text)
{
	char *to = text = skip_blanks(text);

	for (const char *from = text; *from; from++)
		if (!strchr(BLANKS, *from))
			*to++ = *from;
	*to = '\0';
	return text;
}

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
	bool is_hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	const char *digits = is_hex ? text + 2 : text;
	size_t n = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");

	if (n == 0 || n > 10 || digits[n])
		return false;
	*out = strtoull(digits, NULL, is_hex ? 16 : 10);
	return *out <= max;
}

static bool read_number_or_off(const char *text, uint64_t max, uint64_t *out)
{
	*out = 0;
	return strcasecmp(text, "off") == 0 || read_number(text, max, out);
}

static int read_key(const struct reader *r, const char *value, uint8_t key[SL_KEY])
{
	struct sl_error why;

	return sl_key_parse(key, value, &why) < 0 ? wrong(r, value, "%s", why.text) : 0;
}

// Append a text to a list.
static int append(const struct reader *r, const char ***list, size_t *n, const char *text)
{
	const char **more = sl_grow(*list, *n, sizeof(*more));

	if (!more)
		return no_memory(r);
	*list = more;
	more[(*n)++] = text;
	return 0;
}

// Call `one` for each part between commas.
static int read_list(struct reader *r, char *value, int (*one)(struct reader *, char *))
{
	char *part;
	int ret = 0;

	while (ret == 0 && (part = strsep(&value, ","))) {
		part = squeeze(part);
		if (*part)
			ret = one(r, part);
	}
	return ret;
}

// ---- [Interface]

static int interface_key(struct reader *r, char *value)
{
	r->c->has_key = true;
	return read_key(r, value, r->c->private_key);
}

static int interface_port(struct reader *r, char *value)
{
	uint64_t port;

	if (!read_number(value, UINT16_MAX, &port))
		return wrong(r, value, "a port is 0 to 65535");
	r->c->port = (uint16_t)port;
	return 0;
}

static int interface_mark(struct reader *r, char *value)
{
	uint64_t mark;

	if (!read_number_or_off(value, UINT32_MAX, &mark))
		return wrong(r, value, "a mark is off, or a number of 32 bits such as 0xca6c");
	r->c->mark = (uint32_t)mark;
	return 0;
}

static int interface_mtu(struct reader *r, char *value)
{
	uint64_t mtu;

	if (!read_number(value, SL_TUNNEL_MTU_MAX, &mtu) || mtu < MTU_MIN)
		return wrong(r, value, "an MTU is %d to %d", MTU_MIN, SL_TUNNEL_MTU_MAX);
	r->c->mtu = (uint32_t)mtu;
	return 0;
}

static int interface_address(struct reader *r, char *value)
{
	struct sl_prefix p;

	if (!sl_prefix_parse(value, &p))
		return wrong(r, value, "not an address such as 10.0.0.1/24 or fd00::1/64");
	return append(r, &r->c->addresses, &r->c->n_addresses, value);
}

// ---- [Peer]

static struct sl_tunnel_change *last_peer(const struct reader *r)
{
	return &r->c->peers[r->c->n_peers - 1];
}

static int peer_key(struct reader *r, char *value)
{
	r->has_public = true;
	return read_key(r, value, last_peer(r)->public_key);
}

static int peer_psk(struct reader *r, char *value)
{
	last_peer(r)->has_psk = true;
	return read_key(r, value, last_peer(r)->psk);
}

static int peer_endpoint(struct reader *r, char *value)
{
	const char *colon = strrchr(value, ':');
	uint64_t port = 1; // of one that has a name

	if (colon && !colon[1 + strspn(colon + 1, "0123456789")])
		port = strtoull(colon + 1, NULL, 10);
	if (!colon || colon == value || port == 0 || port > UINT16_MAX)
		return wrong(r, value, "not an endpoint such as host:51820 or [2001:db8::1]:51820");
	last_peer(r)->endpoint = value;
	return 0;
}

static int peer_keepalive(struct reader *r, char *value)
{
	uint64_t seconds;

	if (!read_number_or_off(value, UINT16_MAX, &seconds))
		return wrong(r, value, "a keepalive is off, or 0 to 65535 seconds");
	last_peer(r)->has_keepalive = true;
	last_peer(r)->keepalive_s = (uint16_t)seconds;
	return 0;
}

static int peer_prefix(struct reader *r, char *value)
{
	struct sl_tunnel_change *c = last_peer(r);
	const char **allowed = (const char **)(uintptr_t)c->allowed;
	struct sl_prefix p;
	int ret;

	if (!sl_prefix_parse(value, &p))
		return wrong(r, value, "not a prefix such as 10.1.0.0/16 or fd00::/64");
	ret = append(r, &allowed, &c->n_allowed, value);
	c->allowed = allowed;
	return ret;
}

// ---- lines

struct word {
	const char *name;
	bool is_list;                               // of values between commas
	int (*read)(struct reader *r, char *value); // NULL = asks wg-quick for something
};

static const struct word interface_words[] = {
	{"PrivateKey", false, interface_key},
	{"ListenPort", false, interface_port},
	{"FwMark", false, interface_mark},
	{"Address", true, interface_address},
	{"MTU", false, interface_mtu},
	{"DNS", false, NULL},
	{"Table", false, NULL},
	{"PreUp", false, NULL},
	{"PostUp", false, NULL},
	{"PreDown", false, NULL},
	{"PostDown", false, NULL},
	{"SaveConfig", false, NULL},
	{0},
};

static const struct word peer_words[] = {
	{"PublicKey", false, peer_key},
	{"PresharedKey", false, peer_psk},
	{"AllowedIPs", true, peer_prefix},
	{"Endpoint", false, peer_endpoint},
	{"PersistentKeepalive", false, peer_keepalive},
	{0},
};

static int unknown_word(const struct reader *r, const struct word *words, const char *name)
{
	struct sl_suggest near = {.wanted = name};
	char hint[96];

	for (; words->name; words++)
		sl_suggest_offer(&near, words->name);
	return wrong(r, name, "%s has no such word%s",
		     r->section == PEER ? "a [Peer]" : "the [Interface]",
		     near.best ? sl_suggest_hint(&near, hint, sizeof(hint)) : "");
}

// wg-quick's word is told once.
static int note_other(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->c->n_others; i++)
		if (strcmp(r->c->others[i], name) == 0)
			return 0;
	return append(r, &r->c->others, &r->c->n_others, name);
}

static int read_value(struct reader *r, const struct word *w, char *value)
{
	if (!w->read)
		return note_other(r, w->name);
	return w->is_list ? read_list(r, value, w->read) : w->read(r, squeeze(value));
}

static int read_word(struct reader *r, char *name, char *value)
{
	const struct word *words = r->section == PEER ? peer_words : interface_words;

	if (r->section == NO_SECTION)
		return wrong(r, name, "stands before [Interface] and any [Peer]");
	for (const struct word *w = words; w->name; w++)
		if (strcasecmp(w->name, name) == 0)
			return read_value(r, w, value);
	return unknown_word(r, words, name);
}

static int end_peer(struct reader *r)
{
	if (r->section != PEER || r->has_public)
		return 0;
	r->line = r->peer_line;
	return wrong(r, r->start, "a [Peer] without PublicKey");
}

static int begin_peer(struct reader *r)
{
	struct sl_tunnel_change *more = sl_grow(r->c->peers, r->c->n_peers, sizeof(*more));

	if (!more)
		return no_memory(r);
	r->c->peers = more;
	more[r->c->n_peers++] = (struct sl_tunnel_change){.replace_allowed = true};
	r->has_public = false;
	r->peer_line = r->line;
	return 0;
}

static int read_section(struct reader *r, const char *name)
{
	int ret = end_peer(r);

	if (ret < 0)
		return ret;
	if (strcasecmp(name, "[Interface]") == 0) {
		r->section = INTERFACE;
		return 0;
	}
	if (strcasecmp(name, "[Peer]") != 0)
		return wrong(r, name, "not a section: there are [Interface] and [Peer]");
	r->section = PEER;
	return begin_peer(r);
}

static int read_line(struct reader *r, char *line)
{
	char *value;

	r->start = line;
	r->line++;
	line[strcspn(line, "#")] = '\0';
	line = skip_blanks(line);
	if (!*line)
		return 0;
	if (*line == '[')
		return read_section(r, squeeze(line));
	value = strchr(line, '=');
	if (!value)
		return wrong(r, line, "not of the form Word = value");
	*value++ = '\0';
	return read_word(r, squeeze(line), value);
}

// Read what is in c->text.
int sl_wgconf_read(struct sl_wgconf *c, const char *name, struct sl_error *err)
{
	struct reader r = {.c = c, .name = name, .err = err};
	char *rest = c->text, *line;
	int ret = 0;

	if (strlen(c->text) + 1 != c->size)
		return sl_error_set(err, -EINVAL, "%s: not a text", name);
	while (ret == 0 && (line = strsep(&rest, "\n")))
		ret = read_line(&r, line);
	return ret < 0 ? ret : end_peer(&r);
}
