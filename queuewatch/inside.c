#include "queuewatch/inside.h"

#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S INT64_C(86400)

/* Of the i-th service or certificate: the name its memory is kept under. */
static const char *
memory_name(const struct config *c, size_t i)
{
	const struct config_certificate *k = c->certificates.items;
	const struct config_service *s = c->services.items;

	return i < c->certificates.n ? k[i].name
	                             : s[i - c->certificates.n].name;
}

/* A certificate section stands for the service of its name. */
static bool
has_section(const struct config *c, const char *name)
{
	const struct config_certificate *k = c->certificates.items;
	size_t i;

	for (i = 0; i < c->certificates.n; i++) {
		if (strcmp(k[i].name, name) == 0)
			return true;
	}
	return false;
}

int
inside_open(struct inside *in, const struct config *c,
    const struct keeper *keeper, struct err *e)
{
	size_t n = c->services.n + c->certificates.n;

	*in = (struct inside){ .config = c, .keeper = keeper };
	in->logins = logins_read(c, keeper);
	in->turns = calloc(n + c->blocklists.n + 1, sizeof(*in->turns));
	in->memory = calloc(n + 1, sizeof(*in->memory));
	if (in->logins == NULL || in->turns == NULL || in->memory == NULL)
		return err_set(e, "no memory");
	return 0;
}

static void
load_one(struct cert_memory *m, const json_t *o)
{
	const char *hash = json_string_value(json_object_get(o, "sha256"));

	if (hash == NULL)
		return;
	(void)snprintf(m->sha256, sizeof(m->sha256), "%s", hash);
	m->changed_at = json_integer_value(json_object_get(o, "changed_at"));
	m->found_foreign = json_is_true(json_object_get(o, "found_foreign"));
}

int
inside_start(struct inside *in, const unsigned char canary_key[CANARY_KEY],
    const json_t *saved, struct err *e)
{
	const struct config *c = in->config;
	struct patrol_setup setup = {
		.config = c, .logins = in->logins, .keeper = in->keeper
	};
	size_t i;

	memcpy(setup.canary_key, canary_key, CANARY_KEY);

	for (i = 0; i < c->services.n + c->certificates.n; i++)
		load_one(
		    &in->memory[i], json_object_get(saved, memory_name(c, i)));
	in->patrol = patrol_start(&setup, e);
	explicit_bzero(&setup.canary_key, CANARY_KEY);
	return in->patrol != NULL ? 0 : -1;
}

void
inside_close(struct inside *in)
{
	patrol_stop(in->patrol);
	logins_free(in->logins);
	free(in->turns);
	free(in->memory);
	*in = (struct inside){ 0 };
}

json_t *
inside_save(const struct inside *in)
{
	json_t *all = json_object();
	const struct config *c = in->config;
	size_t i;

	for (i = 0; c != NULL && i < c->services.n + c->certificates.n; i++) {
		const struct cert_memory *m = &in->memory[i];

		if (m->sha256[0] != '\0')
			(void)json_object_set_new(all, memory_name(c, i),
			    json_pack("{s:s, s:I, s:b}", "sha256", m->sha256,
			        "changed_at", (json_int_t)m->changed_at,
			        "found_foreign", m->found_foreign));
	}
	return all;
}

/*
 * Whether there is a look that was not fed yet.  Else the finding stays as it
 * is, or is unknown where there was none since the start.
 */
static bool
is_new(uint64_t *fed, uint64_t turn, struct findings *fs,
    const struct finding_name *name, int64_t now)
{
	struct finding *f;

	if (turn > *fed) {
		*fed = turn;
		return true;
	}
	if (turn > 0) {
		finding_keep(fs, name->check, name->subject);
		return false;
	}
	f = finding_get(fs, name->check, name->subject);
	if (f != NULL)
		(void)finding_unknown(
		    f, now, "This check has not run since the start.");
	return false;
}

