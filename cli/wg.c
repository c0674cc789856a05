// sluice wg: a WireGuard interface in user space, which `wg` and `wg-quick` speak to.

#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/loop.h"
#include "cli/say.h"
#include "cli/wg_file.h"
#include "cli/wg_link.h"
#include "cli/wg_socket.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOREGROUND, CONFIG };

enum {
	LOOK_NS = 1000 * 1000 * 1000, // between two looks at the device
	SOON_NS = 5 * 1000 * 1000,    // and for a second after its interface was missed
};

static const struct args_option options[] = {
	[FOREGROUND] = {"foreground", 'f', NULL, "Stay in the foreground"},
	[CONFIG] = {"config", 'c', "FILE", "Set it up as a file of wg-quick says"},
	{0},
};

struct wg {
	char name[PATH_MAX]; // of the interface, as it was given
	char path[PATH_MAX]; // of the file; empty = none
	struct daemon daemon;
	struct loop loop;
	struct wg_device device;
	struct wg_socket socket;
	struct wg_link link;
	uint64_t missed_ns;  // when the interface was last seen not to be there
	struct wg_file file; // the setting points into it
};

// ---- the file

static void tell_what_is_left(const struct wg *wg, const struct sl_wgconf *c)
{
	char words[256] = "";
	size_t at = 0;

	if (c->is_open)
		say("%s: holds a key, and others may read it: chmod 600", wg->path);
	for (size_t i = 0; i < c->n_others && at < sizeof(words); i++)
		at += (size_t)snprintf(words + at, sizeof(words) - at, "%s%s", i ? ", " : "",
				       c->others[i]);
	if (at > 0)
		say("%s: %s: not done here; wg-quick does that", wg->path, words);
}

// The same file with other words: what it says now, or what it said before.
static void reload(struct wg *wg)
{
	struct sl_error err = {0};
	struct wg_setting setting;
	struct wg_file file;

	if (wg_file_read(&file, wg->path, &err) < 0)
		goto failed;
	setting = wg_file_setting(&file);
	setting.closed = wg->device.setting.closed;
	if (wg_device_change(&wg->device, &setting, &err) < 0)
		goto failed;
	wg_file_fini(&wg->file);
	wg->file = file;
	if (wg_file_apply(&wg->file, &wg->device, &err) < 0)
		say_error(&err);
	else
		say("reloaded %s: %zu peers", wg->path, wg->file.conf.n_peers);
	return;
failed:
	wg_file_fini(&file);
	say_error(&err);
	say("%s is not reloaded; what ran before goes on", wg->path);
}

// ---- at work

// Say why the device cannot go on: some failure, if its interface is still there; that somebody has
// removed it is none. Returns the exit status.
static int end(const struct wg *wg, const char *why)
{
	if (!wg_link_look(wg->device.name).is_there)
		return STATUS_DONE;
	say("%s", why);
	return STATUS_FAILED;
}

// The kernel lets a TUN interface have any MTU, but packets of that length would be lost.
static void limit_mtu(const struct wg *wg, struct wg_link_state *state)
{
	if (state->mtu <= SL_TUNNEL_MTU_MAX)
		return;
	say("%s: its MTU can be %d at most, not %u: set to that", wg->device.name,
	    SL_TUNNEL_MTU_MAX, state->mtu);
	state->mtu = SL_TUNNEL_MTU_MAX;
	wg_link_set_mtu(wg->device.name, state->mtu);
}

// One that is not there may have moved to another namespace, or the device fails soon.
static void link_changed(void *context)
{
	struct wg *wg = context;
	struct wg_link_state state = wg_link_look(wg->device.name);
	struct sl_error err;

	if (!state.is_there) {
		wg->missed_ns = loop_now_ns();
		loop_wake(&wg->loop);
		return;
	}
	limit_mtu(wg, &state);
	if (wg_device_follow(&wg->device, state.mtu, state.up, &err) < 0) {
		say_error(&err);
	}
}

// Whoever removes the interface may make it anew at once, as wg-quick does, and needs its name.
static uint64_t next_look_ns(const struct wg *wg)
{
	uint64_t now = loop_now_ns();

	return now + (wg->missed_ns && now - wg->missed_ns < LOOK_NS ? SOON_NS : LOOK_NS);
}

// Returns the exit status.
static int serve(struct wg *wg)
{
	char why[256];

	for (;;) {
		int number = loop_wait(&wg->loop, next_look_ns(wg));

		if (number == SIGHUP && wg->path[0])
			reload(wg);
		else if (number == SIGINT || number == SIGTERM)
			return STATUS_DONE;
		else if (wg_device_failed(&wg->device, why, sizeof(why)))
			return end(wg, why);
	}
}

// ---- from the words to the work

