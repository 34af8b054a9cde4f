#include "statusd/ingest.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "statusd/announce.h"
#include "statusd/config.h"
#include "statusd/fault.h"
#include "statusd/orders.h"
#include "statusd/store_report.h"

#include <jansson.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX 512
/* A report's own time is taken for its samples unless it is further off. */
#define AHEAD_S 300
#define BEHIND_S (30 * 86400)

struct ingest {
	pthread_mutex_t lock; /* guards all below */
	struct store *store;
	const struct config *config;
	struct orders orders;
	struct log_limit fault_limit;
	bool begun; /* a transaction */
	atomic_bool damaged;
};

struct ingest *
ingest_new(const struct config *c, struct err *e)
{
	struct ingest *in = calloc(1, sizeof(*in));

	if (in == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	(void)pthread_mutex_init(&in->lock, NULL);
	in->config = c;
	in->store = store_open(c, e);
	if (in->store == NULL) {
		ingest_free(in);
		return NULL;
	}
	return in;
}

void
ingest_free(struct ingest *in)
{
	if (in == NULL)
		return;
	store_close(in->store);
	(void)pthread_mutex_destroy(&in->lock);
	free(in);
}

void
ingest_orders(struct ingest *in, struct vault *v, struct offers *offers)
{
	in->orders.vault = v;
	in->orders.offers = offers;
}

void
ingest_configure(struct ingest *in, const struct config *c)
{
	(void)pthread_mutex_lock(&in->lock);
	in->config = c;
	(void)pthread_mutex_unlock(&in->lock);
}

void
ingest_suspend(struct ingest *in)
{
	(void)pthread_mutex_lock(&in->lock);
	store_close(in->store);
	in->store = NULL;
	(void)pthread_mutex_unlock(&in->lock);
}

bool
ingest_met_damage(struct ingest *in)
{
	return atomic_exchange(&in->damaged, false);
}

int
ingest_reopen(struct ingest *in, struct err *e)
{
	struct store *s = store_open(in->config, e);

	if (s == NULL)
		return -1;
	(void)pthread_mutex_lock(&in->lock);
	store_close(in->store);
	in->store = s;
	(void)pthread_mutex_unlock(&in->lock);
	return 0;
}

static int
refuse(struct buf *json, int status, const char *why)
{
	json_t *o = json_pack("{s:s}", "error", why);
	char *text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;

	buf_str(json, text != NULL ? text : "{\"error\":\"refused\"}");
	free(text);
	json_decref(o);
	return status;
}

/* Whose token the header holds: 1, 0 nobody's, -1. */
static int
authenticate(struct ingest *in, const char *header, struct store_token *token_r,
    struct err *e)
{
	unsigned char hash[STORE_HASH_BYTES];
	const char *t = header;
	size_t n;

	if (t == NULL || strncasecmp(t, "Bearer", 6) != 0 || t[6] != ' ')
		return 0;
	t += 6 + strspn(t + 6, " ");
	n = strlen(t);
	while (n > 0 && t[n - 1] == ' ')
		n--;
	if (n == 0 || n > TOKEN_MAX)
		return 0;
	(void)crypto_generichash(
	    hash, sizeof(hash), (const unsigned char *)t, n, NULL, 0);
	return store_token_find(in->store, hash, token_r, e);
}

/* When the queue is likely to be empty, as the evidence says; 0: it does not.
 */
static int64_t
eta_of(const struct report_finding *f)
{
	static const char key[] = "\"empty_at\":\"";
	/* A quotation mark within a JSON text has a backslash before it. */
	const char *p = strstr(f->evidence, key);
	char at[CLOCK_RFC3339_SIZE];
	int64_t t = 0;
	size_t n;

	if (p == NULL)
		return 0;
	p += sizeof(key) - 1;
	n = strcspn(p, "\"");
	if (n >= sizeof(at))
		return 0;
	memcpy(at, p, n);
	at[n] = '\0';
	return clock_parse_rfc3339(at, &t) == 0 ? t : 0;
}

#define MOST_OF_IT 0.5

/* Whether the evidence names one cause of most of it. */
static bool
is_known(const struct report_finding *f)
{
	json_t *o = json_loads(f->evidence, 0, NULL);
	json_t *top = json_array_get(json_object_get(o, "causes"), 0);
	bool known = json_number_value(json_object_get(top, "share")) >=
	    MOST_OF_IT;

	json_decref(o);
	return known;
}

/* What is kept with a finding beside what the report says. */
static struct store_finding
marks_of(const struct store_finding *old, const struct report_finding *f,
    int64_t now)
{
	struct store_finding m = {
		.seen_at = now, .changed_at = now, .empty_at = eta_of(f)
	};
	bool stands = incident_stands(f->level);

	if (old != NULL) {
		bool same = old->level == f->level;

		m.changed_at = same ? old->changed_at : now;
		m.changes = old->changes + !same;
		m.began_at = old->began_at;
	}
	/* "unknown" does not say that it is over. */
	if (stands && m.began_at == 0)
		m.began_at = now;
	else if (!stands && f->level != LEVEL_UNKNOWN)
		m.began_at = 0;
	return m;
}

/* For the operator's eyes: what the report said when it became news. */
static char *
evidence_of(const struct report_finding *f)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:f}", "check", f->check,
	    "subject", f->subject, "level", level_word(f->level), "summary",
	    f->summary, "value", f->has_value ? f->value : 0.0);
	json_t *more = json_loads(f->evidence, 0, NULL);
	char *text = NULL;

	if (o != NULL && more != NULL)
		(void)json_object_set(o, "evidence", more);
	if (o != NULL)
		text = json_dumps(o, JSON_COMPACT);
	json_decref(more);
	json_decref(o);
	return text;
}

