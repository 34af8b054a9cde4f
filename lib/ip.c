#include "lib/ip.h"

#include "lib/err.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* "[...]" and "IPv6:" taken off; -1 where it does not fit. */
static int
bare_text(const char *s, char out[IP_TEXT_SIZE])
{
	size_t n = strlen(s);

	if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	if (n >= 5 && strncasecmp(s, "IPv6:", 5) == 0) {
		s += 5;
		n -= 5;
	}
	if (n >= IP_TEXT_SIZE)
		return -1;
	memcpy(out, s, n);
	out[n] = '\0';
	return 0;
}

int
ip_parse(const char *s, struct ip *ip_r)
{
	char text[IP_TEXT_SIZE];

	*ip_r = (struct ip){ 0 };
	if (bare_text(s, text) == -1)
		return -1;
	if (inet_pton(AF_INET, text, ip_r->bytes) == 1) {
		ip_r->bits = 32;
		return 0;
	}
	if (inet_pton(AF_INET6, text, ip_r->bytes) != 1)
		return -1;
	ip_r->bits = 128;
	if (memcmp(ip_r->bytes, mapped, sizeof(mapped)) == 0) {
		memmove(ip_r->bytes, ip_r->bytes + 12, 4);
		memset(ip_r->bytes + 4, 0, 12);
		ip_r->bits = 32;
	}
	return 0;
}

/* Four numbers with dots; inet_ntop() takes ten times as long for them. */
static char *
text_of_4(const uint8_t bytes[4], char out[IP_TEXT_SIZE])
{
	char *p = out;
	unsigned i, v;

	for (i = 0; i < 4; i++) {
		v = bytes[i];
		if (i > 0)
			*p++ = '.';
		if (v >= 100)
			*p++ = (char)('0' + v / 100);
		if (v >= 10)
			*p++ = (char)('0' + v / 10 % 10);
		*p++ = (char)('0' + v % 10);
	}
	*p = '\0';
	return out;
}

char *
ip_text(const struct ip *ip, char out[IP_TEXT_SIZE])
{
	if (ip->bits == 32)
		return text_of_4(ip->bytes, out);
	if (inet_ntop(AF_INET6, ip->bytes, out, IP_TEXT_SIZE) == NULL)
		out[0] = '\0';
	return out;
}

struct ip_net
ip_net_of(const struct ip *ip, unsigned prefix)
{
	struct ip_net net = { .ip = *ip };
	unsigned i;

	net.prefix = (uint8_t)(prefix > ip->bits ? ip->bits : prefix);
	for (i = net.prefix; i < ip->bits; i++)
		net.ip.bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	return net;
}

/* The prefix behind the slash: 0 to bits, digits only; -1 for none. */
static int
prefix_parse(const char *s, unsigned bits)
{
	unsigned v = 0;
	size_t n = strlen(s);

	if (n < 1 || n > 3 || strspn(s, "0123456789") != n)
		return -1;
	for (; *s != '\0'; s++)
		v = v * 10 + (unsigned)(*s - '0');
	return v <= bits ? (int)v : -1;
}

int
ip_net_parse(const char *s, struct ip_net *net_r, struct err *e)
{
	char text[IP_TEXT_SIZE], right[IP_TEXT_SIZE];
	const char *slash = strchr(s, '/');
	size_t n = slash != NULL ? (size_t)(slash - s) : strlen(s);
	struct ip ip;
	int prefix;

	if (n >= sizeof(text))
		goto bad;
	memcpy(text, s, n);
	text[n] = '\0';
	if (ip_parse(text, &ip) == -1)
		goto bad;
	prefix = slash == NULL ? ip.bits : prefix_parse(slash + 1, ip.bits);
	if (prefix == -1)
		return err_set(e,
		    "\"%.60s\" has no prefix of 0 to %u behind the slash", s,
		    ip.bits);
	*net_r = ip_net_of(&ip, (unsigned)prefix);
	if (memcmp(&net_r->ip, &ip, sizeof(ip)) != 0)
		return err_set(e,
		    "\"%.60s\" has bits behind its prefix: did you mean %s?", s,
		    ip_net_text(net_r, right));
	return 0;
bad:
	return err_set(e,
	    "\"%.60s\" is not a network: write for example 192.0.2.0/24 or "
	    "2001:db8::/32",
	    s);
}

char *
ip_net_text(const struct ip_net *net, char out[IP_TEXT_SIZE])
{
	size_t n;

	(void)ip_text(&net->ip, out);
	n = strlen(out);
	if (net->prefix != net->ip.bits)
		(void)snprintf(out + n, IP_TEXT_SIZE - n, "/%u", net->prefix);
	return out;
}

bool
ip_net_contains(const struct ip_net *net, const struct ip *ip)
{
	unsigned whole = net->prefix / 8u, rest = net->prefix % 8u;
	unsigned mask = 0xff00u >> rest & 0xffu;

	if (net->ip.bits != ip->bits ||
	    memcmp(net->ip.bytes, ip->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	    ((net->ip.bytes[whole] ^ ip->bytes[whole]) & mask) == 0;
}
