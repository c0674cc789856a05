#include "core/eal.h"

#include <dirent.h>
#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

enum {
	ARGS_MAX = 64,
	LCORES_BYTES = 4096,
	HUGE_NEEDED = 64 << 20, // bytes of free hugepages worth using
};

// Free bytes of one size of hugepages, as its folder in sysfs says.
static unsigned long long free_bytes(const char *folder)
{
	unsigned long long kib, pages = 0;
	char path[512];
	FILE *f;

	if (sscanf(folder, "hugepages-%llukB", &kib) != 1)
		return 0;
	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/free_hugepages", folder);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * kib << 10;
}

static bool hugepages_available(void)
{
	DIR *d = opendir("/sys/kernel/mm/hugepages");
	unsigned long long sum = 0;
	struct dirent *e;

	if (!d)
		return false;
	while ((e = readdir(d)))
		sum += free_bytes(e->d_name);
	closedir(d);
	return sum >= HUGE_NEEDED;
}

// "0@(0,1,5)": the calling thread becomes lcore 0 and keeps the CPUs it may run on.
// Workers are threads of our own; they register and get lcore ids of their own.
static void lcores(char *out, size_t size)
{
	cpu_set_t allowed;
	size_t n = (size_t)snprintf(out, size, "0@(");
	const char *comma = "";

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		CPU_SET(0, &allowed);
	for (unsigned i = 0; i < CPU_SETSIZE && n < size - 8; i++) {
		if (!CPU_ISSET(i, &allowed))
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%u", comma, i);
		comma = ",";
	}
	snprintf(out + n, size - n, ")");
}

static const char *const pci_words[] = {"-a", "--allow", "-b", "--block", "--no-pci", NULL};
static const char *const no_huge_words[] = {"--no-huge", NULL};

// Whether one of the caller's arguments begins with one of the words.
static bool says(const char *const *args, const char *const *words)
{
	for (; args && *args; args++)
		for (size_t i = 0; words[i]; i++)
			if (strncmp(*args, words[i], strlen(words[i])) == 0)
				return true;
	return false;
}

// The everyday arguments, then the caller's, which may override them.
static int arguments(const struct sl_engine_options *o, const char **args, char *lcores_text)
{
	static const char *const always[] = {"sluice", "--no-telemetry", "--no-shconf",
					     "--log-level=*:critical"};
	static const char *const without_hugepages[] = {"--no-huge", "-m", "64", "--iova-mode=va"};
	// EAL takes every card it may have. Allowed one that cannot exist, it takes none, and
	// still knows the bus, so that a port can ask for its card at any time (--no-pci could
	// not).
	static const char *const no_card[] = {"-a", "ffff:ff:1f.7"};
	bool huge = !o->no_huge && !says(o->eal_args, no_huge_words) && hugepages_available();
	int n = 0;

	for (size_t i = 0; i < RTE_DIM(always); i++)
		args[n++] = always[i];
	args[n++] = "--lcores";
	args[n++] = lcores_text;
	if (huge)
		args[n++] = "--in-memory";
	for (size_t i = 0; !huge && i < RTE_DIM(without_hugepages); i++)
		args[n++] = without_hugepages[i];
	for (size_t i = 0; !says(o->eal_args, pci_words) && i < RTE_DIM(no_card); i++)
		args[n++] = no_card[i];
	for (const char *const *a = o->eal_args; a && *a && n < ARGS_MAX - 1; a++)
		args[n++] = *a;
	args[n] = NULL;
	return n;
}

int sl_eal_init(const struct sl_engine_options *options, struct sl_error *err)
{
	static char lcores_text[LCORES_BYTES]; // EAL keeps pointers into its arguments
	static const char *args[ARGS_MAX];
	int n;

	if (rte_lcore_count() > 0)
		return 0; // by the host, or by an engine before
	lcores(lcores_text, sizeof(lcores_text));
	n = arguments(options, args, lcores_text);
	if (rte_eal_init(n, (char **)(uintptr_t)args) < 0)
		return sl_error_set(err, rte_errno ? -rte_errno : -EIO, "DPDK does not start: %s",
				    rte_strerror(rte_errno));
	rte_mp_disable(); // or threads could not register
	return 0;
}

bool sl_eal_has_hugepages(void)
{
	return rte_eal_has_hugepages() != 0;
}
