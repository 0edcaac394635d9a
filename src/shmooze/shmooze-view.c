/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-view.h"

#include "shmooze-guard-private.h"
#include "shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <sys/mman.h>
#include <unistd.h>

/**
 * ShmoozeView:
 *
 * A part of a region, mapped into memory.
 *
 * Each view has a mapping of its own, with the protection that its access
 * asks for: a store through the pointer of a read-only view faults. A view
 * holds its region's name like the region itself, and outlives the region's
 * [method@Region.close].
 *
 * Since: 1.0
 */

struct _ShmoozeView
{
  GObject        parent_instance;

  GMutex         mutex;
  ShmoozeRegion *region;
  ShmoozeGuard  *guard;
  char          *mapping;
  gsize          mapping_size;
  guint64        offset;
  gsize          lead;   /* from the mapping's page to the view's first byte */
  gsize          size;
  ShmoozeAccess  access;
};

G_DEFINE_FINAL_TYPE (ShmoozeView, shmooze_view, G_TYPE_OBJECT)

static void
shmooze_view_finalize (GObject *object)
{
  ShmoozeView *self = SHMOOZE_VIEW (object);

  shmooze_view_close (self);
  g_clear_object (&self->region);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (shmooze_view_parent_class)->finalize (object);
}

static void
shmooze_view_class_init (ShmoozeViewClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = shmooze_view_finalize;
}

static void
shmooze_view_init (ShmoozeView *self)
{
  g_mutex_init (&self->mutex);
}

/* The region has checked that it allows the access. */
ShmoozeView *
shmooze_view_new (ShmoozeRegion  *region,
                  guint64         offset,
                  guint64         size,
                  ShmoozeAccess   access,
                  GError        **error)
{
  g_autoptr(ShmoozeView) self = g_object_new (SHMOOZE_TYPE_VIEW, NULL);
  gpointer mapping;

  self->lead = offset % (gsize) sysconf (_SC_PAGESIZE);
  self->mapping_size = size + self->lead;
  self->offset = offset;
  self->size = size;
  self->access = access;
  mapping = shmooze_region_map (region, offset - self->lead, self->mapping_size, access, error);
  if (mapping == NULL)
    return NULL;

  self->mapping = mapping;
  self->region = g_object_ref (region);
  self->guard = shmooze_guard_add (mapping, self->mapping_size, shmooze_region_get_fault (region));
  shmooze_region_hold (region);
  return g_steal_pointer (&self);
}

ShmoozeRegion *
shmooze_view_get_region (ShmoozeView *self)
{
  return self->region;
}

guint64
shmooze_view_get_offset (ShmoozeView *self)
{
  return self->offset;
}

/* Whether what is written through the view is seen by others, and the other way round. */
gboolean
shmooze_view_is_shared_both_ways (ShmoozeView *self)
{
  return self->access == SHMOOZE_ACCESS_READ_WRITE || self->access == SHMOOZE_ACCESS_READ_WRITE_EXECUTE;
}

/**
 * shmooze_view_get_data:
 * @self: a view
 *
 * Gets the address of the view's first byte. What stands there can be
 * changed by others at any moment: read a value once, check it, then use it.
 *
 * Returns: (transfer none) (nullable): the memory, `NULL` after
 *   [method@View.close]
 *
 * Since: 1.0
 */
gpointer
shmooze_view_get_data (ShmoozeView *self)
{
  g_return_val_if_fail (SHMOOZE_IS_VIEW (self), NULL);

  return self->mapping != NULL ? self->mapping + self->lead : NULL;
}

/**
 * shmooze_view_get_size:
 * @self: a view
 *
 * Gets the view's size.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
shmooze_view_get_size (ShmoozeView *self)
{
  g_return_val_if_fail (SHMOOZE_IS_VIEW (self), 0);

  return self->size;
}

/**
 * shmooze_view_close:
 * @self: a view
 *
 * Unmaps the view and stops holding its region. To close it twice is fine.
 *
 * Since: 1.0
 */
void
shmooze_view_close (ShmoozeView *self)
{
  char *mapping;

  g_return_if_fail (SHMOOZE_IS_VIEW (self));

  g_mutex_lock (&self->mutex);
  mapping = g_steal_pointer (&self->mapping);
  g_mutex_unlock (&self->mutex);
  if (mapping == NULL)
    return;

  shmooze_guard_remove (self->guard);
  munmap (mapping, self->mapping_size);
  shmooze_region_drop (self->region);
}
