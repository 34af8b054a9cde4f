#ifndef LIB_DAEMON_H
#define LIB_DAEMON_H

#include "lib/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

#define DAEMON_OVERRIDES 64

/* What every program understands on its command line. */
struct daemon_args {
	const char *conf_file; /* -c */
	bool test; /* -t: check the configuration and end */
	bool foreground; /* -f */
	bool version; /* -V */
	bool debug; /* -d */
	const char *overrides[DAEMON_OVERRIDES]; /* -o name=value */
	size_t n_overrides;
	int rest; /* index in argv of what comes behind the options */
};

/*
 * Read the options, up to the first word that is none.  "conf_file" is the
 * default.  Returns 0, or -1 with *e set.
 */
int daemon_args(int argc, char **argv, const char *conf_file,
    struct daemon_args *args_r, struct err *e);

/* The word of a "log" option: its table of words, and what it means. */
extern const char *const daemon_log_words[]; /* "syslog", "stderr", NULL */
enum log_to daemon_log_to(int word);

/*
 * Go to the background: the parent returns to the shell when the child has
 * called daemon_ready() (exit 0) or has died (exit 1).  Call before threads
 * are made.  Returns 0 in the child.
 */
int daemon_detach(struct err *e);

/* Ready to serve: tells the waiting parent and the service manager. */
void daemon_ready(void);
/* Tells the service manager: reloading, stopping, alive; harmless without one.
 */
void daemon_notify(const char *state);

/*
 * Who "user" is.  Where there is no such user, "nobody" is taken, with a
 * warning in the log.  Returns 0, or -1.
 */
struct daemon_user {
	char name[64];
	uid_t uid;
	gid_t gid;
};
int daemon_find_user(
    const char *user, struct daemon_user *user_r, struct err *e);

/*
 * As root: make the folder (and those above it) where it is missing, owned by
 * "user", mode 0750.  What is there is left as it is.
 */
int daemon_make_dir(
    const char *path, const struct daemon_user *user, struct err *e);

/*
 * As root, become "user" for good, with its groups and those named in "extra"
 * (NULL-ended, those that do not exist are passed over; or NULL); no program
 * that it starts can gain a right.  Not root: does nothing.
 */
int daemon_drop(
    const struct daemon_user *user, const char *const *extra, struct err *e);

/*
 * Block TERM, INT, USR1, HUP and PIPE (in every thread made later) and return
 * a descriptor that tells of TERM, INT, USR1 and HUP (signalfd, close-on-exec,
 * non-blocking); -1 on failure.
 */
int daemon_signals(struct err *e);
/* The next signal from it, 0 where there is none. */
int daemon_next_signal(int fd);

/*
 * In a child: be killed when the parent dies in any way.  Call right after
 * fork and once more after daemon_drop(), because the kernel forgets it when
 * the user changes.  Returns 0, or -1 where the parent is gone already.
 */
int daemon_die_with(pid_t parent);

/*
 * Name this process in ps: "queuewatch: scanner".  The words of the command
 * line are overwritten: only for a child that no longer needs them.
 * daemon_title_init() is called once, at the start of main.
 */
void daemon_title_init(int argc, char **argv);
void daemon_title(const char *title);

#endif
