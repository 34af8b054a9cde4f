#ifndef STATUSD_TEMPLATE_H
#define STATUSD_TEMPLATE_H

#include "statusd/incident.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * What the public is told, in plain words for customers.  Pure.  Nothing of a
 * report's own words, names, paths or addresses enters it; a subject is only
 * used to choose among words that stand here.
 */

/* "Mail is delayed": what is wrong, as a title and as a row's reason. */
const char *template_trouble(const char *check, const char *subject);
/* "Mail is back to normal": the title of a resolution. */
const char *template_over(const char *check, const char *subject);

struct template_case {
	enum incident_what what;
	const char *check;
	const char *subject;
	enum level level, before;
	bool has_number; /* the public may see "value" */
	double value;
	int64_t since; /* Unix seconds; with silence the last report */
	/* What still stands: template_trouble() of each, none twice. */
	const char *const *still;
	size_t n_still;
};

/* Adds the body of a post, Markdown. */
void template_body(struct buf *b, const struct template_case *c);

/* "1,840": whole, grouped by thousands. */
void template_number(struct buf *b, double value);
/* "16:21 UTC"; with "day" "19 March 2026, 16:21 UTC" */
void template_time(struct buf *b, int64_t at, bool day);

#endif
