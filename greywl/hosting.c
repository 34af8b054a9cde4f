#include "greywl/hosting.h"

#include "lib/err.h"
#include "lib/grey/name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void
add(char names[HOSTING_NAMES][DOMAIN_MAX + 1], size_t *n, const char *name)
{
	struct err e;

	if (*n < HOSTING_NAMES &&
	    domain_normal(name, false, names[*n], &e) == 0)
		(*n)++;
}

void
hosting_add_mx(struct hosting *h, const char *name)
{
	add(h->mx, &h->n_mx, name);
}

void
hosting_add_txt(struct hosting *h, const char *text)
{
	char name[DOMAIN_MAX + 1];
	size_t n, skip;

	if (strncasecmp(text, "v=spf1", 6) != 0 ||
	    (text[6] != ' ' && text[6] != '\0'))
		return;
	for (text += 6; *text != '\0'; text += n) {
		text += strspn(text, " ");
		n = strcspn(text, " ");
		skip = strncasecmp(text, "include:", 8) == 0 ? 8
		    : strncasecmp(text, "+include:", 9) == 0 ? 9
		    : strncasecmp(text, "redirect=", 9) == 0 ? 9
		                                             : 0;
		if (skip == 0 || n - skip > DOMAIN_MAX)
			continue;
		memcpy(name, text + skip, n - skip);
		name[n - skip] = '\0';
		add(h->spf, &h->n_spf, name);
	}
}

/* The name is of by's domain, or of the owner of one of its MX. */
static bool
is_of(const char *name, const struct hosting *by)
{
	char owner[DOMAIN_MAX + 1], other[DOMAIN_MAX + 1];
	size_t i;

	if (domain_within(name, by->domain))
		return true;
	if (name_registrable(name, owner) != 1)
		return false;
	for (i = 0; i < by->n_mx; i++) {
		if (name_registrable(by->mx[i], other) == 1 &&
		    strcmp(owner, other) == 0)
			return true;
	}
	return false;
}

bool
hosting_is_by(const struct hosting *h, const struct hosting *by,
    char why_r[HOSTING_WHY_SIZE])
{
	size_t i;

	for (i = 0; i < h->n_mx; i++) {
		if (is_of(h->mx[i], by)) {
			(void)snprintf(
			    why_r, HOSTING_WHY_SIZE, "MX %s", h->mx[i]);
			return true;
		}
	}
	for (i = 0; i < h->n_spf; i++) {
		if (is_of(h->spf[i], by)) {
			(void)snprintf(
			    why_r, HOSTING_WHY_SIZE, "SPF of %s", h->spf[i]);
			return true;
		}
	}
	return false;
}
