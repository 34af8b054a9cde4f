#ifndef QUEUEWATCH_TEMPLATE_H
#define QUEUEWATCH_TEMPLATE_H

#include <stddef.h>

/*
 * Fold a reply or a reason of deferral, so that two that differ only in
 * addresses, hosts, numbers or ids become the same:
 *
 *	connect to mx.example.org[192.0.2.1]:25: Connection timed out
 *	connect: Connection timed out
 *
 *	host mx.example.org[192.0.2.1] said: 450 4.2.0 <a@example.org>: busy,
 *	    id 4f3a91bc (in reply to RCPT TO command)
 *	450 4.2.0 *: busy, id # (in reply to RCPT TO command)
 *
 * The text is foreign: bytes that are controls or not UTF-8 become "?", and it
 * is cut.  Pure.
 */
#define TEMPLATE_SIZE 160

char *template_fold(const char *text, char out[TEMPLATE_SIZE]);

#endif
