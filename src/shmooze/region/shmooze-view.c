/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-view-private.h"

#include "shmooze-error-private.h"
#include "os/shmooze-guard-private.h"
#include "os/shmooze-memory-private.h"
#include "region/shmooze-region-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

/**
 * ShmoozeView:
 *
 * A part of a region that is mapped into memory.
 *
 * Each view has its own mapping, with the protection that corresponds to its
 * access: a store through the pointer of a read-only view faults. A view
 * keeps the name of its region alive, just as the region itself does, and
 * remains usable after [method@Region.close].
 *
 * [method@View.read], [method@View.write] and the functions for single values
 * check the bounds and the access of the view, and report a region that was
 * truncated as an error. A single value at an address that is a multiple of
 * its size is read and written atomically. Longer data can be changed by
 * other threads and processes while it is copied.
 *
 * A view may be used from several threads. [method@View.close] waits for
 * accesses in other threads to finish, but it invalidates the pointer
 * returned by [method@View.get_data].
 *
 * Since: 1.0
 */

struct _ShmoozeView
{
  GObject           parent_instance;

  pthread_rwlock_t  lock;     /* held for reading during an access, for writing while closing */
  atomic_bool       closed;
  ShmoozeRegion    *region;
  ShmoozeGuard     *guard;
  char             *mapping;  /* invalid once closed */
  gsize             mapping_size;
  guint64           offset;
  gsize             lead;     /* bytes in the mapping before the first byte of the view */
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

/* The caller has checked that the region allows @access, and holds the region. On success, the view takes over that
 * hold. */
ShmoozeView *
shmooze_view_new (ShmoozeRegion  *region,
                  guint64         offset,
                  guint64         size,
                  ShmoozeAccess   access,
                  GError        **error)
{
  g_autoptr(ShmoozeView) self = g_object_new (SHMOOZE_TYPE_VIEW, NULL);
  gpointer mapping;

  self->lead = offset % shmooze_page_size ();
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

/* Returns a flag for code that keeps the address of the view's memory: it checks the flag before each use. */
const atomic_bool *
shmooze_view_get_closed (ShmoozeView *self)
{
  return &self->closed;
}

/* Returns whether stores of other processes are visible through the view, and stores through the view are visible to
 * other processes. */
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

gboolean
shmooze_view_begin (ShmoozeView  *self,
                    GError      **error)
{
  /* The flag is checked before the lock is taken as well as after. The lock prefers readers, so without the first check
   * threads that retry their accesses could keep shmooze_view_close() waiting. */
  if (!atomic_load (&self->closed))
    {
      gboolean closed;

      pthread_rwlock_rdlock (&self->lock);
      closed = atomic_load (&self->closed);
      if (!closed && shmooze_region_check (self->region, error))
        return TRUE;
      pthread_rwlock_unlock (&self->lock);
      if (!closed)
        return FALSE;
    }

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The view of region “%s” is closed"), region_label (self));
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
  /* If the region was truncated during the access, the guard has replaced the bytes with zeros. */
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

/* Other processes may change the memory during the copy. A value of 2, 4 or 8 bytes that is aligned to its size in
 * shared memory is copied by a single load or store, so that it is never torn. */
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
  else if (size > 0)  /* the pointers may be invalid if the size is 0 */
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
  else if (size > 0)  /* the pointers may be invalid if the size is 0 */
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
 * @position: offset in the view at which to start, in bytes
 * @buffer: (out caller-allocates) (array length=count) (element-type guint8):
 *   a buffer to copy the bytes to
 * @count: the number of bytes to read
 * @error: return location for an error
 *
 * Copies up to @count bytes from the view, or fewer if the view ends before
 * that.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if @position is beyond the end of
 * the view, %G_IO_ERROR_NOT_SUPPORTED if the access of the view does not
 * allow reading, %G_IO_ERROR_CLOSED if the view is closed, and
 * %SHMOOZE_ERROR_LOST if the region is lost.
 *
 * Returns: the number of bytes read, 0 at the end of the view, or -1 on error
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
 * @position: offset in the view at which to start, in bytes
 * @count: the number of bytes to read
 * @error: return location for an error
 *
 * Copies up to @count bytes from the view into newly allocated memory.
 *
 * This variant of [method@View.read] is for language bindings, which cannot
 * provide a buffer.
 *
 * Fails like [method@View.read].
 *
 * Returns: (transfer full): the bytes; fewer than @count if the view ends
 *   earlier
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
 * @position: offset in the view at which to start, in bytes
 * @buffer: (array length=count) (element-type guint8): the bytes to write
 * @count: the number of bytes to write
 * @error: return location for an error
 *
 * Copies all @count bytes into the view, or none of them.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT if the bytes do not fit into the
 * view, %G_IO_ERROR_NOT_SUPPORTED if the access of the view does not allow
 * writing, %G_IO_ERROR_CLOSED if the view is closed, and %SHMOOZE_ERROR_LOST
 * if the region is lost. Nothing is written in these cases.
 *
 * Returns: `TRUE` on success
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
 * @cancellable: (nullable): a cancellable, which is checked before flushing
 *   begins
 * @error: return location for an error
 *
 * Waits until the changes that were made through the view are on disk.
 *
 * This has an effect only for regions that map a file; see
 * [method@Region.flush]. The private changes of a copy-on-write view are
 * never written.
 *
 * Fails with %G_IO_ERROR_CLOSED if the view is closed, %SHMOOZE_ERROR_LOST if
 * the region is lost, %G_IO_ERROR_CANCELLED, and with the I/O errors of the
 * file system.
 *
 * Returns: `TRUE` on success
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
      result = errno;
      shmooze_set_error_from_errno (error, result, _("Cannot flush region “%s”"), region_label (self));
    }
  return shmooze_view_end (self, result == 0 ? error : NULL) && result == 0;
}

/**
 * shmooze_view_get_data:
 * @self: a view
 *
 * Gets the address of the first byte of the view.
 *
 * Other processes can change the memory at any time: read a value once, check
 * it, and then use it. The address is valid until [method@View.close].
 *
 * Returns: (transfer none) (nullable): the memory, or `NULL` if the view is
 *   closed
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
 * Gets the size of the view.
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
 * Unmaps the view and releases its hold on the region. Calling this function
 * more than once has no effect.
 *
 * Since: 1.0
 */
void
shmooze_view_close (ShmoozeView *self)
{
  g_return_if_fail (SHMOOZE_IS_VIEW (self));

  if (atomic_exchange (&self->closed, TRUE))
    return;

  /* New accesses fail from now on. Wait until those in progress have finished. */
  pthread_rwlock_wrlock (&self->lock);
  pthread_rwlock_unlock (&self->lock);
  shmooze_guard_remove (self->guard);
  munmap (self->mapping, self->mapping_size);
  shmooze_region_drop (self->region);
}
