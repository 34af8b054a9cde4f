#include "traces.h"

#include "queuewatch/forecast_days.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *const trace_names[TRACE_KINDS] = { "quiet", "leak", "creep",
	"sawtooth", "nightly dump", "one-off copy", "mail growth",
	"creep, dump", "mail, sawtooth, copy", "leak, dump",
	"sawtooth, dump, copy" };

static uint64_t seed_now;

static double
between(double least, double most)
{
	seed_now ^= seed_now << 13;
	seed_now ^= seed_now >> 7;
	seed_now ^= seed_now << 17;
	return least +
	    (most - least) * (double)(seed_now >> 11) /
	    (double)(UINT64_C(1) << 53);
}

/* Each adds to what is in use. */
static void
add_noise(double *used)
{
	double wander = 0, size = between(0.0003, 0.002);
	int i;

	for (i = 0; i < TRACE_LENGTH; i++) {
		wander = wander * 0.995 + between(-size, size) * 0.2;
		used[i] += wander + between(-size, size) * 0.1;
	}
}

static void
add_leak(double *used, double room)
{
	int from = (int)between(15 * TRACE_DAY, 50 * TRACE_DAY), i;
	double per_step = room / (between(8, 60) * 3600 / TRACE_STEP_S);

	for (i = from; i < TRACE_LENGTH; i++)
		used[i] += per_step * (i - from) * between(0.98, 1.0);
}

static void
add_creep(double *used, double room)
{
	double per_step = room / (between(40, 57) * TRACE_DAY), sum = 0;
	int i;

	for (i = 0; i < TRACE_LENGTH; i++)
		used[i] += sum += per_step * between(0, 2);
}

static void
add_sawtooth(double *used, double room)
{
	static const int periods[] = { 1, 2, 7, 7, 14 };
	int period = periods[(int)between(0, 4.999)] * TRACE_DAY, i;
	int phase = (int)between(0, period);
	double size = room * between(0.3, 0.8);

	for (i = 0; i < TRACE_LENGTH; i++)
		used[i] += size * ((i + phase) % period) / period;
}

static void
add_dump(double *used, double room)
{
	int at = (int)between(0, TRACE_DAY * 0.3);
	int writes = (int)between(6, 36), stays = (int)between(6, 60), i, k;
	double size = room * between(0.3, 0.75);

	for (i = 0; i < TRACE_LENGTH; i++) {
		k = i % TRACE_DAY - at;
		if (k >= 0 && k < writes + stays)
			used[i] += size *
			    (k < writes ? (double)k / writes : 1.0);
	}
}

static void
add_copy(double *used, double room)
{
	int at = (int)between(10 * TRACE_DAY, 50 * TRACE_DAY), i;
	int takes = (int)between(6, 60);
	double size = room * between(0.3, 0.8);

	for (i = at; i < TRACE_LENGTH; i++)
		used[i] += size *
		    (i - at < takes ? (double)(i - at) / takes : 1.0);
}

static void
add_mail(double *used, double room)
{
	double a_day = room * between(0.005, 0.012), sum = 0, hour, f;
	int clear = (int)between(20, 30) * TRACE_DAY, i;

	for (i = 0; i < TRACE_LENGTH; i++) {
		hour = (double)(i % TRACE_DAY) * 24 / TRACE_DAY;
		f = hour > 7 && hour < 19 ? 1.7 : 0.3;
		if (i / TRACE_DAY % 7 >= 5)
			f *= 0.2;
		sum += a_day * f * between(0.5, 1.5) / TRACE_DAY;
		if (i % clear == clear - 1)
			sum *= 0.5;
		used[i] += sum;
	}
}

