#include "statusd/config.h"
#include "statusd/probe.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Without rights where the kernel allows it (net.ipv4.ping_group_range), else
 * raw, which takes CAP_NET_RAW.
 */
static int
open_one(int family, int protocol, bool *raw_r)
{
	int type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(family, type, protocol);

	*raw_r = fd == -1;
	if (fd == -1)
		fd = socket(
		    family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	return fd;
}

void
probe_icmp_open(struct probe_icmp *icmp)
{
	icmp->fd4 = open_one(AF_INET, IPPROTO_ICMP, &icmp->raw4);
	icmp->fd6 = open_one(AF_INET6, IPPROTO_ICMPV6, &icmp->raw6);
}

void
probe_icmp_close(struct probe_icmp *icmp)
{
	if (icmp->fd4 != -1)
		(void)close(icmp->fd4);
	if (icmp->fd6 != -1)
		(void)close(icmp->fd6);
	icmp->fd4 = icmp->fd6 = -1;
}

static bool
has_ping(const struct config *c)
{
	const struct config_system *s = c->systems.items;

	for (size_t i = 0; i < c->systems.n; i++) {
		const struct config_probe *p = s[i].probes.items;

		for (size_t k = 0; k < s[i].probes.n; k++) {
			if (strncmp(p[k].url, "ping:", 5) == 0)
				return true;
		}
	}
	return false;
}

void
probe_check(const struct config *c)
{
	struct probe_icmp icmp;

	if (!has_ping(c))
		return;
	probe_icmp_open(&icmp);
	if (icmp.fd4 == -1)
		(void)fprintf(stderr,
		    "statusd: warning: pings are refused here, so they will be "
		    "unknown: start as root, or allow them by "
		    "net.ipv4.ping_group_range\n");
	probe_icmp_close(&icmp);
}
