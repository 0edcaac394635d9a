/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-view-private.h"

#include "shmooze-error-private.h"
#include "os/shmooze-guard-private.h"
#include "region/shmooze-region-private.h"
#include "region/shmooze-view-stream-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
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
 * What is read and written through [method@View.read], [method@View.write] and
 * their relatives is checked against the view's bounds and access, and comes
 * as an error when somebody has truncated the region. A single value that
 * stands at a multiple of its size is read and written at once: nobody sees
 * half of it. Longer pieces can be changed by others while they are copied.
 *
 * A view may be used from several threads. Who closes it waits for accesses
 * that are under way; only the pointer of [method@View.get_data] must not be
 * used any more.
 *
 * Since: 1.0
 */

struct _ShmoozeView
{
  GObject           parent_instance;

  pthread_rwlock_t  lock;     /* accesses read, closing writes */
  atomic_bool       closed;
  ShmoozeRegion    *region;
  ShmoozeGuard     *guard;
  char             *mapping;  /* not to be touched when closed */
  gsize             mapping_size;
  guint64           offset;
  gsize             lead;     /* from the mapping's page to the view's first byte */
  gsize             size;
  ShmoozeAccess     access;
};

G_DEFINE_FINAL_TYPE (ShmoozeView, shmooze_view, G_TYPE_OBJECT)

static void
shmooze_view_finalize (GObject *object)
{
  ShmoozeView *self = SHMOOZE_VIEW (object);

  shmooze_view_close (self);
  g_clear_object (&self->region);
  pthread_rwlock_destroy (&self->lock);

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
  pthread_rwlock_init (&self->lock, NULL);
  atomic_init (&self->closed, TRUE);
}

/* The region allows the access and is held; that hold is now the view's. */
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
  atomic_store (&self->closed, FALSE);
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

/* For who has kept the address of the view's memory, and looks before each use. */
const atomic_bool *
shmooze_view_get_closed (ShmoozeView *self)
{
  return &self->closed;
}

/* Whether what is written through the view is seen by others, and the other way round. */
gboolean
shmooze_view_is_shared_both_ways (ShmoozeView *self)
{
  return shmooze_access_allows_reading (self->access) && shmooze_access_writes_shared (self->access);
}

static const char *
region_label (ShmoozeView *self)
{
  return shmooze_region_get_label (self->region);
}

static gboolean
set_closed (ShmoozeView  *self,
            GError      **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The view of region “%s” is closed"),
               region_label (self));
  return FALSE;
}

gboolean
shmooze_view_begin (ShmoozeView  *self,
                    GError      **error)
{
  /* Nobody queues up for a view that is being closed: the lock prefers readers, and closing would wait for as
   * long as others go on trying. */
  if (atomic_load (&self->closed))
    return set_closed (self, error);

  pthread_rwlock_rdlock (&self->lock);
  if (atomic_load (&self->closed) ? set_closed (self, error) : shmooze_region_check (self->region, error))
    return TRUE;

  pthread_rwlock_unlock (&self->lock);
  return FALSE;
}

gboolean
shmooze_view_begin_reading (ShmoozeView  *self,
                            GError      **error)
{
  if (!shmooze_view_begin (self, error))
    return FALSE;
  if (shmooze_access_allows_reading (self->access))
    return TRUE;

  pthread_rwlock_unlock (&self->lock);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               _("The view of region “%s” is write-only and cannot be read"), region_label (self));
  return FALSE;
}

gboolean
shmooze_view_begin_writing (ShmoozeView  *self,
                            GError      **error)
{
  if (!shmooze_view_begin (self, error))
    return FALSE;
  if (shmooze_access_allows_writing (self->access))
    return TRUE;

  pthread_rwlock_unlock (&self->lock);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               _("The view of region “%s” is read-only and cannot be written to"), region_label (self));
  return FALSE;
}

gboolean
shmooze_view_end (ShmoozeView  *self,
                  GError      **error)
{
  /* A truncation in between has put zeros where the bytes were. */
  gboolean whole = shmooze_region_check (self->region, error);

  pthread_rwlock_unlock (&self->lock);
  return whole;
}

static gboolean
check_range (ShmoozeView  *self,
             guint64       position,
             guint64       count,
             GError      **error)
{
  if (position <= self->size && count <= self->size - position)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _("Cannot access %" PRIu64 " bytes at offset %" PRIu64 ": the view of region “%s” has %" PRIu64 " bytes"),
               count, position, region_label (self), (guint64) self->size);
  return FALSE;
}

