#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "statusd/config.h"
#include "statusd/ctl.h"
#include "statusd/typed.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Where the value of an option goes. */
static const struct option {
	char letter;
	const char *name;
	size_t offset; /* in struct ctl_args, of a const char * */
} options[] = {
	{ 't', "--title", offsetof(struct ctl_args, title) },
	{ 'i', "--impact", offsetof(struct ctl_args, impact) },
	{ 'u', "--status", offsetof(struct ctl_args, status) },
	{ 'f', "--from", offsetof(struct ctl_args, from) },
	{ 'e', "--until", offsetof(struct ctl_args, until) },
	{ 'n', "--next", offsetof(struct ctl_args, next) },
	{ 'm', "--month", offsetof(struct ctl_args, month) },
	{ '\0', NULL, 0 },
};

/* --category and --tag: one more, as on a title. */
static int
add_label(const char **names, size_t *n, const char *name, struct err *e)
{
	if (*n == CTL_LABELS_MAX)
		return err_set(e, "more than %d of them", CTL_LABELS_MAX);
	if (name[0] == '\0' || strlen(name) > 100)
		return err_set(e, "a category or tag has 1 to 100 bytes");
	names[(*n)++] = name;
	return 0;
}

static int
add_system(struct ctl_args *a, const char *code, struct err *e)
{
	for (size_t i = 0; i < a->n_systems; i++) {
		if (strcmp(a->systems[i], code) == 0)
			return 0;
	}
	if (a->n_systems == CTL_SYSTEMS_MAX)
		return err_set(e, "more than %d systems", CTL_SYSTEMS_MAX);
	a->systems[a->n_systems++] = code;
	return 0;
}

/* An option with a value; 1 where "arg" is none that the verb knows. */
static int
take_option(const char *arg, const char *value, const char *known,
    struct ctl_args *a, struct err *e)
{
	const struct option *o = options;
	bool is_system = strcmp(arg, "--system") == 0;
	bool is_category = strcmp(arg, "--category") == 0;
	bool is_tag = strcmp(arg, "--tag") == 0;

	if ((is_category || is_tag) && value != NULL &&
	    strchr(known, is_tag ? 'g' : 'c') != NULL)
		return is_tag
		    ? add_label(a->tags, &a->n_tags, value, e)
		    : add_label(a->categories, &a->n_categories, value, e);

	while (o->name != NULL && strcmp(o->name, arg) != 0)
		o++;
	if (is_system ? strchr(known, 's') == NULL
	              : o->name == NULL || strchr(known, o->letter) == NULL)
		return 1;
	if (value == NULL)
		return err_set(e, "%s needs a value", arg);
	if (is_system)
		return add_system(a, value, e);
	memcpy((char *)a + o->offset, &value, sizeof(value));
	return 0;
}

/* A flag, or an option that is not known. */
static int
take_flag(const char *arg, const char *known, struct ctl_args *a, struct err *e)
{
	if (strcmp(arg, "--json") == 0 && strchr(known, 'j') != NULL)
		a->json = true;
	else if (strcmp(arg, "--all") == 0 && strchr(known, 'a') != NULL)
		a->all = true;
	else if (strcmp(arg, "--csv") == 0 && strchr(known, 'v') != NULL)
		a->csv = true;
	else if (strcmp(arg, "--wxr") == 0 && strchr(known, 'w') != NULL)
		a->wxr = true;
	else
		return err_set(e, "%.60s is not understood here", arg);
	return 0;
}

