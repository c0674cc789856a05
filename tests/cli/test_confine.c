#include "cli/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_user_is_known_by_name(void **state)
{
	struct sl_error err = {0};
	struct confine c;

	(void)state;
	assert_int_equal(confine_find(&c, "nobody", &err), 0);
	assert_string_equal(c.name, "nobody");
	assert_int_not_equal(c.uid, 0);
	assert_int_equal(confine_find(&c, "no such user", &err), -ENOENT);
	assert_string_equal(err.text, "there is no user 'no such user'");
}

static void *go_on(void *arg)
{
	return arg;
}

// Returns the number of the first thing that is not as it should be, or 0.
static int look_around(const struct confine *c)
{
	char word[] = "true", *words[] = {word, NULL};
	pthread_t thread;
	void *result;

	if (getuid() != c->uid || geteuid() != c->uid || getgid() != c->gid)
		return 1;
	if (setuid(0) == 0 || errno != EPERM)
		return 2;
	if (open("/etc/shadow", O_RDONLY) >= 0 || errno != EACCES)
		return 3;
	if (execv("/bin/true", words) == 0 || errno != EPERM)
		return 4;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 || errno != EPERM)
		return 5;
	if (chroot("/") == 0 || errno != EPERM)
		return 6;
	if (pthread_create(&thread, NULL, go_on, words) || pthread_join(thread, &result) ||
	    result != words)
		return 7;
	return open("/dev/null", O_WRONLY) < 0 ? 8 : 0;
}

// In a process of its own, which ends with the result.
static void confined(void)
{
	struct sl_error err = {0};
	struct confine c;

	if (confine_find(&c, "nobody", &err) < 0)
		_exit(100);
	if (geteuid() != 0)
		_exit(confine_begin(&c, &err) == -EPERM ? 0 : 101);
	_exit(confine_begin(&c, &err) == 0 ? look_around(&c) : 102);
}

static void who_is_confined_stays_so(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		confined();
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_known_by_name),
		cmocka_unit_test(who_is_confined_stays_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
