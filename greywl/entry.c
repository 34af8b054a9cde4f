#include "greywl/entry.h"
#include "greywl/out.h"

#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/err.h"

#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
gw_default_author(struct allow_entry *entry)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *pw;
	struct err e;

	if (name == NULL && getuid() != 0) {
		pw = getpwuid(getuid());
		name = pw != NULL ? pw->pw_name : NULL;
	}
	if (name == NULL || allow_entry_set_author(entry, name, &e) == -1)
		entry->author[0] = '\0';
}

/* "30d" from now, or a time. */
static int
read_expiry(const char *s, int64_t now, int64_t *expires_r, struct err *e)
{
	int64_t ms;

	if (clock_parse_rfc3339(s, expires_r) == 0) {
		if (*expires_r <= now)
			return err_set(e,
			    "--expires: %s is over: write a time to come, or a "
			    "duration such as 30d",
			    s);
		return 0;
	}
	if (duration_parse_ms(s, &ms, e) == -1)
		return err_set(e,
		    "--expires: \"%.60s\" is neither a duration such as 30d "
		    "nor a time such as 2030-01-31T00:00:00Z",
		    s);
	if (ms < 1000)
		return err_set(
		    e, "--expires: %s is over at once: write at least 1s", s);
	*expires_r = now + ms / 1000;
	return 0;
}

static int
read_options(const struct gw_words *given, int64_t now,
    struct allow_entry *entry, struct err *e)
{
	const char *const *v = given->value;
	int proof;

	if (v[GW_PROOF] != NULL) {
		proof = allow_word(allow_proof_words, v[GW_PROOF]);
		if (proof == -1)
			return err_set(e,
			    "--proof: \"%.40s\" is none: write spf, name, "
			    "either or none",
			    v[GW_PROOF]);
		if (allow_entry_set_proof(entry, (enum allow_proof)proof, e) ==
		    -1)
			return -1;
	}
	if (v[GW_AUTHOR] == NULL)
		gw_default_author(entry);
	else if (allow_entry_set_author(entry, v[GW_AUTHOR], e) == -1)
		return -1;
	if (v[GW_NOTE] != NULL &&
	    allow_entry_set_note(entry, v[GW_NOTE], e) == -1)
		return -1;
	if (v[GW_EXPIRES] != NULL &&
	    read_expiry(v[GW_EXPIRES], now, &entry->expires, e) == -1)
		return -1;
	entry->created = now;
	return 0;
}

int
gw_entry_read(const char *text, const struct gw_words *given, int64_t now,
    struct allow_entry *entry_r, struct err *e)
{
	enum allow_as as = ALLOW_AS_SEEN;

	if (given->value[GW_CLIENT_NAME] != NULL)
		as = ALLOW_AS_NAME;
	if (given->value[GW_RECIPIENT] != NULL) {
		if (as != ALLOW_AS_SEEN)
			return err_set(e,
			    "--client-name and --recipient exclude each other");
		as = ALLOW_AS_RECIPIENT;
	}
	if (allow_entry_parse(text, as, entry_r, e) == -1)
		return -1;
	return read_options(given, now, entry_r, e);
}

struct allow_entry *
gw_entries_read(const struct gw *g, struct err *e)
{
	struct allow_entry *entries = calloc(g->given.n + 1, sizeof(*entries));
	size_t i;

	if (entries == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	for (i = 0; i < g->given.n; i++) {
		if (gw_entry_read(g->given.words[i], &g->given, g->now,
		        &entries[i], e) == -1) {
			free(entries);
			return NULL;
		}
	}
	return entries;
}

int
gw_entries_add(struct gw *g, const struct allow_entry *entries, size_t n,
    struct grey_allow_added *added_r)
{
	static const int interrupts[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGTSTP };
	sigset_t held, before;
	struct err e;
	size_t i;
	int rc;

	(void)sigemptyset(&held);
	for (i = 0; i < sizeof(interrupts) / sizeof(interrupts[0]); i++)
		(void)sigaddset(&held, interrupts[i]);
	(void)sigprocmask(SIG_BLOCK, &held, &before);
	rc = grey_store_allow_add(g->store, entries, n, added_r, &e);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (rc == -1 && added_r->left > 0)
		gw_complain("%s; the first %zu of %zu entries stand, and that "
		            "cannot be undone either: do the same again, or "
		            "remove them",
		    e.text, added_r->left, n);
	else if (rc == -1)
		gw_complain("nothing was changed: %s", e.text);
	return rc;
}

const struct allow_entry *
gw_entry_find(
    const struct allow_entry *list, size_t n, const struct allow_entry *like)
{
	struct allow_spelling spelling;
	size_t i;

	allow_spell(like->value, &spelling);
	for (i = 0; i < n; i++) {
		if (list[i].kind == like->kind &&
		    allow_spelt(&spelling, list[i].value))
			return &list[i];
	}
	return NULL;
}
