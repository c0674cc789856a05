// fuzz_wgconf: a wg file is read, and each text in it can be, or is refused with a line.

#include "tests/fuzz/fuzz.h"

#include <sluice/wgconf.h>
#include <stdlib.h>
#include <string.h>

static size_t touch(const struct sl_wgconf *c)
{
	size_t sum = 0;

	for (size_t i = 0; i < c->n_addresses; i++)
		sum += strlen(c->addresses[i]);
	for (size_t i = 0; i < c->n_others; i++)
		sum += strlen(c->others[i]);
	for (size_t i = 0; i < c->n_peers; i++) {
		sum += c->peers[i].endpoint ? strlen(c->peers[i].endpoint) : 0;
		for (size_t k = 0; k < c->peers[i].n_allowed; k++)
			sum += strlen(c->peers[i].allowed[k]);
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_error err = {0};
	struct sl_wgconf c;
	int ret = sl_wgconf_parse(&c, (const char *)data, size, "wg0.conf", &err);

	if (ret == 0 ? touch(&c) > size : !err.text[0])
		abort();
	if (ret < 0 && err.file[0] && !err.line)
		abort();
	sl_wgconf_fini(&c);
	return 0;
}