/* A service that speaks TLS shows a certificate as well. */
static void
sample_own_certificate(
    struct inside *in, struct findings *fs, size_t i, const struct look_view *v)
{
	const struct config_service *s = in->config->services.items;
	char none[] = "";
	const struct config_certificate c = { .name = s[i].name,
		.url = s[i].url,
		.file = none,
		.warning = 21 * DAY_S,
		.critical = 7 * DAY_S };
	if (!v->look->probe.cert.given || has_section(in->config, s[i].name))
		return;
	certificate_check(
	    fs, &c, v, &in->memory[in->config->certificates.n + i]);
}

static void
sample_services(
    struct inside *in, struct findings *fs, const struct look_view *base)
{
	const struct config *c = in->config;
	const struct config_service *s = c->services.items;
	struct look_result r;
	struct look_view v = *base;
	size_t i;

	v.look = &r;
	for (i = 0; i < c->services.n; i++) {
		const struct finding_name name = { "service", s[i].name };

		patrol_service(in->patrol, i, &r);
		if (is_new(&in->turns[i], r.turn, fs, &name, v.now)) {
			service_check(fs, &s[i], &v);
			sample_own_certificate(in, fs, i, &v);
		}
		if (!has_section(c, s[i].name))
			finding_keep(fs, "certificate", s[i].name);
	}
}

static void
sample_certificates(
    struct inside *in, struct findings *fs, const struct look_view *base)
{
	const struct config *c = in->config;
	const struct config_certificate *k = c->certificates.items;
	struct look_result r;
	struct look_view v = *base;
	size_t i;

	v.look = &r;
	for (i = 0; i < c->certificates.n; i++) {
		const struct finding_name name = { "certificate", k[i].name };

		patrol_certificate(in->patrol, i, &r);
		if (is_new(&in->turns[c->services.n + i], r.turn, fs, &name,
		        v.now))
			certificate_check(fs, &k[i], &v, &in->memory[i]);
	}
}

static void
sample_blocklists(struct inside *in, struct findings *fs, int64_t now)
{
	const struct config *c = in->config;
	const struct config_blocklist *b = c->blocklists.items;
	uint64_t *turns = in->turns + c->services.n + c->certificates.n;
	struct dnsbl_result r;
	size_t i;

	for (i = 0; i < c->blocklists.n; i++) {
		const struct finding_name name = { "blocklist", b[i].zone };

		patrol_blocklist(in->patrol, i, &r);
		if (is_new(&turns[i], r.turn, fs, &name, now))
			blocklist_check(fs, &b[i], &r, now);
		dnsbl_result_free(&r);
	}
}

static void
sample_canaries(struct inside *in, struct findings *fs, int64_t now_ms)
{
	const struct config *c = in->config;
	const struct config_canary *k = c->canaries.items;
	struct canary_leg leg;
	struct canary_view v = { .leg = &leg, .now_ms = now_ms };
	size_t i;

	for (i = 0; i < c->canaries.n; i++) {
		v.begun = patrol_canary(in->patrol, i, &leg);
		canary_check(fs, &k[i], &v);
	}
	canary_compare(fs, c);
}

void
inside_sample(struct inside *in, struct findings *fs, int64_t now_ms)
{
	int64_t now = now_ms / 1000;
	const struct rule_policy policy = {
		.hold = (int)in->config->hold_samples,
		.clear = (int)in->config->clear_samples
	};
	struct look_view v = { .policy = &policy, .now = now };

	sample_services(in, fs, &v);
	sample_certificates(in, fs, &v);
	sample_blocklists(in, fs, now);
	sample_canaries(in, fs, now_ms);
}

void
inside_canary_key(const char *path, unsigned char key_r[CANARY_KEY])
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd != -1 && read(fd, key_r, CANARY_KEY) == CANARY_KEY) {
		(void)close(fd);
		return;
	}
	randombytes_buf(key_r, CANARY_KEY);
	if (fd == -1 || ftruncate(fd, 0) == -1 ||
	    pwrite(fd, key_r, CANARY_KEY, 0) != CANARY_KEY)
		log_warn("%s: %s: canaries are not known after a restart", path,
		    strerror(errno));
	if (fd != -1)
		(void)close(fd);
}
