// xdp: what DPDK's net_af_xdp leaves to its user.
#pragma once

// The AF_XDP sockets of the process. net_af_xdp of DPDK 22.11 leaves its own open when it is
// closed, so that nobody can open the interface again; who notes them can close them.
enum { SL_XDP_SOCKETS_MAX = 128 };

struct sl_xdp_sockets {
	int fds[SL_XDP_SOCKETS_MAX];
	unsigned count;
};

// Note those that are open now.
void sl_xdp_sockets_note(struct sl_xdp_sockets *s);

// Take out of s those that are in `others` too.
void sl_xdp_sockets_subtract(struct sl_xdp_sockets *s, const struct sl_xdp_sockets *others);

// Close those of s that are open still.
void sl_xdp_sockets_close(const struct sl_xdp_sockets *s);

// Keep libxdp and libbpf, if net_af_xdp has brought them in, from writing to standard error.
void sl_xdp_silence(void);
