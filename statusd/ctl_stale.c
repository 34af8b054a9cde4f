#include "lib/daemon.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/ctl.h"
#include "statusd/site.h"
#include "statusd/store.h"
#include "statusd/store_history.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define AWAY_S 300

/* The site's files belong to the owner of its folder: become him. */
static int
become_owner(const char *dir, struct err *e)
{
	struct daemon_user user;
	struct stat st;
	const struct passwd *pw;

	if (stat(dir, &st) == -1)
		return err_set(e, "%s: %s", dir, strerror(errno));
	pw = getpwuid(st.st_uid);
	if (pw == NULL)
		return err_set(e, "%s: its owner is not known", dir);
	(void)snprintf(user.name, sizeof(user.name), "%s", pw->pw_name);
	user.uid = st.st_uid;
	user.gid = pw->pw_gid;
	return daemon_drop(&user, NULL, e);
}

static int
render(struct ctl *c, struct err *e)
{
	struct model_site *model;
	struct site *site;
	int rc = -1;

	model = store_load_site(c->store, c->config, STORE_PUBLIC, c->now, e);
	if (model == NULL)
		return -1;
	site = site_open(c->config->site_directory, "", e);
	if (site != NULL) {
		rc = site_update(site, model, c->now, e);
		site_close(site);
	}
	model_free(model);
	return rc;
}

/*
 * For a timer: while statusd is dead nobody has reported, so a page that is
 * written now says of each system since when it is unknown.
 */
int
ctl_stale(struct ctl *c, int argc, char **argv, struct err *e)
{
	const char *dir = c->config->site_directory;
	struct ctl_args a;
	int64_t seen;

	if (ctl_args(argc, argv, "", &a, e) == -1)
		return CTL_WRONG;
	if (a.n_words > 0 || dir[0] == '\0') {
		(void)err_set(e,
		    "stale takes nothing, and needs a "
		    "site_directory");
		return CTL_WRONG;
	}
	if (store_last_seen(c->store, &seen, e) == -1)
		return CTL_FAILED;
	if (c->now - seen < AWAY_S)
		return CTL_DONE;
	if (become_owner(dir, e) == -1 || render(c, e) == -1)
		return CTL_FAILED;
	return CTL_DONE;
}