/* Memory that others change meanwhile: what has the size of a value and stands where such a value stands is
 * moved in one piece. */
static void
copy_from_shared (gpointer       to,
                  gconstpointer  from,
                  gsize          size)
{
  if (size == 2 && (guintptr) from % 2 == 0)
    {
      guint16 value = atomic_load_explicit ((const _Atomic (guint16) *) from, memory_order_relaxed);

      memcpy (to, &value, sizeof value);
    }
  else if (size == 4 && (guintptr) from % 4 == 0)
    {
      guint32 value = atomic_load_explicit ((const _Atomic (guint32) *) from, memory_order_relaxed);

      memcpy (to, &value, sizeof value);
    }
  else if (size == 8 && (guintptr) from % 8 == 0)
    {
      guint64 value = atomic_load_explicit ((const _Atomic (guint64) *) from, memory_order_relaxed);

      memcpy (to, &value, sizeof value);
    }
  else if (size > 0)  /* else it may be no address */
    memcpy (to, from, size);
}

static void
copy_to_shared (gpointer       to,
                gconstpointer  from,
                gsize          size)
{
  guint16 two;
  guint32 four;
  guint64 eight;

  if (size == 2 && (guintptr) to % 2 == 0)
    atomic_store_explicit ((_Atomic (guint16) *) to, *(guint16 *) memcpy (&two, from, size), memory_order_relaxed);
  else if (size == 4 && (guintptr) to % 4 == 0)
    atomic_store_explicit ((_Atomic (guint32) *) to, *(guint32 *) memcpy (&four, from, size), memory_order_relaxed);
  else if (size == 8 && (guintptr) to % 8 == 0)
    atomic_store_explicit ((_Atomic (guint64) *) to, *(guint64 *) memcpy (&eight, from, size), memory_order_relaxed);
  else if (size > 0)  /* else it may be no address */
    memcpy (to, from, size);
}

