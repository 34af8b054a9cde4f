#include "greywl/import.h"

#include "lib/domain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * milter-greylist's database, greylist.db, a line for each triplet:
 *
 *   192.0.2.1 <a@example.org> <b@example.net> 1795298988 # 2026-11-21 22:09:48
 *   192.0.2.1 <a@example.org> <b@example.net> 1795298988 AUTO # ...
 *
 * The time is when it will be accepted, with AUTO until when it is.
 */

static const char blanks[] = " \t";

/* The next word, in place; NULL: there is none.  Quotes keep blanks. */
static char *
word(char **s)
{
	char *start = *s + strspn(*s, blanks), *end;

	if (*start == '\0' || *start == '#')
		return NULL;
	if (*start == '"') {
		start++;
		end = strchr(start, '"');
		if (end == NULL)
			return NULL;
	} else {
		end = start + strcspn(start, blanks);
	}
	*s = *end != '\0' ? end + 1 : end;
	*end = '\0';
	return start;
}

static void
take(struct gw_import *im, size_t line, struct gw_known *k, const char *flag,
    int64_t at)
{
	if (flag == NULL) {
		k->first = k->last = at - im->delay_s;
	} else if (strcmp(flag, "AUTO") == 0) {
		if (at <= im->now) {
			gw_import_skip(im, line, false,
			    "its time is over: it counts no more");
			return;
		}
		k->passed = true;
		k->first = k->last = im->now;
	} else {
		gw_import_skip(im, line, false,
		    "neither waiting nor known: it has no place here");
		return;
	}
	gw_import_known(im, line, k);
}

bool
gw_import_milter_dump(struct gw_import *im, size_t line, const char *text)
{
	char copy[8192], *s = copy, *client, *sender, *recipient, *at, *end;
	struct gw_known k = { .passed = false };
	long long when;

	if (strlen(text) >= sizeof(copy))
		return false;
	(void)snprintf(copy, sizeof(copy), "%s", text);
	client = word(&s);
	if (client == NULL || gw_import_client(client, &k.net) == -1)
		return false;
	sender = word(&s);
	recipient = word(&s);
	at = word(&s);
	when = at != NULL ? strtoll(at, &end, 10) : -1;
	if (at == NULL || *end != '\0' || when < 0 || *recipient == '\0' ||
	    strlen(sender) > ADDRESS_MAX + 2 ||
	    strlen(recipient) > ADDRESS_MAX + 2) {
		gw_import_skip(
		    im, line, true, "not client, sender, recipient and time");
		return true;
	}
	k.sender = sender;
	k.recipient = recipient;
	take(im, line, &k, word(&s), (int64_t)when);
	return true;
}
