#include "queuewatch/patrol.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/fetch.h"
#include "queuewatch/keeper.h"
#include "queuewatch/login.h"
#include "queuewatch/patrol_canary.h"
#include "queuewatch/patrol_dns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAIT_MS 1000
#define FAILED_PART 4 /* after a failure: a quarter of the interval */
#define FAILED_LEAST_MS 250
#define CERTIFICATE_TIMEOUT_MS 10000
#define PEM_MOST 65536

/* A service or a certificate. */
struct job {
	struct patrol *l;
	const struct config_service *service; /* one of these two */
	const struct config_certificate *certificate;
	int64_t interval_ms, next_ms, began_ms;
	bool busy;
	unsigned ring; /* the newest lowest; 1: failed */
	struct look_result result; /* under the lock */
};

struct patrol {
	struct patrol_setup setup;
	struct prober *prober;
	struct patrol_dns *dns;
	struct patrol_canaries *canaries;
	struct job *jobs;
	size_t n_jobs;
	int wake;
	bool running;
	atomic_bool stop;
	pthread_t thread;
	pthread_mutex_t lock;
};

/* The text of a PEM file, by our own right or the keeper's.  -1: *why_r. */
static int
read_pem(
    const struct patrol *l, const char *path, char *out, const char **why_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t got = 0;
	size_t n = 0;
	struct err e;

	*why_r = strerror(errno);
	if (fd == -1 && errno == EACCES && l->setup.keeper != NULL)
		fd = keeper_file(l->setup.keeper, path, &e);
	if (fd == -1)
		return -1;
	while (n < PEM_MOST && (got = read(fd, out + n, PEM_MOST - n)) > 0)
		n += (size_t)got;
	if (got == -1)
		*why_r = strerror(errno);
	(void)close(fd);
	out[n] = '\0';
	return got == -1 ? -1 : 0;
}

static void
compare_file(
    struct job *j, const struct probe_cert *shown, struct look_result *r)
{
	const char *path = j->certificate->file, *why;
	char hash[PROBE_SHA256_SIZE], *pem;

	if (path[0] == '\0' || !shown->given)
		return;
	pem = malloc(PEM_MOST + 1);
	r->file = LOOK_FILE_UNREADABLE;
	if (pem == NULL || read_pem(j->l, path, pem, &why) == -1)
		(void)snprintf(r->file_fault, sizeof(r->file_fault), "%s",
		    pem == NULL ? "no memory" : why);
	else if (probe_cert_sha256(pem, hash) == -1)
		(void)snprintf(r->file_fault, sizeof(r->file_fault),
		    "it holds no certificate");
	else
		r->file = strcmp(hash, shown->sha256) == 0 ? LOOK_FILE_SAME
		                                           : LOOK_FILE_DIFFERS;
	free(pem);
}

static void
done(void *arg, const struct probe_result *probe)
{
	struct job *j = arg;
	struct look_result r = { .at = clock_now(), .probe = *probe };
	bool failed = probe->state != PROBE_UP;
	int64_t pause = j->interval_ms;

	j->busy = false;
	j->ring = (j->ring << 1 | failed) & ((1U << LOOK_RING) - 1);
	if (failed) {
		pause /= FAILED_PART;
		if (pause < FAILED_LEAST_MS)
			pause = FAILED_LEAST_MS;
	}
	j->next_ms = j->began_ms + pause;
	if (j->certificate != NULL)
		compare_file(j, &probe->cert, &r);
	(void)pthread_mutex_lock(&j->l->lock);
	r.turn = j->result.turn + 1;
	r.of = r.turn < LOOK_RING ? (int)r.turn : LOOK_RING;
	r.failed = __builtin_popcount(j->ring);
	r.outages = __builtin_popcount(j->ring & ~(j->ring >> 1));
	j->result = r;
	(void)pthread_mutex_unlock(&j->l->lock);
}

/* It cannot be looked, for a reason of our own. */
static void
cannot(struct job *j, const char *why)
{
	struct probe_result r = { .state = PROBE_UNKNOWN };

	(void)snprintf(r.reason, sizeof(r.reason), "%s", why);
	done(j, &r);
}

static bool
own_probe(void *arg, const char *value, int64_t arrived)
{
	(void)arg;
	(void)value;
	(void)arrived;
	return true; /* this header is ours alone: what has it can go */
}

static const char probe_message[] =
    "From: <probe@localhost>\r\n"
    "Subject: Probe of queuewatch\r\n"
    "Auto-Submitted: auto-generated\r\n"
    "X-Mailglance-Probe: append\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    "queuewatch stores this message to see that a copy of a sent message\r\n"
    "could be stored, and removes it at once.\r\n";

static void
look_at_service(struct job *j)
{
	const struct config_service *s = j->service;
	const struct probe_inbox inbox = { .mailbox = s->append,
		.header = "X-Mailglance-Probe",
		.take = own_probe,
		.append = probe_message };
	struct probe_order order = { .url = s->url,
		.expect = s->expect,
		.inside = s->inside,
		.ca_file = s->ca_file,
		.starttls = s->starttls,
		.tls = fetch_is_loopback(s->url) && s->ca_file[0] == '\0'
		    ? PROBE_TLS_ANY
		    : PROBE_TLS_STRICT,
		.inbox = s->append[0] != '\0' ? &inbox : NULL,
		.timeout_ms = (int)s->timeout * 1000 };
	const struct login *login;
	const char *why;

	login = logins_get(j->l->setup.logins, s->login_file, &why);
	if (why != NULL) {
		cannot(j, why);
		return;
	}
	if (login != NULL) {
		order.user = login->user;
		order.password = login->password;
	}
	prober_begin(j->l->prober, &order, done, j);
}