void
trace_make(struct trace *t, enum trace_kind kind, uint64_t seed)
{
	static double used[TRACE_LENGTH];
	double room, begins;
	int i;

	seed_now = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (i = 0; i < 20; i++)
		(void)between(0, 1);
	begins = between(0.3, 0.7);
	room = 1 - begins;
	memset(used, 0, sizeof(used));
	add_noise(used);
	if (kind == TRACE_SAWTOOTH_DUMP_COPY)
		room /= 3;
	else if (kind == TRACE_LEAK_DUMP || kind == TRACE_CREEP_DUMP ||
	    kind == TRACE_MAIL_SAWTOOTH_COPY)
		room /= 2;
	if (kind == TRACE_LEAK || kind == TRACE_LEAK_DUMP)
		add_leak(used, 1 - begins);
	if (kind == TRACE_CREEP || kind == TRACE_CREEP_DUMP)
		add_creep(used, 1 - begins);
	if (kind == TRACE_SAWTOOTH || kind == TRACE_SAWTOOTH_DUMP_COPY ||
	    kind == TRACE_MAIL_SAWTOOTH_COPY)
		add_sawtooth(used, room);
	if (kind == TRACE_DUMP || kind == TRACE_CREEP_DUMP ||
	    kind == TRACE_LEAK_DUMP || kind == TRACE_SAWTOOTH_DUMP_COPY)
		add_dump(used, room);
	if (kind == TRACE_COPY || kind == TRACE_MAIL_SAWTOOTH_COPY ||
	    kind == TRACE_SAWTOOTH_DUMP_COPY)
		add_copy(used, room);
	if (kind == TRACE_MAIL || kind == TRACE_MAIL_SAWTOOTH_COPY)
		add_mail(used, room);
	t->full = -1;
	for (i = 0; i < TRACE_LENGTH; i++) {
		t->avail[i] = fmax(0, 1 - begins - used[i]);
		if (t->avail[i] <= 0 && t->full == -1)
			t->full = i;
	}
}

/* -- what is said of them -- */

#define HOUR (3600 / TRACE_STEP_S)
#define LOOK_EVERY HOUR
#define MERGE (6 * HOUR) /* a pause of less is the same alarm */

struct judge {
	const struct trace *t;
	struct verdict *v;
	int horizon; /* steps ahead that it speaks of */
	int since; /* of the alarm that stands; -1: none */
	int last; /* when one stood last */
};

static void
close_alarm(struct judge *j, int at)
{
	const struct trace *t = j->t;

	if (j->since == -1 || (at != -1 && at - j->last < MERGE))
		return;
	if (t->full != -1 &&
	    (j->last >= t->full - HOUR ||
	        t->full - j->since <= 2 * j->horizon)) {
		if (j->v->warned_s == 0)
			j->v->warned_s = (int64_t)(t->full - j->since) *
			    TRACE_STEP_S;
	} else {
		j->v->false_alarms++;
	}
	j->since = -1;
}

static void
note(struct judge *j, int at, bool alarm)
{
	if (!alarm) {
		close_alarm(j, at);
		return;
	}
	if (j->since == -1)
		j->since = at;
	j->last = at;
}

/* Where the straight line through the last six hours will be. */
static double
predict(const double *avail, int at, int ahead)
{
	double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, slope;
	int i;

	for (i = at - 6 * HOUR; i <= at; i++) {
		double x = i - at, y = avail[i];

		n++;
		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
	}
	slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
	return sy / n - slope * sx / n + slope * ahead;
}

void
verdict_mixin(const struct trace *t, struct verdict *v)
{
	struct judge j = { .t = t, .v = v, .horizon = 24 * HOUR, .since = -1 };
	int end = t->full == -1 ? TRACE_LENGTH : t->full, i, stood = 0;

	memset(v, 0, sizeof(*v));
	for (i = 6 * HOUR; i < end; i++) {
		bool bad = t->avail[i] < 0.4 &&
		    predict(t->avail, i, 24 * HOUR) < 0;

		stood = bad ? stood + 1 : 0;
		note(&j, i, stood > HOUR);
	}
	close_alarm(&j, -1);
}

void
verdict_ours(const struct trace *t, struct verdict *v)
{
	const int64_t within = INT64_C(72) * 3600;
	static struct days d;
	struct judge j = { .t = t, .v = v, .horizon = 72 * HOUR, .since = -1 };
	int end = t->full == -1 ? TRACE_LENGTH : t->full, i;
	struct outlook o;
	bool warns = false;

	memset(v, 0, sizeof(*v));
	days_init(&d);
	for (i = 0; i < end; i++) {
		days_add(
		    &d, (int64_t)i * TRACE_STEP_S + 86400 * 20000, t->avail[i]);
		if (i % LOOK_EVERY == LOOK_EVERY - 1) {
			days_outlook(&d, t->avail[i], 0, &o);
			warns = outlook_warns(&o, within, warns);
		}
		note(&j, i, warns);
	}
	close_alarm(&j, -1);
}
