/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-region-private.h"

#include "shmooze-error-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/mman.h>

/* What stands behind a region: its pages, whether they are still there, and who has locked what in it. */

/* Maps whole pages; the protection is the access, so that no flag needs to be believed. */
gpointer
shmooze_region_map (ShmoozeRegion  *self,
                    guint64         offset,
                    gsize           size,
                    ShmoozeAccess   access,
                    GError        **error)
{
  int protection = (shmooze_access_allows_reading (access) ? PROT_READ : 0) |
                   (shmooze_access_allows_writing (access) ? PROT_WRITE : 0) |
                   (shmooze_access_allows_executing (access) ? PROT_EXEC : 0);
  gpointer mapping = mmap (NULL, size, protection,
                           access == SHMOOZE_ACCESS_COPY_ON_WRITE ? MAP_PRIVATE : MAP_SHARED,
                           self->holder.object.map_fd, (off_t) offset);

  if (mapping == MAP_FAILED)
    {
      int errsv = errno;
      g_autofree char *message = g_strdup_printf (_("Cannot map %zu bytes of the region “%s”"),
                                                  size, self->label);

      shmooze_set_error_from_errno (error, errsv, message);
      return NULL;
    }
  return mapping;
}

atomic_bool *
shmooze_region_get_fault (ShmoozeRegion *self)
{
  return &self->fault;
}

const guint8 *
shmooze_region_get_id (ShmoozeRegion *self)
{
  return self->holder.object.id;
}

const char *
shmooze_region_get_label (ShmoozeRegion *self)
{
  return self->label;
}

gboolean
shmooze_region_is_detached (ShmoozeRegion *self)
{
  return atomic_load (&self->holder.detached);
}

/* Whether the name now stands for another object. */
gboolean
shmooze_region_is_replaced (ShmoozeRegion *self)
{
  struct stat st;

  return !shmooze_region_is_detached (self) && self->holder.place != NULL &&
         fstatat (self->holder.place->dir_fd, self->holder.place->file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
         !shmooze_backing_is_named (&self->holder.object, self->holder.place);
}

/* Whether the name still leads to this object: another program may remove it, or put another object in its place. */
gboolean
shmooze_region_has_name (ShmoozeRegion *self)
{
  return shmooze_region_is_detached (self) || self->holder.place == NULL ||
         shmooze_backing_is_named (&self->holder.object, self->holder.place);
}

static void
set_lost (ShmoozeRegion  *self,
          GError        **error)
{
  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST,
               _("Region “%s” is lost: %s was truncated or overwritten; close the region and open it again"),
               self->label, shmooze_region_get_path (self) != NULL ? shmooze_region_get_path (self) : self->label);
}

static gboolean
emit_lost (gpointer data)
{
  ShmoozeRegion *self = data;
  g_autoptr(GError) error = NULL;

  set_lost (self, &error);
  shmooze_region_emit_lost (self, error);
  return G_SOURCE_REMOVE;
}

/* Whether the region's memory is still the region. A cut within a page, or a cut and regrown file, raises no
 * fault, but it takes the control page's magic with it. */
gboolean
shmooze_region_check (ShmoozeRegion  *self,
                      GError        **error)
{
  struct stat st;
  gboolean whole;

  if (!atomic_load_explicit (&self->lost, memory_order_relaxed))
    {
      if (self->magic != NULL)
        whole = atomic_load_explicit (self->magic, memory_order_relaxed) == SHMOOZE_CONTROL_MAGIC;
      else
        whole = self->sealed || self->holder.object.map_fd < 0 ||
                (fstat (self->holder.object.map_fd, &st) == 0 && (guint64) st.st_size >= self->holder.object.capacity);
      if (whole && !atomic_load_explicit (&self->fault, memory_order_relaxed))
        return TRUE;

      if (!atomic_exchange (&self->lost, TRUE))
        {
          g_autoptr(GSource) source = g_idle_source_new ();

          atomic_store (&self->fault, TRUE);  /* see shmooze_region_is_sound() */
          shmooze_backing_forsake (&self->holder.object, self->holder.place);
          g_source_set_priority (source, G_PRIORITY_DEFAULT);
          g_source_set_callback (source, emit_lost, g_object_ref (self), g_object_unref);
          g_source_attach (source, self->context);
        }
    }
  set_lost (self, error);
  return FALSE;
}

/* Locks the byte that belongs to what stands at @offset, for this object alone; the kernel unlocks it when
 * the process dies. */
gboolean
shmooze_region_try_lock (ShmoozeRegion *self,
                         guint64        offset)
{
  gboolean locked = FALSE;

  /* Within one open file description locks do not exclude each other: the table does. */
  g_mutex_lock (&self->mutex);
  if (!shmooze_region_is_detached (self) && !g_hash_table_contains (self->locked, &offset) &&
      shmooze_lock_byte (self->holder.object.lock_fd, F_WRLCK, SHMOOZE_THING_BYTES + offset))
    locked = g_hash_table_add (self->locked, g_memdup2 (&offset, sizeof offset));
  g_mutex_unlock (&self->mutex);
  return locked;
}

void
shmooze_region_unlock (ShmoozeRegion *self,
                       guint64        offset)
{
  if (shmooze_region_is_detached (self))
    return;

  g_mutex_lock (&self->mutex);
  if (g_hash_table_remove (self->locked, &offset) && self->holder.object.lock_fd >= 0)
    shmooze_lock_byte (self->holder.object.lock_fd, F_UNLCK, SHMOOZE_THING_BYTES + offset);
  g_mutex_unlock (&self->mutex);
}

gboolean
shmooze_region_is_locked (ShmoozeRegion *self,
                          guint64        offset)
{
  gboolean locked;

  g_mutex_lock (&self->mutex);
  locked = g_hash_table_contains (self->locked, &offset) ||
           shmooze_probe_byte (self->holder.object.lock_fd, SHMOOZE_THING_BYTES + offset) != F_UNLCK;
  g_mutex_unlock (&self->mutex);
  return locked;
}
