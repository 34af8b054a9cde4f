#ifndef MILTER_LISTEN_H
#define MILTER_LISTEN_H

struct daemon_user;
struct err;
struct grey_config;

/*
 * Open the socket of the configuration through libmilter (session_register()
 * comes first): make the folder of a local one, give it its mode and group.
 * Returns the socket, which libmilter owns, or -1 with *e set.
 */
int listen_open(
    const struct grey_config *c, const struct daemon_user *user, struct err *e);

/* The path of a local socket, or NULL. */
const char *listen_path(const struct grey_config *c);

#endif
