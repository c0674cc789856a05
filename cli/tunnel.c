// sluice tunnel: connected to a service by its capability; or such a service.

#include "cli/command.h"
#include "cli/drive.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/tunnel_client.h"
#include "cli/tunnel_serve.h"

#include <errno.h>
#include <string.h>

enum { DEV, KEY, ENDPOINT, ROUTE_ALL, NO_ROUTES, SERVE, USER };

enum { LOOK_NS = 200 * 1000 * 1000 };

static const struct args_option options[] = {
	[DEV] = {"dev", 'd', "NAME", "Call the interface so; default sluice0, or the next free"},
	[KEY] = {"key", 'k', "FILE", "Our private key, with KK and XK"},
	[ENDPOINT] = {"endpoint", 'e', "HOST:PORT", "Where the service is"},
	[ROUTE_ALL] = {"route-all", 'a', NULL, "Send everything through the tunnel"},
	[NO_ROUTES] = {"no-routes", 'n', NULL, "Send nothing there but what has its own routes"},
	[SERVE] = {"serve", 's', "FILE", "Be the service that FILE describes"},
	[USER] = {"user", 'u', "NAME", "Give up root and become this user"},
	{0},
};

// The word is the capability itself, or its file.
static int read_capability(const char *word, struct sl_capability *c, struct sl_error *err)
{
	if (strncmp(word, "sluicecap", strlen("sluicecap")) == 0)
		return sl_capability_parse(c, word, err);
	return secret_read_capability(word, c, err);
}

static void show(void *context, const struct sl_stats *stats)
{
	(void)stats;
	tunnel_client_look(context);
}

static int drive_client(struct tunnel_client *c, struct loop *loop, const struct confine *user,
			struct sl_error *err)
{
	struct drive d = {.loop = loop, .show_ns = LOOK_NS, .show = show, .context = c};
	int ret;

	d.user = user;
	loop_leave_signals(); // a name may take its time
	ret = tunnel_client_open(c, err);
	loop_take_signals();
	if (ret < 0)
		return ret;
	d.engine = c->engine;
	d.ends_on_failure = true;
	say("connecting to %s", c->address);
	ret = drive_run(&d, err);
	return ret < 0 ? ret : d.failures ? -EIO : 0;
}

static int client(const struct args *args, const struct confine *user, struct sl_error *err)
{
	struct tunnel_client c = {.key = args->values[KEY], .interface = args->values[DEV]};
	struct loop loop;
	int ret = read_capability(args->words[0], &c.capability, err);

	c.endpoint = args->values[ENDPOINT] ? args->values[ENDPOINT] : c.capability.endpoint;
	c.routes = args->values[ROUTE_ALL]   ? TUNNEL_ROUTES_ALL
		   : args->values[NO_ROUTES] ? TUNNEL_ROUTES_NONE
					     : TUNNEL_ROUTES_LISTED;
	if (ret == 0)
		ret = loop_init(&loop, err);
	if (ret == 0) {
		ret = drive_client(&c, &loop, user, err);
		loop_fini(&loop);
	}
	tunnel_client_close(&c);
	return ret;
}

static int check_usage(const struct args *args, struct confine *user, struct sl_error *err)
{
	bool serves = args->values[SERVE];

	if (args->values[ROUTE_ALL] && args->values[NO_ROUTES])
		return sl_error_set(err, -EINVAL, "tunnel: --route-all or --no-routes?");
	if (serves == (args->n_words == 1))
		return sl_error_set(err, -EINVAL, "tunnel: a capability, or --serve FILE");
	for (unsigned i = 0; serves && i < SERVE; i++)
		if (args->values[i])
			return sl_error_set(err, -EINVAL, "tunnel: --%s is not for --serve",
					    options[i].name);
	return args->values[USER] ? confine_find(user, args->values[USER], err) : 0;
}

static int tunnel_run(const struct args *args)
{
	struct confine user;
	const struct confine *become = args->values[USER] ? &user : NULL;
	struct sl_error err = {0};
	int ret = check_usage(args, &user, &err);

	if (ret < 0) {
		say_error(&err);
		return STATUS_USAGE;
	}
	ret = args->values[SERVE] ? tunnel_serve(args->values[SERVE], become, &err)
				  : client(args, become, &err);
	if (ret < 0 && err.text[0])
		say_error(&err);
	return ret < 0 ? STATUS_FAILED : STATUS_DONE;
}

const struct command command_tunnel = {
	.name = "tunnel",
	.summary = "Connect to a service by its capability, or serve",
	.usage = "CAPABILITY|FILE [OPTION]... | --serve FILE",
	.details =
		"Connect to the service that a capability is for: the capability itself, or "
		"(better, as others may see the words of a command) the file that holds it. There "
		"is a TUN interface then, with the address that the service gives and routes to "
		"the networks that it lists; a default route only with --route-all. A service that "
		"does not answer is tried until SIGINT or SIGTERM, which undo everything.\n"
		"\n"
		"With --serve, be the service: FILE says its keys, who may connect and what they "
		"get. SIGHUP reads it again: who is no longer in it is out at once, and the others "
		"notice nothing.\n"
		"\n"
		"Needs CAP_NET_ADMIN, for the interface. With --user, all but what the network "
		"needs is given up once it is there: see sluice run --help.",
	.example = "  sluice tunnel alice.cap\n"
		   "  sluice tunnel --serve guests.yaml\n",
	.options = options,
	.max_words = 1,
	.run = tunnel_run,
};
