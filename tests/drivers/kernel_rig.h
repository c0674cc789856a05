// kernel_rig: kernel-routes and a kernel, in a network namespace of each test's own.
#pragma once

#include "tests/drivers/router_model.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { RIG_IPV4, RIG_IPV6, RIG_ICMP, RIG_LOCAL, RIG_LAN, RIG_WAN, RIG_OUTPUTS };

// Of the harness.
extern const char *const rig_names[];

// Interfaces lan and wan by lan0 and wan0, the table main.
extern const char rig_everyday[];

struct rig {
	struct sl_harness *h;
	struct router_model told[RIG_OUTPUTS];
};

// Whether there can be namespaces: the setup of all tests.
int rig_enter(void **state);

// The test's setup: a fresh namespace with lan0 (10.0.0.1/24) and wan0 (10.0.1.1/24), both up.
int rig_make_devices(void **state);

// A test between these.
struct CMUnitTest rig_test(const char *name, CMUnitTestFunction f);

// Skip the test where there is no namespace.
void rig_need(void);

// A shell command. Returns its status.
int rig_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

// `ip` with these arguments, which must work.
void rig_ip(const char *arguments);

// kernel-routes as the line says. link_size 0 = the harness's own.
struct rig *rig_make(const char *line, unsigned link_size);
void rig_finish(struct rig *r);

// A breath, and some time.
void rig_breathe(struct rig *r);

// Until all is told: the kernel has queued its events before a command of ours ends.
void rig_catch_up(struct rig *r);

// The routes told to an output, but for those of the two addresses, after catching up.
const char *rig_routes(struct rig *r, unsigned output);
