#include "greywl/import.h"

#include "lib/buf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * milter-greylist's configuration:
 *
 *   list "my networks" addr { 192.0.2.0/24 198.51.100.7 }
 *   acl whitelist list "my networks"
 *   racl "id" whitelist domain example.com
 *
 * and what versions before 3.0 wrote: addr, domain, from, rcpt alone.
 */

#define STATEMENT_CAP (1u << 20)
#define WORDS 4096
#define NAME_SIZE 64

struct item {
	struct item *next;
	size_t line;
	char text[];
};

struct named_list {
	struct named_list *next;
	char name[NAME_SIZE];
	char clause[16];
	bool used;
	struct item *items;
};

struct conf_file {
	struct buf statement; /* so far; continued lines */
	size_t line; /* where it began */
	struct named_list *lists;
	char *words[WORDS]; /* of the statement */
	size_t lines[WORDS]; /* where each stands */
};

/* What a clause says about; the rest has no entry here. */
static bool
is_clause(const char *word)
{
	return strcasecmp(word, "addr") == 0 ||
	    strcasecmp(word, "domain") == 0 || strcasecmp(word, "from") == 0 ||
	    strcasecmp(word, "rcpt") == 0;
}

/* Words that do not limit the rule. */
static bool
is_flag(const char *word)
{
	return strcasecmp(word, "flushaddr") == 0 ||
	    strcasecmp(word, "nolog") == 0 || strcasecmp(word, "default") == 0;
}

