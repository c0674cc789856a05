#include "tests/drivers/kernel_rig.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { MS = 1000000 };

const char *const rig_names[] = {"lan", "wan"};
static bool has_namespace;

const char rig_everyday[] = "kernel-routes interfaces=lan interfaces=wan devices=lan0 "
			    "devices=wan0";

int rig_run(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line);
}

void rig_ip(const char *arguments)
{
	if (rig_run("ip %s", arguments) != 0)
		fail_msg("ip %s", arguments);
}

int rig_enter(void **state)
{
	(void)state;
	has_namespace = unshare(CLONE_NEWNET) == 0 && rig_run("ip link set lo up 2>/dev/null") == 0;
	if (!has_namespace)
		print_message("not root, or no iproute2: tests with the kernel are skipped\n");
	return 0;
}

int rig_make_devices(void **state)
{
	(void)state;
	if (!has_namespace)
		return 0;
	assert_int_equal(unshare(CLONE_NEWNET), 0); // nothing of another test
	rig_ip("link set lo up");
	rig_run("sysctl -qw net.ipv6.conf.default.accept_dad=0 "
		"net.ipv6.conf.default.addr_gen_mode=1");
	rig_ip("link add lan0 type veth peer name lan1");
	rig_ip("link add wan0 type veth peer name wan1");
	for (unsigned i = 0; i < 2; i++) {
		rig_ip(i ? "link set wan1 up" : "link set lan1 up");
		rig_ip(i ? "link set wan0 up" : "link set lan0 up");
	}
	rig_ip("address add 10.0.0.1/24 dev lan0");
	rig_ip("address add 10.0.1.1/24 dev wan0");
	return 0;
}

void rig_need(void)
{
	if (!has_namespace)
		skip();
}

struct rig *rig_make(const char *line, unsigned link_size)
{
	struct sl_error err = {.text = ""};
	struct rig *r;

	rig_need();
	r = calloc(1, sizeof(*r));
	r->h = sl_harness_create(&(struct sl_harness_options){.line = line,
							      .outputs = 2,
							      .output_names = rig_names,
							      .link_size = link_size},
				 &err);
	assert_string_equal(err.text, "");
	assert_non_null(r->h);
	return r;
}

void rig_finish(struct rig *r)
{
	assert_string_equal(sl_harness_destroy(r->h), "");
	free(r);
}

static void drain(struct rig *r)
{
	for (unsigned i = 0; i < RIG_OUTPUTS; i++)
		router_model_drain(&r->told[i], r->h, i);
}

void rig_breathe(struct rig *r)
{
	sl_harness_breathe(r->h);
	sl_harness_advance(r->h, 20 * MS);
}

void rig_catch_up(struct rig *r)
{
	for (unsigned i = 0; i < 100; i++) {
		rig_breathe(r);
		drain(r);
	}
}

const char *rig_routes(struct rig *r, unsigned output)
{
	static const char *const connected[] = {"10.0.0.0/24 if 0", "10.0.1.0/24 if 1"};
	static char text[4096];
	char *at;

	rig_catch_up(r);
	snprintf(text, sizeof(text), "%s", router_model_text(&r->told[output], SL_CONTROL_ROUTE));
	for (unsigned i = 0; i < RTE_DIM(connected); i++)
		if ((at = strstr(text, connected[i]))) {
			size_t len = strlen(connected[i]);

			memmove(at, at + len + (at[len] == '\n'), strlen(at + len) + 1);
		}
	if (*text && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = '\0';
	return text;
}

struct CMUnitTest rig_test(const char *name, CMUnitTestFunction f)
{
	return (struct CMUnitTest){.name = name, .test_func = f, .setup_func = rig_make_devices};
}
