#include "drivers/dpdk_device.h"

#include "core/suggest.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <net/if.h>
#include <rte_alarm.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_pci.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// What EAL says of a driver that fails without a word.
static const char UNSAID[] = "Driver cannot attach the device";

// What software drivers need of the machine.
enum interface { NO_INTERFACE, MAY_HAVE_ONE, MUST_HAVE_ONE };

struct demand {
	const char *driver;
	enum interface interface; // of the kernel, as iface=
	int capability;           // -1 = none
	const char *privileges;   // as a person grants them
};

static const struct demand demands[] = {
	{"net_af_packet", MUST_HAVE_ONE, CAP_NET_RAW, "CAP_NET_RAW"},
	{"net_af_xdp", MUST_HAVE_ONE, CAP_NET_ADMIN, "CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF"},
	{"net_tap", NO_INTERFACE, CAP_NET_ADMIN, "CAP_NET_ADMIN"},
	{"net_tun", NO_INTERFACE, CAP_NET_ADMIN, "CAP_NET_ADMIN"},
	{"net_memif", NO_INTERFACE, -1, NULL},
	{"net_null", NO_INTERFACE, -1, NULL},
	{"net_pcap", MAY_HAVE_ONE, CAP_NET_RAW, "CAP_NET_RAW"},
	{"net_ring", NO_INTERFACE, -1, NULL},
	{"net_vhost", NO_INTERFACE, -1, NULL},
	{"net_virtio_user", NO_INTERFACE, -1, NULL},
};

// A name belongs to the driver it begins with, as in DPDK.
static const struct demand *demand_of(const struct sl_dpdk_name *n)
{
	for (size_t i = 0; i < RTE_DIM(demands); i++)
		if (strncmp(n->name, demands[i].driver, strlen(demands[i].driver)) == 0)
			return &demands[i];
	return NULL;
}

// Copy len bytes of text. Returns false where they do not fit.
static bool copy(char *out, size_t size, const char *text, size_t len)
{
	if (len >= size)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

int sl_dpdk_name_parse(const char *device, struct sl_dpdk_name *n, struct sl_error *err)
{
	size_t len = strcspn(device, ","), driver;
	struct rte_pci_addr pci;

	memset(n, 0, sizeof(*n));
	n->args = device[len] ? device + len + 1 : "";
	if (len == 0)
		return sl_error_set(err, -EINVAL, "'%s' names no device", device);
	if (!copy(n->name, sizeof(n->name), device, len))
		return sl_error_set(err, -EINVAL, "'%s': a device's name has at most %d characters",
				    device, SL_DPDK_NAME_MAX - 1);
	if (rte_pci_addr_parse(n->name, &pci) == 0) {
		n->is_pci = true;
		rte_pci_device_name(&pci, n->name, sizeof(n->name));
		return 0;
	}
	for (driver = len; driver > 0 && isdigit((unsigned char)n->name[driver - 1]);)
		driver--;
	copy(n->driver, sizeof(n->driver), n->name, driver);
	return 0;
}

// Find "key=" among "a=1,key=value,b=2" and copy the value.
static bool argument(const char *args, const char *key, char *out, size_t size)
{
	size_t key_len = strlen(key);

	while (*args) {
		size_t len = strcspn(args, ",");

		if (strncmp(args, key, key_len) == 0 && args[key_len] == '=')
			return copy(out, size, args + key_len + 1, len - key_len - 1);
		args += len;
		args += *args == ',';
	}
	return false;
}

int sl_dpdk_name_check(const struct sl_dpdk_name *n, struct sl_error *err)
{
	const struct demand *d = demand_of(n);
	char interface[256];

	if (!d || d->interface == NO_INTERFACE)
		return 0;
	if (!argument(n->args, "iface", interface, sizeof(interface))) {
		if (d->interface == MAY_HAVE_ONE)
			return 0;
		return sl_error_set(err, -EINVAL, "%s: which interface? Say %s,iface=eth1", n->name,
				    n->name);
	}
	if (if_nametoindex(interface) > 0)
		return 0;
	return sl_error_set(err, -ENODEV, "%s: there is no interface '%s'", n->name, interface);
}

uint32_t sl_dpdk_interface_mtu(const struct sl_dpdk_name *n)
{
	const struct demand *d = demand_of(n);
	struct ifreq request = {.ifr_mtu = 0};
	int fd, r;

	if (!d || d->interface == NO_INTERFACE ||
	    !argument(n->args, "iface", request.ifr_name, sizeof(request.ifr_name)))
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	r = ioctl(fd, SIOCGIFMTU, &request);
	close(fd);
	return r < 0 ? 0 : (uint32_t)request.ifr_mtu;
}

int sl_dpdk_find(const struct sl_dpdk_name *n, uint16_t *port)
{
	struct rte_eth_dev_info info;
	uint16_t p;

	RTE_ETH_FOREACH_DEV(p)
	{
		if (rte_eth_dev_info_get(p, &info) < 0)
			continue;
		if (strcmp(rte_dev_name(info.device), n->name) != 0)
			continue;
		*port = p;
		return 0;
	}
	return -ENODEV;
}

int sl_dpdk_plug(const struct sl_dpdk_name *n, uint16_t *port)
{
	char text[1024];
	int r;

	if (sl_dpdk_find(n, port) == 0)
		return 0;
	// By n->name, not as written: "8a:00.1" is known to DPDK as "0000:8a:00.1".
	if (snprintf(text, sizeof(text), "%s,%s", n->name, n->args) >= (int)sizeof(text))
		return -E2BIG;
	r = rte_dev_probe(text);
	return r < 0 ? r : sl_dpdk_find(n, port);
}

static void unplug(uint16_t port)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port, &info) < 0)
		return;
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	rte_dev_remove(info.device);
}

