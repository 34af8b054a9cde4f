#ifndef STATUSD_TEMPLATE_H
#define STATUSD_TEMPLATE_H

#include "statusd/incident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct config;
struct err;

/*
 * What the public is told, in plain words for customers.  Pure.  Nothing of a
 * report's own words, names, paths or addresses enters it; a subject is only
 * used to choose among words that stand here.
 */

/*
 * The operator's words of the configuration stand over the built-in ones; "c"
 * NULL: there are none.
 */

/* "Mail is delayed": what is wrong, as a title and as a row's reason. */
const char *template_trouble(
    const struct config *c, const char *check, const char *subject);
/* "Mail is back to normal": the title of a resolution. */
const char *template_over(
    const struct config *c, const char *check, const char *subject);

struct template_case {
	const struct config *config; /* NULL: built-in words */
	const char *system, *role, *city; /* NULL: "" */
	enum incident_what what;
	const char *check;
	const char *subject;
	enum level level, before;
	bool has_number; /* the public may see "value" */
	double value;
	int64_t eta; /* when it is likely to be over; 0: not known */
	int64_t now;
	int64_t since; /* Unix seconds; with silence the last report */
	/* What still stands: template_trouble() of each, none twice. */
	const char *const *still;
	size_t n_still;
};

/* Adds the body of a post, Markdown. */
void template_body(struct buf *b, const struct template_case *c);

/*
 * A text of the operator's with its placeholders filled in: {system} {role}
 * {city} {trouble} {over} {number} {percent} {since} {now} {eta} {still}.
 * What stands in [brackets] is left out where a placeholder in it has no
 * value, or one that the public may not see.
 */
void template_fill(
    struct buf *b, const char *text, const struct template_case *c);
/* Whether it can be filled in: 0, or -1 with the reason in *e. */
int template_check(const char *text, struct err *e);

/*
 * "Recovering: 1,200 messages left, empty at about 13:50 UTC"; "left" below 0:
 * the number is not for the public.
 */
void template_recovering(struct buf *b, double left, int64_t eta);

/* "1,840": whole, grouped by thousands. */
void template_number(struct buf *b, double value);
/* "16:21 UTC"; with "day" "19 March 2026, 16:21 UTC" */
void template_time(struct buf *b, int64_t at, bool day);

#endif
