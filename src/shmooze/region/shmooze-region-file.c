/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "region/shmooze-region-private.h"

#include "shmooze-error-private.h"
#include "os/shmooze-memory-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Regions without a name: files of the user's, and memory that only a descriptor leads to. They have no control page:
 * the capacity is the file's size. */

static gboolean
set_failed (ShmoozeRegion  *self,
            GError        **error,
            int             errsv)
{
  shmooze_set_error_from_errno (error, errsv, _("Cannot use the region “%s”"), self->backing.label);
  return FALSE;
}

/* Makes the open file a region of its current size. */
static gboolean
adopt (ShmoozeRegion  *self,
       GError        **error)
{
  int seals = fcntl (self->backing.map_fd, F_GET_SEALS);  /* -1: cannot have any */

  self->sealed = seals >= 0 && (seals & F_SEAL_SHRINK);
  return shmooze_backing_adopt (&self->backing, self->access, error) && shmooze_region_start (self, error);
}

/* Makes the file at least @capacity bytes long. The space on the disk is reserved if the file system can do that. */
static gboolean
grow (ShmoozeRegion  *self,
      guint64         size,
      guint64         capacity,
      GError        **error)
{
  int fd = self->backing.map_fd;
  int result = 0;

  if (capacity <= size)
    return TRUE;
  if (fallocate (fd, 0, 0, (off_t) capacity) < 0)
    result = errno;
  if (result == EOPNOTSUPP)
    result = ftruncate (fd, (off_t) capacity) < 0 ? errno : 0;
  if (result == ENOSPC || result == EFBIG || result == EDQUOT)
    {
      struct statvfs fs = { 0 };

      /* The space that was reserved before the file system was full is freed. */
      if (ftruncate (fd, (off_t) size) < 0 || fstatvfs (fd, &fs) < 0)
        return set_failed (self, error, errno);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _("Not enough disk space for “%s”: %" PRIu64 " more bytes needed, %" PRIu64 " free"),
                   self->backing.label, capacity - size, (guint64) fs.f_bavail * fs.f_frsize);
      return FALSE;
    }
  return result == 0 || set_failed (self, error, result);
}

static gboolean
check_file (ShmoozeRegion  *self,
            guint64         capacity,
            GError        **error)
{
  struct stat st;

  if (fstat (self->backing.map_fd, &st) < 0)
    return set_failed (self, error, errno);
  if (!S_ISREG (st.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                   _("“%s” is not a regular file; only regular files can be mapped"), self->backing.label);
      return FALSE;
    }
  if (capacity == 0 && st.st_size == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("File “%s” is empty; specify the capacity of the region"), self->backing.label);
      return FALSE;
    }
  if (capacity > 0 && capacity < (guint64) st.st_size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("File “%s” has %" PRIu64 " bytes, more than the requested capacity of %" PRIu64),
                   self->backing.label, (guint64) st.st_size, capacity);
      return FALSE;
    }
  if (capacity > (guint64) st.st_size && !shmooze_access_writes_shared (self->access))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _("File “%s” has %" PRIu64 " bytes; growing it to %" PRIu64
                     " requires an access that allows writing"),
                   self->backing.label, (guint64) st.st_size, capacity);
      return FALSE;
    }
  return grow (self, (guint64) st.st_size, capacity, error) && adopt (self, error);
}

/**
 * shmooze_region_map_file: (constructor)
 * @file: a local file
 * @capacity: the size in bytes; 0: as large as the file is
 * @access: the operations that the object allows
 * @error: return location for an error
 *
 * Maps a file. Everything that is written into the region is written into
 * the file, which is kept when the last holder is gone.
 *
 * A missing file is created (mode 0600) if @capacity is not 0 and @access
 * includes reading and writing. A shorter file is extended to @capacity.
 * Symbolic links are followed, because the path is the caller's. A
 * [class@Writer] needs an @access that includes writing.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if the file does not exist and @capacity
 * is 0, %G_IO_ERROR_NOT_REGULAR_FILE if it is not a regular file,
 * %G_IO_ERROR_INVALID_ARGUMENT for an empty file without a @capacity, for one
 * that is larger than @capacity and for an invalid @capacity,
 * %G_IO_ERROR_PERMISSION_DENIED if the file does not allow @access or
 * @access does not allow the file to grow, %G_IO_ERROR_NO_SPACE if the disk
 * is full, and %G_IO_ERROR_NOT_SUPPORTED if @file is not local.
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_map_file (GFile          *file,
                         guint64         capacity,
                         ShmoozeAccess   access,
                         GError        **error)
{
  g_autofree char *shown = NULL;
  g_autoptr(ShmoozeRegion) self = NULL;
  gboolean creates = capacity > 0 && shmooze_access_writes_shared (access) && shmooze_access_allows_reading (access);
  gboolean created = FALSE;
  const char *path;
  int fd;

  g_return_val_if_fail (G_IS_FILE (file), NULL);
  g_return_val_if_fail (SHMOOZE_IS_ACCESS (access), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  shown = g_file_get_parse_name (file);
  path = g_file_peek_path (file);
  if (path == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, _("“%s” is not a local file"), shown);
      return NULL;
    }

  self = shmooze_region_new (NULL, shown, access);
  if (capacity > 0 && !shmooze_backing_check_capacity (&self->backing, capacity, error))
    return NULL;

  self->backing.path = g_strdup (path);
  self->persisted = TRUE;
  fd = open (path, (shmooze_access_writes_shared (access) ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && errno == ENOENT && creates)
    {
      fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
      created = fd >= 0;
      if (fd < 0 && errno == EEXIST)  /* another process has just created it */
        fd = open (path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    }
  if (fd < 0)
    {
      set_failed (self, error, errno);
      return NULL;
    }

  self->backing.map_fd = fd;
  if ((!created || fchmod (fd, 0600) == 0 || set_failed (self, error, errno)) && check_file (self, capacity, error))
    return g_steal_pointer (&self);
  if (created)
    unlink (path);
  return NULL;
}

