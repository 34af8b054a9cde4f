#include "milter/session.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "milter/decide.h"
#include "milter/header.h"

#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* libmilter's callbacks carry no pointer of ours, so this one is global. */
static struct milter *milter;

struct recipients {
	char **items;
	size_t n, room;
};

/* One connection of the mail server's. */
struct session {
	unsigned long steps; /* negotiated SMFIP_NR_* */
	struct client client;
	char host[DOMAIN_MAX + 1]; /* the mail server's own name */
	struct message message;
	struct recipients held; /* of a bounce: judged at DATA */
};

static void
message_end(struct session *s)
{
	struct message *m = &s->message;
	size_t i;

	for (i = 0; i < s->held.n; i++)
		free(s->held.items[i]);
	free(s->held.items);
	s->held = (struct recipients){ 0 };
	free(m->sender);
	m->sender = NULL;
	live_release(m->live);
	m->live = NULL;
	m->authenticated = m->who_known = m->dns_asked = false;
	m->header = (struct header_facts){ 0 };
}

static const char *
macro(SMFICTX *ctx, const char *name)
{
	char symbol[32];
	const char *v;

	(void)snprintf(symbol, sizeof(symbol), "%s", name);
	v = smfi_getsymval(ctx, symbol);
	return v != NULL ? v : "";
}

/* The answer to a step that may have none. */
static sfsistat
go_on(const struct session *s, unsigned long step)
{
	return s != NULL && (s->steps & step) != 0 ? SMFIS_NOREPLY
	                                           : SMFIS_CONTINUE;
}

/* --- negotiation and connection --- */

static void
ask_macros(SMFICTX *ctx, int where, const char *names)
{
	char list[64];

	(void)snprintf(list, sizeof(list), "%s", names);
	(void)smfi_setsymlist(ctx, where, list);
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long unused2, unsigned long unused3, unsigned long *actions_r,
    unsigned long *steps_r, unsigned long *unused2_r, unsigned long *unused3_r)
{
	static const unsigned long not_needed = SMFIP_NOBODY | SMFIP_NOHDRS |
	    SMFIP_NOEOH | SMFIP_NOUNKNOWN;
	static const unsigned long no_reply = SMFIP_NR_CONN | SMFIP_NR_HELO |
	    SMFIP_NR_MAIL;
	struct session *s = calloc(1, sizeof(*s));

	(void)unused2;
	(void)unused3;
	*unused2_r = *unused3_r = 0;
	if (s == NULL || smfi_setpriv(ctx, s) != MI_SUCCESS) {
		free(s);
		return SMFIS_REJECT; /* of the negotiation, not of mail */
	}
	*actions_r = actions & SMFIF_ADDHDRS;
	*steps_r = steps & (not_needed | no_reply);
	s->steps = steps & no_reply;
	if ((actions & SMFIF_SETSYMLIST) != 0) {
		*actions_r |= SMFIF_SETSYMLIST;
		ask_macros(ctx, SMFIM_CONNECT, "j {daemon_name}");
		/* none is needed at HELO; this one is never set there */
		ask_macros(ctx, SMFIM_HELO, "i");
		ask_macros(ctx, SMFIM_ENVFROM, "{auth_authen}");
		ask_macros(ctx, SMFIM_ENVRCPT, "i");
		ask_macros(ctx, SMFIM_DATA, "i");
		ask_macros(ctx, SMFIM_EOM, "i");
	}
	atomic_fetch_add(&milter->count.connections, 1);
	return SMFIS_CONTINUE;
}

static bool
read_address(const struct sockaddr *sa, struct ip *ip_r)
{
	const struct sockaddr_in *in4 = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	*ip_r = (struct ip){ 0 };
	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(ip_r->bytes, &in4->sin_addr, 4);
		ip_r->bits = 32;
		return true;
	}
	if (sa == NULL || sa->sa_family != AF_INET6)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		memcpy(ip_r->bytes, in6->sin6_addr.s6_addr + 12, 4);
		ip_r->bits = 32;
	} else {
		memcpy(ip_r->bytes, &in6->sin6_addr, 16);
		ip_r->bits = 128;
	}
	return true;
}

static sfsistat
on_connect(SMFICTX *ctx, char *name, struct sockaddr *address)
{
	struct session *s = smfi_getpriv(ctx);
	struct client *c;
	const char *daemon;

	if (s == NULL)
		return SMFIS_CONTINUE;
	message_end(s);
	c = &s->client;
	c->helo[0] = c->name[0] = '\0';
	c->has_ip = read_address(address, &c->ip);
	if (name != NULL && *name != '[' && strcasecmp(name, "unknown") != 0)
		(void)snprintf(c->name, sizeof(c->name), "%s", name);
	(void)snprintf(s->host, sizeof(s->host), "%s", macro(ctx, "j"));
	daemon = macro(ctx, "{daemon_name}");
	c->originating = strcasecmp(daemon, "ORIGINATING") == 0;
	if (*daemon == '\0')
		log_warn_limited(&milter->macro_log, clock_mono_ms(), 3600,
		    "the mail server sends no {daemon_name}: add it to "
		    "milter_connect_macros, else submissions may be deferred");
	return go_on(s, SMFIP_NR_CONN);
}

static sfsistat
on_helo(SMFICTX *ctx, char *helo)
{
	struct session *s = smfi_getpriv(ctx);

	if (s != NULL && helo != NULL)
		(void)snprintf(
		    s->client.helo, sizeof(s->client.helo), "%s", helo);
	return go_on(s, SMFIP_NR_HELO);
}

