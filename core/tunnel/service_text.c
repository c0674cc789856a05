#include "core/tunnel/service_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_pool(struct sl_service_text *t, const char *text, struct sl_error *err)
{
	struct sl_prefix p;

	if (!sl_prefix_parse(text, &p) || !strchr(text, '/'))
		return sl_error_set(err, -EINVAL, "pool '%s' is not like 10.9.0.1/24", text);
	*(p.ip.family == 4 ? &t->ipv4 : &t->ipv6) = p;
	return 0;
}

static int read_pools(struct sl_service_text *t, char *list, struct sl_error *err)
{
	char *rest;
	int ret = 0;

	for (char *p = strtok_r(list, ",", &rest); p && ret == 0; p = strtok_r(NULL, ",", &rest))
		ret = read_pool(t, p, err);
	return ret;
}

static int read_word(struct sl_service_text *t, char *word, struct sl_error *err)
{
	char *value = strchr(word, '=');
	int ret;

	if (!value)
		return sl_error_set(err, -EINVAL, "'%s' is not of the form name=value", word);
	*value++ = '\0';
	if (!strcmp(word, "pool"))
		return read_pools(t, value, err);
	if (!strcmp(word, "key")) {
		free(t->key_path);
		t->key_path = strdup(value);
		return t->key_path ? 0 : sl_error_set(err, -ENOMEM, "out of memory");
	}
	ret = strcmp(word, "address") ? sl_grant_word(&t->grant, word, value, err) : 0;
	if (ret == 0)
		return sl_error_set(err, -EINVAL,
				    "a service has no '%s'; it has key, pool, networks, rate, mtu",
				    word);
	return ret < 0 ? ret : 0;
}

static int read_name(struct sl_service_text *t, const char *name, struct sl_error *err)
{
	if (!name || strchr(name, '=') || strlen(name) >= sizeof(t->name))
		return sl_error_set(err, -EINVAL,
				    "a service begins with its name of up to %zu characters",
				    sizeof(t->name) - 1);
	snprintf(t->name, sizeof(t->name), "%s", name);
	return 0;
}

static int read_pattern(struct sl_service_text *t, const char *pattern, struct sl_error *err)
{
	char name[16];

	// "NK" stands for its usual modifier.
	snprintf(name, sizeof(name), "%s%s", pattern ? pattern : "",
		 pattern && strlen(pattern) == 2 ? "psk0" : "");
	if (sl_tunnel_pattern_parse(name, &t->pattern) && sl_tunnel_pattern_is_tagged(t->pattern))
		return 0;
	return sl_error_set(err, -EINVAL, "service %s: '%s' is not NK, KK or XK", t->name,
			    pattern ? pattern : "");
}

int sl_service_text_parse(const char *line, struct sl_service_text *out, struct sl_error *err)
{
	struct sl_service_text t = {0};
	char *copy = strdup(line), *rest, *word;
	int ret;

	if (!copy)
		return sl_error_set(err, -ENOMEM, "out of memory");
	ret = read_name(&t, strtok_r(copy, " \t", &rest), err);
	if (ret == 0)
		ret = read_pattern(&t, strtok_r(NULL, " \t", &rest), err);
	while (ret == 0 && (word = strtok_r(NULL, " \t", &rest)))
		ret = read_word(&t, word, err);
	if (ret == 0 && !t.key_path)
		ret = sl_error_set(err, -EINVAL, "service %s: it needs key=FILE", t.name);
	free(copy);
	if (ret == 0)
		*out = t;
	else
		sl_service_text_fini(&t);
	return ret;
}

void sl_service_text_fini(struct sl_service_text *t)
{
	free(t->key_path);
	*t = (struct sl_service_text){0};
}
