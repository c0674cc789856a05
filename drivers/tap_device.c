#include "drivers/tap_device.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef TUN_F_USO4 // headers older than Linux 6.2
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum { QUEUE_PACKETS = 2048 }; // wait in the kernel for us

static int parse_prefix(const char *text, unsigned long max, uint8_t *prefix)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n > max)
		return -EINVAL;
	*prefix = (uint8_t)n;
	return 0;
}

int sl_address_parse(const char *text, struct sl_address *a, struct sl_error *err)
{
	size_t len = strcspn(text, "/");
	char host[INET6_ADDRSTRLEN];
	unsigned long max;

	memset(a, 0, sizeof(*a));
	a->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	max = a->family == AF_INET6 ? 128 : 32;
	a->prefix = (uint8_t)max;
	if (len < sizeof(host)) {
		memcpy(host, text, len);
		host[len] = '\0';
		if (inet_pton(a->family, host, a->bytes) == 1 &&
		    (!text[len] || parse_prefix(text + len + 1, max, &a->prefix) == 0))
			return 0;
	}
	return sl_error_set(err, -EINVAL,
			    "'%s' is not an address such as 10.0.0.1/24 or fd00::1/64", text);
}

int sl_interface_check_name(const char *name, struct sl_error *err)
{
	if (!*name)
		return sl_error_set(err, -EINVAL, "an interface needs a name");
	if (strlen(name) >= IFNAMSIZ)
		return sl_error_set(err, -EINVAL,
				    "'%s': an interface's name has at most %d characters", name,
				    IFNAMSIZ - 1);
	for (const char *c = name; *c; c++)
		if (isspace((unsigned char)*c) || strchr("/:%", *c))
			return sl_error_set(err, -EINVAL, "'%s' is no name for an interface", name);
	return 0;
}

static struct ifreq request_for(const char *name)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	memcpy(r.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	return r;
}

static int refused(const char *name, bool is_tap, int code, struct sl_error *err)
{
	const char *kind = is_tap ? "TAP" : "TUN";

	switch (-code) {
	case EPERM:
		return sl_error_set(err, code, "%s: needs CAP_NET_ADMIN (or root)", name);
	case EBUSY:
		return sl_error_set(err, code, "%s: another program has it open", name);
	case EINVAL:
		return sl_error_set(err, code, "%s: is there already and is no %s interface", name,
				    kind);
	default:
		return sl_error_set(err, code, "%s: no %s interface: %s", name, kind,
				    strerror(-code));
	}
}

// What the kernel leaves to us of the packets it hands over.
static int leave(int fd, bool udp)
{
	unsigned long what = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	return ioctl(fd, TUNSETOFFLOAD, udp ? what | TUN_F_USO4 | TUN_F_USO6 : what);
}

bool sl_tun_has_udp(int fd)
{
	return leave(fd, true) == 0;
}

// One ioctl on the interface. Returns 0 or -errno.
static int control(unsigned long verb, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -errno;
	r = ioctl(fd, verb, request) < 0 ? -errno : 0;
	close(fd);
	return r;
}

// The kernel's own length, 500, is a few milliseconds of a fast stream: less than a worker may be
// kept from its CPU. One that somebody has chosen stays if it is longer.
static void lengthen_queue(const char *name)
{
	struct ifreq request = request_for(name);

	if (control(SIOCGIFTXQLEN, &request) == 0 && request.ifr_qlen < QUEUE_PACKETS) {
		request.ifr_qlen = QUEUE_PACKETS;
		control(SIOCSIFTXQLEN, &request);
	}
}

// Write one of the kernel's settings of an interface. What is not ours to set stays as it is.
static void write_setting(const char *name, const char *family, const char *setting,
			  const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, setting);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		errno = 0;
	close(fd);
}

// No link-local address that nobody asked for: behind a TUN interface there is no link, and who
// saves the addresses, as wg-quick does, would have one more each time.
static void leave_without_address(const char *name)
{
	write_setting(name, "ipv6", "addr_gen_mode", "1");
}

