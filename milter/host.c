#include "milter/host.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/grey/config.h"
#include "lib/grey/postconf.h"
#include "milter/listen.h"
#include "milter/proof.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define VALUE_CAP 65536 /* bytes */

static void
warn_folder(const char *option, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];
	struct stat st;

	(void)snprintf(
	    folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (folder[0] != '\0' && stat(folder, &st) == -1)
		(void)fprintf(stderr,
		    "warning: %s: folder %s: %s; it is made at start, as "
		    "root\n",
		    option, folder, strerror(errno));
}

/*
 * Another greylister adds its delay to this one: the policy services that are
 * known, or those of such a name, and postscreen's tests after the greeting.
 */
static void
warn_others(const struct grey_config *c)
{
	static const struct {
		const char *parameter, *words[4];
	} t[] = {
		{ "smtpd_recipient_restrictions",
		    { ":10023", ":60000", "grey", "gld" } },
		{ "smtpd_client_restrictions", { ":10023", ":60000", "grey" } },
		{ "smtpd_data_restrictions", { ":10023", ":60000", "grey" } },
		{ "smtpd_milters", { "milter-greylist", "smf-grey" } },
		{ "postscreen_pipelining_enable", { "yes" } },
		{ "postscreen_non_smtp_command_enable", { "yes" } },
		{ "postscreen_bare_newline_enable", { "yes" } },
	};
	struct buf value;
	struct err e;
	size_t i, j;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_init(&value, VALUE_CAP);
		if (grey_postconf(
		        c->postfix_config, t[i].parameter, &value, &e) == -1) {
			buf_free(&value);
			return; /* said already, of mynetworks */
		}
		for (j = 0; j < 4 && t[i].words[j] != NULL; j++) {
			if (strstr(buf_text(&value), t[i].words[j]) == NULL)
				continue;
			(void)fprintf(stderr,
			    "warning: %s of %s: another greylister (\"%s\")? "
			    "Strangers would wait for both\n",
			    t[i].parameter, c->postfix_config, t[i].words[j]);
			break;
		}
		buf_free(&value);
	}
}

void
host_warn(const struct grey_config *c)
{
	if (getpwnam(c->user) == NULL)
		(void)fprintf(stderr,
		    "warning: user: \"%s\" does not exist; \"nobody\" would "
		    "be taken\n",
		    c->user);
	if (strncmp(c->store, "sqlite:", 7) == 0)
		warn_folder("store", c->store + 7);
	else
		(void)fprintf(stderr,
		    "warning: store: this release keeps its data in sqlite "
		    "only and does not start with \"%s\": write "
		    "sqlite:/path/to/file\n",
		    c->store);
	if (listen_path(c) != NULL)
		warn_folder("socket", listen_path(c));
	proof_warn(c);
	if (*c->postfix_config != '\0')
		warn_others(c);
}