/**
 * shmooze_region_create_unnamed: (constructor)
 * @capacity: the size in bytes, at least 1
 * @error: return location for an error
 *
 * Creates a region without a name, filled with zeros. Its descriptor
 * ([method@Region.get_fd]) gives other processes access: a child process
 * that inherits it, or the other end of a Unix socket. The region can neither
 * shrink nor grow, so it is never lost.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT for an invalid @capacity and
 * %G_IO_ERROR_NO_SPACE if there is not enough memory.
 *
 * Returns: (transfer full): the region, for reading and writing
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_create_unnamed (guint64   capacity,
                               GError  **error)
{
  g_autoptr(ShmoozeRegion) self = NULL;
  int fd;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  /* Translators: in place of the name of a region without a name */
  self = shmooze_region_new (NULL, _("unnamed"), SHMOOZE_ACCESS_READ_WRITE);
  if (!shmooze_backing_check_capacity (&self->backing, capacity, error))
    return NULL;

  fd = memfd_create ("shmooze", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    {
      set_failed (self, error, errno);
      return NULL;
    }

  self->backing.map_fd = fd;
  if (capacity > shmooze_available_memory () || fallocate (fd, 0, 0, (off_t) capacity) < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _("Not enough memory for an unnamed region: %" PRIu64 " bytes needed, %" PRIu64 " free"),
                   capacity, shmooze_available_memory ());
      return NULL;
    }
  if (fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
    {
      set_failed (self, error, errno);
      return NULL;
    }
  return adopt (self, error) ? g_steal_pointer (&self) : NULL;
}

static gboolean
check_descriptor (ShmoozeRegion  *self,
                  int             fd,
                  GError        **error)
{
  int flags = fcntl (fd, F_GETFL);
  int seals = fcntl (fd, F_GET_SEALS);  /* -1: cannot have any */
  struct stat st;

  if (flags < 0 || fstat (fd, &st) < 0)
    return set_failed (self, error, errno);
  if (!S_ISREG (st.st_mode))
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                   _("File descriptor %d does not refer to memory or a regular file"), fd);
      return FALSE;
    }
  if (st.st_size == 0)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                   _("File descriptor %d refers to an empty file; set its size first"), fd);
      return FALSE;
    }
  if ((flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH) != 0 ||
      (shmooze_access_writes_shared (self->access) &&
       ((flags & O_ACCMODE) != O_RDWR || (seals >= 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0))))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _("File descriptor %d does not allow the requested access"), fd);
      return FALSE;
    }
  return TRUE;
}

/**
 * shmooze_region_new_from_fd:
 * @fd: a descriptor of an unnamed region, or of any mappable file
 * @access: the operations that the object allows
 * @error: return location for an error
 *
 * Maps the memory or file that a descriptor refers to, in its current size.
 * The descriptor is duplicated and remains the caller's.
 *
 * Fails with %SHMOOZE_ERROR_LAYOUT if @fd does not refer to memory or a
 * regular file, or if that is empty, and with %G_IO_ERROR_PERMISSION_DENIED
 * if the descriptor does not allow @access.
 *
 * Returns: (transfer full): the region
 *
 * Since: 1.0
 */
ShmoozeRegion *
shmooze_region_new_from_fd (int             fd,
                            ShmoozeAccess   access,
                            GError        **error)
{
  g_autoptr(ShmoozeRegion) self = NULL;

  g_return_val_if_fail (fd >= 0, NULL);
  g_return_val_if_fail (SHMOOZE_IS_ACCESS (access), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = shmooze_region_new (NULL, _("unnamed"), access);
  if (!check_descriptor (self, fd, error))
    return NULL;

  self->backing.map_fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (self->backing.map_fd < 0)
    {
      set_failed (self, error, errno);
      return NULL;
    }
  return adopt (self, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * shmooze_region_get_fd:
 * @self: a region
 *
 * Gets the descriptor of a region that was created by
 * [ctor@Region.create_unnamed] or [ctor@Region.new_from_fd], to pass it to
 * another process. It is closed on exec, and with the region: duplicate it if
 * necessary.
 *
 * Returns: the descriptor; -1 for any other region, and after the region and
 *   all of its views are closed
 *
 * Since: 1.0
 */
int
shmooze_region_get_fd (ShmoozeRegion *self)
{
  g_return_val_if_fail (SHMOOZE_IS_REGION (self), -1);

  return self->backing.location == NULL && !self->persisted ? self->backing.map_fd : -1;
}

/**
 * shmooze_region_flush:
 * @self: a region
 * @cancellable: (nullable): a cancellable, checked before the writing begins
 * @error: return location for an error
 *
 * Blocks until everything written into the region's file is on the disk. For
 * a region in memory it returns immediately.
 *
 * Fails with %G_IO_ERROR_CLOSED after [method@Region.close], with
 * %SHMOOZE_ERROR_LOST for a lost region, and with the error of the disk.
 *
 * Returns: %TRUE on success
 *
 * Since: 1.0
 */
gboolean
shmooze_region_flush (ShmoozeRegion  *self,
                      GCancellable   *cancellable,
                      GError        **error)
{
  gboolean flushed;

  g_return_val_if_fail (SHMOOZE_IS_REGION (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!shmooze_region_hold (self, error))
    return FALSE;

  flushed = fdatasync (self->backing.map_fd) == 0;
  if (!flushed)
    set_failed (self, error, errno);
  shmooze_region_drop (self);
  return flushed;
}
