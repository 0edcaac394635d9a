/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-region.h"

G_BEGIN_DECLS

/* A source for layouts that have no bell: looks quickly while something moves, and ever more slowly after. Its
 * callback, a GSourceFunc, tells whether something has moved. It goes on until it is destroyed. With a bell
 * beside the region, a peer of ours need not wait for the next look. */
GSource *shmooze_poll_source_new         (void);
void     shmooze_poll_source_add_bell    (GSource       *source,
                                          ShmoozeRegion *region,
                                          guint64        number);
void     shmooze_poll_source_remove_bell (GSource       *source);
void     shmooze_poll_source_hurry       (GSource       *source);

G_END_DECLS