/* A copy without the brackets; NULL: no memory. */
static char *
bare_address(const char *arg)
{
	size_t n = strlen(arg);

	if (n >= 2 && arg[0] == '<' && arg[n - 1] == '>')
		return strndup(arg + 1, n - 2);
	return strdup(arg);
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	struct session *s = smfi_getpriv(ctx);

	if (s == NULL)
		return SMFIS_CONTINUE;
	message_end(s);
	s->message.sender = bare_address(argv[0]);
	s->message.authenticated = *macro(ctx, "{auth_authen}") != '\0';
	s->message.live = live_take(&milter->live);
	return go_on(s, SMFIP_NR_MAIL);
}

/* --- answers --- */

static sfsistat
defer(SMFICTX *ctx, const struct session *s, const char *recipient,
    int64_t wait_s)
{
	char text[GREY_REPLY_SIZE], doubled[2 * GREY_REPLY_SIZE];
	char code[GREY_CODE_SIZE], status[GREY_STATUS_SIZE];

	grey_reply_text(s->message.live->config.reply, recipient, wait_s, text);
	grey_reply_double(text, doubled);
	memcpy(code, s->message.live->code, sizeof(code));
	memcpy(status, s->message.live->status, sizeof(status));
	if (smfi_setreply(ctx, code, status, doubled) != MI_SUCCESS)
		log_warn("the reply was refused by libmilter: \"%s\"", doubled);
	return SMFIS_TEMPFAIL;
}

/* A mail store is at its floor: the mail waits, whole and once, elsewhere. */
static bool
brakes(const struct session *s)
{
	return s->message.live->config.pressure.brake &&
	    pressure_watch_level(&milter->pressure) == PRESSURE_FULL;
}

static sfsistat
brake(SMFICTX *ctx)
{
	char code[] = "452", status[] = "4.3.1";
	char text[] = "Insufficient system storage, please try again later";

	atomic_fetch_add(&milter->count.braked, 1);
	log_warn_limited(&milter->brake_log, clock_mono_ms(), 60,
	    "brake: a mail store is full: all mail is answered 452");
	(void)smfi_setreply(ctx, code, status, text);
	return SMFIS_TEMPFAIL;
}

/* Keep a bounce's recipient for DATA.  -1: no memory. */
static int
hold(struct recipients *r, char *recipient)
{
	char **grown;

	if (r->n == r->room) {
		grown = realloc(r->items, (r->room * 2 + 4) * sizeof(*grown));
		if (grown == NULL)
			return -1;
		r->items = grown;
		r->room = r->room * 2 + 4;
	}
	r->items[r->n++] = recipient;
	return 0;
}

/*
 * Never SMFIS_ACCEPT here: it would let the later recipients of the message
 * pass as well.
 */
static sfsistat
on_rcpt(SMFICTX *ctx, char **argv)
{
	struct session *s = smfi_getpriv(ctx);
	sfsistat answer = SMFIS_CONTINUE;
	struct grey_outcome out;
	char *recipient;

	if (s == NULL || s->message.sender == NULL || s->message.live == NULL)
		return SMFIS_CONTINUE;
	recipient = bare_address(argv[0]);
	if (recipient == NULL)
		return SMFIS_CONTINUE;
	if (brakes(s)) {
		free(recipient);
		return brake(ctx);
	}
	if (*s->message.sender == '\0') {
		if (hold(&s->held, recipient) == -1)
			free(recipient);
		return SMFIS_CONTINUE;
	}
	decide(
	    milter, &s->client, &s->message, recipient, macro(ctx, "i"), &out);
	if (out.defer)
		answer = defer(ctx, s, recipient, out.wait_s);
	free(recipient);
	return answer;
}

/*
 * A bounce is judged here, so that those who only ask whether a sender exists
 * never see a deferral; it passes when one of its recipients does.
 */
static sfsistat
on_data(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);
	struct grey_outcome out;
	size_t i, last = 0;
	int64_t wait_s = 0;
	bool passes;

	if (s == NULL || s->message.live == NULL)
		return SMFIS_ACCEPT;
	passes = s->held.n == 0;
	for (i = 0; i < s->held.n; i++) {
		decide(milter, &s->client, &s->message, s->held.items[i],
		    macro(ctx, "i"), &out);
		if (!out.defer) {
			passes = true;
		} else if (wait_s == 0 || out.wait_s < wait_s) {
			wait_s = out.wait_s;
			last = i;
		}
	}
	if (!passes)
		return defer(ctx, s, s->held.items[last], wait_s);
	return header_wanted(&s->message.header, s->message.live->config.header)
	    ? SMFIS_CONTINUE
	    : SMFIS_ACCEPT;
}

static sfsistat
on_message(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);
	char name[] = HEADER_NAME, value[HEADER_SIZE];

	if (s == NULL || s->message.live == NULL ||
	    !header_wanted(&s->message.header, s->message.live->config.header))
		return SMFIS_ACCEPT;
	header_text(&s->message.header, s->host, value);
	if (smfi_addheader(ctx, name, value) != MI_SUCCESS)
		log_debug("the mail server takes no header");
	message_end(s);
	return SMFIS_ACCEPT;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);

	if (s != NULL)
		message_end(s);
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct session *s = smfi_getpriv(ctx);

	if (s == NULL)
		return SMFIS_CONTINUE;
	(void)smfi_setpriv(ctx, NULL);
	message_end(s);
	free(s);
	return SMFIS_CONTINUE;
}

int
session_register(struct milter *m, struct err *e)
{
	static char name[] = "greymilter";
	struct smfiDesc desc = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_data = on_data,
		.xxfi_eom = on_message,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};

	milter = m;
	if (smfi_register(desc) != MI_SUCCESS)
		return err_set(e, "libmilter refuses to be set up");
	return 0;
}
