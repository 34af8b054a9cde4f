#include "lib/code.h"

#include "lib/err.h"

#include <liboath/oath.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r"
#define SECRET_LEAST 10

/* Whether the line's first word is "name"; *rest_r is what is behind it. */
static bool
is_line_of(const char *line, size_t n, const char *name, struct code_secret *s)
{
	size_t len = strlen(name), from = 0, i;

	while (from < n && strchr(BLANKS, line[from]) != NULL)
		from++;
	if (n - from < len || memcmp(line + from, name, len) != 0)
		return false;
	from += len;
	if (from < n && strchr(BLANKS, line[from]) == NULL)
		return false;
	s->n = 0;
	for (i = from; i < n && s->n < sizeof(s->bytes); i++) {
		if (strchr(BLANKS, line[i]) == NULL)
			s->bytes[s->n++] = (unsigned char)line[i];
	}
	return true;
}

/* From base 32, in place. */
static int
decode(struct code_secret *s)
{
	char *bytes = NULL;
	size_t n = 0;
	int rc = -1;

	if (oath_base32_decode((const char *)s->bytes, s->n, &bytes, &n) ==
	        OATH_OK &&
	    n >= SECRET_LEAST && n <= sizeof(s->bytes)) {
		memcpy(s->bytes, bytes, n);
		s->n = n;
		rc = 0;
	}
	if (bytes != NULL)
		sodium_memzero(bytes, n);
	free(bytes);
	return rc;
}

int
code_secret_find(const char *text, const char *name,
    struct code_secret *secret_r, struct err *e)
{
	struct code_secret s;
	int line = 0, found = 0;
	size_t n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		line++;
		if (*text == '#' || !is_line_of(text, n, name, &s))
			continue;
		*secret_r = s;
		found = line;
	}
	sodium_memzero(&s, sizeof(s));
	if (found == 0)
		return 0;
	if (decode(secret_r) == -1)
		return err_set(e,
		    "line %d: behind the name must stand a secret of at least "
		    "%d bytes in base 32",
		    found, SECRET_LEAST);
	return 1;
}

static bool
same(const char *a, const char *b, size_t digits)
{
	return strlen(a) == digits && strlen(b) == digits &&
	    sodium_memcmp(a, b, digits) == 0;
}

static int
hotp(const struct code_secret *secret, uint64_t counter, unsigned digits,
    char out[CODE_SIZE])
{
	return oath_hotp_generate((const char *)secret->bytes, secret->n,
	           counter, digits, false, OATH_HOTP_DYNAMIC_TRUNCATION,
	           out) == OATH_OK
	    ? 0
	    : -1;
}

int
code_at(const struct code_secret *secret, int64_t now, char out[CODE_SIZE])
{
	if (now < 0)
		return -1;
	return oath_totp_generate((const char *)secret->bytes, secret->n, now,
	           CODE_STEP_S, 0, CODE_DIGITS, out) == OATH_OK
	    ? 0
	    : -1;
}

int
code_paper(const struct code_secret *secret, int i, char out[CODE_SIZE])
{
	return hotp(secret, (uint64_t)i, CODE_PAPER_DIGITS, out);
}

static bool
take_paper(
    const struct code_secret *secret, const char *code, struct code_used *used)
{
	char good[CODE_SIZE];
	int i;

	for (i = 0; i < CODE_PAPERS; i++) {
		if ((used->papers & 1U << i) != 0 ||
		    code_paper(secret, i, good) == -1 ||
		    !same(good, code, CODE_PAPER_DIGITS))
			continue;
		used->papers |= 1U << i;
		return true;
	}
	return false;
}

bool
code_take(const struct code_secret *secret, const char *code, int64_t now,
    struct code_used *used)
{
	int64_t step = now / CODE_STEP_S, s;
	char good[CODE_SIZE];

	if (strspn(code, "0123456789") != strlen(code))
		return false;
	for (s = step - 1; s <= step + 1; s++) {
		if (s <= used->step ||
		    code_at(secret, s * CODE_STEP_S, good) == -1 ||
		    !same(good, code, CODE_DIGITS))
			continue;
		used->step = s;
		return true;
	}
	return take_paper(secret, code, used);
}

int64_t
door_wait(const struct door *d, int64_t now)
{
	int64_t left = d->until - now;

	/* A clock that was set back keeps nobody out for longer. */
	return left <= 0 ? 0 : left < DOOR_MOST_S ? left : DOOR_MOST_S;
}

void
door_wrong(struct door *d, int64_t now)
{
	int64_t pause = DOOR_FIRST_S;
	int i;

	if (++d->wrong < DOOR_TRIES)
		return;
	for (i = 0; i < d->closings && pause < DOOR_MOST_S; i++)
		pause *= 2;
	d->until = now + (pause < DOOR_MOST_S ? pause : DOOR_MOST_S);
	d->closings++;
	d->wrong = 0;
}

void
door_right(struct door *d)
{
	*d = (struct door){ 0 };
}