gboolean
shmooze_view_load (ShmoozeView  *self,
                   guint64       position,
                   gpointer      value,
                   gsize         size,
                   GError      **error)
{
  gboolean fits;

  g_return_val_if_fail (SHMOOZE_IS_VIEW (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!shmooze_view_begin_reading (self, error))
    return FALSE;
  fits = check_range (self, position, size, error);
  if (fits)
    copy_from_shared (value, self->mapping + self->lead + position, size);
  return shmooze_view_end (self, fits ? error : NULL) && fits;
}

gboolean
shmooze_view_store (ShmoozeView    *self,
                    guint64         position,
                    gconstpointer   value,
                    gsize           size,
                    GError        **error)
{
  gboolean fits;

  g_return_val_if_fail (SHMOOZE_IS_VIEW (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!shmooze_view_begin_writing (self, error))
    return FALSE;
  fits = check_range (self, position, size, error);
  if (fits)
    copy_to_shared (self->mapping + self->lead + position, value, size);
  return shmooze_view_end (self, fits ? error : NULL) && fits;
}

/**
 * shmooze_view_read:
 * @self: a view
 * @position: where to begin, in bytes from the view's start
 * @buffer: (out caller-allocates) (array length=count) (element-type guint8):
 *   where the bytes go
 * @count: how many bytes are wanted
 * @error: return location for an error
 *
 * Copies bytes out of the view: as many as there are up to its end, but no
 * more than @count.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when @position lies beyond the
 * view's end, %G_IO_ERROR_NOT_SUPPORTED when the view cannot read,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: how many bytes were copied, 0 at the view's end; -1 with an error
 *
 * Since: 1.0
 */
gssize
shmooze_view_read (ShmoozeView  *self,
                   guint64       position,
                   void         *buffer,
                   gsize         count,
                   GError      **error)
{
  gsize n;

  g_return_val_if_fail (SHMOOZE_IS_VIEW (self), -1);
  g_return_val_if_fail (buffer != NULL || count == 0, -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  n = position <= self->size ? MIN (count, self->size - (gsize) position) : count;
  return shmooze_view_load (self, position, buffer, n, error) ? (gssize) n : -1;
}

/**
 * shmooze_view_read_bytes:
 * @self: a view
 * @position: where to begin, in bytes from the view's start
 * @count: how many bytes are wanted
 * @error: return location for an error
 *
 * Copies bytes out of the view, like [method@View.read], into memory of their
 * own. This is the one for languages that cannot lend a buffer.
 *
 * Fails like [method@View.read].
 *
 * Returns: (transfer full): the bytes, fewer than @count at the view's end
 *
 * Since: 1.0
 */
GBytes *
shmooze_view_read_bytes (ShmoozeView  *self,
                         guint64       position,
                         gsize         count,
                         GError      **error)
{
  g_autofree guint8 *buffer = NULL;
  gssize n;

  g_return_val_if_fail (SHMOOZE_IS_VIEW (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (position <= self->size)
    buffer = g_malloc (MIN (count, self->size - (gsize) position) + 1);
  n = shmooze_view_read (self, position, buffer, buffer != NULL ? count : 0, error);
  return n < 0 ? NULL : g_bytes_new_take (g_steal_pointer (&buffer), (gsize) n);
}

/**
 * shmooze_view_write:
 * @self: a view
 * @position: where to begin, in bytes from the view's start
 * @buffer: (array length=count) (element-type guint8): the bytes
 * @count: how many bytes there are
 * @error: return location for an error
 *
 * Copies bytes into the view, all of them or none.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when they do not fit,
 * %G_IO_ERROR_NOT_SUPPORTED when the view cannot write, %G_IO_ERROR_CLOSED
 * and %SHMOOZE_ERROR_LOST. Nothing is written then.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_write (ShmoozeView  *self,
                    guint64       position,
                    const void   *buffer,
                    gsize         count,
                    GError      **error)
{
  g_return_val_if_fail (buffer != NULL || count == 0, FALSE);

  return shmooze_view_store (self, position, buffer, count, error);
}

/**
 * shmooze_view_flush:
 * @self: a view
 * @cancellable: (nullable): a cancellable, looked at before the writing begins
 * @error: return location for an error
 *
 * Returns when what was written through the view is on the disk. This makes a
 * difference for files only: see [method@Region.flush]. The private copies of
 * a view for copying on write go nowhere.
 *
 * Fails with %G_IO_ERROR_CLOSED, %SHMOOZE_ERROR_LOST, %G_IO_ERROR_CANCELLED,
 * and with what the disk says.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_view_flush (ShmoozeView   *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  int result = 0;

  g_return_val_if_fail (SHMOOZE_IS_VIEW (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!shmooze_view_begin (self, error))
    return FALSE;

  if (self->access != SHMOOZE_ACCESS_COPY_ON_WRITE && msync (self->mapping, self->mapping_size, MS_SYNC) < 0)
    {
      g_autofree char *message = g_strdup_printf (_("Cannot flush region “%s”"), region_label (self));

      result = errno;
      shmooze_set_error_from_errno (error, result, message);
    }
  return shmooze_view_end (self, result == 0 ? error : NULL) && result == 0;
}

/**
 * shmooze_view_open_stream:
 * @self: a view
 * @error: return location for an error
 *
 * Opens the view as a stream, which is a [iface@Gio.Seekable] and so are its
 * two halves. There is one position for both directions; seeking goes to any
 * place from 0 up to the view's size.
 *
 * The size is fixed: reading at the end is the end of the stream, and a
 * write that does not fit fails with %G_IO_ERROR_NO_SPACE and touches
 * nothing; truncating is %G_IO_ERROR_NOT_SUPPORTED. Reading and writing
 * otherwise fail like [method@View.read] and [method@View.write].
 *
 * The stream keeps the view alive; closing the stream leaves it open. Who
 * closes the view ends its streams: their calls fail with
 * %G_IO_ERROR_CLOSED.
 *
 * Fails with %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
GIOStream *
shmooze_view_open_stream (ShmoozeView  *self,
                          GError      **error)
{
  g_return_val_if_fail (SHMOOZE_IS_VIEW (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!shmooze_view_begin (self, error) || !shmooze_view_end (self, error))
    return NULL;
  return shmooze_view_stream_new (self);
}

/**
 * shmooze_view_get_data:
 * @self: a view
 *
 * Gets the address of the view's first byte. What stands there can be
 * changed by others at any moment: read a value once, check it, then use it.
 * The address is good until [method@View.close].
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

  return atomic_load (&self->closed) ? NULL : self->mapping + self->lead;
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
  g_return_if_fail (SHMOOZE_IS_VIEW (self));

  if (atomic_exchange (&self->closed, TRUE))
    return;

  /* Nobody enters any more; who is inside leaves. */
  pthread_rwlock_wrlock (&self->lock);
  pthread_rwlock_unlock (&self->lock);
  shmooze_guard_remove (self->guard);
  munmap (self->mapping, self->mapping_size);
  shmooze_region_drop (self->region);
}
