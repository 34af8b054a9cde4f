#include "lib/alert_channel.h"
#include "lib/alert_text.h"
#include "lib/err.h"
#include "lib/fetch_handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* RFC 5322 section 3.3, always in UTC. */
static void
add_date(struct buf *b, int64_t at)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)at;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		return;
	buf_printf(b, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d +0000\r\n",
	    days + (size_t)tm.tm_wday * 3, tm.tm_mday,
	    months + (size_t)tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

/* What is left of a host's name for an address: letters, digits, "-", ".". */
static void
clean_host(const char *host, char out[256])
{
	size_t n = 0;

	for (; *host != '\0' && n < 255; host++)
		if ((*host >= '0' && *host <= '9') ||
		    ((*host | 0x20) >= 'a' && (*host | 0x20) <= 'z') ||
		    ((*host == '-' || *host == '.') && n > 0))
			out[n++] = *host;
	while (n > 0 && out[n - 1] == '.')
		n--;
	out[n] = '\0';
	if (n == 0)
		(void)snprintf(out, 256, "localhost.invalid");
}

/*
 * The sender: as configured; the log-in, where that is an address; the log-in
 * at the smarthost; mailglance at this host.
 */
static char *
sender(const struct alert_call *call, const char *host)
{
	const struct alert_target *t = call->context->target;
	const char *server = strstr(call->origin, "://") + 3;
	char *from = NULL;
	bool ok = strpbrk(call->user, "<>\", ") == NULL &&
	    !fetch_has_control(call->user) && call->user[0] != '\0';

	if (t->from[0] != '\0')
		return strdup(t->from);
	if (ok && strchr(call->user, '@') != NULL)
		return strdup(call->user);
	if (ok && server[0] != '[') {
		if (asprintf(&from, "%s@%.*s", call->user,
		        (int)strcspn(server, ":/"), server) == -1)
			from = NULL;
	} else if (asprintf(&from, "mailglance@%s", host) == -1)
		from = NULL;
	return from;
}

/* "a@x.example, b@y.example" into the list. */
static int
add_recipients(struct alert_request *r, const char *to)
{
	for (size_t i = 0; i < ALERT_RECIPIENTS; i++) {
		size_t n;

		to += strspn(to, ", \t");
		n = strcspn(to, ", \t");
		if (n == 0)
			return i > 0 ? 0 : -1;
		r->to[i] = strndup(to, n);
		if (r->to[i] == NULL)
			return -1;
		to += n;
	}
	return 0;
}

static void
add_subject(struct buf *b, const char *title)
{
	struct buf line;

	buf_init(&line, 250);
	alert_line(&line, title, 250);
	buf_str(b, "Subject: ");
	alert_rfc2047(b, buf_text(&line), "\r\n ");
	buf_str(b, "\r\n");
	buf_free(&line);
}

static void
add_head(
    struct alert_request *r, const struct alert_message *m, const char *host)
{
	struct buf *b = &r->body;
	char id[ALERT_HASH_SIZE], thread[ALERT_HASH_SIZE];

	add_date(b, m->at);
	buf_printf(b, "From: mailglance <%s>\r\nTo: ", r->from);
	for (size_t i = 0; r->to[i] != NULL; i++)
		buf_printf(b, "%s%s", i > 0 ? ",\r\n " : "", r->to[i]);
	buf_str(b, "\r\n");
	add_subject(b, m->title);
	buf_printf(
	    b, "Message-ID: <%s@%s>\r\n", alert_hash(m->dedup_key, id), host);
	if (m->thread != NULL && m->thread[0] != '\0')
		buf_printf(b, "References: <%s@%s>\r\n",
		    alert_hash(m->thread, thread), host);
	buf_str(b, "Auto-Submitted: auto-generated\r\n");
	if (m->level == LEVEL_CRITICAL && m->event != ALERT_RESOLVED)
		buf_str(b, "Importance: high\r\n");
	buf_str(b,
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
}

int
alert_mail(
    const struct alert_call *call, struct alert_request *r, struct err *e)
{
	const struct alert_context *c = call->context;
	char host[256];
	struct buf text;

	clean_host(c->host, host);
	r->from = sender(call, host);
	if (r->from == NULL || add_recipients(r, c->target->to) == -1)
		return err_set(e, "no sender or recipient");
	add_head(r, call->m, host);
	buf_init(&text, 64 * 1024);
	alert_body(&text, call->m, 32 * 1024);
	if (call->m->url[0] != '\0') {
		buf_char(&text, '\n');
		alert_lines(&text, call->m->url, 2048);
	}
	alert_quoted_printable(&r->body, buf_text(&text));
	buf_free(&text);
	return 0;
}