int
ctl_args(
    int argc, char **argv, const char *known, struct ctl_args *a, struct err *e)
{
	bool words_only = false;

	memset(a, 0, sizeof(*a));
	for (int i = 0; i < argc; i++) {
		const char *arg = argv[i];
		int rc;

		if (!words_only && strcmp(arg, "--") == 0) {
			words_only = true;
			continue;
		}
		if (words_only || arg[0] != '-' || arg[1] == '\0') {
			if (a->n_words == sizeof(a->words) / sizeof(char *))
				return err_set(e, "\"%.60s\" is too much", arg);
			a->words[a->n_words++] = arg;
			continue;
		}
		rc = take_option(
		    arg, i + 1 < argc ? argv[i + 1] : NULL, known, a, e);
		if (rc == 0)
			i++;
		else if (rc == 1)
			rc = take_flag(arg, known, a, e);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* "14:00": minutes after midnight; -1: it is none. */
static int
minutes_of(const char *word)
{
	static const char form[] = "dd:dd";
	int h, m;

	for (size_t i = 0; i < sizeof(form); i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)word[i])
		                   : word[i] != form[i])
			return -1;
	}
	h = (word[0] - '0') * 10 + word[1] - '0';
	m = (word[3] - '0') * 10 + word[4] - '0';
	return h < 24 && m < 60 ? h * 60 + m : -1;
}

int
ctl_time(const struct ctl *c, const char *word, int64_t *at_r, struct err *e)
{
	int minutes = minutes_of(word);
	time_t now = (time_t)c->now;
	struct tm day;

	if (clock_parse_rfc3339(word, at_r) == 0)
		return 0;
	if (minutes == -1)
		return err_set(e,
		    "\"%.40s\" is no time: write 14:00 or "
		    "2026-03-19T14:00:00Z",
		    word);
	(void)setenv("TZ", c->config->operator_timezone, 1);
	tzset();
	if (localtime_r(&now, &day) == NULL)
		return err_set(e, "the time of day is not known");
	day.tm_hour = minutes / 60;
	day.tm_min = minutes % 60;
	day.tm_sec = 0;
	day.tm_isdst = -1;
	*at_r = mktime(&day);
	if (*at_r <= c->now) {
		day.tm_mday++;
		day.tm_isdst = -1;
		*at_r = mktime(&day);
	}
	return 0;
}

int
ctl_too_many(const struct ctl_args *a, size_t most, struct err *e)
{
	if (a->n_words <= most)
		return 0;
	return err_set(e, "\"%.60s\" is too much", a->words[most]);
}

int
ctl_id(const char *word, int64_t *id_r, struct err *e)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || *end != '\0' || errno != 0 ||
	    v < 1)
		return err_set(e,
		    "\"%.40s\" is no number of an incident or post; "
		    "\"statusctl list\" shows them",
		    word);
	*id_r = v;
	return 0;
}

int
ctl_check_systems(const struct ctl *c, const struct ctl_args *a, struct err *e)
{
	if (a->n_systems == 0)
		return err_set(e, "--system is needed: what is it about?");
	for (size_t i = 0; i < a->n_systems; i++) {
		if (config_find_system(c->config, a->systems[i]) == NULL)
			return err_set(e,
			    "\"%.60s\" is no system of the configuration; "
			    "\"statusctl systems\" shows them",
			    a->systems[i]);
	}
	if (a->title == NULL)
		return err_set(e, "--title is needed");
	return typed_title(a->title, e);
}

int
ctl_read_text(const char *file, struct buf *text, struct err *e)
{
	bool from_stdin = file == NULL || strcmp(file, "-") == 0;
	int fd = STDIN_FILENO, rc = 0;
	char part[4096];
	ssize_t n;

	buf_init(text, TYPED_TEXT_MAX);
	if (file == NULL && isatty(STDIN_FILENO))
		return 0;
	if (!from_stdin)
		fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return err_set(e, "%s: %s", file, strerror(errno));
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(text, part, (size_t)n);
	/* Standard input that was closed is an empty text. */
	if (n == -1 && !(file == NULL && errno == EBADF))
		rc = err_set(e, "%s: %s", from_stdin ? "standard input" : file,
		    strerror(errno));
	if (!from_stdin)
		(void)close(fd);
	if (rc == 0 && text->bad)
		rc = err_set(e, "the text is longer than %zu KiB",
		    TYPED_TEXT_MAX / 1024);
	if (rc == 0)
		rc = typed_text(text, e);
	return rc;
}

void
ctl_print(const char *s)
{
	struct buf b;

	buf_init(&b, (size_t)1 << 20);
	escape_line(&b, s, strlen(s));
	(void)fputs(buf_text(&b), stdout);
	buf_free(&b);
}
