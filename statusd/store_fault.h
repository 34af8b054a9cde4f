#ifndef STATUSD_STORE_FAULT_H
#define STATUSD_STORE_FAULT_H

#include "lib/alert.h"
#include "statusd/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The rows behind fault.h and notify.h. */

/* Something that stands at warning or critical. */
struct store_member {
	int64_t thread; /* the open incident it belongs to, or 0 */
	char *check;
	char *subject;
	enum level level;
	double value;
	char *summary;
};
struct store_members {
	struct store_member *items;
	size_t n;
};

/*
 * All that stands at the system, by thread, then by check, the worst first.
 * What belongs to an incident that the operator resolved is left out.
 */
int store_members_load(struct store *s, const char *system,
    struct store_members *members_r, struct err *e);
void store_members_free(struct store_members *m);

struct store_fault {
	int64_t id; /* 0: not stored yet */
	int64_t thread; /* 0: of a check's warnings */
	char *check; /* of its first member */
	enum level level;
	int64_t changes;
	int64_t opened_at;
	char *label; /* "queue deferred, disk /var/vmail" */
	int64_t alerts; /* messages about it, but for the one that it is over */
	int64_t said_at; /* when the last was sent */
	enum level said_level; /* what it said */
	int64_t held; /* changes since that were not told of yet */
	int64_t acked_at; /* the operator knows of it, or of its incident */
};
struct store_faults {
	struct store_fault *items;
	size_t n;
};

int store_faults_load(struct store *s, const char *system,
    struct store_faults *faults_r, struct err *e);
void store_faults_free(struct store_faults *f);
/* Adds it where its id is 0, and sets that. */
int store_fault_put(
    struct store *s, const char *system, struct store_fault *f, struct err *e);
int store_fault_delete(struct store *s, int64_t id, struct err *e);

/* The operator knows of the system's faults that are in no incident. */
int store_faults_ack(
    struct store *s, const char *system, int64_t now, struct err *e);

/* A message to the operator, waiting for the outbox. */
struct store_notice {
	int64_t id;
	int64_t fault;
	enum alert_event event;
	enum level level;
	char *system;
	char *title;
	char *text;
	int64_t thread; /* 0: none */
	int64_t number; /* of the change */
	int64_t began_at; /* of the fault */
	int64_t at;
	char *only; /* the one alert that is to have it; "": as they want */
};

int store_notice_add(
    struct store *s, const struct store_notice *n, struct err *e);
/* The oldest: 1, 0 where there is none, -1.  Free it. */
int store_notice_first(
    struct store *s, struct store_notice *n_r, struct err *e);
void store_notice_free(struct store_notice *n);
int store_notice_delete(struct store *s, int64_t id, struct err *e);

/* What an alert was told of a fault. */
struct store_told {
	const char *alert;
	int64_t fault;
	int64_t at; /* when it last heard of it */
	bool escalated; /* another was told because nobody acknowledged it */
};
int store_tell(struct store *s, const struct store_told *t, struct err *e);
/* Fills in "at" and "escalated": 1, 0 (it was not told), -1. */
int store_told_get(struct store *s, struct store_told *t, struct err *e);
int store_untell(struct store *s, int64_t fault, struct err *e);

#endif