struct unplugging {
	uint16_t port;
	sem_t done;
};

static void unplug_and_tell(void *arg)
{
	struct unplugging *u = arg;

	unplug(u->port);
	sem_post(&u->done);
}

// net_memif's handlers on EAL's interrupt thread use what closing frees, without a lock: the
// other end leaving while this one closes would crash. On that thread nothing is in between.
static bool unplug_on_interrupt_thread(uint16_t port)
{
	struct unplugging u = {.port = port};
	bool done;

	sem_init(&u.done, 0, 0);
	done = rte_eal_alarm_set(1, unplug_and_tell, &u) == 0;
	while (done && sem_wait(&u.done) < 0)
		; // a signal
	sem_destroy(&u.done);
	return done;
}

void sl_dpdk_unplug(uint16_t port)
{
	struct rte_eth_dev_info info;
	bool memif = rte_eth_dev_info_get(port, &info) == 0 &&
		     strcmp(info.driver_name, "net_memif") == 0;

	if (!memif || !unplug_on_interrupt_thread(port))
		unplug(port);
}

void sl_dpdk_log_begin(struct sl_dpdk_log *log)
{
	memset(log, 0, sizeof(*log));
	log->before = rte_log_get_stream();
	log->memory = open_memstream(&log->text, &log->size);
	if (log->memory)
		rte_openlog_stream(log->memory);
	for (unsigned i = 0; i < RTE_DIM(log->levels); i++) {
		int level = rte_log_get_level(i);

		if (level < 0)
			break;
		log->levels[i] = (uint8_t)level;
		if (level < (int)RTE_LOG_ERR)
			rte_log_set_level(i, RTE_LOG_ERR);
	}
}

// Copy the first line of the log without the names of log types and functions in front of it:
// "EAL: ", "probe(): ".
static void keep_first_line(struct sl_dpdk_log *log)
{
	char *line = log->text, *end;

	line[strcspn(line, "\n")] = '\0';
	while ((end = strstr(line, ": "))) {
		bool is_function = end > line + 1 && end[-1] == ')' && end[-2] == '(';

		if (!is_function &&
		    strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != (size_t)(end - line))
			break;
		line = end + 2;
	}
	snprintf(log->first, sizeof(log->first), "%s", line);
}

