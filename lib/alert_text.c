#include "lib/alert_text.h"

#include "lib/clock.h"
#include "lib/escape.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void
clean(struct buf *b, const char *s, size_t max, bool lines)
{
	size_t n = strlen(s), len, start = b->len;
	unsigned cp;

	for (size_t i = 0; i < n; i += len ? len : 1) {
		char plain = ' ';
		const char *out = s + i;
		size_t out_len;

		len = escape_utf8(s + i, n - i, &cp);
		out_len = len;
		if (len == 0) {
			out = "\xef\xbf\xbd";
			out_len = 3;
		} else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
			if (lines && (cp == '\n' || cp == '\t'))
				plain = (char)cp;
			else if (lines && cp == '\r')
				continue;
			out = &plain;
			out_len = 1;
		}
		if (b->len - start + out_len > max)
			break;
		buf_add(b, out, out_len);
	}
}

void
alert_line(struct buf *b, const char *s, size_t max)
{
	clean(b, s, max, false);
}

void
alert_lines(struct buf *b, const char *s, size_t max)
{
	clean(b, s, max, true);
	if (b->len > 0 && b->data[b->len - 1] != '\n')
		buf_char(b, '\n');
}

void
alert_body(struct buf *b, const struct alert_message *m, size_t max)
{
	char at[CLOCK_RFC3339_SIZE];
	char system[64] = "";
	struct buf line;

	buf_init(&line, sizeof(system) - 1);
	alert_line(&line, m->system, sizeof(system) - 1);
	alert_lines(b, m->text[0] != '\0' ? m->text : m->title, max - 200);
	buf_printf(b, "%s: %s, level %s, %s\n", buf_text(&line),
	    alert_event_words[m->event], level_word(m->level),
	    clock_rfc3339(m->at, at));
	buf_free(&line);
}

static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s >= 0x7f)
			return false;
	return true;
}

void
alert_rfc2047(struct buf *b, const char *s, const char *between)
{
	char encoded[80];
	size_t n = strlen(s), take, len;
	unsigned cp;

	/* "=?" would be read as the begin of an encoded word */
	if (is_plain(s) && strstr(s, "=?") == NULL) {
		buf_str(b, s);
		return;
	}
	for (size_t i = 0; i < n; i += take) {
		for (take = 0; i + take < n; take += len) {
			len = escape_utf8(s + i + take, n - i - take, &cp);
			len = len ? len : 1;
			if (take + len > 39)
				break;
		}
		(void)sodium_bin2base64(encoded, sizeof(encoded),
		    (const unsigned char *)s + i, take,
		    sodium_base64_VARIANT_ORIGINAL);
		buf_printf(
		    b, "%s=?UTF-8?B?%s?=", i > 0 ? between : "", encoded);
	}
}

void
alert_quoted_printable(struct buf *b, const char *s)
{
	size_t column = 0;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		bool end = s[1] == '\n' || s[1] == '\0';
		bool plain = (c > 0x20 && c < 0x7f && c != '=') ||
		    ((c == ' ' || c == '\t') && !end);

		if (c == '\n') {
			buf_str(b, "\r\n");
			column = 0;
			continue;
		}
		if (column + (plain ? 1 : 3) > 75) {
			buf_str(b, "=\r\n");
			column = 0;
		}
		/* a line "." or "From " is safer encoded */
		if (plain && !(column == 0 && (c == '.' || c == 'F'))) {
			buf_char(b, (char)c);
			column++;
		} else {
			buf_printf(b, "=%02X", c);
			column += 3;
		}
	}
}

void
alert_percent(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || strchr("-._~", c) != NULL)
			buf_char(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

char *
alert_hash(const char *s, char out[ALERT_HASH_SIZE])
{
	unsigned char hash[16];

	(void)crypto_generichash(
	    hash, sizeof(hash), (const unsigned char *)s, strlen(s), NULL, 0);
	return sodium_bin2hex(out, ALERT_HASH_SIZE, hash, sizeof(hash));
}
