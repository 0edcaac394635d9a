/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-object-private.h"
#include "shmooze-region.h"

#include <stdatomic.h>

G_BEGIN_DECLS

ShmoozeRegion *shmooze_region_create_filled (const char     *name,
                                             guint64         capacity,
                                             ShmoozeFill     fill,
                                             gpointer        user_data,
                                             GError        **error);
const guint8  *shmooze_region_get_id        (ShmoozeRegion  *self);
gboolean       shmooze_region_check         (ShmoozeRegion  *self,
                                             GError        **error);
gboolean       shmooze_region_is_detached   (ShmoozeRegion  *self);
gboolean       shmooze_region_is_replaced   (ShmoozeRegion  *self);
gboolean       shmooze_region_try_lock      (ShmoozeRegion  *self,
                                             guint64         offset);
void           shmooze_region_unlock        (ShmoozeRegion  *self,
                                             guint64         offset);
gboolean       shmooze_region_is_locked     (ShmoozeRegion  *self,
                                             guint64         offset);

/* For views */
gpointer       shmooze_region_map           (ShmoozeRegion  *self,
                                             guint64         offset,
                                             gsize           size,
                                             ShmoozeAccess   access,
                                             GError        **error);
atomic_bool   *shmooze_region_get_fault     (ShmoozeRegion  *self);
void           shmooze_region_hold          (ShmoozeRegion  *self);
void           shmooze_region_drop          (ShmoozeRegion  *self);

ShmoozeView   *shmooze_view_new             (ShmoozeRegion  *region,
                                             guint64         offset,
                                             guint64         size,
                                             ShmoozeAccess   access,
                                             GError        **error);
ShmoozeRegion *shmooze_view_get_region      (ShmoozeView    *self);
guint64        shmooze_view_get_offset      (ShmoozeView    *self);

G_END_DECLS
