#include "queuewatch/proof.h"

#include "lib/clock.h"

#include <stdio.h>
#include <string.h>

#define CHECK "remedy"
#define LIST_ROOM 220

/* What is found at one look. */
struct verdict {
	json_t *evidence;
	char grown[LIST_ROOM], well[LIST_ROOM], bad[LIST_ROOM];
	int n_bad;
};

static bool
complains(const struct finding *f)
{
	return f->live && strcmp(f->check, CHECK) != 0 &&
	    (f->rule.level == LEVEL_WARNING || f->rule.level == LEVEL_CRITICAL);
}

void
proof_begin(struct proof *p, const char *remedy, const struct findings *fs,
    const struct proof_state *s, int64_t now)
{
	size_t i;

	*p = (struct proof){ .began_at = now,
		.messages = s->messages,
		.no_space_at = s->no_space_at };
	(void)snprintf(p->remedy, sizeof(p->remedy), "%s", remedy);
	for (i = 0; i < s->n_disks; i++) {
		if (s->samples[i]->fault != 0)
			continue;
		(void)snprintf(p->disks[p->n_disks].path, FACTS_PATH, "%s",
		    s->disks[i]->path);
		p->disks[p->n_disks++].total_bytes = s->samples[i]->total_bytes;
	}
	for (i = 0; i < fs->n && p->n_complaints < PROOF_COMPLAINTS; i++) {
		const struct finding *f = fs->items[i];

		if (!complains(f) ||
		    strlen(f->subject) >= sizeof(p->complaints[0].subject))
			continue;
		(void)snprintf(p->complaints[p->n_complaints].check,
		    sizeof(p->complaints[0].check), "%s", f->check);
		(void)snprintf(p->complaints[p->n_complaints++].subject,
		    sizeof(p->complaints[0].subject), "%s", f->subject);
	}
}

void
proof_over(struct proof *p, enum report_outcome outcome, int64_t now)
{
	p->over = true;
	p->outcome = outcome;
	p->over_at = now;
}

static void
list(char *out, const char *check, const char *subject)
{
	size_t n = strlen(out);

	(void)snprintf(out + n, LIST_ROOM - n, "%s%s%s%s", n > 0 ? ", " : "",
	    check, subject[0] != '\0' ? " " : "", subject);
}

static void
look_at_disks(
    const struct proof *p, const struct proof_state *s, struct verdict *v)
{
	json_t *a = json_array();
	size_t i, k, n;

	for (i = 0; i < p->n_disks; i++) {
		for (k = 0; k < s->n_disks; k++) {
			int64_t was = p->disks[i].total_bytes, is;

			if (strcmp(p->disks[i].path, s->disks[k]->path) != 0 ||
			    s->samples[k]->fault != 0)
				continue;
			is = s->samples[k]->total_bytes;
			/* Its own blocks make it look a little larger. */
			if (is <= was + was / 200)
				break;
			n = strlen(v->grown);
			(void)snprintf(v->grown + n, LIST_ROOM - n,
			    " %s grew from %lld MB to %lld MB.",
			    p->disks[i].path, (long long)(was / 1000000),
			    (long long)(is / 1000000));
			(void)json_array_append_new(a,
			    json_pack("{s:s, s:I, s:I}", "path",
			        p->disks[i].path, "before_bytes",
			        (json_int_t)was, "after_bytes",
			        (json_int_t)is));
			break;
		}
	}
	(void)json_object_set_new(v->evidence, "grown", a);
}

static void
look_at_complaints(
    const struct proof *p, const struct findings *fs, struct verdict *v)
{
	json_t *well = json_array(), *bad = json_array();
	size_t i;

	for (i = 0; i < p->n_complaints; i++) {
		const char *check = p->complaints[i].check;
		const char *subject = p->complaints[i].subject;
		const struct finding *f = finding_look(fs, check, subject);
		bool good = f == NULL || f->rule.level == LEVEL_OK ||
		    f->rule.level == LEVEL_NOTICE;

		list(good ? v->well : v->bad, check, subject);
		v->n_bad += !good;
		(void)json_array_append_new(good ? well : bad,
		    json_pack(
		        "{s:s, s:s}", "check", check, "subject", subject));
	}
	(void)json_object_set_new(v->evidence, "well_again", well);
	(void)json_object_set_new(v->evidence, "not_well", bad);
}

static void
say(struct finding *f, const struct proof *p, const struct proof_state *s,
    const struct verdict *v, int64_t now)
{
	char at[CLOCK_RFC3339_SIZE];
	bool space = p->no_space_at != 0 &&
	    p->no_space_at + PROOF_WATCH_S > p->began_at;

	finding_say(f, "%s: %s at %s.%s", p->remedy,
	    report_outcome_words[p->outcome], clock_rfc3339(p->over_at, at),
	    v->grown);
	if (s->no_space_at > p->over_at)
		finding_say(f, " Still \"no space\" since.");
	else if (space)
		finding_say(f, " No \"no space\" since.");
	if (p->messages >= 0 && s->messages >= 0 &&
	    (p->messages > 0 || s->messages > 0))
		finding_say(f, " The queue %s: %lld, %lld before.",
		    s->messages < p->messages       ? "falls"
		        : s->messages > p->messages ? "has grown"
		                                    : "is as it was",
		    (long long)s->messages, (long long)p->messages);
	if (v->well[0] != '\0')
		finding_say(f, " Well again: %s.", v->well);
	if (v->bad[0] != '\0')
		finding_say(f, " Not well%s: %s.",
		    now - p->over_at < PROOF_WATCH_S ? " yet" : "", v->bad);
}

/* What a look must show before the remedy counts as proven. */
static bool
is_proven(const struct proof *p, const struct proof_state *s,
    const struct verdict *v, int64_t now)
{
	return p->outcome == REPORT_DONE && v->n_bad == 0 &&
	    s->no_space_at <= p->over_at &&
	    (s->messages <= p->messages || p->messages < 0) &&
	    (p->n_complaints > 0 || v->grown[0] != '\0' ||
	        s->messages < p->messages || now - p->over_at >= PROOF_QUIET_S);
}

void
proof_check(struct proof *p, struct findings *fs, const struct proof_state *s,
    int64_t now)
{
	static const struct rule_policy at_once = { 1, 1 };
	struct verdict v = { .n_bad = 0 };
	struct rule_sample sample = { LEVEL_NOTICE, LEVEL_NOTICE };
	struct finding *f;

	if (p->remedy[0] == '\0' || !p->over)
		return;
	if (now - p->over_at > PROOF_SHOWN_S) {
		findings_drop(fs, CHECK, p->remedy);
		p->remedy[0] = '\0';
		return;
	}
	f = finding_get(fs, CHECK, p->remedy);
	if (f == NULL)
		return;
	v.evidence = json_pack("{s:s, s:I, s:I}", "outcome",
	    report_outcome_words[p->outcome], "queue_before",
	    (json_int_t)p->messages, "queue", (json_int_t)s->messages);
	look_at_disks(p, s, &v);
	look_at_complaints(p, fs, &v);
	if (is_proven(p, s, &v, now))
		sample.enter = sample.leave = LEVEL_OK;
	(void)rule_feed(&f->rule, &at_once, &sample, now);
	say(f, p, s, &v, now);
	finding_evidence(f, v.evidence);
}
