#ifndef QUEUEWATCH_SAMPLE_LOG_H
#define QUEUEWATCH_SAMPLE_LOG_H

#include <stdint.h>

struct instance;
struct watch;

/* Which log, and which content filter, by what is known now. */
void sample_log_aim(struct watch *w);

/* The instance whose content filter is watched: the first that has one. */
const struct instance *sample_log_filtered(const struct watch *w);

/*
 * What the log has told into the findings "log" and "duplicates", and the
 * pressure that follows into its file.
 */
void sample_log(struct watch *w, int64_t mono_ms, int64_t now);

#endif
