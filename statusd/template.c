#include "statusd/template.h"

#include "lib/buf.h"
#include "statusd/config.h"
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
	buf_str(b, "The queue is falling");
	if (c->has_number) {
		buf_str(b, ", ");
		template_number(b, c->value);
		buf_str(b, " messages left");
	}
	buf_str(b, ". Mail is still delayed, but less and less.");
	recovering(b, c);
	buf_char(b, '\n');
}

/* How much it is, where the public may know. */
static void
number(struct buf *b, const struct template_case *c)
{
	if (!c->has_number)
		return;
	if (strcmp(c->check, "queue") == 0 || strcmp(c->check, "stuck") == 0) {
		buf_str(b, " About ");
		template_number(b, c->value);
		buf_str(b, " messages are waiting.");
	} else if (strcmp(c->check, "disk") == 0 && c->value >= 0 &&
	    c->value <= 1) {
		buf_printf(
		    b, " %.0f %% of it is in use.", floor(c->value * 100));
	}
}

static void
opened(struct buf *b, const struct template_case *c,
    const struct template_words *w)
{
	if (strcmp(c->check, INCIDENT_SILENCE) == 0) {
		buf_str(b, "The system has not reported since ");
		template_time(b, c->since, true);
		buf_printf(b, ". %s\n", w->text);
		return;
	}
	buf_str(b, w->text);
	number(b, c);
	buf_str(b, "\n\nWe noticed this at ");
	template_time(b, c->since, false);
	buf_str(b, " and are looking into it.\n");
}

static void
level(struct buf *b, const struct template_case *c,
    const struct template_words *w)
{
	if (c->level == LEVEL_WARNING && strcmp(c->check, "queue") == 0) {
		queue_falls(b, c);
	} else if (c->level == LEVEL_WARNING) {
		buf_printf(b, "It is getting better, but is not over yet: %s",
		    w->text);
		number(b, c);
		buf_char(b, '\n');
	} else if (c->before == LEVEL_WARNING) {
		buf_printf(b, "It has become worse. %s", w->text);
		number(b, c);
		buf_char(b, '\n');
	} else {
		buf_printf(b, "%s again. %s", w->trouble, w->text);
		number(b, c);
		buf_char(b, '\n');
	}
}

static void
still(struct buf *b, const struct template_case *c)
{
	if (c->n_still == 0)
		return;
	buf_str(b, "\nNot over yet:\n\n");
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
		buf_printf(b, "There is a further problem: %s. %s", w->trouble,
		    w->text);
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
		buf_printf(b, "%s This incident is resolved.\n", w->over_text);
		break;
	case INCIDENT_HELD:
		buf_printf(b,
		    "%s It came back several times, so we watch it for ten "
		    "minutes before we call it over.\n",
		    w->over_text);
		break;
	case INCIDENT_WELL:
		buf_printf(b, "%s We keep watching it.\n", w->over_text);
		break;
	case INCIDENT_REOPENED:
		buf_printf(b, "The problem has come back. %s", w->text);
		number(b, c);
		buf_char(b, '\n');
		break;
	case INCIDENT_NOTHING:
	case INCIDENT_JOINED_QUIETLY:
	case INCIDENT_QUIETLY:
		break;
	}
}
