/* Remedies: what can be ordered, the order, and what became of it. */
#include "lib/buf.h"
#include "lib/level.h"
#include "statusd/config.h"
#include "statusd/console_inner.h"
#include "statusd/store_report.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFRESH_S 2
#define LIST_MOST 20

static const char *const outcome_titles[] = {
	[REPORT_DONE] = "Done",
	[REPORT_FAILED] = "It failed",
	[REPORT_REFUSED] = "Refused",
	[REPORT_TIMEOUT] = "Stopped at its time limit",
};

/* How it stands, and whether that is good. */
static const char *
standing(const struct vault_order *o, int64_t now, const char **style_r)
{
	*style_r = "unsure";
	if (o->state == VAULT_OVER) {
		*style_r = o->outcome == REPORT_DONE ? "ok" : "down";
		return outcome_titles[o->outcome];
	}
	if (o->state == VAULT_EXPIRED || o->until <= now)
		return o->sent_at != 0 ? "Sent, not answered" : "Not fetched";
	*style_r = "work";
	return o->sent_at != 0 ? "Sent" : "Waiting for the next report";
}

static void
one_form(struct visit *v, const char *system, const struct offer *o, bool open)
{
	struct html *h = &v->page.h;
	const char *title = o->title[0] != '\0' ? o->title : o->name;

	html_start(
	    h, "details", "class", "remedy", "open", open ? "" : NULL, NULL);
	html_element(h, "summary", title, NULL);
	frame_form(v, "order", NULL);
	frame_hidden(v, "system", system);
	frame_hidden(v, "remedy", o->name);
	html_start(h, "label", NULL);
	html_textf(h, "Code for \"%s\"", o->name);
	html_start(h, "input", "name", "code", "type", "text", "required", "",
	    "inputmode", "numeric", "pattern", "[0-9]{6}|[0-9]{8}", "maxlength",
	    "8", "autocomplete", "one-time-code", "title",
	    "six digits from your phone, or eight from paper", NULL);
	html_end(h, "label");
	frame_button(v, NULL, "Order it");
	html_end(h, "form");
	html_end(h, "details");
	html_newline(h);
}

void
order_forms(struct visit *v, const char *system, bool open)
{
	struct offer *items = calloc(REPORT_MAX_REMEDIES, sizeof(*items));
	struct html *h = &v->page.h;
	int64_t at;
	size_t n = items != NULL ? offers_list(v->c->offers, system, items, &at)
	                         : 0;

	if (n > 0) {
		html_element(h, "h3", "Remedies", NULL);
		for (size_t i = 0; i < n; i++)
			one_form(v, system, &items[i], open && n == 1);
	}
	free(items);
}

static void
line(struct visit *v, const struct vault_order *o)
{
	struct html *h = &v->page.h;
	char path[64];
	const char *style;
	const char *word = standing(o, v->call->now, &style);

	html_start(h, "li", NULL);
	page_minute(&v->page, o->at);
	html_start(h, "span", NULL);
	(void)snprintf(path, sizeof(path), "order/%s", o->id);
	frame_link(v, path, o->title);
	html_textf(h, " (%s) ", o->system);
	page_chip(&v->page, style, word);
	html_end(h, "span");
	html_end(h, "li");
	html_newline(h);
}

void
order_list(struct visit *v, const char *system, size_t most)
{
	struct vault_order *orders = calloc(LIST_MOST, sizeof(*orders));
	const struct vault_due of = { system, orders,
		most < LIST_MOST ? most : LIST_MOST };
	struct html *h = &v->page.h;
	struct err e;
	size_t n = 0;

	if (orders == NULL || vault_orders_list(v->c->vault, &of, &n, &e) == -1)
		n = 0;
	if (n > 0) {
		html_element(h, "h2", "Orders", NULL);
		html_start(h, "ul", "class", "lines", NULL);
		for (size_t i = 0; i < n; i++)
			line(v, &orders[i]);
		html_end(h, "ul");
	}
	if (orders != NULL)
		sodium_memzero(orders, LIST_MOST * sizeof(*orders));
	free(orders);
}

static void
fact(struct visit *v, const char *name, int64_t at)
{
	struct html *h = &v->page.h;

	if (at == 0)
		return;
	html_element(h, "dt", name, NULL);
	html_start(h, "dd", NULL);
	page_second(&v->page, at);
	html_end(h, "dd");
}

static void
facts(struct visit *v, const struct vault_order *o)
{
	struct html *h = &v->page.h;
	const char *style, *word = standing(o, v->call->now, &style);

	html_start(h, "dl", NULL);
	html_element(h, "dt", "How it stands", NULL);
	html_start(h, "dd", NULL);
	page_chip(&v->page, style, word);
	html_end(h, "dd");
	html_element(h, "dt", "System", NULL);
	html_element(h, "dd", o->system, NULL);
	html_element(h, "dt", "Remedy", NULL);
	html_element(h, "dd", o->remedy, NULL);
	html_element(h, "dt", "Ordered by", NULL);
	html_element(h, "dd", o->by, NULL);
	fact(v, "Ordered at", o->at);
	fact(v, "Sent at", o->sent_at);
	fact(v, o->state == VAULT_EXPIRED ? "Given up at" : "Result at",
	    o->over_at);
	if (o->state == VAULT_OVER && o->exit_status != -1) {
		html_element(h, "dt", "Exit status", NULL);
		html_start(h, "dd", NULL);
		html_textf(h, "%d", o->exit_status);
		html_end(h, "dd");
	}
	html_end(h, "dl");
}

