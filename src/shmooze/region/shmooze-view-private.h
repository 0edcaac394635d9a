/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-access-private.h"
#include "shmooze-region.h"

#include <stdatomic.h>

G_BEGIN_DECLS

ShmoozeView   *shmooze_view_new                 (ShmoozeRegion  *region,
                                                 guint64         offset,
                                                 guint64         size,
                                                 ShmoozeAccess   access,
                                                 GError        **error);
ShmoozeRegion *shmooze_view_get_region          (ShmoozeView    *self);
guint64        shmooze_view_get_offset          (ShmoozeView    *self);
const atomic_bool *shmooze_view_get_closed      (ShmoozeView    *self);
gboolean       shmooze_view_is_shared_both_ways (ShmoozeView    *self);

/* Called before and after an access: the view stays open and mapped in between. shmooze_view_end() returns whether
 * the region was intact. */
gboolean       shmooze_view_begin               (ShmoozeView    *self,
                                                 GError        **error);
gboolean       shmooze_view_begin_reading       (ShmoozeView    *self,
                                                 GError        **error);
gboolean       shmooze_view_begin_writing       (ShmoozeView    *self,
                                                 GError        **error);
gboolean       shmooze_view_end                 (ShmoozeView    *self,
                                                 GError        **error);

/* These copy all of the bytes or fail. A value of 2, 4 or 8 bytes that is aligned to its size is copied atomically. */
gboolean       shmooze_view_load                (ShmoozeView    *self,
                                                 guint64         position,
                                                 gpointer        value,
                                                 gsize           size,
                                                 GError        **error);
gboolean       shmooze_view_store               (ShmoozeView    *self,
                                                 guint64         position,
                                                 gconstpointer   value,
                                                 gsize           size,
                                                 GError        **error);

G_END_DECLS
