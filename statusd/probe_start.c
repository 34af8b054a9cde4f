#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/probe_job.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SELF_INTERVAL_MS 30000
#define SELF_TIMEOUT_MS 5000

static int
add_job(struct probes *p, const struct probe_job *like, const char *url,
    const char *expect)
{
	struct probe_job *more = reallocarray(
	    p->jobs, p->n_jobs + 1, sizeof(*more));
	struct probe_job *j;

	if (more == NULL)
		return -1;
	p->jobs = more;
	j = &more[p->n_jobs];
	*j = *like;
	j->fd = -1;
	j->expect = strdup(expect);
	if (j->expect == NULL)
		return -1;
	p->n_jobs++;
	if (probe_parse(url, &j->target) == -1)
		return -1;
	/* Not all in the same moment. */
	j->next_ms = clock_mono_ms() +
	    (j->self ? 0
	             : (int64_t)randombytes_uniform(
	                   (uint32_t)(j->interval_ms < 1000 ? j->interval_ms
	                                                    : 1000)));
	return 0;
}

static int
add_jobs(struct probes *p, const struct config *c)
{
	const struct config_system *s = c->systems.items;

	for (size_t i = 0; i < c->self_check.n; i++) {
		const struct probe_job self = { .self = true,
			.verify = true,
			.interval_ms = SELF_INTERVAL_MS,
			.timeout_ms = SELF_TIMEOUT_MS,
			.rule = { .failures = 1, .of = 1 } };

		if (add_job(p, &self, c->self_check.items[i], "") == -1)
			return -1;
		p->n_self++;
	}
	for (size_t i = 0; i < c->systems.n; i++) {
		const struct config_probe *x = s[i].probes.items;

		for (size_t k = 0; k < s[i].probes.n; k++) {
			struct probe_job j = { .starttls = x[k].starttls,
				.verify = x[k].verify,
				.interval_ms = x[k].interval_s * 1000,
				.timeout_ms = x[k].timeout_ms,
				.rule = { .failures = (int)x[k].failures,
				    .of = (int)x[k].of } };

			(void)snprintf(
			    j.system, sizeof(j.system), "%s", s[i].code);
			(void)snprintf(j.name, sizeof(j.name), "%s", x[k].name);
			if (add_job(p, &j, x[k].url, x[k].expect) == -1)
				return -1;
		}
	}
	return 0;
}

struct probes *
probes_start(
    const struct config *c, const struct probe_icmp *icmp, struct err *e)
{
	struct probes *p = calloc(1, sizeof(*p));

	*e = (struct err){ "" };
	if (p == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	p->icmp = *icmp;
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)pthread_mutex_init(&p->lock, NULL);
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
	    ares_init(&p->ares) != ARES_SUCCESS) {
		p->ares = NULL;
		(void)err_set(e, "probes: the resolver cannot be used");
	} else if (p->wake == -1 || add_jobs(p, c) == -1 ||
	    (p->multi = curl_multi_init()) == NULL) {
		(void)err_set(e, "probes: %s", strerror(errno));
	} else if (p->n_jobs > p->n_self) {
		int rc = pthread_create(&p->thread, NULL, probe_work, p);

		p->running = rc == 0;
		if (rc != 0)
			(void)err_set(e, "probes: %s", strerror(rc));
	}
	if (p->running)
		return p;
	probes_stop(p);
	return NULL;
}

void
probes_stop(struct probes *p)
{
	if (p == NULL)
		return;
	atomic_store(&p->stop, true);
	if (p->wake != -1)
		(void)eventfd_write(p->wake, 1);
	if (p->running)
		(void)pthread_join(p->thread, NULL);
	for (size_t i = 0; i < p->n_jobs; i++) {
		if (p->jobs[i].easy == NULL && p->jobs[i].fd != -1)
			(void)close(p->jobs[i].fd);
		if (p->jobs[i].easy != NULL)
			probe_curl_end(&p->jobs[i], p->multi);
		free(p->jobs[i].expect);
	}
	if (p->ares != NULL)
		ares_destroy(p->ares);
	if (p->multi != NULL)
		(void)curl_multi_cleanup(p->multi);
	if (p->wake != -1)
		(void)close(p->wake);
	(void)pthread_mutex_destroy(&p->lock);
	free(p->results);
	free(p->jobs);
	free(p);
}

size_t
probes_take(struct probes *p, struct probe_result **results_r)
{
	size_t n;

	*results_r = NULL;
	if (p == NULL)
		return 0;
	(void)pthread_mutex_lock(&p->lock);
	*results_r = p->results;
	n = p->n_results;
	p->results = NULL;
	p->n_results = 0;
	(void)pthread_mutex_unlock(&p->lock);
	return n;
}
