/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-backing-private.h"
#include "os/shmooze-guard-private.h"
#include "region/shmooze-view-private.h"

G_BEGIN_DECLS

struct _ShmoozeRegion
{
  GObject         parent_instance;

  ShmoozeBacking  backing;
  ShmoozeAccess   access;
  GMainContext   *context;    /* where "lost" is emitted */

  _Atomic (guint64) *magic;   /* in the mapped control page; NULL when foreign */
  ShmoozeGuard   *guard;
  gboolean        persisted;  /* a file of the user's, which stays */
  gboolean        sealed;     /* cannot shrink */
  atomic_bool     fault;      /* set by the guard, and when the region is lost */
  atomic_bool     lost;
  atomic_bool     closed;

  atomic_uint     n_holds;    /* the region itself and its open views */
  GMutex          mutex;
  GHashTable     *locked;     /* offsets that this object has locked */
};

ShmoozeRegion *shmooze_region_new               (ShmoozeLocation           *location,
                                                 const char                *label,
                                                 ShmoozeAccess              access);
ShmoozeRegion *shmooze_region_create_in         (const char                *folder,
                                                 const char                *name,
                                                 const ShmoozeBackingSpec  *spec,
                                                 GError                   **error);
ShmoozeRegion *shmooze_region_open_in           (const char                *folder,
                                                 const char                *name,
                                                 ShmoozeAccess              access,
                                                 GError                   **error);
ShmoozeRegion *shmooze_region_create_or_open_in (const char                *folder,
                                                 const char                *name,
                                                 const ShmoozeBackingSpec  *spec,
                                                 gboolean                  *created,
                                                 GError                   **error);
void           shmooze_region_set_context       (ShmoozeRegion             *self,
                                                 GMainContext              *context);
const guint8  *shmooze_region_get_id            (ShmoozeRegion             *self);
const char    *shmooze_region_get_label         (ShmoozeRegion             *self);
gboolean       shmooze_region_start             (ShmoozeRegion             *self,
                                                 GError                   **error);
gboolean       shmooze_region_check             (ShmoozeRegion             *self,
                                                 GError                   **error);
gboolean       shmooze_region_is_detached       (ShmoozeRegion             *self);
gboolean       shmooze_region_is_replaced       (ShmoozeRegion             *self);
gboolean       shmooze_region_has_name          (ShmoozeRegion             *self);
gboolean       shmooze_region_try_lock          (ShmoozeRegion             *self,
                                                 guint64                    offset);
void           shmooze_region_unlock            (ShmoozeRegion             *self,
                                                 guint64                    offset);
gboolean       shmooze_region_is_locked         (ShmoozeRegion             *self,
                                                 guint64                    offset);

/* For views */
gpointer       shmooze_region_map               (ShmoozeRegion             *self,
                                                 guint64                    offset,
                                                 gsize                      size,
                                                 ShmoozeAccess              access,
                                                 GError                   **error);
atomic_bool   *shmooze_region_get_fault         (ShmoozeRegion             *self);
gboolean       shmooze_region_hold              (ShmoozeRegion             *self,
                                                 GError                   **error);
void           shmooze_region_drop              (ShmoozeRegion             *self);

/* A quick check. FALSE: ask shmooze_region_check(). */
static inline gboolean
shmooze_region_is_sound (ShmoozeRegion *self)
{
  return self->magic != NULL &&
         atomic_load_explicit (self->magic, memory_order_relaxed) == SHMOOZE_CONTROL_MAGIC &&
         !atomic_load_explicit (&self->fault, memory_order_relaxed);
}

G_END_DECLS
