/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-guard-private.h"
#include "shmooze-holders-private.h"
#include "shmooze-region.h"

G_BEGIN_DECLS

struct _ShmoozeRegion
{
  GObject         parent_instance;

  char           *name;
  ShmoozeHolder   holder;
  ShmoozeAccess   access;
  GMainContext   *context;

  _Atomic (guint64) *magic;   /* in the mapped control page; NULL when foreign */
  ShmoozeGuard   *guard;
  atomic_bool     fault;      /* raised by the guard */
  atomic_bool     lost;
  atomic_bool     closed;

  GMutex          mutex;
  guint           n_holds;    /* the region itself and its open views */
  GHashTable     *locked;     /* offsets of what this object has locked */
};

ShmoozeRegion *shmooze_region_create_filled (const char     *name,
                                             guint64         capacity,
                                             ShmoozeFill     fill,
                                             gpointer        user_data,
                                             GError        **error);
void           shmooze_region_emit_lost     (ShmoozeRegion  *self,
                                             GError         *error);
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
gboolean       shmooze_view_is_shared_both_ways (ShmoozeView *self);
guint64        shmooze_view_get_offset      (ShmoozeView    *self);

G_END_DECLS
