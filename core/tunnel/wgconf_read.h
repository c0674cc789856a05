// wgconf_read: what the two files of wgconf share. Internal to it.
#pragma once

#include <sluice/wgconf.h>

// Read c->text, c->size bytes with the end of the text, and cut it up. Returns 0 or -errno.
int sl_wgconf_read(struct sl_wgconf *c, const char *name, struct sl_error *err);
