#include "queuewatch/patrol_canary.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/fetch.h"
#include "queuewatch/keeper.h"
#include "queuewatch/login.h"
#include "queuewatch/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MOST 8192
#define SEND_TIMEOUT_MS 30000
#define READ_TIMEOUT_MS 30000
#define MAILDIR_LEAST_MS 250
#define IMAP_LEAST_MS 1000
#define READER_AGAIN_MS 1000

static const char maildir[] = "maildir:";

struct leg {
	struct patrol_canaries *all;
	const struct config_canary *config;
	struct canary_policy policy;
	struct canary_leg state; /* this thread's */
	struct canary_leg shown; /* under the lock */
	struct canary_token sending;
	bool is_sending, is_reading;
	int64_t look_ms; /* monotonic: look again */
	int fd; /* of the process that reads the maildir; -1: none */
};

struct patrol_canaries {
	const struct patrol_setup *setup;
	struct prober *prober;
	struct leg *legs;
	size_t n;
	pthread_mutex_t lock;
};

static void
publish(struct leg *l)
{
	(void)pthread_mutex_lock(&l->all->lock);
	l->shown = l->state;
	(void)pthread_mutex_unlock(&l->all->lock);
}

static void
look_fault(struct leg *l, const char *why)
{
	(void)snprintf(
	    l->state.read_fault, sizeof(l->state.read_fault), "%.199s", why);
}

static void
look_later(struct leg *l, int64_t least_ms)
{
	l->is_reading = false;
	l->look_ms = clock_mono_ms() +
	    canary_look_pause(&l->state, clock_now_ms(), least_ms);
	publish(l);
}

static void
sent(void *arg, const struct probe_result *r)
{
	struct leg *l = arg;

	l->is_sending = false;
	if (r->state == PROBE_UP)
		canary_sent(&l->state, &l->sending);
	else
		canary_refused(&l->state, clock_now_ms(), r->reason);
	l->look_ms = 0;
	publish(l);
}

/* Hand one in. */
static void
begin_sending(struct leg *l)
{
	const struct config_canary *c = l->config;
	struct canary_letter letter = {
		.leg = c->name, .from = c->from, .to = c->to
	};
	struct probe_mail mail = { .from = c->from, .to = c->to };
	struct probe_order order = { .url = c->via,
		.ca_file = c->ca_file,
		.starttls = c->starttls,
		.tls = fetch_is_loopback(c->via) ? PROBE_TLS_ANY
		                                 : PROBE_TLS_STRICT,
		.mail = &mail,
		.timeout_ms = SEND_TIMEOUT_MS };
	const struct login *login;
	const char *why;
	char token[CANARY_TOKEN];
	struct buf b;

	login = logins_get(l->all->setup->logins, c->via_login_file, &why);
	if (why != NULL) {
		canary_refused(&l->state, clock_now_ms(), why);
		publish(l);
		return;
	}
	if (login != NULL) {
		order.user = login->user;
		order.password = login->password;
	}
	randombytes_buf(&l->sending.id, sizeof(l->sending.id));
	letter.sent_ms = l->sending.sent_ms = clock_now_ms();
	canary_token_write(
	    l->all->setup->canary_key, c->name, &l->sending, token);
	letter.token = token;
	buf_init(&b, MESSAGE_MOST);
	canary_compose(&letter, &b);
	mail.message = buf_text(&b);
	mail.message_len = b.len;
	l->is_sending = true;
	prober_begin(l->all->prober, &order, sent, l);
	buf_free(&b);
}

/* One of this leg's; the message can go. */
static bool
found(void *arg, const char *value, int64_t arrived_ms)
{
	struct leg *l = arg;
	struct canary_token t;

	if (canary_token_read(
	        l->all->setup->canary_key, l->config->name, value, &t) == -1)
		return false;
	canary_back(&l->state, &t, arrived_ms, clock_now_ms());
	return true;
}

static bool
found_by_imap(void *arg, const char *value, int64_t arrived)
{
	/* Whole seconds: in the middle of it, so to say. */
	return found(arg, value, arrived > 0 ? arrived * 1000 + 999 : 0);
}

static void
imap_read(void *arg, const struct probe_result *r)
{
	struct leg *l = arg;

	look_fault(l, r->state == PROBE_UP ? "" : r->reason);
	look_later(l, IMAP_LEAST_MS);
}

static void
begin_imap(struct leg *l)
{
	const struct config_canary *c = l->config;
	const char *path = strchr(strstr(c->read, "://") + 3, '/');
	const struct probe_inbox inbox = {
		.mailbox = path != NULL && path[1] != '\0' ? path + 1 : "INBOX",
		.header = CANARY_HEADER,
		.take = found_by_imap
	};
	const char *why;
	const struct login *login = logins_get(
	    l->all->setup->logins, c->login_file, &why);
	const struct probe_order order = { .url = c->read,
		.ca_file = c->ca_file,
		.starttls = c->starttls && strncmp(c->read, "imap:", 5) == 0,
		.tls = fetch_is_loopback(c->read) ? PROBE_TLS_ANY
		                                  : PROBE_TLS_STRICT,
		.user = login != NULL ? login->user : NULL,
		.password = login != NULL ? login->password : NULL,
		.inbox = &inbox,
		.timeout_ms = READ_TIMEOUT_MS };

	if (login == NULL) {
		look_fault(l, why != NULL ? why : "there is no login_file");
		look_later(l, IMAP_LEAST_MS);
		return;
	}
	l->is_reading = true;
	prober_begin(l->all->prober, &order, imap_read, l);
}

