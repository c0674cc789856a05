#include "cli/target.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set(struct target *t, const char *class, const char *value)
{
	t->class = class;
	snprintf(t->value, sizeof(t->value), "%s", value);
}

static bool has_suffix(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n > m && !strcmp(text + n - m, suffix);
}

static bool is_capture_name(const char *to)
{
	return has_suffix(to, ".pcap") || has_suffix(to, ".pcapng") || has_suffix(to, ".cap");
}

// "net_af_packet0,iface=eth0" is a device, and so is "net_pcap0,tx_pcap=a.pcap"; "net_a.pcap" is
// a file.
static bool is_device(const char *to)
{
	return !strncmp(to, "net_", 4) && (strchr(to, ',') || !is_capture_name(to));
}

// "0000:8a:00.1" or "8a:00.1".
static bool is_pci_address(const char *to)
{
	static const char long_form[] = "xxxx:xx:xx.x", *const short_form = long_form + 5;
	const char *form = strlen(to) == strlen(long_form) ? long_form : short_form;

	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)to[i]) : to[i] != form[i])
			return false;
	return strlen(to) == strlen(form);
}

static int read_interface(struct target *t, const char *to, struct sl_error *err)
{
	if (access(to, F_OK) == 0)
		return sl_error_set(err, -EINVAL,
				    "'%s' is a network interface and a file: write "
				    "'net_af_packet0,iface=%s' or './%s'",
				    to, to, to);
	t->class = "dpdk";
	snprintf(t->value, sizeof(t->value), "net_af_packet_replay,iface=%s", to);
	return 0;
}

int target_read(struct target *t, const char *to, struct sl_error *err)
{
	*t = (struct target){.is_stdout = !strcmp(to, "-")};
	if (strlen(to) >= sizeof(t->value) - 64)
		return sl_error_set(err, -EINVAL, "too long");
	if (!strcmp(to, "null"))
		set(t, "sink", "");
	else if (is_device(to))
		set(t, "dpdk", to);
	else if (t->is_stdout || strchr(to, '/') || is_capture_name(to))
		set(t, "pcap-writer", to);
	else if (!strncmp(to, "tap:", 4) && to[4])
		set(t, "tap", to + 4);
	else if (is_pci_address(to))
		set(t, "dpdk", to);
	else if (if_nametoindex(to))
		return read_interface(t, to, err);
	else
		return sl_error_set(err, -EINVAL,
				    "'%s' is no network interface here, DPDK device (net_...), "
				    "PCI address, tap:NAME, capture file (NAME.pcap, "
				    "NAME.pcapng, or ./NAME) or null",
				    to);
	return 0;
}
