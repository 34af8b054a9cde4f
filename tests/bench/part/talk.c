#include "tests/bench/part/talk.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The offer of Postfix 3.7: protocol 6, all actions, all steps. */
#define OFFER_VERSION 6U
#define OFFER_ACTIONS 0x1ffU
#define OFFER_STEPS 0x1fffffU

#define N_HEADERS 4

/* For each step: the command, the bit that leaves it out, and the bit that
 * leaves its reply out (libmilter/mfdef.h). */
static const struct {
	char command;
	uint32_t away, silent;
} steps[] = {
	[TALK_CONNECT] = { 'C', 0x1, 0x1000 },
	[TALK_HELO] = { 'H', 0x2, 0x2000 },
	[TALK_MAIL] = { 'M', 0x4, 0x4000 },
	[TALK_RCPT] = { 'R', 0x8, 0x8000 },
	[TALK_DATA] = { 'T', 0x200, 0x10000 },
	[TALK_HEADER] = { 'L', 0x20, 0x80 },
	[TALK_EOH] = { 'N', 0x40, 0x40000 },
	[TALK_BODY] = { 'B', 0x10, 0x80000 },
	[TALK_EOM] = { 'E', 0, 0 },
};

static void
put(struct talk *t, char command, const void *data, size_t n)
{
	uint32_t size = htonl((uint32_t)n + 1);

	if (t->out_len + n + 5 > sizeof t->out) {
		abort(); /* the texts here are short */
	}
	memcpy(t->out + t->out_len, &size, 4);
	t->out[t->out_len + 4] = (unsigned char)command;
	memcpy(t->out + t->out_len + 5, data, n);
	t->out_len += n + 5;
}

/* Texts, each ended by NUL, as the protocol has them: "a|b|c|". */
static void
put_words(struct talk *t, char command, const char *words)
{
	char text[512];
	size_t n = strlen(words);

	memcpy(text, words, n);
	for (size_t i = 0; i < n; i++)
		if (text[i] == '|')
			text[i] = '\0';
	put(t, command, text, n);
}

static void
put_connect(struct talk *t, const struct envelope *env)
{
	char text[256];
	int n, host;
	uint16_t port = htons(4242);

	(void)snprintf(text, sizeof text,
	    "Cj|mx.home.example|{daemon_name}|mx.home.example|{daemon_addr}|"
	    "127.0.0.1|v|Postfix 3.7.11|_|unknown [%s]|",
	    env->client);
	put_words(t, 'D', text);
	host = snprintf(text, sizeof text, "[%s]", env->client) + 1;
	text[host] = '4';
	memcpy(text + host + 1, &port, 2);
	n = snprintf(
	    text + host + 3, sizeof text - (size_t)host - 3, "%s", env->client);
	put(t, 'C', text, (size_t)(host + 3 + n + 1));
}

static void
put_mail(struct talk *t, const struct envelope *env)
{
	char text[256];

	(void)snprintf(text, sizeof text,
	    "M{mail_addr}|%s|{mail_host}|%s|{mail_mailer}|smtp|", env->sender,
	    env->sender_domain);
	put_words(t, 'D', text);
	(void)snprintf(text, sizeof text, "<%s>|", env->sender);
	put_words(t, 'M', text);
}

static void
put_rcpt(struct talk *t, const struct envelope *env)
{
	char text[256];

	(void)snprintf(text, sizeof text,
	    "R{rcpt_addr}|%s|{rcpt_host}|home.example|{rcpt_mailer}|virtual|",
	    env->recipient);
	put_words(t, 'D', text);
	(void)snprintf(text, sizeof text, "<%s>|", env->recipient);
	put_words(t, 'R', text);
}

static void
put_step(struct talk *t)
{
	static const char *const headers[N_HEADERS] = { "From|a@b.example|",
		"To|c@home.example|", "Subject|hello|",
		"Date|Thu, 19 Mar 2026 16:21:30 +0000|" };
	struct envelope env;

	envelope_of(t->number + (t->step == TALK_RCPT ? t->repeat : 0), &env);
	switch (t->step) {
	case TALK_CONNECT:
		put_connect(t, &env);
		return;
	case TALK_HELO:
		put_words(t, 'D', "H");
		put_words(t, 'H', "mail.client.example|");
		return;
	case TALK_MAIL:
		put_mail(t, &env);
		return;
	case TALK_RCPT:
		put_rcpt(t, &env);
		return;
	case TALK_HEADER:
		put_words(t, 'L', headers[t->repeat]);
		return;
	case TALK_BODY:
		put_words(t, 'B', "Hello.\r\n");
		return;
	case TALK_DATA:
	case TALK_EOH:
	case TALK_EOM:
	case TALK_END:
		break;
	}
	put_words(t, steps[t->step].command, "");
}

void
talk_advance(struct talk *t)
{
	if (t->step == TALK_RCPT && ++t->repeat < t->recipients)
		return;
	if (t->step == TALK_HEADER && ++t->repeat < N_HEADERS)
		return;
	t->repeat = 0;
	if (t->step != TALK_END)
		t->step++;
}

void
talk_begin(struct talk *t, uint64_t number, unsigned recipients)
{
	memset(t, 0, offsetof(struct talk, out));
	t->number = number;
	t->recipients = recipients;
	t->out_len = 0;
}

void
talk_offer(struct talk *t)
{
	uint32_t offer[3] = { htonl(OFFER_VERSION), htonl(OFFER_ACTIONS),
		htonl(OFFER_STEPS) };

	t->out_len = 0;
	put(t, 'O', offer, sizeof offer);
}

bool
talk_go_on(struct talk *t)
{
	t->out_len = 0;
	for (; t->step != TALK_END; talk_advance(t)) {
		if (t->step == TALK_DATA && t->accepted == 0)
			break;
		if (t->steps & steps[t->step].away)
			continue;
		put_step(t);
		if (t->step == TALK_EOM || !(t->steps & steps[t->step].silent))
			return true;
	}
	t->out_len = 0;
	put_words(t, 'A', "");
	put_words(t, 'Q', "");
	return false;
}
