// uapi: requests of the configuration protocol, line by line.

#include <errno.h>
#include <sluice/uapi.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE = 256,     // no line that means something is longer
	ALLOWED = 1024, // handed on together, so that the data path pauses for some 0.1 ms
};

enum request {
	NONE, // the next line begins one
	GET,
	SET,
	UNKNOWN,
};

struct sl_uapi {
	const struct sl_uapi_device *device;
	void *context;
	void (*answer)(void *to, const char *text, size_t len);
	void *to;
	char line[LINE];
	size_t len; // of the line so far; LINE = too long
	enum request request;
	int code;     // first mistake of the request, or 0: what follows it is not heard
	bool in_peer; // lines are about the peer of `change`
	struct sl_tunnel_change change;
	char endpoint[SL_TUNNEL_ENDPOINT_TEXT];
	char prefixes[ALLOWED][SL_TUNNEL_PREFIX_TEXT];
	const char *allowed[ALLOWED];
};

// ---- values

static int read_number(const char *text, uint64_t max, uint64_t *out)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 10 || text[digits])
		return -EINVAL;
	*out = strtoull(text, NULL, 10);
	return *out <= max ? 0 : -EINVAL;
}

static int read_true(const char *text, bool *out)
{
	*out = strcmp(text, "true") == 0;
	return *out ? 0 : -EINVAL;
}

static int read_key(const char *text, uint8_t key[SL_KEY])
{
	size_t len = strlen(text), n;

	if (len != 2 * SL_KEY || sodium_hex2bin(key, SL_KEY, text, len, NULL, &n, NULL) < 0)
		return -EINVAL;
	return n == SL_KEY ? 0 : -EINVAL;
}

static int copy(char *to, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= size)
		return -EINVAL;
	memcpy(to, text, len + 1);
	return 0;
}

// ---- a peer

// Do to the peer what was said of it so far. More of it may follow.
static int flush_peer(struct sl_uapi *u)
{
	struct sl_tunnel_change *c = &u->change;
	int ret;

	if (!u->in_peer)
		return 0;
	ret = u->device->change_peer(u->context, c);
	c->has_psk = c->has_keepalive = c->replace_allowed = false;
	c->endpoint = NULL;
	c->n_allowed = 0;
	sodium_memzero(c->psk, sizeof(c->psk));
	return ret;
}

static int peer_key(struct sl_uapi *u, const char *value)
{
	int ret = flush_peer(u);

	u->in_peer = false;
	if (ret == 0)
		ret = read_key(value, u->change.public_key);
	if (ret < 0)
		return ret;
	u->change.remove = u->change.update_only = false;
	u->in_peer = true;
	return 0;
}

static int peer_remove(struct sl_uapi *u, const char *value)
{
	return read_true(value, &u->change.remove);
}

static int peer_update_only(struct sl_uapi *u, const char *value)
{
	return read_true(value, &u->change.update_only);
}

static int peer_psk(struct sl_uapi *u, const char *value)
{
	int ret = read_key(value, u->change.psk);

	u->change.has_psk = ret == 0;
	return ret;
}

static int peer_endpoint(struct sl_uapi *u, const char *value)
{
	int ret = copy(u->endpoint, sizeof(u->endpoint), value);

	u->change.endpoint = ret == 0 ? u->endpoint : NULL;
	return ret;
}

static int peer_keepalive(struct sl_uapi *u, const char *value)
{
	uint64_t seconds;
	int ret = read_number(value, UINT16_MAX, &seconds);

	if (ret < 0)
		return ret;
	u->change.has_keepalive = true;
	u->change.keepalive_s = (uint16_t)seconds;
	return 0;
}

// What was said of its prefixes before counts for nothing.
static int peer_replace_allowed(struct sl_uapi *u, const char *value)
{
	u->change.n_allowed = 0;
	return read_true(value, &u->change.replace_allowed);
}

static int peer_allowed(struct sl_uapi *u, const char *value)
{
	size_t n = u->change.n_allowed;
	int ret = n == ALLOWED ? flush_peer(u) : 0;

	n = u->change.n_allowed;
	if (ret == 0)
		ret = copy(u->prefixes[n], sizeof(u->prefixes[n]), value);
	if (ret < 0)
		return ret;
	u->allowed[n] = u->prefixes[n];
	u->change.n_allowed++;
	return 0;
}

static int peer_version(struct sl_uapi *u, const char *value)
{
	(void)u;
	return strcmp(value, "1") == 0 ? 0 : -EINVAL;
}

// ---- the device

static int device_key(struct sl_uapi *u, const char *value)
{
	uint8_t key[SL_KEY];
	int ret = read_key(value, key);

	if (ret == 0)
		ret = u->device->set_key(u->context, sodium_is_zero(key, SL_KEY) ? NULL : key);
	sodium_memzero(key, sizeof(key));
	return ret;
}

