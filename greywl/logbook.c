#include "greywl/logbook.h"

#include "greywl/intern.h"
#include "greywl/maillog.h"

#include "lib/domain.h"
#include "lib/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S INT64_C(86400)
#define TURN_S (180 * DAY_S) /* a stamp that goes back as far: a new year */
#define NONE UINT32_MAX

/* A message in the queue, known by its id. */
struct message {
	int64_t at;
	uint32_t client, sender;
	uint32_t *recipients; /* those that were seen */
	uint32_t n, room;
	uint8_t year; /* since the file's beginning; only with "raw" */
	bool raw; /* the stamp has no year yet */
	bool open, own;
};

struct logbook {
	struct intern texts, ids, clients, passes;
	struct logbook_client *client;
	size_t client_room;
	struct message *messages; /* by the number of their id */
	size_t message_room;
	struct logbook_event *events;
	size_t n, room;
	size_t file_first; /* event */
	uint8_t year; /* of the last stamp, since the file's beginning */
	int64_t last_raw;
	bool any_raw, no_memory;
	struct logbook_count count;
};

struct logbook *
logbook_new(struct err *e)
{
	struct logbook *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	intern_init(&b->texts);
	intern_init(&b->ids);
	intern_init(&b->clients);
	intern_init(&b->passes);
	return b;
}

void
logbook_free(struct logbook *b)
{
	size_t i;

	if (b == NULL)
		return;
	for (i = 0; i < b->message_room; i++)
		free(b->messages[i].recipients);
	free(b->messages);
	free(b->events);
	free(b->client);
	intern_free(&b->texts);
	intern_free(&b->ids);
	intern_free(&b->clients);
	intern_free(&b->passes);
	free(b);
}

/* Room for the item of that number in an array; false: no memory. */
static bool
reach(struct logbook *b, void *array, size_t *room, size_t number, size_t size)
{
	void **items = array, *p;
	size_t more;

	if (number < *room)
		return true;
	more = *room * 2 + 256;
	if (more <= number)
		more = number + 1;
	p = reallocarray(*items, more, size);
	if (p == NULL) {
		b->no_memory = true;
		return false;
	}
	memset((char *)p + *room * size, 0, (more - *room) * size);
	*items = p;
	*room = more;
	return true;
}

static uint32_t
text_of(struct logbook *b, const struct maillog_text *t)
{
	return intern_add(&b->texts, t->n > 0 ? t->s : "",
	    t->n <= 2 * ADDRESS_MAX ? t->n : 2 * ADDRESS_MAX, NULL);
}

/* The client's number; NONE: its address cannot be read. */
static uint32_t
client_of(struct logbook *b, const struct maillog_line *l)
{
	char text[IP_TEXT_SIZE + DOMAIN_MAX + 2], address[IP_TEXT_SIZE];
	struct logbook_client c;
	uint32_t number;
	bool is_new;
	int n;

	if (l->client.n >= sizeof(address))
		return NONE;
	memcpy(address, l->client.s, l->client.n);
	address[l->client.n] = '\0';
	if (ip_parse(address, &c.ip) == -1)
		return NONE;
	n = snprintf(text, sizeof(text), "%s %.*s", ip_text(&c.ip, address),
	    (int)(l->client_name.n <= DOMAIN_MAX ? l->client_name.n : 0),
	    l->client_name.n > 0 ? l->client_name.s : "");
	number = intern_add(&b->clients, text, (size_t)n, &is_new);
	if (number == NONE || !is_new)
		return number;
	c.name = intern_add(&b->texts, strchr(text, ' ') + 1, SIZE_MAX, NULL);
	if (c.name == NONE ||
	    !reach(b, &b->client, &b->client_room, number, sizeof(c)))
		return NONE;
	b->client[number] = c;
	return number;
}

/* "192.0.2.1 example.org" is among those that SPF has passed. */
static uint32_t
pass_of(struct logbook *b, const char *client, const char *sender, bool add)
{
	const char *domain = address_domain(sender);
	char text[IP_TEXT_SIZE + ADDRESS_MAX + 2];
	int n;

	if (domain == NULL || strlen(domain) > ADDRESS_MAX)
		return NONE;
	n = snprintf(text, sizeof(text), "%s %s", client, domain);
	(void)address_lower(text, text, sizeof(text));
	return add ? intern_add(&b->passes, text, (size_t)n, NULL)
	           : intern_find(&b->passes, text, (size_t)n);
}

static void
note_pass(struct logbook *b, const struct maillog_line *l)
{
	char address[IP_TEXT_SIZE], sender[2 * ADDRESS_MAX];
	struct ip ip;

	if (l->client.n >= sizeof(address) || l->from.n >= sizeof(sender))
		return;
	memcpy(address, l->client.s, l->client.n);
	address[l->client.n] = '\0';
	memcpy(sender, l->from.s, l->from.n);
	sender[l->from.n] = '\0';
	if (ip_parse(address, &ip) == 0)
		(void)pass_of(b, ip_text(&ip, address), sender, true);
}

static void
add_event(
    struct logbook *b, const struct message *m, uint32_t recipient, bool taken)
{
	char address[IP_TEXT_SIZE];
	struct logbook_event *v;

	if (m->client == NONE || m->sender == NONE || recipient == NONE ||
	    !reach(b, &b->events, &b->room, b->n, sizeof(*v)))
		return;
	v = &b->events[b->n++];
	*v = (struct logbook_event){ .at = m->at,
		.client = m->client,
		.sender = m->sender,
		.recipient = recipient,
		.taken = taken,
		.year = m->raw ? m->year : UINT8_MAX };
	v->spf = pass_of(b, ip_text(&b->client[m->client].ip, address),
	             intern_text(&b->texts, m->sender), false) != NONE;
	b->count.spf += v->spf;
	b->count.put_off += !taken;
}

