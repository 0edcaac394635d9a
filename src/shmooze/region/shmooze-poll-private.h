/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-region.h"

G_BEGIN_DECLS

/* A source that polls memory whose layout has no field for a doorbell: every millisecond while something changes, and
 * less and less often otherwise. Its callback, a GSourceFunc, returns whether something has changed; only
 * g_source_destroy() removes the source. A peer that uses this library can ring a doorbell beside the region, so that
 * it need not wait until the next poll. */
GSource *shmooze_poll_source_new         (void);
void     shmooze_poll_source_add_bell    (GSource       *source,
                                          ShmoozeRegion *region,
                                          guint64        number);
void     shmooze_poll_source_remove_bell (GSource       *source);
void     shmooze_poll_source_hurry       (GSource       *source);

G_END_DECLS