static int device_port(struct sl_uapi *u, const char *value)
{
	uint64_t port;
	int ret = read_number(value, UINT16_MAX, &port);

	return ret < 0 ? ret : u->device->set_port(u->context, (uint16_t)port);
}

static int device_mark(struct sl_uapi *u, const char *value)
{
	uint64_t mark;
	int ret = read_number(value, UINT32_MAX, &mark);

	return ret < 0 ? ret : u->device->set_mark(u->context, (uint32_t)mark);
}

static int device_replace_peers(struct sl_uapi *u, const char *value)
{
	bool yes;
	int ret = read_true(value, &yes);

	return ret < 0 ? ret : u->device->remove_peers(u->context);
}

// ---- lines

struct word {
	const char *name;
	int (*read)(struct sl_uapi *u, const char *value);
};

static const struct word device_words[] = {
	{"private_key", device_key}, {"listen_port", device_port},
	{"fwmark", device_mark},     {"replace_peers", device_replace_peers},
	{"public_key", peer_key},    {0},
};

static const struct word peer_words[] = {
	{"public_key", peer_key},
	{"remove", peer_remove},
	{"update_only", peer_update_only},
	{"preshared_key", peer_psk},
	{"endpoint", peer_endpoint},
	{"persistent_keepalive_interval", peer_keepalive},
	{"replace_allowed_ips", peer_replace_allowed},
	{"allowed_ip", peer_allowed},
	{"protocol_version", peer_version},
	{0},
};

static int set_line(struct sl_uapi *u)
{
	const struct word *w = u->in_peer ? peer_words : device_words;
	char *value = strchr(u->line, '=');

	if (!value)
		return -EPROTO;
	*value++ = '\0';
	for (; w->name; w++)
		if (strcmp(u->line, w->name) == 0)
			return w->read(u, value);
	return -EINVAL;
}

static int first_line(struct sl_uapi *u)
{
	u->request = UNKNOWN;
	if (strcmp(u->line, "get=1") == 0)
		u->request = GET;
	if (strcmp(u->line, "set=1") == 0)
		u->request = SET;
	return u->request == UNKNOWN ? -EPROTO : 0;
}

static int print(struct sl_uapi *u)
{
	size_t len;
	char *text = u->device->print(u->context, &len);

	if (!text)
		return -ENOMEM;
	u->answer(u->to, text, len);
	sodium_memzero(text, len);
	free(text);
	return 0;
}

// `wg` reads the number of a get without a sign, that of a set with a minus.
static void end(struct sl_uapi *u)
{
	bool is_get = u->request == GET;
	char text[32];
	int len;

	if (u->code == 0 && is_get)
		u->code = print(u);
	if (u->code == 0)
		u->code = flush_peer(u);
	len = snprintf(text, sizeof(text), "errno=%d\n\n", is_get ? -u->code : u->code);
	u->answer(u->to, text, (size_t)len);
	u->request = NONE;
	u->in_peer = false;
	u->code = 0;
}

// What was said of a peer before a mistake is done.
static void heed(struct sl_uapi *u, int code)
{
	u->code = code;
	if (code < 0)
		flush_peer(u);
}

static int read_line(struct sl_uapi *u)
{
	if (u->len == LINE || strlen(u->line) != u->len)
		u->line[0] = '\0'; // no text, or too much of it: no line that means something
	switch (u->request) {
	case NONE:
		return first_line(u);
	case SET:
		return set_line(u);
	default:
		return -EINVAL;
	}
}

// Returns whether the request has ended with it.
static bool hear_line(struct sl_uapi *u)
{
	bool ends = u->len == 0 && u->request != NONE;

	if (u->len > 0 && u->code == 0)
		heed(u, read_line(u));
	if (ends)
		end(u);
	sodium_memzero(u->line, sizeof(u->line));
	u->len = 0;
	return ends;
}

// The bytes up to the end of the line, or all.
static void add(struct sl_uapi *u, const char *bytes, size_t len)
{
	size_t room = LINE - u->len;

	if (len < room)
		memcpy(u->line + u->len, bytes, len);
	u->len += len < room ? len : room;
	u->line[u->len < LINE ? u->len : 0] = '\0';
}

size_t sl_uapi_hear(struct sl_uapi *u, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const char *newline = memchr(bytes + at, '\n', len - at);
		size_t n = newline ? (size_t)(newline - bytes) - at : len - at;

		add(u, bytes + at, n);
		at += n;
		if (!newline)
			break;
		at++;
		if (hear_line(u))
			break;
	}
	return at;
}

struct sl_uapi *sl_uapi_create(const struct sl_uapi_device *device, void *context,
			       void (*answer)(void *to, const char *text, size_t len), void *to)
{
	struct sl_uapi *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->device = device;
	u->context = context;
	u->answer = answer;
	u->to = to;
	u->change.allowed = u->allowed;
	return u;
}

void sl_uapi_destroy(struct sl_uapi *u)
{
	if (!u)
		return;
	sodium_memzero(u, sizeof(*u));
	free(u);
}
