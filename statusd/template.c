#include "statusd/template.h"

#include "lib/buf.h"
#include "statusd/config.h"
#include "statusd/say.h"
#include "statusd/template_inner.h"

#include <math.h>
#include <string.h>

/* "Recovering: ..." where it can be told when it will be over. */
static void
recovering(struct buf *b, const struct template_case *c)
{
	if (c->eta == 0)
		return;
	buf_str(b, "\n\n");
	template_recovering(b, c->has_number ? c->value : -1, c->eta);
}

static void
queue_falls(struct buf *b, const struct template_case *c)
{
	char number[SAY_NUMBER_SIZE];

	if (c->has_number)
		say_to(b, SAY_FALLING_LEFT, "n",
		    say_number(floor(c->value), number), NULL);
	else
		buf_str(b, say(SAY_FALLING));
	recovering(b, c);
	buf_char(b, '\n');
}

/* How much it is, where the public may know. */
static void
number(struct buf *b, const struct template_case *c)
{
	char percent[SAY_NUMBER_SIZE];

	if (!c->has_number)
		return;
	if (strcmp(c->check, "queue") == 0 || strcmp(c->check, "stuck") == 0) {
		buf_char(b, ' ');
		say_count(b, SAY_WAITING_ONE, SAY_WAITING, floor(c->value));
	} else if (strcmp(c->check, "disk") == 0 && c->value >= 0 &&
	    c->value <= 1) {
		buf_char(b, ' ');
		say_to(b, SAY_IN_USE, "percent",
		    template_percent(c->value, percent), NULL);
	}
}

static void
opened(struct buf *b, const struct template_case *c,
    const struct template_words *w)
{
	bool silence = strcmp(c->check, INCIDENT_SILENCE) == 0;
	struct buf time;

	buf_init(&time, 256);
	template_time(&time, c->since, silence);
	if (silence) {
		say_to(b, SAY_SILENT_SINCE, "time", buf_text(&time), "text",
		    w->text, NULL);
	} else {
		buf_str(b, w->text);
		number(b, c);
		buf_str(b, "\n\n");
		say_to(b, SAY_NOTICED, "time", buf_text(&time), NULL);
	}
	buf_char(b, '\n');
	buf_free(&time);
}

static void
level(struct buf *b, const struct template_case *c,
    const struct template_words *w)
{
	enum say id = c->level == LEVEL_WARNING ? SAY_BETTER
	    : c->before == LEVEL_WARNING        ? SAY_WORSE
	                                        : SAY_AGAIN;

	if (c->level == LEVEL_WARNING && strcmp(c->check, "queue") == 0) {
		queue_falls(b, c);
		return;
	}
	say_to(b, id, "trouble", w->trouble, "text", w->text, NULL);
	number(b, c);
	buf_char(b, '\n');
}

static void
still(struct buf *b, const struct template_case *c)
{
	if (c->n_still == 0)
		return;
	buf_printf(b, "\n%s\n\n", say(SAY_NOT_OVER));
	for (size_t i = 0; i < c->n_still; i++)
		buf_printf(b, "- %s\n", c->still[i]);
}

/* The operator's own text for what happened, or "". */
static const char *
own_text(const struct template_case *c)
{
	const struct config_template *t = template_own(
	    c->config, c->check, c->subject);

	if (t == NULL)
		return "";
	switch (c->what) {
	case INCIDENT_OPENED:
		return t->opened;
	case INCIDENT_JOINED:
		return t->joined;
	case INCIDENT_LEVEL:
		return c->level == LEVEL_WARNING ? t->better : t->worse;
	case INCIDENT_FALLING:
		return t->falling;
	case INCIDENT_CLEARED:
		return t->cleared;
	case INCIDENT_RESOLVED:
		return t->resolved;
	case INCIDENT_WELL:
	case INCIDENT_HELD:
		return t->well;
	case INCIDENT_REOPENED:
		return t->reopened;
	case INCIDENT_NOTHING:
	case INCIDENT_JOINED_QUIETLY:
	case INCIDENT_QUIETLY:
		break;
	}
	return "";
}

void
template_body(struct buf *b, const struct template_case *c)
{
	const struct template_words found = template_find(
	    c->config, c->check, c->subject);
	const struct template_words *w = &found;
	const char *own = own_text(c);

	if (own[0] != '\0') {
		template_fill(b, own, c);
		buf_char(b, '\n');
		return;
	}

	switch (c->what) {
	case INCIDENT_OPENED:
		opened(b, c, w);
		break;
	case INCIDENT_JOINED:
		say_to(b, SAY_JOINED, "trouble", w->trouble, "text", w->text,
		    NULL);
		number(b, c);
		buf_char(b, '\n');
		break;
	case INCIDENT_LEVEL:
		level(b, c, w);
		break;
	case INCIDENT_FALLING:
		queue_falls(b, c);
		break;
	case INCIDENT_CLEARED:
		buf_printf(b, "%s. %s\n", w->over, w->over_text);
		still(b, c);
		break;
	case INCIDENT_RESOLVED:
		say_to(b, SAY_IS_RESOLVED, "text", w->over_text, NULL);
		buf_char(b, '\n');
		break;
	case INCIDENT_HELD:
		say_to(b, SAY_HELD, "text", w->over_text, NULL);
		buf_char(b, '\n');
		break;
	case INCIDENT_WELL:
		say_to(b, SAY_WATCHED, "text", w->over_text, NULL);
		buf_char(b, '\n');
		break;
	case INCIDENT_REOPENED:
		say_to(b, SAY_CAME_BACK, "text", w->text, NULL);
		number(b, c);
		buf_char(b, '\n');
		break;
	case INCIDENT_NOTHING:
	case INCIDENT_JOINED_QUIETLY:
	case INCIDENT_QUIETLY:
		break;
	}
}
