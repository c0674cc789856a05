#include "cli/wg_link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

// What exactly was said does not matter: whoever wants to know looks how things are now.
static void ready(void *context)
{
	struct wg_link *l = context;
	char bytes[8192];

	while (recv(l->fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
		;
	l->changed(l->context);
}

int wg_link_open(struct wg_link *l, struct loop *loop, void (*changed)(void *context),
		 void *context, struct sl_error *err)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	struct loop_watch w = {.events = POLLIN, .ready = ready, .context = l};

	*l = (struct wg_link){.loop = loop, .changed = changed, .context = context};
	l->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	w.fd = l->fd;
	if (l->fd >= 0 && bind(l->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    loop_watch(loop, &w) == 0)
		return 0;
	sl_error_set(err, -errno, "cannot hear of interfaces: %s", strerror(errno));
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	return -EIO;
}

void wg_link_close(struct wg_link *l)
{
	if (l->fd < 0)
		return;
	loop_unwatch(l->loop, l->fd);
	close(l->fd);
	l->fd = -1;
}

static int control_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

struct wg_link_state wg_link_look(const char *name)
{
	int fd = control_socket();
	struct ifreq mtu = {0}, flags = {0};
	struct wg_link_state s = {0};

	if (fd < 0)
		return s;
	memcpy(mtu.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	memcpy(flags.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	s.is_there = ioctl(fd, SIOCGIFMTU, &mtu) == 0 && ioctl(fd, SIOCGIFFLAGS, &flags) == 0;
	s.mtu = (uint32_t)mtu.ifr_mtu;
	s.up = flags.ifr_flags & IFF_UP;
	close(fd);
	return s;
}

int wg_link_set_mtu(const char *name, uint32_t mtu)
{
	struct ifreq request = {.ifr_mtu = (int)mtu};
	int fd = control_socket(), ret;

	if (fd < 0)
		return -errno;
	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	ret = ioctl(fd, SIOCSIFMTU, &request) < 0 ? -errno : 0;
	close(fd);
	return ret;
}
