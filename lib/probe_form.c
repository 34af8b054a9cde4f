#include "lib/probe_form.h"

#include "lib/buf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VALUE_MOST 8192
#define NAME_MOST 200

struct tag {
	char name[12]; /* in lower case; cut */
	bool closing;
	const char *p, *end; /* its attributes */
};

/* A form as it is read. */
struct form {
	bool open, asks, submitted;
	char user[NAME_MOST]; /* the text field that came last */
	struct buf *action, *body;
};

static const char *
find_fold(const char *p, const char *word)
{
	const char *found = strcasestr(p, word);

	return found != NULL ? found : p + strlen(p);
}

/* Behind ">" of the tag that begins at p, quotes and all. */
static const char *
tag_end(const char *p)
{
	char quote = '\0';

	for (; *p != '\0'; p++) {
		if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '>')
			break;
	}
	return p;
}

/* The next tag; scripts, styles and comments are passed over. */
static bool
next_tag(const char **at, struct tag *t)
{
	const char *p = *at;
	size_t n;

	while ((p = strchr(p, '<')) != NULL) {
		if (strncmp(p, "<!--", 4) == 0) {
			p = find_fold(p, "-->");
			continue;
		}
		if (strncasecmp(p, "<script", 7) == 0)
			p = find_fold(p, "</script");
		else if (strncasecmp(p, "<style", 6) == 0)
			p = find_fold(p, "</style");
		if (*p == '\0')
			return false;
		t->closing = p[1] == '/';
		p += t->closing ? 2 : 1;
		if (!isalpha((unsigned char)*p))
			continue;
		for (n = 0; isalnum((unsigned char)p[n]); n++) {
			if (n < sizeof(t->name) - 1)
				t->name[n] = (char)tolower((unsigned char)p[n]);
		}
		t->name[n < sizeof(t->name) ? n : sizeof(t->name) - 1] = '\0';
		t->p = p + n;
		t->end = tag_end(t->p);
		*at = t->end;
		return *t->end == '>';
	}
	return false;
}

static void
add_code_point(struct buf *out, unsigned long cp)
{
	if (cp < 0x80) {
		buf_char(out, (char)cp);
	} else if (cp < 0x800) {
		buf_char(out, (char)(0xc0 | cp >> 6));
		buf_char(out, (char)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		buf_char(out, (char)(0xe0 | cp >> 12));
		buf_char(out, (char)(0x80 | (cp >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (cp & 0x3f)));
	}
}

/* One entity at p ("&amp;"): its length, 0 where it is none. */
static size_t
add_entity(struct buf *out, const char *p, size_t n)
{
	static const struct {
		const char *name;
		char c;
	} t[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
		{ "&quot;", '"' }, { "&apos;", '\'' } };
	char *end;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t len = strlen(t[i].name);

		if (n >= len && strncmp(p, t[i].name, len) == 0) {
			buf_char(out, t[i].c);
			return len;
		}
	}
	if (n > 3 && p[1] == '#') {
		bool hex = p[2] == 'x' || p[2] == 'X';
		unsigned long cp = strtoul(
		    p + (hex ? 3 : 2), &end, hex ? 16 : 10);

		if (*end == ';' && (size_t)(end - p) < n && cp > 0) {
			add_code_point(out, cp);
			return (size_t)(end - p) + 1;
		}
	}
	return 0;
}

static void
unescape(struct buf *out, const char *p, size_t n)
{
	size_t i = 0, len;

	while (i < n) {
		len = p[i] == '&' ? add_entity(out, p + i, n - i) : 0;
		if (len == 0)
			buf_char(out, p[i]);
		i += len > 0 ? len : 1;
	}
}

/* The value of an attribute into "out" (emptied); whether it is there. */
static bool
attribute(const struct tag *t, const char *name, struct buf *out)
{
	const char *p = t->p, *word, *value;
	size_t len, n;

	buf_reset(out);
	while (p < t->end) {
		p += strspn(p, " \t\r\n/");
		word = p;
		p += strcspn(p, " \t\r\n/=>");
		len = (size_t)(p - word);
		if (len == 0)
			p++;
		p += strspn(p, " \t\r\n");
		value = p;
		n = 0;
		if (*p == '=') {
			p += 1 + strspn(p + 1, " \t\r\n");
			if (*p == '"' || *p == '\'') {
				value = p + 1;
				n = strcspn(value, *p == '"' ? "\"" : "'");
				p = value + n + (value[n] != '\0');
			} else {
				value = p;
				n = strcspn(p, " \t\r\n>");
				p += n;
			}
		}
		if (len == strlen(name) && strncasecmp(word, name, len) == 0 &&
		    value + n <= t->end) {
			unescape(out, value, n);
			return true;
		}
	}
	return false;
}

static void
add_encoded(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (isalnum((unsigned char)*s) || strchr("-_.~", *s) != NULL)
			buf_char(out, *s);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
	}
}

static void
add_field(struct form *f, const char *name, const char *value)
{
	if (name[0] == '\0')
		return;
	if (f->body->len > 0)
		buf_char(f->body, '&');
	add_encoded(f->body, name);
	buf_char(f->body, '=');
	add_encoded(f->body, value);
}

static void
take_input(struct form *f, const struct tag *t, const struct probe_login *login)
{
	struct buf type, name, value;
	const char *kind;

	buf_init(&type, VALUE_MOST);
	buf_init(&name, NAME_MOST);
	buf_init(&value, VALUE_MOST);
	kind = attribute(t, "type", &type) ? buf_text(&type) : "text";
	(void)attribute(t, "name", &name);
	(void)attribute(t, "value", &value);
	if (strcasecmp(kind, "password") == 0 && !f->asks) {
		add_field(f, f->user, login->user);
		add_field(f, buf_text(&name), login->password);
		f->user[0] = '\0';
		f->asks = true;
	} else if (strcasecmp(kind, "hidden") == 0) {
		add_field(f, buf_text(&name), buf_text(&value));
	} else if (strcasecmp(kind, "submit") == 0 && !f->submitted) {
		add_field(f, buf_text(&name), buf_text(&value));
		f->submitted = true;
	} else if (!f->asks &&
	    (strcasecmp(kind, "text") == 0 || strcasecmp(kind, "email") == 0 ||
	        strcasecmp(kind, "tel") == 0) &&
	    name.len > 0 && name.len < sizeof(f->user)) {
		memcpy(f->user, buf_text(&name), name.len + 1);
	}
	buf_free(&type);
	buf_free(&name);
	buf_free(&value);
}

int
probe_form_fill(const char *html, const struct probe_login *login,
    struct buf *action, struct buf *body)
{
	struct form f = { .action = action, .body = body };
	const char *p = html;
	struct tag t;

	while (next_tag(&p, &t)) {
		bool is_form = strcmp(t.name, "form") == 0;

		if (is_form && f.asks)
			break;
		if (is_form) {
			f = (struct form){ .open = !t.closing,
				.action = action,
				.body = body };
			buf_reset(body);
			(void)attribute(&t, "action", action);
		} else if (f.open && !t.closing &&
		    strcmp(t.name, "input") == 0) {
			take_input(&f, &t, login);
		}
	}
	return f.asks && !body->bad && !action->bad ? 0 : -1;
}

bool
probe_form_asks(const char *html)
{
	static const struct probe_login nobody = { "", "" };
	struct buf action, body;
	int rc;

	buf_init(&action, VALUE_MOST);
	buf_init(&body, 8 * VALUE_MOST);
	rc = probe_form_fill(html, &nobody, &action, &body);
	buf_free(&action);
	buf_free(&body);
	return rc == 0;
}
