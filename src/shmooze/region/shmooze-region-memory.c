/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-region-private.h"

#include "os/shmooze-memory-private.h"
#include "shmooze-error-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A region's memory: its pages, whether they are intact, its holders, and the offsets that are locked. */

/* Maps whole pages. The protection is what @access allows. */
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
                           self->backing.map_fd, (off_t) offset);

  if (mapping == MAP_FAILED)
    {
      shmooze_set_error_from_errno (error, errno, _("Cannot map %zu bytes of the region “%s”"),
                                    size, self->backing.label);
      return NULL;
    }
  return mapping;
}

/* The backing file is open: from here on the region is a holder. */
gboolean
shmooze_region_start (ShmoozeRegion  *self,
                      GError        **error)
{
  gsize page = shmooze_page_size ();
  gpointer control;

  atomic_store (&self->n_holds, 1);
  if (self->backing.foreign)
    return TRUE;

  control = shmooze_region_map (self, self->backing.file_size - page, page, SHMOOZE_ACCESS_READ, error);
  if (control == NULL)
    return FALSE;

  self->magic = control;
  self->guard = shmooze_guard_add (control, page, &self->fault);
  return TRUE;
}

/* Keeps an open region open until shmooze_region_drop(), even if another thread closes it. This uses no lock, because
 * a forked child could inherit it locked by a thread that does not exist in the child. */
gboolean
shmooze_region_hold (ShmoozeRegion  *self,
                     GError        **error)
{
  guint n = atomic_load (&self->n_holds);

  do
    if (n == 0 || atomic_load (&self->closed))
      {
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("Region “%s” is closed"), self->backing.label);
        return FALSE;
      }
  while (!atomic_compare_exchange_weak (&self->n_holds, &n, n + 1));

  if (!shmooze_region_check (self, error))
    {
      shmooze_region_drop (self);
      return FALSE;
    }
  return TRUE;
}

void
shmooze_region_drop (ShmoozeRegion *self)
{
  if (atomic_fetch_sub (&self->n_holds, 1) > 1)
    return;

  shmooze_backing_release (&self->backing);
  if (self->guard != NULL)
    {
      shmooze_guard_remove (self->guard);
      munmap (self->magic, shmooze_page_size ());
    }
  shmooze_backing_close (&self->backing);
}

atomic_bool *
shmooze_region_get_fault (ShmoozeRegion *self)
{
  return &self->fault;
}

const guint8 *
shmooze_region_get_id (ShmoozeRegion *self)
{
  return self->backing.id;
}

const char *
shmooze_region_get_label (ShmoozeRegion *self)
{
  return self->backing.label;
}

gboolean
shmooze_region_is_detached (ShmoozeRegion *self)
{
  return atomic_load (&self->backing.detached);
}

/* Whether the name still leads to this file: another process may remove it, or give it to another file. */
gboolean
shmooze_region_has_name (ShmoozeRegion *self)
{
  return shmooze_region_is_detached (self) || self->backing.location == NULL ||
         shmooze_backing_is_named (&self->backing);
}

/* Whether the name now leads to another file. */
gboolean
shmooze_region_is_replaced (ShmoozeRegion *self)
{
  struct stat st;

  return !shmooze_region_has_name (self) &&
         fstatat (self->backing.location->dir_fd, self->backing.location->file, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
set_lost (ShmoozeRegion  *self,
          GError        **error)
{
  const char *path = shmooze_backing_get_path (&self->backing);

  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST,
               _("Region “%s” is lost: %s was truncated or overwritten; close the region and open it again"),
               self->backing.label, path != NULL ? path : self->backing.label);
}

static gboolean
emit_lost (gpointer data)
{
  ShmoozeRegion *self = data;
  g_autoptr(GError) error = NULL;

  set_lost (self, &error);
  g_signal_emit_by_name (self, "lost", error);
  return G_SOURCE_REMOVE;
}

/* Whether the memory is still that of the region. A cut within a page, or a cut and a new growth, raises no fault,
 * but it removes the magic of the control page. */
gboolean
shmooze_region_check (ShmoozeRegion  *self,
                      GError        **error)
{
  const ShmoozeBacking *backing = &self->backing;
  struct stat st;
  gboolean whole;

  if (!atomic_load_explicit (&self->lost, memory_order_relaxed))
    {
      if (self->magic != NULL)
        whole = atomic_load_explicit (self->magic, memory_order_relaxed) == SHMOOZE_CONTROL_MAGIC;
      else
        whole = self->sealed || backing->map_fd < 0 ||
                (fstat (backing->map_fd, &st) == 0 && (guint64) st.st_size >= backing->capacity);
      if (whole && !atomic_load_explicit (&self->fault, memory_order_relaxed))
        return TRUE;

      if (!atomic_exchange (&self->lost, TRUE))
        {
          g_autoptr(GSource) source = g_idle_source_new ();

          atomic_store (&self->fault, TRUE);  /* see shmooze_region_is_sound() */
          shmooze_backing_forsake (backing);
          g_source_set_priority (source, G_PRIORITY_DEFAULT);
          g_source_set_callback (source, emit_lost, g_object_ref (self), g_object_unref);
          g_source_attach (source, self->context);
        }
    }
  set_lost (self, error);
  return FALSE;
}

/* Locks the byte that belongs to what is at @offset, for this object alone; the kernel unlocks it when the process
 * dies. */
gboolean
shmooze_region_try_lock (ShmoozeRegion *self,
                         guint64        offset)
{
  gboolean locked = FALSE;

  /* Locks of one open file description do not exclude each other: the table does. */
  g_mutex_lock (&self->mutex);
  if (!shmooze_region_is_detached (self) && !g_hash_table_contains (self->locked, &offset) &&
      shmooze_lock_byte (self->backing.lock_fd, F_WRLCK, SHMOOZE_OFFSET_BYTES + offset))
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
  if (g_hash_table_remove (self->locked, &offset) && self->backing.lock_fd >= 0)
    shmooze_lock_byte (self->backing.lock_fd, F_UNLCK, SHMOOZE_OFFSET_BYTES + offset);
  g_mutex_unlock (&self->mutex);
}

gboolean
shmooze_region_is_locked (ShmoozeRegion *self,
                          guint64        offset)
{
  gboolean locked;

  g_mutex_lock (&self->mutex);
  locked = g_hash_table_contains (self->locked, &offset) ||
           shmooze_probe_byte (self->backing.lock_fd, SHMOOZE_OFFSET_BYTES + offset) != F_UNLCK;
  g_mutex_unlock (&self->mutex);
  return locked;
}