/* The message of the line's id; NULL: no memory. */
static struct message *
message_of(struct logbook *b, const struct maillog_line *l)
{
	uint32_t number = intern_add(&b->ids, l->id.s, l->id.n, NULL);

	if (number == NONE ||
	    !reach(b, &b->messages, &b->message_room, number,
	        sizeof(*b->messages)))
		return NULL;
	return &b->messages[number];
}

static void
stamp(struct logbook *b, const struct maillog_line *l, struct message *m)
{
	m->at = l->stamp.unix_s;
	m->raw = !l->stamp.has_year;
	m->year = b->year;
}

static void
add_recipient(
    struct logbook *b, struct message *m, const struct maillog_line *l)
{
	uint32_t recipient = text_of(b, &l->to), i, *p;

	for (i = 0; i < m->n; i++) {
		if (m->recipients[i] == recipient)
			return;
	}
	if (m->n == m->room) {
		p = reallocarray(m->recipients, m->room * 2 + 2, sizeof(*p));
		if (p == NULL) {
			b->no_memory = true;
			return;
		}
		m->recipients = p;
		m->room = m->room * 2 + 2;
	}
	m->recipients[m->n++] = recipient;
	add_event(b, m, recipient, true);
}

static void
add_refused(struct logbook *b, const struct maillog_line *l)
{
	struct message m = { .raw = false }, *whole;

	if (l->whole && l->id.s != NULL && (whole = message_of(b, l)) != NULL)
		whole->open = false;
	if (!l->greylisted || l->from.s == NULL || l->to.s == NULL) {
		b->count.refused++;
		return;
	}
	stamp(b, l, &m);
	m.client = client_of(b, l);
	m.sender = text_of(b, &l->from);
	if (!l->own)
		add_event(b, &m, text_of(b, &l->to), false);
}

static void
take_line(struct logbook *b, const struct maillog_line *l)
{
	struct message *m;

	if (l->what == MAILLOG_REFUSED) {
		add_refused(b, l);
		return;
	}
	if (l->what == MAILLOG_SPF) {
		note_pass(b, l);
		return;
	}
	m = message_of(b, l);
	if (m == NULL)
		return;
	if (l->what == MAILLOG_CLIENT) {
		stamp(b, l, m);
		m->client = client_of(b, l);
		m->sender = NONE;
		m->n = 0;
		m->own = l->own;
		m->open = true;
		b->count.own += l->own;
	} else if (l->what == MAILLOG_FROM) {
		m->sender = text_of(b, &l->from);
	} else if (l->what == MAILLOG_TO && m->open && !m->own) {
		add_recipient(b, m, l);
	} else if (l->what == MAILLOG_REMOVED) {
		m->open = false;
		free(m->recipients);
		m->recipients = NULL;
		m->n = m->room = 0;
	}
}

void
logbook_line(struct logbook *b, const char *s, size_t n)
{
	struct maillog_line l;
	bool ours = maillog_read(s, n, &l);

	b->count.lines++;
	if (!ours && l.stamp.unix_s == 0) {
		b->count.strange++;
		return;
	}
	if (!l.stamp.has_year) {
		if (b->any_raw && l.stamp.unix_s < b->last_raw - TURN_S &&
		    b->year < UINT8_MAX - 1)
			b->year++;
		b->any_raw = true;
		b->last_raw = l.stamp.unix_s;
	}
	if (ours)
		take_line(b, &l);
}

void
logbook_end_file(struct logbook *b, int64_t mtime)
{
	struct maillog_stamp raw = { .unix_s = b->last_raw };
	int year = maillog_year_of(mtime);
	size_t i;

	if (maillog_in_year(&raw, year) > mtime + DAY_S)
		year--;
	year -= b->year;
	for (i = b->file_first; i < b->n; i++) {
		if (b->events[i].year == UINT8_MAX)
			continue;
		raw.unix_s = b->events[i].at;
		b->events[i].at = maillog_in_year(
		    &raw, year + b->events[i].year);
		b->events[i].year = UINT8_MAX;
	}
	for (i = 0; i < b->message_room; i++) {
		if (!b->messages[i].raw)
			continue;
		raw.unix_s = b->messages[i].at;
		b->messages[i].at = maillog_in_year(
		    &raw, year + b->messages[i].year);
		b->messages[i].raw = false;
	}
	b->file_first = b->n;
	b->year = 0;
	b->any_raw = false;
}

static int
by_time(const void *a, const void *b)
{
	const struct logbook_event *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

int
logbook_events(struct logbook *b, const struct logbook_event **events_r,
    size_t *n_r, struct err *e)
{
	if (b->no_memory || b->texts.no_memory || b->ids.no_memory ||
	    b->clients.no_memory || b->passes.no_memory)
		return err_set(e, "no memory for the log");
	if (b->n > 1)
		qsort(b->events, b->n, sizeof(*b->events), by_time);
	*events_r = b->events;
	*n_r = b->n;
	return 0;
}

const struct logbook_client *
logbook_client(const struct logbook *b, uint32_t client)
{
	return &b->client[client];
}

const char *
logbook_text(const struct logbook *b, uint32_t text)
{
	return intern_text(&b->texts, text);
}

const struct logbook_count *
logbook_count(const struct logbook *b)
{
	return &b->count;
}
