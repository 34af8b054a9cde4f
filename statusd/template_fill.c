#include "statusd/template.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/template_inner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum slot {
	SLOT_SYSTEM,
	SLOT_ROLE,
	SLOT_CITY,
	SLOT_TROUBLE,
	SLOT_OVER,
	SLOT_NUMBER,
	SLOT_PERCENT,
	SLOT_SINCE,
	SLOT_NOW,
	SLOT_ETA,
	SLOT_STILL,
};

static const char *const slot_words[] = { "system", "role", "city", "trouble",
	"over", "number", "percent", "since", "now", "eta", "still", NULL };

/* The slot whose name stands at "s", before a "}"; -1: none. */
static int
slot_at(const char *s, size_t n)
{
	for (int i = 0; slot_words[i] != NULL; i++) {
		if (strlen(slot_words[i]) == n &&
		    strncmp(slot_words[i], s, n) == 0)
			return i;
	}
	return -1;
}

static void
add_still(struct buf *b, const struct template_case *c)
{
	for (size_t i = 0; i < c->n_still; i++)
		buf_printf(b, "%s%s",
		    i == 0                    ? ""
		        : i + 1 == c->n_still ? say(SAY_AND)
		                              : say(SAY_COMMA),
		    c->still[i]);
}

static void
add_text(struct buf *b, const char *s)
{
	buf_str(b, s != NULL ? s : "");
}

/* Its value, or nothing where there is none for the public. */
static void
add_slot(struct buf *b, enum slot slot, const struct template_case *c)
{
	char percent[SAY_NUMBER_SIZE];

	switch (slot) {
	case SLOT_SYSTEM:
		add_text(b, c->system);
		break;
	case SLOT_ROLE:
		add_text(b, c->role);
		break;
	case SLOT_CITY:
		add_text(b, c->city);
		break;
	case SLOT_TROUBLE:
		buf_str(b, template_trouble(c->config, c->check, c->subject));
		break;
	case SLOT_OVER:
		buf_str(b, template_over(c->config, c->check, c->subject));
		break;
	case SLOT_NUMBER:
		if (c->has_number)
			template_number(b, c->value);
		break;
	case SLOT_PERCENT:
		if (c->has_number && c->value >= 0 && c->value <= 1)
			buf_str(b, template_percent(c->value, percent));
		break;
	case SLOT_SINCE:
		if (c->since > 0)
			template_time(b, c->since, true);
		break;
	case SLOT_NOW:
		template_time(b, c->now, false);
		break;
	case SLOT_ETA:
		if (c->eta > 0)
			template_time(b, c->eta, false);
		break;
	case SLOT_STILL:
		add_still(b, c);
		break;
	}
}

/* From "s" up to "end"; returns whether every placeholder had a value. */
static bool
fill_part(struct buf *b, const char *s, const char *end,
    const struct template_case *c)
{
	bool all = true;

	while (s < end) {
		size_t n = *s == '{' ? strcspn(s, "}") : 0, before = b->len;
		int slot = n > 1 ? slot_at(s + 1, n - 1) : -1;

		if (slot == -1) {
			buf_char(b, *s++);
			continue;
		}
		add_slot(b, (enum slot)slot, c);
		all = all && b->len > before;
		s += n + 1;
	}
	return all;
}

void
template_fill(struct buf *b, const char *text, const struct template_case *c)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "["), inner;
		struct buf part;

		(void)fill_part(b, text, text + n, c);
		text += n;
		if (*text == '\0')
			break;
		inner = strcspn(text, "]");
		buf_init(&part, b->cap);
		if (fill_part(&part, text + 1, text + inner, c))
			buf_add(b, buf_text(&part), part.len);
		buf_free(&part);
		text += inner + (text[inner] == ']');
	}
}

int
template_check(const char *text, struct err *e)
{
	int open = 0;

	for (const char *s = text; *s != '\0'; s++) {
		size_t n = strcspn(s, "}");

		if (*s == '[' || *s == ']')
			open += *s == '[' ? 1 : -1;
		if (open < 0 || open > 1)
			return err_set(e, "the [brackets] do not match");
		if (*s == '}')
			return err_set(e, "a \"}\" without its \"{\"");
		if (*s != '{')
			continue;
		if (s[n] == '\0' || slot_at(s + 1, n - 1) == -1)
			return err_set(e,
			    "\"%.*s\" is no placeholder: {system} {role} "
			    "{city} {trouble} {over} {number} {percent} {since} "
			    "{now} {eta} {still}",
			    (int)(n < 40 ? n + (s[n] != '\0') : 40), s);
		s += n;
	}
	return open == 0 ? 0 : err_set(e, "the [brackets] do not match");
}

void
template_recovering(struct buf *b, double left, int64_t eta)
{
	char number[SAY_NUMBER_SIZE];
	struct buf time;

	buf_init(&time, 256);
	template_time(&time, eta, false);
	if (left >= 0)
		say_to(b,
		    floor(left) == 1 ? SAY_RECOVERING_LEFT_ONE
		                     : SAY_RECOVERING_LEFT,
		    "n", say_number(floor(left), number), "time",
		    buf_text(&time), NULL);
	else
		say_to(b, SAY_RECOVERING, "time", buf_text(&time), NULL);
	buf_free(&time);
}
