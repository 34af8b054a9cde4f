#include "queuewatch/forecast_cmd.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/report.h"
#include "queuewatch/show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
set_time(json_t *o, const char *key, int64_t at)
{
	char text[CLOCK_RFC3339_SIZE];

	if (at != 0)
		(void)json_object_set_new(
		    o, key, json_string(clock_rfc3339(at, text)));
}

static json_t *
one_json(const struct report_finding *f)
{
	const struct report_forecast *c = &f->forecast;
	json_t *o = json_pack("{s:s, s:s, s:f}", "path", f->subject, "level",
	    level_word(f->level), "used", f->value);

	if (!c->given)
		return o;
	set_time(o, "likely_at", c->likely_at);
	set_time(o, "earliest_at", c->earliest_at);
	if (c->p_24h >= 0)
		(void)json_object_set_new(o, "p_24h", json_real(c->p_24h));
	if (c->p_72h >= 0)
		(void)json_object_set_new(o, "p_72h", json_real(c->p_72h));
	if (c->p_7d >= 0)
		(void)json_object_set_new(o, "p_7d", json_real(c->p_7d));
	return o;
}

static void
print_when(const char *what, int64_t at, int64_t now)
{
	char text[DURATION_SIZE];

	if (at != 0)
		(void)printf("%s in %s", what,
		    duration_text(at > now ? at - now : 0, text));
}

static void
print_one(const struct report_finding *f, int64_t now)
{
	const struct report_forecast *c = &f->forecast;
	struct buf b;

	buf_init(&b, 16384);
	escape_line(&b, f->subject, strlen(f->subject));
	(void)printf("%-24s %5.1f %%", buf_text(&b), f->value * 100);
	buf_free(&b);
	if (!c->given) {
		(void)printf("   learning, or nothing to be said\n");
		return;
	}
	if (c->p_24h >= 0)
		(void)printf("   full within 24 h: %.0f %%, 72 h: %.0f %%, "
		             "7 d: %.0f %%",
		    c->p_24h * 100, c->p_72h * 100, c->p_7d * 100);
	print_when(c->p_24h >= 0 ? "; likely" : "   likely", c->likely_at, now);
	print_when(", earliest", c->earliest_at, now);
	(void)printf("\n");
}

int
forecast_print(const struct config *c, bool json, struct err *e)
{
	struct report r = { 0 };
	json_t *a = json_array();
	char *text = NULL;
	size_t i;

	if (show_read(c, &r, e) == -1) {
		json_decref(a);
		return -1;
	}
	for (i = 0; i < r.n_findings; i++) {
		if (strcmp(r.findings[i].check, "disk") != 0 ||
		    !r.findings[i].has_value)
			continue;
		if (json)
			(void)json_array_append_new(
			    a, one_json(&r.findings[i]));
		else
			print_one(&r.findings[i], clock_now());
	}
	if (json && (text = json_dumps(a, JSON_INDENT(2))) != NULL)
		(void)printf("%s\n", text);
	free(text);
	json_decref(a);
	report_free(&r);
	return fflush(stdout) == EOF
	    ? err_set(e, "standard output cannot be written")
	    : 0;
}
