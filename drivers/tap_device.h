// tap_device: the kernel's TAP and TUN interfaces. Control thread, but for the file descriptor.
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <sluice/error.h>
#include <stdbool.h>
#include <stdint.h>

// An address with the length of its network's prefix.
struct sl_address {
	int family; // AF_INET or AF_INET6
	uint8_t bytes[16];
	uint8_t prefix;
};

// Parse "10.0.0.1/24" or "fd00::1/64"; without a prefix the address stands alone. Pure.
// Returns 0 or -EINVAL with err filled.
int sl_address_parse(const char *text, struct sl_address *a, struct sl_error *err);

// Open /dev/net/tun as one end of the interface, which is made where it is not there; it goes
// when the descriptor is closed, unless somebody has made it persistent. Non-blocking. In front of
// each packet stands a struct virtio_net_hdr. At least 2048 packets wait for us in the kernel.
//
// is_tap  Ethernet frames, else IP packets, of which the kernel leaves checksums unfinished, and
// TCP
//         segments in one piece; UDP datagrams too where sl_tun_has_udp says so.
//
// Returns the descriptor, owned by the caller, or -errno with err filled.
int sl_tap_open(const char *name, bool is_tap, struct sl_error *err);

// Whether the kernel gives and takes UDP datagrams in one piece by a TUN interface: since
// Linux 6.2.
bool sl_tun_has_udp(int fd);

// Whether an interface may be called so. Returns 0 or -EINVAL with err filled.
int sl_interface_check_name(const char *name, struct sl_error *err);

// Returns 0 or -errno with err filled.
int sl_interface_set_mtu(const char *name, uint32_t mtu, struct sl_error *err);
int sl_interface_set_mac(const char *name, const uint8_t mac[6], struct sl_error *err);
int sl_interface_set_up(const char *name, bool up, struct sl_error *err);

// Keep the kernel from acting as a router or a neighbour of its own on an interface behind which
// another router stands: it answers no ARP request, forwards nothing, follows no redirect and no
// router advertisement, checks no way back, makes its link-local address of the link-layer one, and
// keeps the others of IPv6 while the interface is down, as it does with IPv4. What the system does
// not let be set stays as it is.
void sl_interface_set_quiet(const char *name);

// Add or remove an address. One that is there already, or is not, is no error.
// Returns 0 or -errno with err filled.
int sl_interface_add_address(const char *name, const struct sl_address *a, struct sl_error *err);
int sl_interface_remove_address(const char *name, const struct sl_address *a, struct sl_error *err);
