#include "milter/spf_clean.h"

#include "lib/buf.h"

#include <string.h>

/* libspf2 counts the terms of a record in a byte. */
enum { CLEAN_TERMS_MAX = 200 };

static const char *
word(enum spf_mechanism m)
{
	switch (m) {
	case SPF_ALL:
		return "all";
	case SPF_INCLUDE:
		return "include";
	case SPF_A:
		return "a";
	case SPF_MX:
		return "mx";
	case SPF_PTR:
		return "ptr";
	case SPF_IP4:
		return "ip4";
	case SPF_IP6:
		return "ip6";
	case SPF_EXISTS:
		return "exists";
	}
	return "all";
}

static char
sign(enum spf_result qualifier)
{
	if (qualifier == SPF_PASS)
		return '+';
	if (qualifier == SPF_FAIL)
		return '-';
	return qualifier == SPF_SOFTFAIL ? '~' : '?';
}

bool
spf_clean_name(char *name)
{
	for (char *s = name; *s != '\0'; s++) {
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s | 0x20);
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= '0' && *s <= '9') &&
		    strchr("._-", *s) == NULL)
			return false;
	}
	return true;
}

static void
write_net(struct buf *out, const struct spf_term *t)
{
	char text[IP_TEXT_SIZE];

	/* libspf2 takes a prefix of 0 for none: it must not see one. */
	if (t->net.prefix == 0)
		return;
	buf_printf(out, " %c%s:%s/%u", sign(t->qualifier), word(t->mechanism),
	    ip_text(&t->net.ip, text), t->net.prefix);
}

static void
write_term(struct buf *out, const struct spf_term *t, const char *name)
{
	bool addresses = t->mechanism == SPF_A || t->mechanism == SPF_MX;

	if (addresses && (t->prefix4 == 0 || t->prefix6 == 0))
		return;
	buf_printf(
	    out, " %c%s:%s", sign(t->qualifier), word(t->mechanism), name);
	if (addresses)
		buf_printf(out, "/%u//%u", t->prefix4, t->prefix6);
}

/* Whether the terms behind are to be written. */
static bool
clean_term(struct spf_eval *e, const struct spf_term *t, const char *domain,
    struct buf *out)
{
	bool four = e->ask->client.bits == 32;
	char name[DNS_NAME_SIZE];
	enum spf_step step;

	switch (t->mechanism) {
	case SPF_ALL:
		buf_printf(out, " %call", sign(t->qualifier));
		return true;
	case SPF_IP4:
	case SPF_IP6:
		if (four == (t->mechanism == SPF_IP4))
			write_net(out, t);
		return true;
	case SPF_INCLUDE:
	case SPF_A:
	case SPF_MX:
	case SPF_PTR:
	case SPF_EXISTS:
		break;
	}
	step = spf_expand(e, &t->spec, domain, name);
	if (step == SPF_STEP_YES && spf_clean_name(name))
		write_term(out, t, name);
	return step != SPF_STEP_WAIT;
}

void
spf_clean_write(struct spf_eval *e, const struct spf_record *r,
    const char *domain, struct buf *out)
{
	char name[DNS_NAME_SIZE];

	buf_str(out, "v=spf1");
	for (size_t i = 0; i < r->n; i++)
		if (i == CLEAN_TERMS_MAX ||
		    !clean_term(e, &r->terms[i], domain, out))
			return;
	if (r->redirect.text != NULL &&
	    spf_expand(e, &r->redirect, domain, name) == SPF_STEP_YES &&
	    spf_clean_name(name))
		buf_printf(out, " redirect=%s", name);
}
