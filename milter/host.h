#ifndef MILTER_HOST_H
#define MILTER_HOST_H

struct grey_config;

/*
 * Say on standard error what is missing or in the way on this host, although
 * it is no fault of the configuration: for -t.
 */
void host_warn(const struct grey_config *c);

#endif
