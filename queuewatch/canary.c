#include "queuewatch/canary.h"

#include "lib/buf.h"
#include "lib/domain.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAC 16
#define LOOK_MOST_MS 15000
#define LOOK_IDLE_MS 60000
#define LOST_TIMES 2 /* the warning time */
#define REFUSED_PART 4 /* of the interval, until it is tried again */

static void
sign(const unsigned char key[CANARY_KEY], const char *leg,
    const struct canary_token *t, unsigned char mac[MAC])
{
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, key, CANARY_KEY, MAC);
	(void)crypto_generichash_update(
	    &state, (const unsigned char *)leg, strlen(leg) + 1);
	(void)crypto_generichash_update(
	    &state, (const unsigned char *)&t->id, sizeof(t->id));
	(void)crypto_generichash_update(
	    &state, (const unsigned char *)&t->sent_ms, sizeof(t->sent_ms));
	(void)crypto_generichash_final(&state, mac, MAC);
}

void
canary_token_write(const unsigned char key[CANARY_KEY], const char *leg,
    const struct canary_token *t, char out[CANARY_TOKEN])
{
	unsigned char mac[MAC];
	char hex[2 * MAC + 1];

	sign(key, leg, t, mac);
	(void)sodium_bin2hex(hex, sizeof(hex), mac, MAC);
	(void)snprintf(out, CANARY_TOKEN, "1.%016" PRIx64 ".%" PRIx64 ".%s",
	    t->id, (uint64_t)t->sent_ms, hex);
}

int
canary_token_read(const unsigned char key[CANARY_KEY], const char *leg,
    const char *text, struct canary_token *t_r)
{
	unsigned char mac[MAC], right[MAC];
	char hex[2 * MAC + 1] = "";
	uint64_t sent;
	size_t n;

	if (sscanf(text, "1.%16" SCNx64 ".%16" SCNx64 ".%32[0-9a-f]", &t_r->id,
	        &sent, hex) != 3 ||
	    sent > INT64_MAX ||
	    sodium_hex2bin(mac, MAC, hex, strlen(hex), NULL, &n, NULL) != 0 ||
	    n != MAC)
		return -1;
	t_r->sent_ms = (int64_t)sent;
	sign(key, leg, t_r, right);
	return sodium_memcmp(mac, right, MAC) == 0 ? 0 : -1;
}

void
canary_compose(const struct canary_letter *l, struct buf *out)
{
	time_t at = (time_t)(l->sent_ms / 1000);
	const char *domain = address_domain(l->from);
	char date[64] = "";
	struct tm tm;

	if (gmtime_r(&at, &tm) != NULL)
		(void)strftime(
		    date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	buf_printf(out,
	    "From: <%s>\r\n"
	    "To: <%s>\r\n"
	    "Subject: Probe message\r\n"
	    "Date: %s\r\n"
	    "Message-ID: <canary.%s@%s>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "X-Auto-Response-Suppress: All\r\n" CANARY_HEADER ": %s\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "\r\n"
	    "queuewatch sends this message to itself to measure how long mail\r\n"
	    "takes, and removes it where it arrives.  Nobody need read it.\r\n",
	    l->from, l->to, date, l->token, domain != NULL ? domain : "invalid",
	    l->token);
}

bool
canary_message_id(const char *id)
{
	unsigned long long number, sent;
	int n = -1;

	return sscanf(id, "canary.1.%16llx.%16llx.%*32[0-9a-f]@%n", &number,
	           &sent, &n) == 2 &&
	    n != -1;
}

bool
canary_due(
    const struct canary_leg *l, const struct canary_policy *p, int64_t now_ms)
{
	int64_t pause = p->interval_ms;

	if (l->n >= CANARY_UNDER_WAY || now_ms < l->rest_ms)
		return false;
	if (p->outside && pause < CANARY_OUTSIDE_MS)
		pause = CANARY_OUTSIDE_MS;
	/* What was refused went nowhere: it may be tried again sooner. */
	if (l->refused > 0)
		pause = p->interval_ms / REFUSED_PART;
	/* A clock that was set back must not stop it. */
	return l->last_ms == 0 || now_ms < l->last_ms ||
	    now_ms - l->last_ms >= pause;
}

static bool
was_seen(const struct canary_leg *l, uint64_t id)
{
	size_t n = l->n_seen < CANARY_SEEN ? l->n_seen : CANARY_SEEN, i;

	for (i = 0; i < n; i++) {
		if (l->seen[i] == id)
			return true;
	}
	return false;
}

void
canary_sent(struct canary_leg *l, const struct canary_token *t)
{
	l->last_ms = t->sent_ms;
	l->refused = 0;
	l->refused_ms = 0;
	l->send_fault[0] = '\0';
	/* It may have arrived before the server's answer did. */
	if (l->n < CANARY_UNDER_WAY && !was_seen(l, t->id))
		l->under_way[l->n++] = *t;
}

void
canary_refused(struct canary_leg *l, int64_t now_ms, const char *why)
{
	l->last_ms = now_ms;
	if (l->refused++ == 0)
		l->refused_ms = now_ms;
	(void)snprintf(l->send_fault, sizeof(l->send_fault), "%.199s", why);
}

static void
forget(struct canary_leg *l, size_t i)
{
	memmove(&l->under_way[i], &l->under_way[i + 1],
	    (l->n - i - 1) * sizeof(l->under_way[0]));
	l->n--;
}

void
canary_back(struct canary_leg *l, const struct canary_token *t,
    int64_t arrived_ms, int64_t now_ms)
{
	size_t i;

	if (was_seen(l, t->id)) {
		l->twice = true;
		l->rest_ms = now_ms + CANARY_REST_MS;
		return;
	}
	l->seen[l->n_seen++ % CANARY_SEEN] = t->id;
	for (i = 0; i < l->n; i++) {
		if (l->under_way[i].id == t->id) {
			forget(l, i);
			break;
		}
	}
	/* A file's time is coarse, and another host's clock may be wrong. */
	if (arrived_ms < t->sent_ms || arrived_ms > now_ms)
		arrived_ms = arrived_ms != 0 && arrived_ms < t->sent_ms &&
		        t->sent_ms - arrived_ms < 2000
		    ? t->sent_ms
		    : now_ms;
	l->back_ms = now_ms;
	l->delay_ms = arrived_ms > t->sent_ms ? arrived_ms - t->sent_ms : 0;
	l->lost_ms = 0;
	l->lost = 0;
}

void
canary_expire(
    struct canary_leg *l, const struct canary_policy *p, int64_t now_ms)
{
	if (l->twice && now_ms >= l->rest_ms)
		l->twice = false;
	while (l->n > 0 &&
	    now_ms - l->under_way[0].sent_ms >= LOST_TIMES * p->warning_ms) {
		if (l->lost_ms == 0)
			l->lost_ms = l->under_way[0].sent_ms;
		l->lost++;
		forget(l, 0);
	}
}

int64_t
canary_look_pause(const struct canary_leg *l, int64_t now_ms, int64_t least_ms)
{
	int64_t pause = LOOK_IDLE_MS;

	if (l->n > 0)
		pause = (now_ms - l->under_way[l->n - 1].sent_ms) / 2;
	else if (l->lost_ms != 0)
		pause = LOOK_MOST_MS;
	if (l->n > 0 && pause > LOOK_MOST_MS)
		pause = LOOK_MOST_MS;
	return pause > least_ms ? pause : least_ms;
}
