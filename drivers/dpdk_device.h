// dpdk_device: DPDK's devices by the strings that name them. Control thread only.
#pragma once

#include <rte_dev.h>
#include <rte_log.h>
#include <sluice/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SL_DPDK_NAME_MAX = 64 }; // bytes of a device's name, terminator included

// What a device string says: "net_af_packet0,iface=eth1", "0000:8a:00.1", "8a:00.1,arg=1".
struct sl_dpdk_name {
	char name[SL_DPDK_NAME_MAX];   // "net_af_packet0", "0000:8a:00.1"
	char driver[SL_DPDK_NAME_MAX]; // "net_af_packet"; "" for PCI
	const char *args;              // behind the first comma, into the string; "" = none
	bool is_pci;
};

// Take a device string apart. Pure. Returns 0 or -EINVAL, err->text naming the string.
int sl_dpdk_name_parse(const char *device, struct sl_dpdk_name *n, struct sl_error *err);

// Say why DPDK would refuse the device, where that can be known: its interface is not there.
// Returns 0 or -errno with err filled.
int sl_dpdk_name_check(const struct sl_dpdk_name *n, struct sl_error *err);

// Make DPDK drive the device, unless it does already, and find its port.
//
// port  Set to the number of the device's port.
//
// Returns 0, or -errno and no text: what DPDK has logged is the reason.
int sl_dpdk_plug(const struct sl_dpdk_name *n, uint16_t *port);

// Returns 0 and *port where DPDK drives the device already, else -ENODEV.
int sl_dpdk_find(const struct sl_dpdk_name *n, uint16_t *port);

// Stop and close a port and take its device away from DPDK.
void sl_dpdk_unplug(uint16_t port);

// The MTU of the kernel's interface behind the device, or 0 where there is none.
uint32_t sl_dpdk_interface_mtu(const struct sl_dpdk_name *n);

// DPDK's log, kept to find out why it refused.
struct sl_dpdk_log {
	FILE *before, *memory;
	char *text;
	size_t size;
	uint8_t levels[1024]; // of the log types before
	char first[256];      // line logged, after sl_dpdk_log_end; "" = none
};

// Keep what DPDK logs at level ERR and above from now on, instead of showing it.
void sl_dpdk_log_begin(struct sl_dpdk_log *log);

// Let it log as before.
void sl_dpdk_log_end(struct sl_dpdk_log *log);

// Fill err with "device: why it could not be opened": by the privilege that is missing, by what
// DPDK logged first, or by the code. Returns code.
int sl_dpdk_explain(const char *device, const struct sl_dpdk_name *n, const struct sl_dpdk_log *log,
		    int code, struct sl_error *err);

// Fill err: the device needs packets in hugepages and there are none. Returns -ENOTSUP.
int sl_dpdk_lacks_hugepages(const char *device, struct sl_error *err);
