#ifndef STATUSD_CONSOLE_INNER_H
#define STATUSD_CONSOLE_INNER_H

#include "lib/code.h"
#include "lib/err.h"
#include "lib/level.h"
#include "lib/log.h"
#include "statusd/console.h"
#include "statusd/form.h"
#include "statusd/gate.h"
#include "statusd/model.h"
#include "statusd/offers.h"
#include "statusd/page_frame.h"
#include "statusd/store.h"
#include "statusd/vault.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* What only console*.c see. */

/* Of an operator who knows a good code but not the pass phrase. */
#define CONSOLE_DOORS 16
struct console_door {
	char name[VAULT_NAME];
	struct door door;
};

struct console {
	pthread_mutex_t lock; /* one request at a time */
	const struct config *config;
	struct vault *vault;
	struct offers *offers;
	struct gate *gate;
	struct console_door doors[CONSOLE_DOORS];
	size_t next_door;
	struct log_limit fault, wrong;
};

#define CONSOLE_TOKEN 44 /* 32 bytes in base 64, and the NUL */

/* One request. */
struct visit {
	struct console *c;
	const struct http_call *call;
	struct http_reply *reply;
	struct form form; /* empty without a POST */
	struct store *store; /* NULL: not opened yet */
	bool signed_in;
	struct vault_session session;
	char csrf[CONSOLE_TOKEN]; /* what its forms hold */
	struct page page;
	struct model_site shell; /* title and address of the site */
	char said[512]; /* what is said above the page's content */
	bool done; /* and that it is good news */
};

/* -- console_frame.c: what all its pages share -- */
void frame_begin(struct visit *v, const char *title);
void frame_end(struct visit *v);
/* A page with nothing on it but what is said. */
void frame_say(struct visit *v, unsigned status, const char *title);
/* "<form method=post action=...>" with what guards it; ended by html_end(). */
void frame_form(struct visit *v, const char *action, const char *style);
/* A hidden field. */
void frame_hidden(struct visit *v, const char *name, const char *value);
void frame_button(struct visit *v, const char *style, const char *text);
/* A link to a page of the console: "" is the first. */
void frame_link(struct visit *v, const char *path, const char *text);
/* Go on to that page of the console. */
void frame_go(struct visit *v, const char *path);
/* How bad, as a mark with its word. */
void frame_level(struct visit *v, enum level level);

/* -- console_sign.c: who is there -- */
/* Is the cookie a session's?  Sets v->signed_in. */
void sign_find(struct visit *v);
/* Whether a POST came from a page of ours: else it is answered. */
bool sign_is_ours(struct visit *v);
bool sign_has_token(struct visit *v);
void sign_page(struct visit *v, unsigned status);
void sign_in(struct visit *v);
void sign_out(struct visit *v);

/* -- pages and what their forms do -- */
void front_page(struct visit *v);
void thread_page(struct visit *v, const char *id);
/* update, note, resolve, publish, drop, ack */
void thread_act(struct visit *v, const char *verb);
void open_page(struct visit *v);
void open_act(struct visit *v);
void planned_act(struct visit *v);
void silence_act(struct visit *v);
void order_page(struct visit *v, const char *id);
void order_act(struct visit *v);
void log_page(struct visit *v);

/* The forms of a system's remedies; opened where something stands. */
void order_forms(struct visit *v, const char *system, bool open);
/* The newest orders, of one system or (NULL) of all. */
void order_list(struct visit *v, const char *system, size_t most);

/* -- console.c -- */
/* The store, opened at the first call; NULL with the page answered. */
struct store *console_store(struct visit *v);
/* The text of a field, checked: 0, or -1 with what is wrong said.  Free "b". */
int console_text(struct visit *v, const char *name, struct buf *b);
/* The end of a transaction: what post.h returned; whether all is well. */
bool console_finish(struct visit *v, int rc, struct err *e);
/*
 * Hold a text that was just published against the evidence, see claim.h. Within
 * the transaction; 0 or -1.
 */
int console_claim(struct visit *v, int64_t thread, const char *title,
    const char *body, struct err *e);
/* Write down who did what. */
void console_note(struct visit *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The store or the vault has a fault: says so. */
void console_fault(struct visit *v, const struct err *e);

#endif