static void
end_reader(struct leg *l)
{
	if (l->fd != -1)
		(void)close(l->fd);
	l->fd = -1;
}

static void
begin_maildir(struct leg *l)
{
	static const struct mailbox_order order = { .what = MAILBOX_LOOK };
	struct err e;

	if (l->fd == -1)
		l->fd = keeper_mailbox(l->all->setup->keeper,
		    l->config->read + sizeof(maildir) - 1, &e);
	if (l->fd == -1) {
		/* A mail store makes it with the first message. */
		look_fault(l, errno == ENOENT ? "" : e.text);
		look_later(l, READER_AGAIN_MS);
		return;
	}
	if (send(l->fd, &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT) ==
	    -1) {
		end_reader(l);
		look_later(l, READER_AGAIN_MS);
		return;
	}
	l->is_reading = true;
}

/* What the reader has found. */
static void
take_items(struct leg *l)
{
	struct mailbox_order order = { .what = MAILBOX_REMOVE };
	struct mailbox_item item;
	ssize_t n;

	while ((n = recv(l->fd, &item, sizeof(item), MSG_DONTWAIT)) ==
	    sizeof(item)) {
		if (item.name[0] == '\0') {
			look_fault(
			    l, item.fault != 0 ? strerror(item.fault) : "");
			look_later(l, MAILDIR_LEAST_MS);
			return;
		}
		item.name[sizeof(item.name) - 1] = '\0';
		item.value[sizeof(item.value) - 1] = '\0';
		if (!found(l, item.value, item.arrived_ms))
			continue;
		memcpy(order.name, item.name, sizeof(order.name));
		(void)send(l->fd, &order, sizeof(order), MSG_NOSIGNAL);
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	end_reader(l);
	look_fault(l, "who reads it has ended");
	look_later(l, READER_AGAIN_MS);
}

/* What is due on one leg; returns when to come again (monotonic). */
static int64_t
step(struct leg *l, int64_t now)
{
	int64_t next = now + 1000;

	canary_expire(&l->state, &l->policy, clock_now_ms());
	if (!l->is_sending && canary_due(&l->state, &l->policy, clock_now_ms()))
		begin_sending(l);
	if (!l->is_reading && l->look_ms <= now &&
	    (l->state.last_ms != 0 || l->fd != -1)) {
		if (strncmp(l->config->read, maildir, sizeof(maildir) - 1) == 0)
			begin_maildir(l);
		else
			begin_imap(l);
	}
	if (!l->is_reading && l->look_ms > now && l->look_ms < next)
		next = l->look_ms;
	publish(l);
	return next;
}

size_t
patrol_canary_begin(
    struct patrol_canaries *c, struct pollfd *fds, size_t most, int *wait_ms)
{
	int64_t now = clock_mono_ms(), next;
	size_t i, n = 0;

	for (i = 0; i < c->n; i++) {
		next = step(&c->legs[i], now);
		if (next - now < *wait_ms)
			*wait_ms = next > now ? (int)(next - now) : 0;
		if (c->legs[i].fd != -1 && n < most)
			fds[n++] = (struct pollfd){ .fd = c->legs[i].fd,
				.events = POLLIN };
	}
	return n;
}

void
patrol_canary_take(
    struct patrol_canaries *c, const struct pollfd *fds, size_t n)
{
	size_t i, k;

	for (i = 0; i < c->n; i++) {
		for (k = 0; k < n; k++) {
			if (c->legs[i].fd != -1 && c->legs[i].fd == fds[k].fd &&
			    fds[k].revents != 0)
				take_items(&c->legs[i]);
		}
	}
}

bool
patrol_canary_state(
    struct patrol_canaries *c, size_t i, struct canary_leg *leg_r)
{
	(void)pthread_mutex_lock(&c->lock);
	*leg_r = c->legs[i].shown;
	(void)pthread_mutex_unlock(&c->lock);
	return leg_r->last_ms != 0;
}

struct patrol_canaries *
patrol_canary_open(const struct patrol_setup *setup, struct prober *prober)
{
	const struct config_canary *k = setup->config->canaries.items;
	struct patrol_canaries *c = calloc(1, sizeof(*c));
	size_t i;

	if (c == NULL)
		return NULL;
	c->setup = setup;
	c->prober = prober;
	c->n = setup->config->canaries.n;
	(void)pthread_mutex_init(&c->lock, NULL);
	c->legs = calloc(c->n + 1, sizeof(*c->legs));
	if (c->legs == NULL) {
		free(c);
		return NULL;
	}
	for (i = 0; i < c->n; i++) {
		c->legs[i].all = c;
		c->legs[i].config = &k[i];
		c->legs[i].fd = -1;
		c->legs[i].policy = (struct canary_policy){ k[i].interval *
			    1000,
			k[i].warning * 1000, k[i].leg == LEG_OUT };
	}
	return c;
}

void
patrol_canary_close(struct patrol_canaries *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->n; i++)
		end_reader(&c->legs[i]);
	(void)pthread_mutex_destroy(&c->lock);
	free(c->legs);
	free(c);
}
