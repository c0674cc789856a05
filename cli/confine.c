#include "cli/confine.h"

#include "cli/confine_calls.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// What opens ports and sockets. capabilities(7)
static const uint32_t kept = 1u << CAP_NET_ADMIN | 1u << CAP_NET_RAW | 1u << CAP_NET_BIND_SERVICE;

int confine_find(struct confine *c, const char *name, struct sl_error *err)
{
	const struct passwd *p = getpwnam(name);

	if (!p || strlen(name) >= sizeof(c->name))
		return sl_error_set(err, -ENOENT, "there is no user '%s'", name);
	*c = (struct confine){.uid = p->pw_uid, .gid = p->pw_gid};
	strcpy(c->name, name);
	return 0;
}

// The C library does so in all threads. They lose root's capabilities but for the one that said it
// keeps them, whose are no longer in effect.
static bool become(const struct confine *c)
{
	return prctl(PR_SET_KEEPCAPS, 1) == 0 && initgroups(c->name, c->gid) == 0 &&
	       setresgid(c->gid, c->gid, c->gid) == 0 && setresuid(c->uid, c->uid, c->uid) == 0;
}

static bool keep_some(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, sets) < 0)
		return false;
	sets[0].permitted &= kept;
	sets[0].effective = sets[0].permitted;
	sets[0].inheritable = 0;
	sets[1] = (struct __user_cap_data_struct){0};
	return syscall(SYS_capset, &head, sets) == 0;
}

// Returns 0 or -errno.
static int narrow_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int ret = filter ? 0 : -ENOMEM;

	if (ret == 0)
		ret = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); // all threads at once
	for (size_t i = 0; ret == 0 && i < confine_n_calls; i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, confine_calls[i], 0);
	if (ret == 0)
		ret = seccomp_load(filter); // sets no_new_privs as well
	seccomp_release(filter);
	return ret;
}

int confine_begin(const struct confine *c, struct sl_error *err)
{
	int ret;

	if (!become(c) || !keep_some())
		return sl_error_set(err, -errno, "cannot become user %s: %s", c->name,
				    errno == EPERM ? "only root can" : strerror(errno));
	ret = narrow_calls();
	return ret < 0 ? sl_error_set(err, ret, "cannot narrow the system calls: %s",
				      strerror(-ret))
		       : 0;
}