static int
take_finding(struct announce *a, const struct report_finding *f,
    const struct store_findings *old, struct err *e)
{
	const struct store_finding marks = marks_of(
	    store_findings_find(old, f->check, f->subject), f, a->now);
	bool news = marks.changed_at == a->now;
	const struct incident_finding x = {
		.check = f->check,
		.subject = f->subject,
		.level = f->level,
		.value = f->has_value ? f->value : 0,
		.began = marks.began_at,
		.eta = marks.empty_at,
		.known = news && is_known(f),
		.muted = a->muted,
	};
	char *evidence = news ? evidence_of(f) : NULL;
	int rc = store_finding_put(a->store, a->system->code, f, &marks, e);

	if (rc == 0)
		rc = announce_finding(
		    a, &x, evidence != NULL ? evidence : "", e);
	free(evidence);
	return rc;
}

/* A system that was silent has spoken. */
static int
end_silence(struct announce *a, struct err *e)
{
	const struct incident_finding f = {
		.check = INCIDENT_SILENCE,
		.subject = "",
		.level = LEVEL_OK,
	};

	return announce_finding(a, &f, "", e);
}

/* Critical first, then warnings, then the rest: see incident_step(). */
static int
take_findings(struct announce *a, const struct report *r, struct err *e)
{
	struct store_findings old;
	int rc = 0;

	if (store_findings_load(a->store, r->system, &old, e) == -1)
		return -1;
	for (int turn = 0; turn < 3 && rc == 0; turn++) {
		for (size_t i = 0; i < r->n_findings && rc == 0; i++) {
			const struct report_finding *f = &r->findings[i];
			int mine = f->level == LEVEL_CRITICAL ? 0
			    : f->level == LEVEL_WARNING       ? 1
			                                      : 2;

			if (mine == turn)
				rc = take_finding(a, f, &old, e);
		}
	}
	store_findings_free(&old);
	return rc;
}

static int
take_samples(struct store *s, const struct report *r, int64_t now, bool fill,
    struct err *e)
{
	int64_t at = r->at;

	if (at > now + AHEAD_S || at < now - BEHIND_S)
		at = now;
	for (size_t i = 0; i < r->n_samples; i++) {
		if (store_sample_add(
		        s, r->system, &r->samples[i], at, fill, e) == -1)
			return -1;
	}
	return 0;
}

static int
take_news(struct ingest *in, const struct report *r, int64_t now, struct err *e)
{
	struct announce a = {
		.store = in->store,
		.config = in->config,
		.system = config_find_system(in->config, r->system),
		.now = now,
	};
	int rc;

	if (store_reporter_put(in->store, r, now, e) == -1 ||
	    announce_begin(&a, e) == -1)
		return -1;
	rc = end_silence(&a, e);
	if (rc == 0)
		rc = take_findings(&a, r, e);
	if (rc == 0)
		rc = announce_say(&a, e);
	announce_end(&a);
	if (rc == 0)
		rc = fault_review(in->store, r->system, now, e);
	return rc;
}

