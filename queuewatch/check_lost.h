#ifndef QUEUEWATCH_CHECK_LOST_H
#define QUEUEWATCH_CHECK_LOST_H

#include "queuewatch/finding.h"
#include "queuewatch/losses.h"

/*
 * The finding "lost": one domain whose sender is proven gathers several
 * messages that were deferred and never came back.  A warning for a day after
 * the last of them counts as lost, then a notice.  Where there is no store
 * there is no finding.  Pure.  "window_s" is after what time one is lost.
 */
void lost_check(struct findings *fs, const struct losses_view *v,
    int64_t window_s, int64_t now);

#endif
