/* The file of another language, in the form of the configuration. */
#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "statusd/flags.h"
#include "statusd/say_inner.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTRIES_MAX 300
#define NAME_SIZE 40
#define TEXT_MAX 2000

static const char *const names[SAY_N] = {
#define W(id, text) [SAY_##id] = #id,
#define C(id, check, subject, trouble, means, over, good)                   \
	[SAY_##id##_TROUBLE] = #id "_TROUBLE",                              \
	[SAY_##id##_MEANS] = #id "_MEANS", [SAY_##id##_OVER] = #id "_OVER", \
	[SAY_##id##_GOOD] = #id "_GOOD",
#include "statusd/say_words.def"
#undef W
#undef C
};

struct language {
	char *texts[SAY_N];
	char *countries[COUNTRIES_MAX];
};

/* Of a language that was taken; they stay until the end. */
static struct language *taken;
static char mark[33] = "en";

const char *
say_own(enum say id)
{
	return taken != NULL ? taken->texts[id] : NULL;
}

const char *
say_mark(void)
{
	return mark;
}

const char *
say_country(const char *code)
{
	int i = flags_country_at(code);

	if (taken != NULL && i >= 0 && i < COUNTRIES_MAX &&
	    taken->countries[i][0] != '\0')
		return taken->countries[i];
	return flags_country(code);
}

/* "MONTH_1" -> "month_1" */
static char *
small(const char *name, char out[NAME_SIZE])
{
	size_t n = 0;

	for (; name[n] != '\0' && n < NAME_SIZE - 1; n++)
		out[n] = (char)tolower((unsigned char)name[n]);
	out[n] = '\0';
	return out;
}

static int
check_text(const char *text, struct err *e)
{
	if (strlen(text) > TEXT_MAX)
		return err_set(e, "longer than %d bytes", TEXT_MAX);
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ')
			return err_set(e, "a control character");
	}
	return 0;
}

/* Whether "text" has the placeholder at "name". */
static bool
has(const char *text, const char *name, size_t n)
{
	for (; (text = strchr(text, '{')) != NULL; text++) {
		if (strncmp(text, name, n) == 0)
			return true;
	}
	return false;
}

/* Every placeholder of the English text and no other. */
static int
check_places(
    const struct conf *c, const struct language *l, int i, struct err *e)
{
	const char *const pair[2] = { say_english[i], l->texts[i] };

	for (int k = 0; k < 2 && l->texts[i][0] != '\0'; k++) {
		for (const char *s = pair[k]; (s = strchr(s, '{')) != NULL;
		     s++) {
			size_t n = strcspn(s, "}") + 1;

			if (has(pair[1 - k], s, n))
				continue;
			return conf_fault(c, &l->texts[i], e,
			    k == 0 ? "\"%.*s\" is missing in it"
			           : "\"%.*s\" is no placeholder of this text",
			    (int)(n < NAME_SIZE ? n : NAME_SIZE), s);
		}
	}
	return 0;
}

/* The table of what such a file may hold. */
struct table {
	struct conf_option options[SAY_N + COUNTRIES_MAX + 1];
	char words[SAY_N + COUNTRIES_MAX][NAME_SIZE];
};

static void
fill_table(struct table *t)
{
	size_t n = 0;
	const char *code;

	for (size_t i = 0; i < SAY_N; i++, n++)
		t->options[n] = (struct conf_option){ .name = small(names[i],
			                                  t->words[n]),
			.kind = CONF_STRING,
			.offset = offsetof(struct language, texts) +
			    i * sizeof(char *),
			.check = check_text };
	for (size_t i = 0;
	     i < COUNTRIES_MAX && (code = flags_country_row(i)) != NULL;
	     i++, n++) {
		(void)snprintf(t->words[n], NAME_SIZE, "country_%c%c",
		    tolower((unsigned char)code[0]),
		    tolower((unsigned char)code[1]));
		t->options[n] = (struct conf_option){ .name = t->words[n],
			.kind = CONF_STRING,
			.offset = offsetof(struct language, countries) +
			    i * sizeof(char *),
			.check = check_text };
	}
	t->options[n].name = NULL;
}

/* A language; its strings live as long as *conf_r. */
static struct language *
read_language(const char *file, struct conf **conf_r, struct err *e)
{
	struct language *l = calloc(1, sizeof(*l));
	struct table *t = calloc(1, sizeof(*t));
	struct conf_section root = { .name = NULL };
	struct conf *c = NULL;

	if (l == NULL || t == NULL) {
		(void)err_set(e, "no memory");
		goto out;
	}
	fill_table(t);
	root.options = t->options;
	c = conf_read(file, NULL, 0, &root, l, e);
	for (int i = 0; c != NULL && i < SAY_N; i++) {
		if (check_places(c, l, i, e) == -1) {
			conf_free(c);
			c = NULL;
		}
	}
out:
	free(t);
	if (c == NULL) {
		free(l);
		return NULL;
	}
	*conf_r = c;
	return l;
}

int
say_check(const char *file, struct err *e)
{
	struct conf *c;
	struct language *l;

	if (file[0] == '\0')
		return 0;
	l = read_language(file, &c, e);
	if (l == NULL)
		return -1;
	conf_free(c);
	free(l);
	return 0;
}

int
say_load(const char *file, struct err *e)
{
	static struct conf *kept;
	crypto_generichash_state hash;
	unsigned char sum[16];

	if (file[0] == '\0' || kept != NULL)
		return 0;
	taken = read_language(file, &kept, e);
	if (taken == NULL)
		return -1;
	(void)crypto_generichash_init(&hash, NULL, 0, sizeof(sum));
	for (int i = 0; i < SAY_N; i++)
		(void)crypto_generichash_update(&hash,
		    (const unsigned char *)taken->texts[i],
		    strlen(taken->texts[i]) + 1);
	for (size_t i = 0; i < COUNTRIES_MAX && taken->countries[i] != NULL;
	     i++)
		(void)crypto_generichash_update(&hash,
		    (const unsigned char *)taken->countries[i],
		    strlen(taken->countries[i]) + 1);
	(void)crypto_generichash_final(&hash, sum, sizeof(sum));
	(void)sodium_bin2hex(mark, sizeof(mark), sum, sizeof(sum));
	return 0;
}

static void
row(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, "%s = \"", name);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_char(b, '\\');
		buf_char(b, *text);
	}
	buf_str(b, "\"\n");
}

void
say_list(struct buf *b)
{
	char name[NAME_SIZE];
	const char *code;

	buf_str(b,
	    "# Every string of the page.  Translate what stands in quotes; "
	    "leave {braces}\n# as they are, in any order.  What is missing "
	    "stays English.\n\n");
	for (int i = 0; i < SAY_N; i++)
		row(b, small(names[i], name), say_english[i]);
	for (size_t i = 0; (code = flags_country_row(i)) != NULL; i++) {
		(void)snprintf(name, sizeof(name), "country_%c%c",
		    tolower((unsigned char)code[0]),
		    tolower((unsigned char)code[1]));
		row(b, name, code + 3);
	}
}