/* What the reports say since of whether it helped. */
static void
proof(struct visit *v, const struct vault_order *o)
{
	struct html *h = &v->page.h;
	const struct store_finding *f;
	struct store_findings all;
	struct err e;

	if (o->state != VAULT_OVER || o->outcome == REPORT_REFUSED ||
	    v->store == NULL)
		return;
	if (store_findings_load(v->store, o->system, &all, &e) == -1)
		return;
	f = store_findings_find(&all, "remedy", o->remedy);
	html_element(h, "h2", "Did it help?", NULL);
	if (f != NULL && f->seen_at >= o->over_at) {
		html_start(h, "p", NULL);
		frame_level(v, f->level);
		html_text(h, " ");
		html_element(h, "bdi", f->summary, NULL);
		html_end(h, "p");
	} else {
		html_element(h, "p", "The reports do not tell yet.", NULL);
	}
	store_findings_free(&all);
}

/* Whether a look in a few seconds can show more. */
static bool
goes_on(const struct vault_order *o, int64_t now)
{
	if (o->state == VAULT_WAITING)
		return o->until > now;
	/* The proof comes with the reports behind the result. */
	return o->state == VAULT_OVER && o->outcome != REPORT_REFUSED &&
	    now - o->over_at < 120;
}

static void
explain(struct visit *v, const struct vault_order *o)
{
	struct html *h = &v->page.h;
	const char *text = NULL;

	if (o->state == VAULT_OVER)
		text = o->outcome == REPORT_REFUSED ? "Nothing was run." : NULL;
	else if (o->state == VAULT_EXPIRED || o->until <= v->call->now)
		text = o->sent_at != 0
		    ? "The server fetched it, and has not said what became of "
		      "it. It is not sent again."
		    : "The server has not reported since, so it never got this "
		      "order, and will not get it any more. A code from paper "
		      "is not spent by that.";
	else
		text = "The server fetches it with its next report. This page "
		       "looks again by itself.";
	if (text != NULL)
		html_element(h, "p", text, NULL);
}

void
order_page(struct visit *v, const char *id)
{
	struct html *h = &v->page.h;
	struct vault_order o;
	struct err e;
	int rc = vault_order_get(v->c->vault, id, &o, &e);

	if (rc == -1)
		console_fault(v, &e);
	if (rc != 1) {
		frame_say(v, rc == 0 ? 404 : 503,
		    rc == 0 ? "There is no such order" : "Orders");
		return;
	}
	if (goes_on(&o, v->call->now))
		v->reply->refresh_s = REFRESH_S;
	frame_begin(v, o.title);
	explain(v, &o);
	facts(v, &o);
	if (o.text[0] != '\0') {
		html_element(h, "h2",
		    o.state == VAULT_OVER && o.outcome != REPORT_REFUSED
		        ? "What it said"
		        : "Why",
		    NULL);
		html_element(h, "pre", o.text, NULL);
	}
	proof(v, &o);
	html_start(h, "p", NULL);
	frame_link(v, "", "To the overview");
	html_end(h, "p");
	frame_end(v);
	sodium_memzero(o.code, sizeof(o.code));
}

/* "123 456" as a phone shows it, and as it is pasted. */
static bool
read_code(const char *typed, char out[CODE_SIZE])
{
	size_t n = 0;

	for (; *typed != '\0'; typed++) {
		if (*typed == ' ' || *typed == '-')
			continue;
		if (*typed < '0' || *typed > '9' || n + 1 == CODE_SIZE)
			return false;
		out[n++] = *typed;
	}
	out[n] = '\0';
	return n == CODE_DIGITS || n == CODE_PAPER_DIGITS;
}

static void
refuse(struct visit *v, const char *why)
{
	(void)snprintf(v->said, sizeof(v->said), "%s", why);
	v->reply->status = 422;
	front_page(v);
}

void
order_act(struct visit *v)
{
	const char *system = form_get(&v->form, "system");
	struct vault_order o = { .id = "" };
	struct offer offer;
	char path[64];
	struct err e;
	int rc;

	if (config_find_system(v->c->config, system) == NULL ||
	    !offers_find(
	        v->c->offers, system, form_get(&v->form, "remedy"), &offer)) {
		refuse(v, "This system does not offer that remedy now.");
		return;
	}
	if (!read_code(form_get(&v->form, "code"), o.code)) {
		refuse(v,
		    "A code has six digits (from the phone) or eight (from "
		    "paper): nothing was ordered.");
		return;
	}
	(void)snprintf(o.system, sizeof(o.system), "%s", system);
	(void)snprintf(o.remedy, sizeof(o.remedy), "%s", offer.name);
	(void)snprintf(o.title, sizeof(o.title), "%s",
	    offer.title[0] != '\0' ? offer.title : offer.name);
	(void)snprintf(o.by, sizeof(o.by), "%s", v->session.name);
	rc = vault_order_add(v->c->vault, &o, v->call->now, &e);
	sodium_memzero(o.code, sizeof(o.code));
	if (rc == 1) {
		refuse(v, e.text);
		return;
	}
	if (rc == -1) {
		console_fault(v, &e);
		v->reply->status = 503;
		front_page(v);
		return;
	}
	console_note(v, "ordered %s for %s", o.remedy, o.system);
	(void)snprintf(path, sizeof(path), "order/%s", o.id);
	frame_go(v, path);
}
