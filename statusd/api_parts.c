#include "statusd/api_parts.h"

#include "lib/buf.h"
#include "statusd/view.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

char *
api_id(const char *kind, const char *name, char out[API_ID_SIZE])
{
	unsigned char hash[API_ID_SIZE - 1];
	crypto_generichash_state state;
	unsigned char whole[crypto_generichash_BYTES];

	(void)crypto_generichash_init(&state, NULL, 0, sizeof(whole));
	(void)crypto_generichash_update(
	    &state, (const unsigned char *)kind, strlen(kind) + 1);
	(void)crypto_generichash_update(
	    &state, (const unsigned char *)name, strlen(name));
	(void)crypto_generichash_final(&state, whole, sizeof(whole));
	memcpy(hash, whole, sizeof(hash));
	for (size_t i = 0; i < sizeof(hash); i++)
		out[i] = (char)('a' + hash[i] % 26);
	out[sizeof(hash)] = '\0';
	return out;
}

const char *
api_component_status(enum model_state state)
{
	switch (state) {
	case MODEL_OPERATIONAL:
		return "operational";
	case MODEL_UNKNOWN: /* there is no word for it; "operational" it is not
	                     */
	case MODEL_DEGRADED:
		return "degraded_performance";
	case MODEL_PARTIAL_OUTAGE:
		return "partial_outage";
	case MODEL_MAJOR_OUTAGE:
		return "major_outage";
	case MODEL_MAINTENANCE:
		break;
	}
	return "under_maintenance";
}

/* "Mail server, Amsterdam, Netherlands", and what is not known of it. */
static void
description(struct jout *j, const struct model_system *s)
{
	struct buf text;

	buf_init(&text, 4096);
	buf_str(&text, s->role);
	if (s->role[0] != '\0' && (s->city[0] != '\0' || s->country[0] != '\0'))
		buf_str(&text, ", ");
	view_place(s, &text);
	if (s->state == MODEL_UNKNOWN)
		buf_printf(&text, "%sits state is not known now",
		    text.len > 0 ? "; " : "");
	if (text.len > 0)
		jout_text(j, "description", buf_text(&text));
	else
		jout_null(j, "description");
	buf_free(&text);
}

static bool
is_known(const struct model_day *d)
{
	for (size_t i = 0; i < MODEL_STATES; i++)
		if (d->t.s[i] > 0)
			return true;
	return false;
}

/* When the page first knew something of the system. */
static int64_t
first_known(const struct api *a, const struct model_system *s)
{
	int64_t at = s->state_since;

	if (s->n_months > 0)
		at = view_month_begin((struct view_month){
		    s->months[0].year, s->months[0].month });
	for (size_t i = 0; i < s->n_days; i++)
		if (i > 0 && s->days[i].at > at && !is_known(&s->days[i - 1]) &&
		    is_known(&s->days[i]))
			at = s->days[i].at;

	return at != 0 ? at : a->site->loaded_at;
}

static void
start_date(struct jout *j, int64_t at)
{
	char day[VIEW_TIME_SIZE];

	(void)view_minute(at, day);
	day[strcspn(day, " ")] = '\0';
	jout_text(j, "start_date", day);
}

static void
component(struct api *a, const struct model_system *s, int64_t position)
{
	struct jout *j = &a->j;
	char id[API_ID_SIZE];
	int64_t first = first_known(a, s);

	jout_object(j, NULL);
	jout_text(j, "id", api_id("component", s->code, id));
	jout_text(j, "name", s->code);
	jout_text(j, "status", api_component_status(s->state));
	jout_time(j, "created_at", first);
	jout_time(
	    j, "updated_at", s->state_since != 0 ? s->state_since : first);
	jout_number(j, "position", position);
	description(j, s);
	jout_bool(j, "showcase", s->n_days > 0);
	start_date(j, first);
	jout_null(j, "group_id");
	jout_text(j, "page_id", a->page_id);
	jout_bool(j, "group", false);
	jout_bool(j, "only_show_if_degraded", false);
	jout_object_end(j);
}

void
api_components(struct api *a, const struct model_thread *t)
{
	int64_t position = 0;

	jout_array(&a->j, "components");
	for (size_t i = 0; i < a->site->n_systems; i++) {
		const struct model_system *s = &a->site->systems[i];

		if (s->internal)
			continue;
		position++;
		if (t == NULL || view_concerns(t, s->code))
			component(a, s, position);
	}
	jout_array_end(&a->j);
}