static int read_name(struct wg *wg, const struct args *args, struct sl_error *err)
{
	const char *path = args->values[CONFIG];
	char copy[PATH_MAX], *dot;

	if (path && !realpath(path, wg->path))
		return sl_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (args->n_words > 0) {
		snprintf(wg->name, sizeof(wg->name), "%s", args->words[0]);
		return 0;
	}
	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(wg->name, sizeof(wg->name), "%s", basename(copy));
	dot = strrchr(wg->name, '.');
	if (dot && strcmp(dot, ".conf") == 0)
		*dot = '\0';
	return 0;
}

static int open_all(struct wg *wg, struct sl_error *err)
{
	struct wg_setting setting = {.mtu = WG_MTU};
	int ret;

	if (wg->path[0])
		setting = wg_file_setting(&wg->file);
	ret = wg_device_open(&wg->device, wg->name, &setting, err);
	if (ret == 0 && wg->path[0])
		ret = wg_file_apply(&wg->file, &wg->device, err);
	if (ret == 0)
		ret = wg_link_open(&wg->link, &wg->loop, link_changed, wg, err);
	if (ret == 0)
		link_changed(wg);
	if (ret == 0)
		ret = wg_socket_open(&wg->socket, &wg->loop, wg->name, &wg_device_uapi, &wg->device,
				     err);
	return ret;
}

// The socket goes last: whoever waits for it finds interface and port free.
static void close_all(struct wg *wg)
{
	if (wg->link.loop)
		wg_link_close(&wg->link);
	wg_device_close(&wg->device);
	if (wg->socket.loop)
		wg_socket_close(&wg->socket);
	wg_file_fini(&wg->file);
}

// Returns the exit status.
static int work(struct wg *wg, struct sl_error *err)
{
	int status = STATUS_FAILED;

	if (open_all(wg, err) == 0) {
		daemon_ready(&wg->daemon);
		status = serve(wg);
	}
	close_all(wg);
	return status;
}

static bool stays(const struct args *args)
{
	const char *said = getenv("WG_PROCESS_FOREGROUND");

	return args->values[FOREGROUND] || (said && strcmp(said, "1") == 0);
}

static int start(struct wg *wg, const struct args *args, struct sl_error *err)
{
	int ret = read_name(wg, args, err);

	if (ret == 0 && wg->path[0])
		ret = wg_file_read(&wg->file, wg->path, err);
	if (ret < 0)
		return ret;
	if (wg->path[0])
		tell_what_is_left(wg, &wg->file.conf);
	wg->daemon.ready = -1;
	if (!stays(args) && daemon_begin(&wg->daemon) < 0)
		return sl_error_set(err, -errno, "cannot go to the background: %s",
				    strerror(errno));
	return loop_init(&wg->loop, err);
}

static int wg_run(const struct args *args)
{
	static struct wg wg; // too large for a stack
	struct sl_error err = {0};
	int status = STATUS_FAILED;

	if (args->n_words == 0 && !args->values[CONFIG]) {
		say("wg: which interface? give its name, or --config");
		return STATUS_USAGE;
	}
	if (start(&wg, args, &err) == 0) {
		status = work(&wg, &err);
		loop_fini(&wg.loop);
	} else {
		wg_file_fini(&wg.file);
	}
	if (err.text[0])
		say_error(&err);
	return status;
}

const struct command command_wg = {
	.name = "wg",
	.summary = "Be a WireGuard interface that wg and wg-quick speak to",
	.usage = "[-f] IFNAME | --config FILE [-f] [IFNAME]",
	.details =
		"Make the TUN interface IFNAME and be WireGuard behind it. The interface is down "
		"and "
		"has neither address nor peer: wg(8) sets it up, or wg-quick(8) if it finds "
		"sluice-wg, which is this command in one word, in "
		"WG_QUICK_USERSPACE_IMPLEMENTATION.\n"
		"\n"
		"With --config the file says key, port and peers, Address and MTU too, and the "
		"interface is brought up. Routes, DNS and hooks are left to wg-quick. SIGHUP reads "
		"the file again.\n"
		"\n"
		"The command returns when the interface is there, and goes on in the background "
		"until SIGINT or SIGTERM comes, or the interface or its socket in "
		"/var/run/wireguard is removed. It needs CAP_NET_ADMIN. "
		"WG_PROCESS_FOREGROUND=1 does as -f.",
	.example = "  sluice wg wg0\n"
		   "  wg set wg0 listen-port 51820 private-key site.key\n"
		   "  WG_QUICK_USERSPACE_IMPLEMENTATION=sluice-wg wg-quick up site2\n"
		   "  sluice wg --config /etc/wireguard/wg0.conf\n",
	.options = options,
	.min_words = 0,
	.max_words = 1,
	.run = wg_run,
};
