#include "queuewatch/show.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/report.h"
#include "queuewatch/config.h"
#include "queuewatch/state.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The report in the state file. */
static int
read_report(const char *path, struct report *r, struct err *e)
{
	struct buf b;
	json_error_t fault;
	json_t *o = NULL;
	const char *text;
	int rc = -1;

	buf_init(&b, STATE_MOST + 1);
	switch (state_peek(path, &b, e)) {
	case 1:
		break;
	case 0:
		(void)err_set(e, "%s: nothing has been found yet", path);
		goto out;
	default:
		goto out;
	}
	o = json_loadb(buf_text(&b), b.len, 0, &fault);
	text = json_string_value(json_object_get(o, "report"));
	if (text == NULL)
		(void)err_set(e, "%s holds no report", path);
	else
		rc = report_parse(text, strlen(text), r, e);
out:
	json_decref(o);
	buf_free(&b);
	return rc;
}

static bool
in_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) == 1 && (no == NULL || *no == '\0');
}

static const char *
colour_of(enum level level)
{
	switch (level) {
	case LEVEL_OK:
		return "\033[32m";
	case LEVEL_NOTICE:
	case LEVEL_UNKNOWN:
		return "\033[36m";
	case LEVEL_WARNING:
		return "\033[33m";
	case LEVEL_CRITICAL:
		return "\033[31m";
	}
	return "";
}

static void
print_finding(const struct report_finding *f, int64_t now, bool colour)
{
	char since[DURATION_SIZE];
	struct buf b;

	buf_init(&b, 16384);
	escape_line(&b, f->check, strlen(f->check));
	if (f->subject[0] != '\0') {
		buf_char(&b, ' ');
		escape_line(&b, f->subject, strlen(f->subject));
	}
	(void)printf("%s%-8s%s  %-9s  %s: ", colour ? colour_of(f->level) : "",
	    level_word(f->level), colour ? "\033[0m" : "",
	    duration_text(now - f->since, since), buf_text(&b));
	buf_reset(&b);
	escape_line(&b, f->summary, strlen(f->summary));
	(void)printf("%s\n", buf_text(&b));
	buf_free(&b);
}

static void
print_report(const struct report *r, const struct config *c)
{
	char at[CLOCK_RFC3339_SIZE], age[DURATION_SIZE];
	int64_t now = clock_now();
	size_t i;
	int rank;

	(void)printf("%s at %s\n", r->system, clock_rfc3339(r->at, at));
	if (now - r->at > 3 * c->interval)
		(void)printf("This is %s old: is queuewatch running?\n",
		    duration_text(now - r->at, age));
	for (rank = level_rank(LEVEL_CRITICAL); rank >= 0; rank--) {
		for (i = 0; i < r->n_findings; i++) {
			if (level_rank(r->findings[i].level) == rank)
				print_finding(
				    &r->findings[i], now, in_colour());
		}
	}
}

int
show_read(const struct config *c, struct report *r, struct err *e)
{
	char path[4096];

	(void)snprintf(
	    path, sizeof(path), "%s/queuewatch.state", c->data_directory);
	return read_report(path, r, e);
}

int
show(const struct config *c, bool json, struct err *e)
{
	struct report r = { 0 };
	struct buf b;
	int rc;

	if (show_read(c, &r, e) == -1)
		return -1;
	buf_init(&b, REPORT_MAX_BYTES * 2);
	rc = 0;
	if (!json)
		print_report(&r, c);
	else if ((rc = report_compose_show(&r, &b, e)) == 0)
		(void)printf("%s\n", buf_text(&b));
	buf_free(&b);
	report_free(&r);
	if (rc == 0 && fflush(stdout) == EOF)
		rc = err_set(e, "standard output cannot be written");
	return rc;
}
