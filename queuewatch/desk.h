#ifndef QUEUEWATCH_DESK_H
#define QUEUEWATCH_DESK_H

#include "lib/log.h"
#include "lib/report.h"
#include "queuewatch/book.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct config;

/*
 * The part of the remedy process that takes orders: checks the code, writes
 * down what it does before it does it, has the command run by a child, one at a
 * time, and tells what became of it.  Frames of fixed size both ways.
 */
enum desk_ask {
	DESK_ORDER, /* id, remedy, code */
	DESK_TOLD, /* id: its result is in a report that is kept */
	DESK_RELOAD, /* read the configuration again */
};

struct desk_order {
	int32_t what; /* enum desk_ask */
	char id[REPORT_MAX_NAME + 1];
	char remedy[REPORT_MAX_NAME + 1];
	char code[CODE_SIZE];
};

enum desk_news {
	DESK_RESULT, /* an order is over */
	DESK_BEGUN, /* id, remedy: it runs */
	DESK_STATE, /* text: what is wrong with secrets or book, or "" */
};

struct desk_news_frame {
	int32_t what; /* enum desk_news */
	int32_t outcome, exit_status;
	/* With DESK_STATE: the built-in remedies that have a secret. */
	uint32_t built_in; /* a bit for each, in remedy_at()'s order */
	int64_t at;
	char id[REPORT_MAX_NAME + 1];
	char remedy[REPORT_MAX_NAME + 1];
	char text[BOOK_TEXT];
};

struct desk {
	int socket; /* -1: nobody is there to be told */
	int net; /* the network namespace that commands run in; -1 */
	const struct config *config;
	struct book *book;
	struct book_order *running; /* NULL: none */
	struct timespec looked_at; /* the secret file's change then */
	struct log_limit refused; /* who guesses does not fill the log */
	int result; /* where the child that runs it tells; -1 */
};

/* Takes the socket; says what was over before and not told. */
void desk_open(struct desk *d, int socket, int net, const struct config *c);
/* Another client takes the place of the one before, and hears all of it. */
void desk_connect(struct desk *d, int socket);
/* Nothing runs or waits. */
bool desk_is_idle(const struct desk *d);
/* The configuration was read again. */
void desk_aim(struct desk *d, const struct config *c);
/* Were the secrets changed? */
void desk_look(struct desk *d);
/* An order came. */
void desk_take(struct desk *d, const struct desk_order *order);
/* The child that runs a remedy has something to say on d->result. */
void desk_collect(struct desk *d);
/* Begin what waits, when nothing runs.  Whether something waits still. */
bool desk_begin(struct desk *d);
/* In a child that has nothing to do with it: close what it holds. */
void desk_forget(struct desk *d);

#endif