/* Words behind which a value stands that does not limit the rule. */
static bool
is_modifier(const char *word)
{
	static const char *const words[] = { "autowhite", "delay", "code",
		"ecode", "msg", "report", "addheader" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

static void
take(struct gw_import *im, size_t line, const char *clause, const char *value)
{
	if (value[0] == '/') {
		gw_import_skip(im, line, false,
		    "a regular expression: write the domain that it stands "
		    "for");
		return;
	}
	if (strcasecmp(clause, "addr") == 0) {
		gw_import_net(im, line, value);
		return;
	}
	/* A part of an address or name is compared: "@example.com". */
	if (strcasecmp(clause, "rcpt") == 0)
		gw_import_text(
		    im, line, value + (*value == '@'), ALLOW_AS_RECIPIENT);
	else if (strcasecmp(clause, "domain") == 0)
		gw_import_text(
		    im, line, value + (*value == '.'), ALLOW_AS_NAME);
	else
		gw_import_text(
		    im, line, value + (*value == '@'), ALLOW_AS_SEEN);
}

/* --- lists ---------------------------------------------------------------- */

static void
take_list(struct gw_import *im, size_t line, const char *name)
{
	struct conf_file *c = im->state;
	struct named_list *l = c->lists;
	struct item *it;

	while (l != NULL && strcmp(l->name, name) != 0)
		l = l->next;
	if (l == NULL) {
		gw_import_skip(
		    im, line, true, "there is no list of that name above");
		return;
	}
	if (l->used)
		return;
	l->used = true;
	for (it = l->items; it != NULL; it = it->next)
		take(im, it->line, l->clause, it->text);
}

/* list "name" addr { a b c } */
static void
read_list(struct gw_import *im, char **w, size_t n)
{
	struct conf_file *c = im->state;
	struct named_list *l;
	struct item **tail, *it;
	size_t i;

	if (n < 4 || !is_clause(w[2]) || strlen(w[1]) >= NAME_SIZE) {
		gw_import_skip(
		    im, c->line, false, "a list of what no entry can be");
		return;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		im->no_memory = true;
		return;
	}
	memcpy(l->name, w[1], strlen(w[1]));
	memcpy(l->clause, w[2], strlen(w[2]));
	l->next = c->lists;
	c->lists = l;
	tail = &l->items;
	for (i = 3; i < n; i++) {
		it = malloc(sizeof(*it) + strlen(w[i]) + 1);
		if (it == NULL) {
			im->no_memory = true;
			return;
		}
		it->next = NULL;
		it->line = c->lines[i];
		memcpy(it->text, w[i], strlen(w[i]) + 1);
		*tail = it;
		tail = &it->next;
	}
}

/* --- rules ---------------------------------------------------------------- */

/*
 * The clauses of "acl whitelist ...": an entry can be one of them, not several
 * that must hold together.
 */
static void
read_clauses(struct gw_import *im, char **w, size_t n)
{
	const struct conf_file *c = im->state;
	const char *clause = NULL, *value = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (is_flag(w[i]))
			continue;
		if (is_modifier(w[i]) && i + 1 < n) {
			i++;
			continue;
		}
		if (clause != NULL || i + 1 == n ||
		    (!is_clause(w[i]) && strcasecmp(w[i], "list") != 0)) {
			gw_import_skip(im, c->line, false,
			    "an entry holds one address, name, network or "
			    "list, without further conditions");
			return;
		}
		clause = w[i];
		value = w[++i];
	}
	if (clause == NULL)
		gw_import_skip(im, c->line, false,
		    "it whitelists everything: switch greylisting off in the "
		    "configuration instead");
	else if (strcasecmp(clause, "list") == 0)
		take_list(im, c->line, value);
	else
		take(im, c->line, clause, value);
}

static void
read_rule(struct gw_import *im, char **w, size_t n)
{
	static const char *const actions[] = { "whitelist", "greylist",
		"blacklist", "continue" };
	const struct conf_file *c = im->state;
	size_t i = 1, a;

	for (; i < n && i < 3; i++) {
		for (a = 0; a < 4; a++) {
			if (strcasecmp(w[i], actions[a]) != 0)
				continue;
			if (a == 0)
				read_clauses(im, w + i + 1, n - i - 1);
			else
				gw_import_skip(im, c->line, false,
				    "a rule that whitelists nobody");
			return;
		}
	}
	gw_import_skip(im, c->line, true,
	    "neither whitelist nor greylist nor blacklist stands in the rule");
}

/* A line of the milter's database: "192.0.2.1 <a@b.c> <d@e.f> 1700000000". */
static bool
is_record(char **w, size_t n)
{
	struct ip ip;

	return n >= 4 && ip_parse(w[0], &ip) == 0 &&
	    strspn(w[3], "0123456789") == strlen(w[3]);
}

static void
read_statement(struct gw_import *im, char **w, size_t n)
{
	const struct conf_file *c = im->state;

	if (strcasecmp(w[0], "acl") == 0 || strcasecmp(w[0], "racl") == 0 ||
	    strcasecmp(w[0], "dacl") == 0)
		read_rule(im, w, n);
	else if (strcasecmp(w[0], "list") == 0)
		read_list(im, w, n);
	else if (is_clause(w[0]) && n == 2)
		take(im, c->line, w[0], w[1]);
	else if (is_record(w, n))
		gw_import_skip(im, c->line, false,
		    "a triplet: this release takes whitelists only");
}

/* --- words ---------------------------------------------------------------- */

/*
 * One word at *s, in place; quotes and slashes keep blanks together, braces
 * only part words.  NULL at the end.  *line_r grows with the ends of line.
 */
static char *
next_word(char **s, size_t *line_r)
{
	char *p = *s, *word;
	char end;

	while (*p != '\0' && strchr(" \t\n,{}", *p) != NULL)
		*line_r += *p++ == '\n';
	if (*p == '\0' || *p == '#')
		return NULL;
	end = *p == '"' || *p == '/' ? *p : '\0';
	word = end == '"' ? p + 1 : p;
	if (end != '\0') {
		for (p++; *p != '\0' && *p != end; p++) {
			if (*p == '\\' && p[1] != '\0')
				p++;
		}
		p += *p != '\0' && end == '/';
	} else {
		p += strcspn(p, " \t\n,{}");
	}
	*line_r += *p == '\n';
	*s = *p == '\0' ? p : p + 1;
	*p = '\0';
	return word;
}

/* Is a list's brace still open? */
static bool
is_open(const char *s)
{
	const char *brace = strrchr(s, '{');

	return strncasecmp(s, "list", 4) == 0 && brace != NULL &&
	    strchr(brace, '}') == NULL;
}

static void
end_statement(struct gw_import *im)
{
	struct conf_file *c = im->state;
	size_t n = 0, line = c->line;
	char *s, *word;

	if (c->statement.bad) {
		gw_import_skip(im, c->line, true, "the statement is too long");
	} else if (c->statement.len > 0) {
		s = c->statement.data;
		while (n < WORDS && (word = next_word(&s, &line)) != NULL) {
			c->lines[n] = line;
			c->words[n++] = word;
		}
		if (n == WORDS)
			gw_import_skip(im, c->line, true,
			    "the statement has too many words");
		else if (n > 0)
			read_statement(im, c->words, n);
	}
	buf_reset(&c->statement);
}

void
gw_import_milter(struct gw_import *im, size_t line, char *text)
{
	struct conf_file *c = im->state;
	char *s = text + strspn(text, " \t");
	size_t n;

	if (c == NULL) {
		c = im->state = calloc(1, sizeof(*c));
		if (c == NULL) {
			im->no_memory = true;
			return;
		}
		buf_init(&c->statement, STATEMENT_CAP);
	}
	if (*s == '#') {
		if (c->statement.len > 0)
			buf_char(&c->statement, '\n');
		return;
	}
	if (c->statement.len == 0) {
		if (gw_import_milter_dump(im, line, s))
			return;
		c->line = line;
	}
	for (n = strlen(s); n > 0 && strchr(" \t", s[n - 1]) != NULL; n--)
		;
	if (n > 0 && s[n - 1] == '\\') {
		buf_add(&c->statement, s, n - 1);
		buf_char(&c->statement, '\n');
		return;
	}
	buf_add(&c->statement, s, n);
	if (!c->statement.bad && is_open(buf_text(&c->statement))) {
		buf_char(&c->statement, '\n');
		return;
	}
	end_statement(im);
}

static void
free_list(struct gw_import *im, struct named_list *l)
{
	struct item *it;

	while ((it = l->items) != NULL) {
		if (!l->used)
			gw_import_skip(im, it->line, false,
			    "it stands in a list that nothing whitelists");
		l->items = it->next;
		free(it);
	}
	free(l);
}

void
gw_import_milter_end(struct gw_import *im)
{
	struct conf_file *c = im->state;
	struct named_list *l;

	if (c == NULL)
		return;
	end_statement(im);
	while ((l = c->lists) != NULL) {
		c->lists = l->next;
		free_list(im, l);
	}
	buf_free(&c->statement);
	free(c);
	im->state = NULL;
}
