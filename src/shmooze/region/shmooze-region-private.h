/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-guard-private.h"
#include "os/shmooze-registry-private.h"
#include "region/shmooze-view-private.h"

G_BEGIN_DECLS

struct _ShmoozeRegion
{
  GObject         parent_instance;

  char           *name;       /* NULL: it has none */
  char           *label;      /* what messages call it */
  char           *path;       /* of a file of the user's */
  ShmoozeHolder   holder;
  ShmoozeAccess   access;
  GMainContext   *context;

  _Atomic (guint64) *magic;   /* in the mapped control page; NULL when foreign */
  ShmoozeGuard   *guard;
  gboolean        persisted;  /* the user's file: it stays */
  gboolean        sealed;     /* it cannot shrink */
  atomic_bool     fault;      /* raised by the guard, and when it is lost */
  atomic_bool     lost;
  atomic_bool     closed;

  atomic_uint     n_holds;    /* the region itself and its open views */
  GMutex          mutex;
  GHashTable     *locked;     /* offsets of what this object has locked */
};

ShmoozeRegion *shmooze_region_new               (const char          *label,
                                                 ShmoozeAccess        access);
gboolean       shmooze_region_start             (ShmoozeRegion       *self,
                                                 GError             **error);
ShmoozeRegion *shmooze_region_create_in         (const char          *folder,
                                                 const char          *name,
                                                 const ShmoozeBirth  *birth,
                                                 GError             **error);
ShmoozeRegion *shmooze_region_open_in           (const char          *folder,
                                                 const char          *name,
                                                 ShmoozeAccess        access,
                                                 GError             **error);
ShmoozeRegion *shmooze_region_create_or_open_in (const char          *folder,
                                                 const char          *name,
                                                 const ShmoozeBirth  *birth,
                                                 gboolean            *created,
                                                 GError             **error);
void           shmooze_region_set_context   (ShmoozeRegion  *self,
                                             GMainContext   *context);
void           shmooze_region_emit_lost     (ShmoozeRegion  *self,
                                             GError         *error);
const guint8  *shmooze_region_get_id        (ShmoozeRegion  *self);
const char    *shmooze_region_get_label     (ShmoozeRegion  *self);
gboolean       shmooze_region_check         (ShmoozeRegion  *self,
                                             GError        **error);
/* The quick way to hear that all is well. FALSE: ask shmooze_region_check(). */
static inline gboolean
shmooze_region_is_sound (ShmoozeRegion *self)
{
  return self->magic != NULL &&
         atomic_load_explicit (self->magic, memory_order_relaxed) == SHMOOZE_CONTROL_MAGIC &&
         !atomic_load_explicit (&self->fault, memory_order_relaxed);
}

gboolean       shmooze_region_is_detached   (ShmoozeRegion  *self);
gboolean       shmooze_region_is_replaced   (ShmoozeRegion  *self);
gboolean       shmooze_region_has_name      (ShmoozeRegion  *self);
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
gboolean       shmooze_region_hold          (ShmoozeRegion  *self,
                                             GError        **error);
void           shmooze_region_drop          (ShmoozeRegion  *self);

G_END_DECLS