void sl_dpdk_log_end(struct sl_dpdk_log *log)
{
	for (unsigned i = 0; i < RTE_DIM(log->levels); i++)
		if (rte_log_get_level(i) >= 0)
			rte_log_set_level(i, log->levels[i]);
	if (!log->memory)
		return;
	rte_openlog_stream(log->before);
	fclose(log->memory);
	keep_first_line(log);
	free(log->text);
}

static bool may(int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &header, data) < 0)
		return true;
	return data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

// Whether the device takes a privilege that the process has not.
static bool lacks_privilege(const struct sl_dpdk_name *n, const struct demand *d)
{
	char interface[256];

	if (!d || d->capability < 0 || may(d->capability))
		return false;
	return d->interface != MAY_HAVE_ONE ||
	       argument(n->args, "iface", interface, sizeof(interface));
}

// "; did you mean 'net_null'?" where the driver is nearly one that DPDK brings.
static int unknown_driver(const char *device, const struct sl_dpdk_name *n, int code,
			  struct sl_error *err)
{
	struct sl_suggest near = {.wanted = n->driver};
	char hint[128];

	for (size_t i = 0; i < RTE_DIM(demands); i++)
		sl_suggest_offer(&near, demands[i].driver);
	return sl_error_set(err, code, "%s: DPDK has no driver for '%s'%s", device, n->driver,
			    sl_suggest_hint(&near, hint, sizeof(hint)));
}

// The name of the kernel's driver that has a PCI card; "" = none has it.
static void kernel_driver(const char *card, char *name, size_t size)
{
	char link[SL_DPDK_NAME_MAX + 64], target[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/driver", card);
	len = readlink(link, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	snprintf(name, size, "%s", basename(target));
}

static bool card_exists(const char *card)
{
	char path[SL_DPDK_NAME_MAX + 64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", card);
	return access(path, F_OK) == 0;
}

static bool is_for_userspace(const char *driver)
{
	return strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "uio_pci_generic") == 0 ||
	       strcmp(driver, "igb_uio") == 0;
}

int sl_dpdk_lacks_hugepages(const char *device, struct sl_error *err)
{
	return sl_error_set(
		err, -ENOTSUP,
		"%s: reaches for packets by itself, which takes hugepages; reserve some", device);
}

// Returns code with err filled, or 0 where the machine is not to blame.
static int explain_card(const char *device, const struct sl_dpdk_name *n, int code,
			struct sl_error *err)
{
	bool unattached = code == -ENODEV || code == -ENOTSUP;
	char driver[64];

	if (!card_exists(n->name))
		return sl_error_set(err, code, "%s: there is no such PCI card", device);
	kernel_driver(n->name, driver, sizeof(driver));
	if (unattached && !is_for_userspace(driver))
		return sl_error_set(err, code,
				    "%s: %s%s has this card; bind it to vfio-pci or "
				    "uio_pci_generic",
				    device, driver[0] ? "the kernel's driver " : "no driver",
				    driver);
	if (!rte_eal_has_hugepages())
		return sl_dpdk_lacks_hugepages(device, err);
	if (unattached)
		return sl_error_set(err, code, "%s: DPDK has no driver for this card", device);
	return 0;
}

int sl_dpdk_explain(const char *device, const struct sl_dpdk_name *n, const struct sl_dpdk_log *log,
		    int code, struct sl_error *err)
{
	const struct demand *d = demand_of(n);

	if (lacks_privilege(n, d))
		return sl_error_set(err, code, "%s: needs %s (or root)", device, d->privileges);
	if (n->is_pci && explain_card(device, n, code, err) < 0)
		return code;
	if (!n->is_pci && code == -EFAULT)
		return unknown_driver(device, n, code, err);
	if (strncmp(log->first, UNSAID, strlen(UNSAID)) == 0)
		return sl_error_set(err, code,
				    "%s: its driver refuses it; are the arguments right?", device);
	return sl_error_set(err, code, "%s: %s", device,
			    log->first[0] ? log->first : rte_strerror(-code));
}
