#ifndef LIB_IP_H
#define LIB_IP_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/*
 * An address: IPv4 in the first 4 bytes, the rest 0; or IPv6.  An IPv4-mapped
 * IPv6 address (RFC 4291 section 2.5.5.2) is read as the IPv4 address it is.
 */
struct ip {
	uint8_t bytes[16];
	uint8_t bits; /* 32 or 128 */
};

/* An address and how many leading bits count; the bits behind are 0. */
struct ip_net {
	struct ip ip;
	uint8_t prefix; /* 0 to ip.bits */
};

#define IP_TEXT_SIZE 56 /* room for a network, too */

/*
 * Read an address as Postfix and people write it: "192.0.2.1",
 * "2001:db8::1", "[2001:db8::1]", "IPv6:2001:db8::1" (RFC 5321 section 4.1.3).
 * Returns 0, or -1.
 */
int ip_parse(const char *s, struct ip *ip_r);

/* RFC 5952 text. */
char *ip_text(const struct ip *ip, char out[IP_TEXT_SIZE]);

/*
 * Read "192.0.2.0/24", "2001:db8::/32", "[2001:db8::]/32" or a lone address.
 * A network with bits behind its prefix is refused, and the message says what
 * would be right.  Returns 0, or -1 with *e set.
 */
int ip_net_parse(const char *s, struct ip_net *net_r, struct err *e);

/* "192.0.2.0/24"; a lone address without its /32 or /128. */
char *ip_net_text(const struct ip_net *net, char out[IP_TEXT_SIZE]);

/* The network of "prefix" bits around ip; a longer prefix means the address. */
struct ip_net ip_net_of(const struct ip *ip, unsigned prefix);

bool ip_net_contains(const struct ip_net *net, const struct ip *ip);

#endif
