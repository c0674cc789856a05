#include "core/tunnel/peer_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct sl_error *err)
{
	return sl_error_set(err, -ENOMEM, "out of memory");
}

static int add_prefix(struct sl_peer_text *t, const char *text, struct sl_error *err)
{
	struct sl_prefix *more, p;

	if (!sl_prefix_parse(text, &p))
		return sl_error_set(err, -EINVAL, "'%s' is not a prefix such as 10.1.0.0/16", text);
	more = realloc(t->allowed, (t->n_allowed + 1) * sizeof(p));
	if (!more)
		return no_memory(err);
	t->allowed = more;
	t->allowed[t->n_allowed++] = p;
	return 0;
}

static int parse_allowed(struct sl_peer_text *t, char *list, struct sl_error *err)
{
	char *rest;
	int ret = 0;

	for (char *p = strtok_r(list, ",", &rest); p && ret == 0; p = strtok_r(NULL, ",", &rest))
		ret = add_prefix(t, p, err);
	return ret;
}

static int parse_keepalive(struct sl_peer_text *t, const char *text, struct sl_error *err)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long seconds = strtoul(text, NULL, 10);

	if (digits == 0 || digits > 5 || text[digits] || seconds > UINT16_MAX)
		return sl_error_set(err, -EINVAL, "keepalive '%s' is not 0 to 65535 seconds", text);
	t->keepalive_ns = seconds * 1000000000ull;
	return 0;
}

static int copy_text(char **to, const char *text, struct sl_error *err)
{
	free(*to);
	*to = strdup(text);
	return *to ? 0 : no_memory(err);
}

static int parse_key(struct sl_peer_text *t, const char *text, struct sl_error *err)
{
	t->has_key = true;
	return sl_key_parse(t->public_key, text, err);
}

// A word that only clients of services have.
static int parse_client_word(struct sl_peer_text *t, const char *word, char *value,
			     struct sl_error *err)
{
	int ret;

	if (!strcmp(word, "key"))
		return parse_key(t, value, err);
	if (!strcmp(word, "cap"))
		return copy_text(&t->cap_path, value, err);
	ret = sl_grant_word(&t->grant, word, value, err);
	if (ret == 0)
		return sl_error_set(err, -EINVAL,
				    "a client has no '%s'; it has psk, cap, key, allowed, address, "
				    "networks, rate, mtu",
				    word);
	return ret < 0 ? ret : 0;
}

// A word that only peers of the tunnel's own key have.
static int parse_peer_word(struct sl_peer_text *t, const char *word, const char *value,
			   struct sl_error *err)
{
	if (!strcmp(word, "keepalive"))
		return parse_keepalive(t, value, err);
	if (!strcmp(word, "endpoint"))
		return sl_endpoint_parse(value, &t->endpoint)
			       ? 0
			       : sl_error_set(err, -EINVAL,
					      "endpoint '%s' is not like 192.0.2.1:51820 or "
					      "[2001:db8::1]:51820",
					      value);
	return sl_error_set(err, -EINVAL,
			    "a peer has no '%s'; it has psk, endpoint, keepalive, allowed", word);
}

static int parse_word(struct sl_peer_text *t, char *word, struct sl_error *err)
{
	char *value = strchr(word, '=');

	if (!value)
		return sl_error_set(err, -EINVAL, "'%s' is not of the form name=value", word);
	*value++ = '\0';
	if (!strcmp(word, "psk"))
		return copy_text(&t->psk_path, value, err);
	if (!strcmp(word, "allowed"))
		return parse_allowed(t, value, err);
	return t->service ? parse_client_word(t, word, value, err)
			  : parse_peer_word(t, word, value, err);
}

// The first word says what kind of a peer it is.
static int parse_first(struct sl_peer_text *t, const char *word, struct sl_error *err)
{
	static const char service[] = "service=";
	const size_t n = sizeof(service) - 1;

	if (word && !strncmp(word, service, n))
		return copy_text(&t->service, word + n, err);
	return parse_key(t, word ? word : "", err);
}

int sl_peer_text_parse(const char *line, struct sl_peer_text *out, struct sl_error *err)
{
	struct sl_peer_text t = {0};
	char *copy = strdup(line), *rest, *word;
	int ret;

	if (!copy)
		return no_memory(err);
	ret = parse_first(&t, strtok_r(copy, " \t", &rest), err);
	while (ret == 0 && (word = strtok_r(NULL, " \t", &rest)))
		ret = parse_word(&t, word, err);
	if (ret == 0 && t.service && !t.psk_path == !t.cap_path)
		ret = sl_error_set(err, -EINVAL,
				   "a client of service %s needs psk=FILE or cap=FILE", t.service);
	free(copy);
	if (ret == 0)
		*out = t;
	else
		sl_peer_text_fini(&t);
	return ret;
}

void sl_peer_text_fini(struct sl_peer_text *t)
{
	free(t->service);
	free(t->psk_path);
	free(t->cap_path);
	free(t->allowed);
	*t = (struct sl_peer_text){0};
}
