#include "queuewatch/check_stuck.h"

#include "lib/duration.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEAD_SHOWN_S (15 * 60)
#define FILE_MOST 65536

static void
say(struct finding *f, const char *text)
{
	finding_say(f, "%s%s", f->summary[0] != '\0' ? " " : "", text);
}

static void
say_future(struct finding *f, const struct stuck_view *v, int64_t future)
{
	char text[256], step[DURATION_SIZE];

	(void)snprintf(text, sizeof(text),
	    "%lld messages have a time stamp far in the future: Postfix "
	    "passes them over until then; a flush helps.",
	    (long long)future);
	say(f, text);
	if (v->stepped_back_s == 0)
		return;
	(void)snprintf(text, sizeof(text), "The clock was set back by %s.",
	    duration_text(v->stepped_back_s, step));
	say(f, text);
}

static void
say_overdue(struct finding *f, int64_t overdue, bool full)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
	    "%lld messages are overdue: their next attempt was due long ago; "
	    "%s.",
	    (long long)overdue,
	    full ? "a flush does not help, there is no room in the active queue"
	         : "a flush helps when Postfix runs");
	say(f, text);
}

/* What explains it, or will make it so. */
static void
say_reasons(struct finding *f, const struct stuck_view *v,
    const struct scan_count *active, bool full, bool dead)
{
	char text[FACTS_PATH];

	if (full) {
		(void)snprintf(text, sizeof(text),
		    "The active queue is at its limit, with %lld messages: "
		    "others wait until some of these are delivered, and a "
		    "flush does not help.",
		    (long long)active->messages);
		say(f, text);
	}
	if (v->stale[0] != '\0') {
		(void)snprintf(text, sizeof(text),
		    "Postfix's copy of %.200s is not as the system's: a "
		    "restart of Postfix brings it up to date, a flush does "
		    "not help.",
		    v->stale);
		say(f, text);
	}
	if (dead) {
		(void)snprintf(text, sizeof(text),
		    "%.200s is passed over as dead for now; a flush tries it "
		    "at once.",
		    v->dead);
		say(f, text);
	}
}

static struct rule_sample
judge(struct finding *f, int64_t n, bool full, bool stale)
{
	static const struct rule_limits limits = { 1, 1, 0, 0 };
	static const struct rule_growth growth = { 1, 0 };
	struct rule_limits now = rule_arrived(
	    &f->arrival[0], (double)n, &limits, &growth);
	struct rule_sample s = rule_value((double)n, &now), other;

	if (s.enter == LEVEL_OK && (n > 0 || stale))
		s.enter = s.leave = LEVEL_NOTICE;
	if (full) {
		other.enter = other.leave = LEVEL_WARNING;
		rule_worse(&s, &other);
	}
	return s;
}

void
stuck_check(struct findings *fs, const struct stuck_view *v,
    const struct scan_result *scan)
{
	const struct scan_count *d = &scan->queue[SCAN_DEFERRED];
	const struct scan_count *in = &scan->queue[SCAN_INCOMING];
	const struct scan_count *active = &scan->queue[SCAN_ACTIVE];
	struct finding *f = finding_get(
	    fs, "stuck", v->instance != NULL ? v->instance : "");
	int64_t future = d->future + in->future, n = future + d->overdue;
	bool full = v->active_limit > 0 && active->fault == 0 &&
	    active->messages >= v->active_limit;
	bool dead = v->dead_at != 0 && v->now - v->dead_at < DEAD_SHOWN_S &&
	    d->messages > 0;
	struct rule_sample s;
	json_t *o;

	if (f == NULL)
		return;
	if (d->fault != 0 || in->fault != 0) {
		(void)finding_unknown(
		    f, v->now, "The spool cannot be looked at.");
		return;
	}
	s = judge(f, n, full, v->stale[0] != '\0');
	(void)rule_feed(&f->rule, v->policy, &s, v->now);
	finding_value(f, (double)n, "messages");
	if (future > 0)
		say_future(f, v, future);
	if (d->overdue > 0)
		say_overdue(f, d->overdue, full);
	if (n == 0)
		say(f, "No message is stuck.");
	say_reasons(f, v, active, full, dead);
	o = json_pack("{s:I, s:I, s:b, s:b}", "future", (json_int_t)future,
	    "overdue", (json_int_t)d->overdue, "flush_helps",
	    (n > 0 && !full) || dead, "active_full", full);
	if (dead)
		(void)json_object_set_new(o, "dead", json_string(v->dead));
	if (v->stale[0] != '\0')
		(void)json_object_set_new(o, "stale", json_string(v->stale));
	finding_evidence(f, o);
}

/* Its bytes, as many as there is room for; -1 where it cannot be read. */
static ssize_t
read_file(const char *folder, const char *name, char *out)
{
	char path[FACTS_PATH + 64];
	ssize_t n, sum = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/etc/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return -1;
	while (sum < FILE_MOST &&
	    (n = read(fd, out + sum, (size_t)(FILE_MOST - sum))) > 0)
		sum += n;
	(void)close(fd);
	return sum;
}

void
stuck_stale(const char *root, const char *system, char *out, size_t size)
{
	static const char *const names[] = { "resolv.conf", "hosts",
		"nsswitch.conf", "services", "localtime" };
	static char here[FILE_MOST], there[FILE_MOST];
	ssize_t a, b;
	size_t i;

	out[0] = '\0';
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		a = read_file(root, names[i], here);
		b = read_file(system, names[i], there);
		if (a == -1 || b == -1 ||
		    (a == b && memcmp(here, there, (size_t)a) == 0))
			continue;
		(void)snprintf(out, size, "%s/etc/%s", system, names[i]);
		return;
	}
}
