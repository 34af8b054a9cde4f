#include "milter/spf_confirm.h"

#include "lib/buf.h"

#include "milter/spf_clean.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <spf2/spf.h>

enum { CLEAN_MAX = 64 * 1024 };

struct spf_confirm {
	SPF_dns_server_t dns; /* hook: this struct */
	SPF_server_t *server;
	struct spf_eval *e; /* of the question under way */
	bool wait; /* something was not in the zone */
};

static SPF_errcode_t
get_spf(SPF_server_t *server, SPF_request_t *request, SPF_response_t *response,
    SPF_record_t **record_r)
{
	struct spf_confirm *c = server->resolver->hook;
	const struct spf_record *r;
	SPF_errcode_t rc;
	struct buf text;

	*record_r = NULL;
	switch (spf_find_record(c->e, request->cur_dom, &r)) {
	case SPF_STEP_YES:
		break;
	case SPF_STEP_NO:
		return SPF_E_NOT_SPF;
	case SPF_STEP_WAIT:
		c->wait = true;
		return SPF_E_DNS_ERROR;
	case SPF_STEP_TEMPERROR:
		return SPF_E_DNS_ERROR;
	case SPF_STEP_PERMERROR:
		return SPF_E_SYNTAX;
	}
	buf_init(&text, CLEAN_MAX);
	spf_clean_write(c->e, r, request->cur_dom, &text);
	rc = text.bad
	    ? SPF_E_NO_MEMORY
	    : SPF_record_compile(server, response, record_r, buf_text(&text));
	buf_free(&text);
	return rc;
}

static SPF_errcode_t
get_exp(SPF_server_t *server, const char *domain, char **text, size_t *len)
{
	(void)server;
	(void)domain;
	free(*text);
	*len = sizeof("none");
	*text = strdup("none");
	return *text == NULL ? SPF_E_NO_MEMORY : SPF_E_SUCCESS;
}

/* One value into the library's form.  Returns -1 without memory. */
static int
give_value(SPF_dns_rr_t *rr, ns_type type, const struct dns_value *v)
{
	int i = rr->num_rr;
	size_t n = v->text != NULL ? v->len + 1 : sizeof(struct in6_addr);

	if (SPF_dns_rr_buf_realloc(rr, i, n) != SPF_E_SUCCESS)
		return -1;
	if (type == ns_t_a)
		memcpy(&rr->rr[i]->a, v->addr, 4);
	else if (type == ns_t_aaaa)
		memcpy(&rr->rr[i]->aaaa, v->addr, 16);
	else
		memcpy((char *)rr->rr[i], v->text, n);
	rr->num_rr++;
	return 0;
}

static SPF_dns_rr_t *
lookup(SPF_dns_server_t *dns, const char *name, ns_type type, int cache)
{
	struct spf_confirm *c = dns->hook;
	SPF_dns_rr_t *rr = SPF_dns_rr_new_init(dns, name, type, 0, TRY_AGAIN);
	const struct spf_fact *f = NULL;

	(void)cache;
	if (rr == NULL)
		return NULL;
	if (type != ns_t_a && type != ns_t_aaaa && type != ns_t_mx &&
	    type != ns_t_ptr)
		return rr;
	if (dns_name_ok(name))
		f = spf_zone_find(c->e->zone, name, (enum dns_type)type);
	if (f == NULL) {
		c->wait = true;
		return rr;
	}
	if (f->answer.status == DNS_FAILED)
		return rr;
	rr->herrno = f->answer.status == DNS_NXDOMAIN ? HOST_NOT_FOUND
	    : f->answer.n == 0                        ? NO_DATA
	                                              : NETDB_SUCCESS;
	for (size_t i = 0; i < f->answer.n; i++)
		if (give_value(rr, type, &f->answer.values[i]) == -1)
			break;
	return rr;
}

struct spf_confirm *
spf_confirm_open(void)
{
	struct spf_confirm *c = calloc(1, sizeof(*c));
	SPF_response_t *response = NULL;

	if (c == NULL)
		return NULL;
	SPF_info_handler = NULL;
	SPF_debug_handler = NULL;
	SPF_warning_handler = NULL;
	c->dns.lookup = lookup;
	c->dns.get_spf = get_spf;
	c->dns.get_exp = get_exp;
	c->dns.name = "zone";
	c->dns.hook = c;
	c->server = SPF_server_new_dns(&c->dns, 0);
	if (c->server == NULL) {
		free(c);
		return NULL;
	}
	(void)SPF_server_set_rec_dom(c->server, "localhost");
	(void)SPF_server_set_explanation(c->server, "none", &response);
	if (response != NULL)
		SPF_response_free(response);
	return c;
}

void
spf_confirm_close(struct spf_confirm *c)
{
	if (c == NULL)
		return;
	SPF_server_free(c->server);
	free(c);
}

/* INVALID is never seen outside. */
static enum spf_result
mapped(SPF_result_t result, SPF_errcode_t code)
{
	switch (result) {
	case SPF_RESULT_PASS:
		return SPF_PASS;
	case SPF_RESULT_FAIL:
		return SPF_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return SPF_SOFTFAIL;
	case SPF_RESULT_NEUTRAL:
		return SPF_NEUTRAL;
	case SPF_RESULT_NONE:
		return SPF_NONE;
	case SPF_RESULT_TEMPERROR:
		return SPF_TEMPERROR;
	case SPF_RESULT_PERMERROR:
		return SPF_PERMERROR;
	case SPF_RESULT_INVALID:
		break;
	}
	return code == SPF_E_DNS_ERROR ? SPF_TEMPERROR : SPF_PERMERROR;
}

static SPF_request_t *
new_request(const struct spf_confirm *c)
{
	const struct spf_ask *a = c->e->ask;
	SPF_request_t *request;
	char sender[sizeof("postmaster@") + DOMAIN_MAX] = "postmaster@";
	struct in6_addr six;
	struct in_addr four;

	memcpy(sender + 11, a->domain, strlen(a->domain) + 1);
	if (!spf_clean_name(sender + 11))
		return NULL;
	request = SPF_request_new(c->server);
	if (request == NULL)
		return NULL;
	memcpy(&four, a->client.bytes, sizeof(four));
	memcpy(&six, a->client.bytes, sizeof(six));
	if (a->client.bits == 32)
		(void)SPF_request_set_ipv4(request, four);
	else
		(void)SPF_request_set_ipv6(request, six);
	(void)SPF_request_set_helo_dom(request, "localhost");
	(void)SPF_request_set_env_from(request, sender);
	return request;
}

int
spf_confirm_run(
    struct spf_confirm *c, struct spf_eval *e, enum spf_result *result_r)
{
	SPF_response_t *response = NULL;
	SPF_request_t *request;

	c->e = e;
	c->wait = false;
	*result_r = SPF_TEMPERROR;
	request = new_request(c);
	if (request == NULL)
		return 1;
	(void)SPF_request_query_mailfrom(request, &response);
	if (response != NULL) {
		*result_r = mapped(SPF_response_result(response),
		    SPF_response_errcode(response));
		SPF_response_free(response);
	}
	SPF_request_free(request);
	return c->wait && e->zone->wanted[0] != '\0' ? 0 : 1;
}
