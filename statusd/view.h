#ifndef STATUSD_VIEW_H
#define STATUSD_VIEW_H

#include "statusd/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * What a page says about the model, in words: every sentence that is put
 * together from facts is made here.  Pure.
 */

#define VIEW_TIME_SIZE 40

/* "2026-03-19 16:21 UTC"; with seconds: "2026-03-19 16:21:30 UTC". */
char *view_minute(int64_t at, char out[VIEW_TIME_SIZE]);
char *view_second(int64_t at, char out[VIEW_TIME_SIZE]);
/* "16:21:30 UTC" where "at" is the same UTC day as "now", else the minute. */
char *view_verified(int64_t at, int64_t now, char out[VIEW_TIME_SIZE]);

/* A calendar month, UTC. */
struct view_month {
	int year;
	int month; /* 1 to 12 */
};
struct view_month view_month_of(int64_t at);
int64_t view_month_begin(struct view_month m); /* its first second */
bool view_same_month(struct view_month a, struct view_month b);
const char *view_month_name(int month); /* "March" */
#define VIEW_MONTH_SIZE 80
/* "March 2026" */
char *view_month_year(struct view_month m, char out[VIEW_MONTH_SIZE]);
/* "21 Nov" */
char *view_short_day(int64_t at, char out[VIEW_MONTH_SIZE]);

/* "Operational", "Major outage", ... */
const char *view_state_word(enum model_state state);
/* The part of a style's name: "ok", "warn", "bad", "down", "work", "unsure". */
const char *view_state_style(enum model_state state);

/*
 * The state of the whole, which is the worst of the public systems'; an open
 * incident makes it degraded at least.
 */
enum model_state view_overall(const struct model_site *site);
/* "All systems operational", "Major outage", ... */
const char *view_headline(const struct model_site *site);
/* "NC036 is degraded. 3 systems are operational." */
void view_detail(const struct model_site *site, struct buf *out);

/* "Investigating", "Resolved", "Planned maintenance", "" for a plain post. */
const char *view_status_word(const struct model_thread *t);
const char *view_status_style(const struct model_thread *t);
/* "open since 2026-... UTC", "lasted 43 min, until 2026-... UTC", or "". */
void view_span(const struct model_thread *t, struct buf *out);

/* "Update 2", "Note", "Resolved", "Investigating": what an entry is. */
void view_entry_label(
    const struct model_thread *t, const struct model_entry *e, struct buf *out);

/* "Amsterdam, Netherlands"; what is not known is left out. */
void view_place(const struct model_system *s, struct buf *out);

/* The public system of that code, or NULL. */
const struct model_system *view_system(
    const struct model_site *site, const char *code);
/* Whether the thread names it. */
bool view_concerns(const struct model_thread *t, const char *code);

#endif