static void
look_at_certificate(struct job *j)
{
	const struct config_certificate *c = j->certificate;
	const struct probe_order order = { .url = c->url,
		.tls_name = c->host,
		.ca_file = c->ca_file,
		.starttls = c->starttls,
		.tls = PROBE_TLS_EXAMINE,
		.timeout_ms = CERTIFICATE_TIMEOUT_MS };

	prober_begin(j->l->prober, &order, done, j);
}

/* Begin what is due; returns how long to wait for the next. */
static int
begin_due(struct patrol *l)
{
	int64_t now = clock_mono_ms(), next = now + WAIT_MS;
	size_t i;

	for (i = 0; i < l->n_jobs; i++) {
		struct job *j = &l->jobs[i];

		if (!j->busy && j->next_ms <= now) {
			j->busy = true;
			j->began_ms = now;
			if (j->service != NULL)
				look_at_service(j);
			else
				look_at_certificate(j);
		}
		if (!j->busy && j->next_ms < next)
			next = j->next_ms;
	}
	return next > now ? (int)(next - now) : 0;
}

static void *
work(void *arg)
{
	struct patrol *l = arg;
	struct pollfd fds[PROBE_FDS];
	size_t asked, n;

	while (!atomic_load(&l->stop)) {
		int wait = begin_due(l);

		fds[0] = (struct pollfd){ .fd = l->wake, .events = POLLIN };
		asked = 1 +
		    patrol_dns_begin(l->dns, fds + 1, PROBE_FDS - 1, &wait);
		n = asked +
		    patrol_canary_begin(
		        l->canaries, fds + asked, PROBE_FDS - asked, &wait);
		prober_wait(l->prober, fds, n, wait);
		patrol_dns_take(l->dns, fds + 1, asked - 1);
		patrol_canary_take(l->canaries, fds + asked, n - asked);
	}
	return NULL;
}

static int
make_jobs(struct patrol *l)
{
	const struct config *c = l->setup.config;
	const struct config_service *s = c->services.items;
	const struct config_certificate *k = c->certificates.items;
	int64_t now = clock_mono_ms();
	size_t i;

	l->n_jobs = c->services.n + c->certificates.n;
	l->jobs = calloc(l->n_jobs + 1, sizeof(*l->jobs));
	if (l->jobs == NULL)
		return -1;
	for (i = 0; i < l->n_jobs; i++) {
		struct job *j = &l->jobs[i];

		j->l = l;
		j->next_ms = now;
		if (i < c->services.n)
			j->service = &s[i];
		else
			j->certificate = &k[i - c->services.n];
		j->interval_ms = 1000 *
		    (j->service != NULL ? j->service->interval
		                        : j->certificate->interval);
	}
	return 0;
}

struct patrol *
patrol_start(const struct patrol_setup *setup, struct err *e)
{
	struct patrol *l = calloc(1, sizeof(*l));
	int rc;

	if (l == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	l->setup = *setup;
	(void)pthread_mutex_init(&l->lock, NULL);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->prober = prober_open(e);
	if (l->prober == NULL ||
	    (l->dns = patrol_dns_open(setup->config, e)) == NULL)
		goto out;
	(void)err_set(e, "no memory");
	l->canaries = patrol_canary_open(&l->setup, l->prober);
	if (l->canaries == NULL)
		goto out;
	if (l->wake == -1 || make_jobs(l) == -1)
		goto out;
	rc = pthread_create(&l->thread, NULL, work, l);
	l->running = rc == 0;
	if (l->running)
		return l;
	(void)err_set(e, "start a thread: %s", strerror(rc));
out:
	patrol_stop(l);
	return NULL;
}

void
patrol_stop(struct patrol *l)
{
	if (l == NULL)
		return;
	atomic_store(&l->stop, true);
	if (l->running) {
		(void)eventfd_write(l->wake, 1);
		(void)pthread_join(l->thread, NULL);
	}
	prober_close(l->prober);
	patrol_canary_close(l->canaries);
	patrol_dns_close(l->dns);
	if (l->wake != -1)
		(void)close(l->wake);
	(void)pthread_mutex_destroy(&l->lock);
	free(l->jobs);
	free(l);
}

static void
result(struct patrol *l, size_t i, struct look_result *r_r)
{
	(void)pthread_mutex_lock(&l->lock);
	*r_r = l->jobs[i].result;
	(void)pthread_mutex_unlock(&l->lock);
}

void
patrol_service(struct patrol *l, size_t i, struct look_result *r_r)
{
	result(l, i, r_r);
}

void
patrol_certificate(struct patrol *l, size_t i, struct look_result *r_r)
{
	result(l, l->setup.config->services.n + i, r_r);
}

void
patrol_blocklist(struct patrol *l, size_t i, struct dnsbl_result *r_r)
{
	patrol_dns_result(l->dns, i, r_r);
}

bool
patrol_canary(struct patrol *l, size_t i, struct canary_leg *leg_r)
{
	return patrol_canary_state(l->canaries, i, leg_r);
}
