/*
 * Looks that are one packet there and one back: dns, sip, ping.
 */
#include "statusd/probe_job.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ICMP_HEADER 8

static int
fault(struct probe_job *j, const char *what)
{
	(void)snprintf(
	    j->fault, sizeof(j->fault), "%s: %s", what, strerror(errno));
	return -1;
}

/* RFC 1071 */
static uint16_t
checksum(const unsigned char *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (n % 2 == 1)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static int
ping(struct probe_job *j, const struct probe_icmp *icmp)
{
	bool six = j->address.ss_family == AF_INET6;
	unsigned char p[ICMP_HEADER + 32] = { 0 };
	int fd = six ? icmp->fd6 : icmp->fd4;
	uint16_t sum;

	p[0] = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	p[4] = (unsigned char)(j->id >> 8);
	p[5] = (unsigned char)(j->id & 0xff);
	memcpy(p + ICMP_HEADER, j->tag, 32);
	if (!six) {
		sum = checksum(p, sizeof(p));
		p[2] = (unsigned char)(sum >> 8);
		p[3] = (unsigned char)(sum & 0xff);
	}
	if (sendto(fd, p, sizeof(p), MSG_NOSIGNAL,
	        (const struct sockaddr *)&j->address, j->address_len) == -1)
		return fault(j, "send");
	return 0;
}

int
probe_ping_read(int fd, bool raw, bool six, char tag_r[33])
{
	unsigned char p[2048];
	ssize_t got = recv(fd, p, sizeof(p), MSG_DONTWAIT);
	size_t at = 0;

	if (got <= 0)
		return -1;
	/* A raw socket of IPv4 gives the packet's own header as well. */
	if (raw && !six)
		at = (size_t)(p[0] & 0x0f) * 4;
	if ((size_t)got < at + ICMP_HEADER + 32 ||
	    p[at] != (six ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY))
		return 0;
	memcpy(tag_r, p + at + ICMP_HEADER, 32);
	tag_r[32] = '\0';
	return 1;
}

static void
new_tag(struct probe_job *j)
{
	unsigned char noise[16];

	randombytes_buf(noise, sizeof(noise));
	(void)sodium_bin2hex(j->tag, sizeof(j->tag), noise, sizeof(noise));
	j->id = (uint16_t)(noise[0] << 8 | noise[1]);
}

/* What is sent to the server. */
static size_t
compose(struct probe_job *j, unsigned char *out, size_t size)
{
	const char *rest = j->target.rest;
	char name[256];
	struct probe_question q = { name, probe_dns_type(rest), j->id };
	size_t n;

	if (j->target.kind == PROBE_SIP) {
		char text[2048];

		n = probe_sip_request(&j->target, j->tag, text, sizeof(text));
		if (n > size)
			return 0;
		memcpy(out, text, n);
		return n;
	}
	rest += rest[0] == '/';
	n = strcspn(rest, "?");
	(void)snprintf(name, sizeof(name), "%.*s", (int)n, rest);
	return probe_dns_question(&q, out, size);
}

int
probe_packet_start(struct probe_job *j, const struct probe_icmp *icmp)
{
	unsigned char out[2048];
	size_t n;

	new_tag(j);
	j->stage = PROBE_WAITING;
	if (j->target.kind == PROBE_PING)
		return ping(j, icmp);
	n = compose(j, out, sizeof(out));
	if (n == 0) {
		(void)snprintf(
		    j->fault, sizeof(j->fault), "the name cannot be asked for");
		return -1;
	}
	j->fd = socket(
	    j->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (j->fd == -1)
		return fault(j, "socket");
	if (connect(j->fd, (const struct sockaddr *)&j->address,
	        j->address_len) == -1)
		return fault(j, "connect");
	if (send(j->fd, out, n, MSG_NOSIGNAL) == -1)
		return fault(j, "send");
	return 0;
}

int
probe_packet_ready(struct probe_job *j)
{
	unsigned char p[4096];
	ssize_t got = recv(j->fd, p, sizeof(p), MSG_DONTWAIT);
	int rc;

	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (got == -1) {
		j->failed = true;
		(void)fault(j, "receive");
		return 0;
	}
	if (j->target.kind == PROBE_SIP)
		return !probe_sip_answer((const char *)p, (size_t)got, j->tag);
	rc = probe_dns_answer(p, (size_t)got, j->id, j->expect);
	if (rc == -1) {
		j->failed = true;
		(void)snprintf(j->fault, sizeof(j->fault), "%s",
		    j->expect[0] != '\0'
		        ? "the answer does not hold the address expected"
		        : "the server says that it failed");
	}
	return rc == 0;
}
