#include "lib/err.h"
#include "lib/sandbox.h"

#include "milter/spf_crew.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * greymilter-spf: answers questions about SPF over the socket at descriptor 3.
 * Started by greymilter and greywl, never by hand.
 *
 *   greymilter-spf -t TIMEOUT_MS -n LANES [-s SERVER]...
 */
enum {
	SOCKET = 3,
	SERVERS_MAX = 8,
	NOBODY = 65534,
	CPU_MS = 250, /* for one evaluation */
	ANSWER_CAP = 128 * 1024,
};

/* Address space: all lanes and all their jobs at their limit fit. */
static const uint64_t memory = (uint64_t)512 << 20;

struct settings {
	long timeout_ms;
	long lanes;
	const char *servers[SERVERS_MAX];
	size_t n_servers;
};

static int
read_args(int argc, char **argv, struct settings *s)
{
	int c;

	while ((c = getopt(argc, argv, "Vt:n:s:")) != -1) {
		switch (c) {
		case 'V':
			puts("greymilter-spf " MG_VERSION);
			exit(0);
		case 't':
			s->timeout_ms = strtol(optarg, NULL, 10);
			break;
		case 'n':
			s->lanes = strtol(optarg, NULL, 10);
			break;
		case 's':
			if (s->n_servers < SERVERS_MAX)
				s->servers[s->n_servers++] = optarg;
			break;
		default:
			return -1;
		}
	}
	return optind == argc && s->timeout_ms >= 100 && s->timeout_ms <= 60000
	    ? 0
	    : -1;
}

static bool
is_socket(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_SEQPACKET;
}

/*
 * Rights first, then the end with the parent: a change of user undoes that.  A
 * root that may not change its user has no rights to give up.
 */
static int
give_up_rights(struct err *e)
{
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) == -1 ||
	        setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
	        setresuid(NOBODY, NOBODY, NOBODY) == -1) &&
	    errno != EPERM)
		return err_set(e, "become nobody: %s", strerror(errno));
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return sandbox_no_new_privs(e);
}

static int
close_doors(struct err *e)
{
	if (sandbox_no_files(e) == -1 || sandbox_memory(memory, e) == -1)
		return -1;
	return sandbox_network_only(e);
}

/* A signal that was blocked or ignored where it was started means nothing. */
static void
plain_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPROF, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	/* A signal to the parent's process group is the parent's business. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGUSR1, SIG_IGN);
}

int
main(int argc, char **argv)
{
	struct settings s = { 0 };
	struct dns_options dns = { .tries = 3, .answer_cap = ANSWER_CAP };
	struct spf_crew *crew;
	struct err e;

	if (read_args(argc, argv, &s) == -1 || !is_socket(SOCKET)) {
		(void)fputs(
		    "greymilter-spf is started by greymilter\n", stderr);
		return 2;
	}
	(void)prctl(PR_SET_NAME, "greymilter-spf");
	plain_signals();
	(void)close_range(SOCKET + 1, ~0U, 0);
	dns.servers = s.servers;
	dns.n_servers = s.n_servers;
	dns.try_ms = (int)(s.timeout_ms / 3);
	if (give_up_rights(&e) == -1)
		goto bad;
	crew = spf_crew_open(SOCKET, &dns, (unsigned)s.lanes, CPU_MS, &e);
	if (crew == NULL || close_doors(&e) == -1)
		goto bad;
	spf_crew_run(crew);
	/* The memory goes with the process. */
	_exit(0);
bad:
	(void)fprintf(stderr, "greymilter-spf: %s\n", e.text);
	return 1;
}