int sl_tap_open(const char *name, bool is_tap, struct sl_error *err)
{
	int header = sizeof(struct virtio_net_hdr), fd, r = sl_interface_check_name(name, err);
	struct ifreq request;

	if (r < 0)
		return r;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return sl_error_set(err, -errno, "%s: /dev/net/tun: %s", name, strerror(errno));
	request = request_for(name);
	request.ifr_flags = (short)((is_tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_VNET_HDR);
	if (ioctl(fd, TUNSETIFF, &request) == 0 && ioctl(fd, TUNSETVNETHDRSZ, &header) == 0 &&
	    (is_tap || leave(fd, true) == 0 || leave(fd, false) == 0)) {
		lengthen_queue(name);
		if (!is_tap)
			leave_without_address(name);
		return fd;
	}
	r = refused(name, is_tap, -errno, err);
	close(fd);
	return r;
}

int sl_interface_set_mtu(const char *name, uint32_t mtu, struct sl_error *err)
{
	struct ifreq request = request_for(name);
	int r;

	request.ifr_mtu = (int)mtu;
	r = control(SIOCSIFMTU, &request);
	return r < 0 ? sl_error_set(err, r, "%s: mtu %u: %s", name, mtu, strerror(-r)) : 0;
}

int sl_interface_set_mac(const char *name, const uint8_t mac[6], struct sl_error *err)
{
	struct ifreq request = request_for(name);
	int r;

	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(request.ifr_hwaddr.sa_data, mac, 6);
	r = control(SIOCSIFHWADDR, &request);
	return r < 0 ? sl_error_set(err, r, "%s: link-layer address: %s", name, strerror(-r)) : 0;
}

int sl_interface_set_up(const char *name, bool up, struct sl_error *err)
{
	struct ifreq request = request_for(name);
	int r = control(SIOCGIFFLAGS, &request);

	if (r == 0) {
		request.ifr_flags = (short)((request.ifr_flags & ~IFF_UP) | (up ? IFF_UP : 0));
		r = control(SIOCSIFFLAGS, &request);
	}
	return r < 0 ? sl_error_set(err, r, "%s: %s: %s", name, up ? "up" : "down", strerror(-r))
		     : 0;
}

void sl_interface_set_quiet(const char *name)
{
	// Spec: Linux, Documentation/networking/ip-sysctl.rst.
	static const char *const settings[][3] = {
		{"ipv4", "arp_ignore", "8"},        {"ipv4", "arp_announce", "2"},
		{"ipv4", "forwarding", "0"},        {"ipv4", "rp_filter", "0"},
		{"ipv4", "accept_redirects", "0"},  {"ipv4", "send_redirects", "0"},
		{"ipv6", "forwarding", "0"},        {"ipv6", "accept_redirects", "0"},
		{"ipv6", "accept_ra", "0"},         {"ipv6", "addr_gen_mode", "0"},
		{"ipv6", "keep_addr_on_down", "1"},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		write_setting(name, settings[i][0], settings[i][1], settings[i][2]);
}

struct address_request {
	struct nlmsghdr header;
	struct ifaddrmsg address;
	char attributes[64];
};

static void add_attribute(struct address_request *q, unsigned short type, const void *data,
			  size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)q + NLMSG_ALIGN(q->header.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	q->header.nlmsg_len = (unsigned)(NLMSG_ALIGN(q->header.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

// Send a request to the kernel and wait for its answer. Returns 0 or -errno.
static int ask_kernel(const struct address_request *q)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r = 0;

	if (fd < 0)
		return -errno;
	if (send(fd, q, q->header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		r = -errno;
	else if (answer.header.nlmsg_type == NLMSG_ERROR)
		r = answer.error.error;
	close(fd);
	return r;
}

static int change_address(const char *name, const struct sl_address *a, unsigned short verb,
			  unsigned short flags)
{
	size_t len = a->family == AF_INET6 ? 16 : 4;
	struct address_request q = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
			   .nlmsg_type = verb,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags},
		.address = {.ifa_family = (unsigned char)a->family,
			    .ifa_prefixlen = a->prefix,
			    // there is no second host to ask whether it has the address
			    .ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0,
			    .ifa_index = if_nametoindex(name)},
	};

	add_attribute(&q, IFA_LOCAL, a->bytes, len);
	add_attribute(&q, IFA_ADDRESS, a->bytes, len);
	return ask_kernel(&q);
}

static int explain(const char *name, const char *verb, const struct sl_address *a, int code,
		   struct sl_error *err)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(a->family, a->bytes, text, sizeof(text));
	return sl_error_set(err, code, "%s: cannot %s %s/%u: %s", name, verb, text, a->prefix,
			    strerror(-code));
}

int sl_interface_add_address(const char *name, const struct sl_address *a, struct sl_error *err)
{
	int r = change_address(name, a, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);

	return r < 0 ? explain(name, "add", a, r, err) : 0;
}

int sl_interface_remove_address(const char *name, const struct sl_address *a, struct sl_error *err)
{
	int r = change_address(name, a, RTM_DELADDR, 0);

	return r < 0 && r != -EADDRNOTAVAIL ? explain(name, "remove", a, r, err) : 0;
}
