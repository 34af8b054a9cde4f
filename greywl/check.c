#include "greywl/greywl.h"
#include "greywl/out.h"

#include "lib/buf.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/sql.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AHEAD_S 120 /* a stored time may lie so far ahead of the clock */

enum level { OK, WARN, FAULT };

static const struct {
	const char *word;
	enum gw_colour colour;
} levels[] = { [OK] = { "ok", GW_GREEN },
	[WARN] = { "warning", GW_YELLOW },
	[FAULT] = { "fault", GW_RED } };

struct checking {
	const struct gw *g;
	json_t *checks; /* NULL: print them */
	int count[FAULT + 1];
	int64_t ahead; /* envelopes of the future */
	int64_t worst_s; /* by how much */
};

static void say(struct checking *c, enum level level, const char *what,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
say(struct checking *c, enum level level, const char *what, const char *fmt,
    ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->count[level]++;
	if (c->checks != NULL) {
		(void)json_array_append_new(c->checks,
		    json_pack("{ss ss so}", "check", what, "level",
		        levels[level].word, "text", gw_json_text(text)));
		return;
	}
	gw_colour(levels[level].colour);
	(void)printf("%-8s", levels[level].word);
	gw_colour(GW_PLAIN);
	gw_line(stdout, "%-14s %s", what, text);
}

/* It was read already; that there is none can be a surprise. */
static void
check_config(struct checking *c)
{
	const char *file = c->g->args.conf_file;

	if (file == NULL)
		file = GREY_CONF_FILE;
	if (access(file, F_OK) == -1)
		say(c, WARN, "configuration",
		    "there is no %s: the defaults and -o alone are used", file);
	else
		say(c, OK, "configuration", "%s", file);
}

/* A database that its user cannot write is a fault that comes at night. */
static void
check_owner(struct checking *c)
{
	struct daemon_user user;
	const char *path;
	struct stat st;
	struct err e;

	if (strncmp(c->g->config.store, "sqlite:", 7) != 0 ||
	    (path = sql_path(c->g->config.store, &e)) == NULL)
		return;
	if (stat(path, &st) == -1) {
		say(c, WARN, "store", "%s: %s; greymilter creates it", path,
		    strerror(errno));
		return;
	}
	if (daemon_find_user(c->g->config.user, &user, &e) == -1)
		say(c, WARN, "store", "user %s: %s", c->g->config.user, e.text);
	else if (st.st_uid != user.uid)
		say(c, WARN, "store",
		    "%s belongs to user id %u, greymilter runs as %s (%u)",
		    path, (unsigned)st.st_uid, user.name, (unsigned)user.uid);
	else
		say(c, OK, "store", "%s belongs to %s", path, user.name);
}

static int
look_at_clock(const struct grey_envelope *env, void *arg, struct err *e)
{
	struct checking *c = arg;
	int64_t ahead = env->record.last_seen - c->g->now;

	(void)e;
	if (ahead > AHEAD_S) {
		c->ahead++;
		if (ahead > c->worst_s)
			c->worst_s = ahead;
	}
	return 0;
}

static void
check_records(struct checking *c)
{
	char text[DURATION_SIZE];
	struct grey_stats stats;
	struct err e;

	if (grey_store_verify(c->g->store, &e) == -1 ||
	    grey_store_stats(c->g->store, &stats, &e) == -1 ||
	    grey_store_each(c->g->store, look_at_clock, c, &e) == -1) {
		say(c, FAULT, "store", "%s", e.text);
		return;
	}
	say(c, OK, "records",
	    "whole: %" PRId64 " envelopes, %" PRId64 " identities, %" PRId64
	    " bytes",
	    stats.envelopes, stats.credits, stats.bytes);
	if (c->ahead > 0)
		say(c, WARN, "clock",
		    "%" PRId64 " envelopes were last seen in the future, by up "
		    "to %s: the clock was set back, or is wrong now",
		    c->ahead, duration_text(c->worst_s, text));
	else
		say(c, OK, "clock", "no record lies in the future");
}

static void
check_entry(struct checking *c, const struct allow_entry *entry)
{
	struct allow_entry again;
	struct err e;

	if (allow_entry_of(entry->kind, entry->value, &again, &e) == -1)
		say(c, FAULT, "whitelist", "%s", e.text);
	if (entry->kind == ALLOW_DOMAIN && entry->proof == ALLOW_PROOF_NONE)
		say(c, WARN, "whitelist",
		    "%s needs no proof: mail that only claims to come from "
		    "there is exempt, too",
		    entry->value);
	if (!c->g->config.spf.enabled && entry->proof == ALLOW_PROOF_SPF)
		say(c, WARN, "whitelist",
		    "%s needs SPF, which is switched off: it exempts nobody",
		    entry->value);
	if (entry->kind == ALLOW_NETWORK && entry->net.prefix == 0)
		say(c, WARN, "whitelist", "%s: every client is meant",
		    entry->value);
	if (entry->expires != 0 && entry->expires <= c->g->now)
		say(c, WARN, "whitelist", "%s has expired", entry->value);
}

static void
check_whitelist(struct checking *c)
{
	int before = c->count[WARN] + c->count[FAULT];
	struct allow_entry *list = NULL;
	struct err e;
	size_t n = 0, i;

	if (grey_store_allow_list(c->g->store, &list, &n, &e) == -1) {
		say(c, FAULT, "whitelist", "%s", e.text);
		return;
	}
	for (i = 0; i < n; i++)
		check_entry(c, &list[i]);
	if (c->count[WARN] + c->count[FAULT] == before)
		say(c, OK, "whitelist", "%zu entries", n);
	free(list);
}

enum gw_exit
gw_check(struct gw *g)
{
	struct checking c = { .g = g };
	struct err e;

	if (g->given.value[GW_JSON] != NULL)
		c.checks = json_array();
	check_config(&c);
	if (grey_config_add_mynetworks(&g->config, &e) == -1)
		say(&c, WARN, "mynetworks", "%s", e.text);
	check_owner(&c);
	if (gw_open(g, GREY_STORE_READ, &e) == -1) {
		say(&c, FAULT, "store", "%s", e.text);
	} else {
		check_records(&c);
		check_whitelist(&c);
	}
	if (c.checks != NULL)
		gw_json_print(json_pack("{sb sI sI so}", "ok",
		    c.count[FAULT] == 0, "warnings", (json_int_t)c.count[WARN],
		    "faults", (json_int_t)c.count[FAULT], "checks", c.checks));
	return c.count[FAULT] == 0 ? GW_DONE : GW_FAILED;
}