/* Within a transaction. */
static int
take(struct ingest *in, const struct report *r, const struct store_token *token,
    int64_t now, struct err *e)
{
	struct store_reporter newest;
	bool known;
	int rc = store_reporter_get(in->store, r->system, &newest, e);

	if (rc == -1 || store_token_use(in->store, token, now, e) == -1)
		return -1;
	known = rc == 1 && r->seq <= newest.seq;
	if (!known && take_news(in, r, now, e) == -1)
		return -1;
	return take_samples(in->store, r, now, known, e);
}

#define STORE_FAULT "the store cannot be used at the moment"

/*
 * The answer of a report that was understood gets a reason: an order in it goes
 * out all the same, for it may be what helps.  0, or -1.
 */
static int
add_fault(struct buf *json)
{
	json_t *o = json_loads(buf_text(json), 0, NULL);
	char *text = NULL;

	if (o != NULL &&
	    json_object_set_new(o, "error", json_string(STORE_FAULT)) == 0)
		text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (text == NULL)
		return -1;
	buf_reset(json);
	buf_str(json, text);
	free(text);
	return 0;
}

/* The store cannot be used: nothing was taken, the sender tries again. */
static void
unavailable(struct ingest *in, struct ingest_request *q, const struct err *e)
{
	bool understood = q->json->len > 0 &&
	    (q->status == -1 || q->status == 200);

	if (in->store != NULL && store_is_damaged(in->store))
		atomic_store(&in->damaged, true);
	log_warn_limited(&in->fault_limit, clock_mono_ms(), 60,
	    "a report could not be taken: %s", e->text);
	q->status = 503;
	if (understood && add_fault(q->json) == 0)
		return;
	buf_reset(q->json);
	(void)refuse(q->json, 503, STORE_FAULT);
}

/* Begins the transaction where none is under way.  -1: the store's fault. */
static int
take_parsed(struct ingest *in, const struct report *r,
    const struct store_token *token, struct ingest_request *q, struct err *e)
{
	if (strcmp(r->system, token->system) != 0)
		return refuse(
		    q->json, 403, "this token belongs to another system");
	if (config_find_system(in->config, r->system) == NULL)
		return refuse(
		    q->json, 403, "this system is not in the configuration");
	orders_note(&in->orders, r, q->now);
	if (orders_answer(&in->orders, r, q->now, q->json, e) == -1)
		return refuse(q->json, 503, "no memory");
	if (!in->begun && store_begin(in->store, e) == -1)
		return -1;
	in->begun = true;
	return take(in, r, token, q->now, e) == -1 ? -1 : 200;
}

/* The status of the answer, or -1: the store's fault. */
static int
receive(struct ingest *in, struct ingest_request *q, struct err *e)
{
	struct store_token token;
	struct report r;
	int status, rc;

	buf_reset(q->json);
	if (in->store == NULL)
		return err_set(e, "the database is being opened anew");
	rc = authenticate(in, q->authorization, &token, e);
	if (rc == -1)
		return -1;
	if (rc == 0)
		return refuse(q->json, 401,
		    "a valid token is needed: Authorization: Bearer TOKEN");
	if (q->len > INGEST_BODY_MAX)
		return refuse(q->json, 413, "a report has at most 256 KiB");
	if (report_parse(q->body, q->len, &r, e) == -1)
		return refuse(q->json, 400, e->text);
	status = take_parsed(in, &r, &token, q, e);
	report_free(&r);
	return status;
}

/* All of them or none: one commit. */
static int
take_batch(
    struct ingest *in, struct ingest_request *const *q, size_t n, struct err *e)
{
	int rc = 0;

	in->begun = false;
	for (size_t i = 0; i < n && rc == 0; i++) {
		q[i]->status = receive(in, q[i], e);
		rc = q[i]->status == -1 ? -1 : 0;
	}
	if (rc == 0 && in->begun)
		rc = store_commit(in->store, e);
	if (rc == -1 && in->begun)
		store_rollback(in->store);
	return rc;
}

void
ingest_reports(struct ingest *in, struct ingest_request *const *q, size_t n)
{
	struct err e;

	(void)pthread_mutex_lock(&in->lock);
	if (take_batch(in, q, n, &e) == -1) {
		/* Where the store answers at all, each by itself. */
		bool busy = !in->begun;

		for (size_t i = 0; i < n; i++) {
			if (n == 1 || busy ||
			    take_batch(in, &q[i], 1, &e) == -1)
				unavailable(in, q[i], &e);
		}
	}
	(void)pthread_mutex_unlock(&in->lock);
}
