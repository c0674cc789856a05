// plugin: what a plugin may get right or wrong, chosen by PLUGIN and SYMBOL when it is
// compiled.

#include <sluice/app.h>
#include <sluice/version.h>

enum {
	GOOD,      // one class, "cut"
	OLD,       // another ABI version
	CLASH,     // a class "sink", as the library has, behind a good one
	MALFORMED, // a class that makes no sense, behind a good one
	TWINS,     // two classes of one name
	EMPTY,     // exports no sl_plugin
	NEWER,     // another ABI version, and calls what this one lacks
};

void sl_not_there(void);

static void cut_push(struct sl_app *app)
{
	(void)app;
	if (PLUGIN == NEWER)
		sl_not_there();
}

static const struct sl_app_class cut = {
	.name = PLUGIN == GOOD ? "cut" : "other",
	.inputs = {"in"},
	.outputs = {"out"},
	.size = sizeof(struct sl_app),
	.push = cut_push,
};

static const struct sl_app_class second = {
	.name = PLUGIN == TWINS ? "other" : "sink",
	.inputs = {"in"},
	.size = PLUGIN == MALFORMED ? 1 : sizeof(struct sl_app),
	.push = cut_push,
};

static const struct sl_app_class *const classes[] = {
	&cut,
	PLUGIN == GOOD || PLUGIN == OLD || PLUGIN == NEWER ? NULL : &second,
	NULL,
};

__attribute__((visibility("default"))) const struct sl_plugin SYMBOL = {
	.abi = PLUGIN == OLD || PLUGIN == NEWER ? 999 : SL_ABI_VERSION,
	.classes = classes,
};
