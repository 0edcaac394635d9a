/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-backing-private.h"

#include "os/shmooze-bell-private.h"
#include "os/shmooze-deadline-private.h"
#include "os/shmooze-memory-private.h"
#include "os/shmooze-registry-private.h"
#include "shmooze-error-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixmounts.h>
#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* How long to wait for processes that are opening, closing or removing the same name at the moment. */
#define TIMEOUT_USEC G_USEC_PER_SEC
#define FIRST_PAUSE_USEC 50
#define LONGEST_PAUSE_USEC 5000

/* A process cannot map more than this. */
#define CAPACITY_MAX (sizeof (gpointer) >= 8 ? G_GUINT64_CONSTANT (1) << 46 : G_GUINT64_CONSTANT (1) << 31)

typedef enum
{
  LIFE_NONE,     /* a stale file, to be removed */
  LIFE_HELD,
  LIFE_REMOVING  /* another process is removing it */
} Life;

/* Takes, converts or (F_UNLCK) drops a lock on one byte, without waiting. */
gboolean
shmooze_lock_byte (int     fd,
                   short   type,
                   guint64 byte)
{
  struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t) byte, .l_len = 1 };

  return fcntl (fd, F_OFD_SETLK, &range) == 0;
}

/* The lock that another description has on a byte: F_UNLCK, F_RDLCK or F_WRLCK. */
short
shmooze_probe_byte (int     fd,
                    guint64 byte)
{
  struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t) byte, .l_len = 1 };

  return fcntl (fd, F_OFD_GETLK, &range) == 0 ? range.l_type : F_WRLCK;
}

/* Takes over @location. Nothing is opened yet. */
void
shmooze_backing_init (ShmoozeBacking  *self,
                      ShmoozeLocation *location,
                      const char      *label)
{
  *self = (ShmoozeBacking) { .location = location, .label = g_strdup (label), .map_fd = -1, .lock_fd = -1 };
}

void
shmooze_backing_clear (ShmoozeBacking *self)
{
  shmooze_backing_close (self);
  g_clear_pointer (&self->location, shmooze_location_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->label, g_free);
}

void
shmooze_backing_close (ShmoozeBacking *self)
{
  if (self->map_fd >= 0)
    close (self->map_fd);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  self->map_fd = self->lock_fd = -1;
}

const char *
shmooze_backing_get_path (const ShmoozeBacking *self)
{
  return self->location != NULL ? self->location->path : self->path;
}

static void
set_busy (const ShmoozeBacking  *self,
          GError               **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               _("Region “%s” is busy: other processes keep opening and removing it; try again"), self->label);
}

static void
set_not_regular (const ShmoozeBacking  *self,
                 GError               **error)
{
  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
               _("“%s” is not a region: %s is not a regular file; remove it or choose another name"),
               self->label, self->location->path);
}

static void
set_other_owner (const ShmoozeBacking  *self,
                 uid_t                  owner,
                 GError               **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _("Region “%s” belongs to another user (UID %u); choose another name"), self->label, (guint) owner);
}

static void
set_not_opened (const ShmoozeBacking  *self,
                int                    errsv,
                GError               **error)
{
  struct stat st;

  if (errsv == ENOENT)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("There is no region “%s”"), self->label);
  else if (errsv == EISDIR || errsv == ENXIO)
    set_not_regular (self, error);
  else if (errsv == EACCES && fstatat (self->location->dir_fd, self->location->file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_uid != geteuid ())
    set_other_owner (self, st.st_uid, error);
  else
    shmooze_set_error_from_errno (error, errsv, _("Cannot open the region “%s”"), self->label);
}

/* Reads the control page. FALSE: this library did not make the file. */
static gboolean
read_control (ShmoozeBacking    *self,
              int                fd,
              const struct stat *st)
{
  ShmoozeControl control;
  guint64 page = shmooze_page_size ();
  guint64 size = (guint64) st->st_size;

  if (size < 2 * page || size % page != 0)
    return FALSE;
  if (pread (fd, &control, sizeof control, (off_t) (size - page)) != sizeof control)
    return FALSE;
  if (control.magic != SHMOOZE_CONTROL_MAGIC || control.version != SHMOOZE_CONTROL_VERSION ||
      control.page_size != page)
    return FALSE;
  if (control.capacity == 0 || control.capacity > size || shmooze_whole_pages (control.capacity) + page != size)
    return FALSE;

  self->capacity = control.capacity;
  self->file_size = size;
  memcpy (self->id, control.id, sizeof self->id);
  return TRUE;
}

/* The whole file is the region. Its inode is the id: that is unique among the files that are open. */
static void
set_foreign (ShmoozeBacking    *self,
             const struct stat *st)
{
  const guint64 inode[2] = { st->st_dev, st->st_ino };

  G_STATIC_ASSERT (sizeof inode == sizeof self->id);
  self->foreign = TRUE;
  self->capacity = self->file_size = (guint64) st->st_size;
  memcpy (self->id, inode, sizeof inode);
}

/* Opens the file at the location, which must be a regular file of this user, made by this library or another. */
static gboolean
open_file (ShmoozeBacking  *self,
           GError         **error)
{
  const ShmoozeLocation *location = self->location;
  struct stat st;
  int fd;

  fd = openat (location->dir_fd, location->file, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    {
      set_not_opened (self, errno, error);
      return FALSE;
    }

  self->foreign = FALSE;
  if (fstat (fd, &st) < 0)
    shmooze_set_error_from_errno (error, errno, _("Cannot open the region “%s”"), self->label);
  else if (!S_ISREG (st.st_mode))
    set_not_regular (self, error);
  else if (st.st_uid != geteuid ())
    set_other_owner (self, st.st_uid, error);
  else if (read_control (self, fd, &st))
    self->lock_fd = fd;
  else if (!location->posix)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                 _("“%s” is not a region: %s was not made by this library; remove it or choose another name"),
                 self->label, location->path);
  else if (st.st_size == 0)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                 _("Shared memory object “%s” is still empty; try again when its creator has set its size"),
                 self->label);
  else
    {
      self->lock_fd = fd;
      set_foreign (self, &st);
    }

  if (self->lock_fd < 0)
    close (fd);
  return self->lock_fd >= 0;
}

/* A file system that forbids execution is reported when the region is opened, not when a view is mapped. */
static gboolean
check_executable (const ShmoozeBacking  *self,
                  int                    fd,
                  ShmoozeAccess          access,
                  GError               **error)
{
  const char *path = shmooze_backing_get_path (self);
  g_autoptr(GUnixMountEntry) mount = NULL;
  struct statvfs fs;

  if (!shmooze_access_allows_executing (access) || fstatvfs (fd, &fs) < 0 || !(fs.f_flag & ST_NOEXEC))
    return TRUE;

  mount = path != NULL ? g_unix_mount_for (path, NULL) : NULL;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _("Region “%s” cannot be executed: %s is mounted noexec"), self->label,
               mount != NULL ? g_unix_mount_get_mount_path (mount) : _("its file system"));
  return FALSE;
}

static int
open_again (int fd,
            int flags)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);

  return open (link, flags | O_CLOEXEC | O_NOCTTY);
}

/* Opens the description that mappings are made from. It allows no more than @access, so that mprotect() cannot extend
 * a mapping beyond it. A file that was just created already has one, for reading and writing. */
static gboolean
open_for_mapping (ShmoozeBacking  *self,
                  ShmoozeAccess    access,
                  GError         **error)
{
  if (!check_executable (self, self->lock_fd, access, error))
    return FALSE;

  if (self->map_fd >= 0)
    {
      if (shmooze_access_writes_shared (access))
        return TRUE;
      close (self->map_fd);
    }
  self->map_fd = open_again (self->lock_fd, shmooze_access_writes_shared (access) ? O_RDWR : O_RDONLY);
  if (self->map_fd < 0)
    shmooze_set_error_from_errno (error, errno, _("Cannot open the region “%s”; is /proc mounted?"), self->label);
  return self->map_fd >= 0;
}

/* Whether the name leads to this file. */
gboolean
shmooze_backing_is_named (const ShmoozeBacking *self)
{
  struct stat named, held;

  return fstatat (self->location->dir_fd, self->location->file, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         fstat (self->lock_fd, &held) == 0 &&
         named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

/* Removes the name if it leads to this file. The name byte is locked from the comparison to the unlink, by every
 * process that removes, so that an unlink cannot hit a successor. */
static gboolean
unlink_name (const ShmoozeBacking *self)
{
  ShmoozeDeadline deadline;
  gboolean removed;

  shmooze_deadline_init (&deadline, TIMEOUT_USEC, FIRST_PAUSE_USEC, LONGEST_PAUSE_USEC);
  while (!shmooze_lock_byte (self->lock_fd, F_WRLCK, SHMOOZE_NAME_BYTE))
    if (!shmooze_deadline_sleep (&deadline))
      return FALSE;

  removed = shmooze_backing_is_named (self) && unlinkat (self->location->dir_fd, self->location->file, 0) == 0;
  shmooze_lock_byte (self->lock_fd, F_UNLCK, SHMOOZE_NAME_BYTE);
  if (removed && !self->foreign)
    shmooze_bell_remove_all (self->id, self->location);
  return TRUE;
}

static Life
probe_life (const ShmoozeBacking *self)
{
  if (self->foreign)
    return LIFE_HELD;

  switch (shmooze_probe_byte (self->lock_fd, SHMOOZE_LIVENESS_BYTE))
    {
    case F_UNLCK:
      return LIFE_NONE;
    case F_RDLCK:
      return LIFE_HELD;
    default:
      return LIFE_REMOVING;
    }
}

/* Removes the name if no process holds the file. */
static void
sweep (const ShmoozeBacking *self)
{
  if (!self->foreign && shmooze_lock_byte (self->lock_fd, F_WRLCK, SHMOOZE_LIVENESS_BYTE))
    unlink_name (self);
}

/* Removes all stale files, except those of POSIX objects. */
void
shmooze_backing_sweep_all (void)
{
  static const char *const folders[] = { NULL, SHMOOZE_FOLDER_MUTEXES };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autoptr(GPtrArray) names = shmooze_location_list (folders[i], FALSE, NULL);

      for (guint j = 0; names != NULL && j < names->len; j++)
        {
          const char *name = g_ptr_array_index (names, j);
          ShmoozeLocation *location = shmooze_location_new (folders[i], name, FALSE, NULL);
          ShmoozeBacking backing;

          if (location == NULL)
            continue;
          shmooze_backing_init (&backing, location, name);
          if (open_file (&backing, NULL))
            sweep (&backing);
          shmooze_backing_clear (&backing);
        }
    }
}

/* Checks the available space first: fallocate() would use up all the memory of the machine before it failed. */
static int
reserve (int     fd,
         guint64 size)
{
  if (size > shmooze_available_bytes (fd, size))
    return ENOSPC;
  return fallocate (fd, 0, 0, (off_t) size) < 0 ? errno : 0;
}

static gboolean
is_no_space (int errsv)
{
  return errsv == ENOSPC || errsv == ENOMEM || errsv == EFBIG || errsv == EDQUOT;
}

/* Writes the control page and the contents. Returns 0 or an errno. */
static int
write_contents (ShmoozeBacking           *self,
                const ShmoozeBackingSpec *spec)
{
  ShmoozeControl control = {
    .magic = SHMOOZE_CONTROL_MAGIC,
    .version = SHMOOZE_CONTROL_VERSION,
    .page_size = (guint32) shmooze_page_size (),
    .capacity = spec->capacity
  };
  gpointer data;

  if (getrandom (control.id, sizeof control.id, 0) != sizeof control.id)
    return EIO;
  memcpy (self->id, control.id, sizeof self->id);
  if (pwrite (self->map_fd, &control, sizeof control, (off_t) (self->file_size - shmooze_page_size ())) !=
      sizeof control)
    return errno;

  if (spec->fill == NULL)
    return 0;
  data = mmap (NULL, spec->capacity, PROT_READ | PROT_WRITE, MAP_SHARED, self->map_fd, 0);
  if (data == MAP_FAILED)
    return errno;
  spec->fill (data, spec->user_data);
  munmap (data, spec->capacity);
  return 0;
}

/* Creates the file, complete but without a name. */
static gboolean
make_file (ShmoozeBacking            *self,
           const ShmoozeBackingSpec  *spec,
           GError                   **error)
{
  g_autofree char *folder = g_path_get_dirname (self->location->path);
  int result;

  self->capacity = spec->capacity;
  self->file_size = shmooze_whole_pages (spec->capacity) + shmooze_page_size ();

  self->map_fd = openat (self->location->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (self->map_fd < 0)
    {
      if (errno == EOPNOTSUPP || errno == EISDIR)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                     _("The file system of %s does not support unnamed files; set XDG_RUNTIME_DIR to a tmpfs"),
                     folder);
      else
        shmooze_set_error_from_errno (error, errno, _("Cannot create a region in %s"), folder);
      return FALSE;
    }

  /* Memory is reserved now, so that a full file system is an error here, and not SIGBUS later. */
  result = reserve (self->map_fd, self->file_size);
  if (is_no_space (result))
    {
      shmooze_backing_sweep_all ();
      result = reserve (self->map_fd, self->file_size);
    }
  if (is_no_space (result))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _("Not enough space for region “%s”: %" PRIu64 " bytes needed, %" PRIu64 " free in %s"),
                   self->label, self->file_size, shmooze_available_bytes (self->map_fd, G_MAXUINT64), folder);
      return FALSE;
    }
  if (result == EOPNOTSUPP)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _("The file system of %s cannot reserve space; set XDG_RUNTIME_DIR to a tmpfs"), folder);
      return FALSE;
    }

  /* The mode does not depend on the umask. In the runtime directory the sticky bit keeps clean-up programs away. */
  if (result == 0 && fchmod (self->map_fd, self->location->posix ? 0600 : 01600) < 0)
    result = errno;
  if (result == 0)
    result = write_contents (self, spec);
  if (result != 0)
    shmooze_set_error_from_errno (error, result, _("Cannot create the region “%s”"), self->label);
  return result == 0;
}

/* Gives the new file its name, after removing a stale file of that name. */
static gboolean
link_name (ShmoozeBacking  *self,
           GError         **error)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", self->lock_fd);
  ShmoozeDeadline deadline;

  shmooze_deadline_init (&deadline, TIMEOUT_USEC, FIRST_PAUSE_USEC, LONGEST_PAUSE_USEC);
  do
    {
      /* The file that has the name; location and label are borrowed. */
      ShmoozeBacking other = { .location = self->location, .label = self->label, .map_fd = -1, .lock_fd = -1 };
      g_autoptr(GError) local_error = NULL;
      Life life;

      if (linkat (AT_FDCWD, link, self->location->dir_fd, self->location->file, AT_SYMLINK_FOLLOW) == 0)
        return TRUE;
      if (errno != EEXIST)
        {
          shmooze_set_error_from_errno (error, errno, _("Cannot create the file of region “%s”"), self->label);
          return FALSE;
        }

      if (!open_file (&other, &local_error))
        {
          if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
            continue;
          /* Translators: the reason why the name cannot be used follows */
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, _("The name “%s” already exists: %s"), self->label,
                       local_error->message);
          return FALSE;
        }

      life = probe_life (&other);
      if (life == LIFE_NONE)
        sweep (&other);
      shmooze_backing_close (&other);
      if (life == LIFE_HELD)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, _("Region “%s” already exists"), self->label);
          return FALSE;
        }
    }
  while (shmooze_deadline_sleep (&deadline));

  set_busy (self, error);
  return FALSE;
}

gboolean
shmooze_backing_check_capacity (const ShmoozeBacking  *self,
                                guint64                capacity,
                                GError               **error)
{
  if (capacity > 0 && capacity <= CAPACITY_MAX)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _("Invalid capacity %" PRIu64 " for region “%s”: must be between 1 and %" PRIu64 " bytes"),
               capacity, self->label, CAPACITY_MAX);
  return FALSE;
}

/* In a forked child: closes the description that has the parent's locks. Closing is all that it may do, because an
 * unlock through a shared description would drop the parent's lock. */
static void
detach (gpointer data)
{
  ShmoozeBacking *self = data;

  atomic_store (&self->detached, TRUE);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  self->lock_fd = -1;
}

/* Stops holding the file, and removes its name if this was the last holder. The own lock is dropped first: if
 * two processes converted their shared locks at the same time, both would fail, and the name would stay. */
static void
release (gpointer data)
{
  const ShmoozeBacking *self = data;

  if (self->foreign || self->lock_fd < 0)
    return;

  shmooze_lock_byte (self->lock_fd, F_UNLCK, SHMOOZE_LIVENESS_BYTE);
  sweep (self);
}

/* Creates the file. It gets its name last, when everything else is done. */
static gboolean
create (ShmoozeBacking            *self,
        const ShmoozeBackingSpec  *spec,
        GError                   **error)
{
  if (!make_file (self, spec, error))
    return FALSE;

  /* The contents were mapped from the first description, and a mapping lives on in a forked child: the liveness
   * lock is taken on a second one. */
  self->lock_fd = open_again (self->map_fd, O_RDWR);
  if (self->lock_fd < 0 || !shmooze_lock_byte (self->lock_fd, F_RDLCK, SHMOOZE_LIVENESS_BYTE) ||
      (spec->locked && !shmooze_lock_byte (self->lock_fd, F_WRLCK, SHMOOZE_OFFSET_BYTES)))
    {
      shmooze_set_error_from_errno (error, errno, _("Cannot lock the region “%s”; is /proc mounted?"), self->label);
      return FALSE;
    }

  return open_for_mapping (self, spec->access, error) && link_name (self, error);
}

gboolean
shmooze_backing_create (ShmoozeBacking            *self,
                        const ShmoozeBackingSpec  *spec,
                        GError                   **error)
{
  gboolean created;

  if (!shmooze_backing_check_capacity (self, spec->capacity, error))
    return FALSE;
  if (!shmooze_access_allows_reading (spec->access))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("Region “%s” cannot be created for writing only; choose an access that also allows reading"),
                   self->label);
      return FALSE;
    }

  shmooze_registry_begin ();
  created = create (self, spec, error);
  if (created)
    shmooze_registry_add (self, detach, release);
  shmooze_registry_end ();
  if (!created)
    shmooze_backing_close (self);
  return created;
}

static gboolean
open_held (ShmoozeBacking  *self,
           ShmoozeAccess    access,
           GError         **error)
{
  ShmoozeDeadline deadline;

  shmooze_deadline_init (&deadline, TIMEOUT_USEC, FIRST_PAUSE_USEC, LONGEST_PAUSE_USEC);
  do
    {
      if (!open_file (self, error))
        return FALSE;
      if (self->foreign)
        return open_for_mapping (self, access, error);

      /* With the exclusive lock, this is a stale file. */
      if (shmooze_lock_byte (self->lock_fd, F_WRLCK, SHMOOZE_LIVENESS_BYTE))
        unlink_name (self);
      else if (shmooze_lock_byte (self->lock_fd, F_RDLCK, SHMOOZE_LIVENESS_BYTE) && shmooze_backing_is_named (self))
        {
          if (open_for_mapping (self, access, error))
            return TRUE;
          release (self);
          return FALSE;
        }

      /* The file was removed in the meantime: begin again with the name. A shared lock that was taken is released
       * as a holder's, because it may have kept another process from removing the name. */
      release (self);
      shmooze_backing_close (self);
    }
  while (shmooze_deadline_sleep (&deadline));

  set_busy (self, error);
  return FALSE;
}

gboolean
shmooze_backing_open (ShmoozeBacking  *self,
                      ShmoozeAccess    access,
                      GError         **error)
{
  gboolean opened;

  shmooze_registry_begin ();
  opened = open_held (self, access, error);
  if (opened)
    shmooze_registry_add (self, detach, release);
  shmooze_registry_end ();
  if (!opened)
    shmooze_backing_close (self);
  return opened;
}

/* Uses the file that @map_fd refers to, at its current size. */
gboolean
shmooze_backing_adopt (ShmoozeBacking  *self,
                       ShmoozeAccess    access,
                       GError         **error)
{
  struct stat st;

  if (!check_executable (self, self->map_fd, access, error))
    return FALSE;
  if (fstat (self->map_fd, &st) < 0)
    {
      shmooze_set_error_from_errno (error, errno, _("Cannot use the region “%s”"), self->label);
      return FALSE;
    }

  set_foreign (self, &st);
  /* For the locks of lanes. This fails if the process may only read the file, which then has no locks and no lanes:
   * even a reader of a lane needs a view that can be written. */
  shmooze_registry_begin ();
  self->lock_fd = open_again (self->map_fd, O_RDWR);
  shmooze_registry_add (self, detach, release);
  shmooze_registry_end ();
  return TRUE;
}

/* Stops holding the file. In a forked child, and when the program ends, there is nothing to do. */
void
shmooze_backing_release (ShmoozeBacking *self)
{
  shmooze_registry_begin ();
  if (shmooze_registry_remove (self))
    release (self);
  shmooze_registry_end ();
}

/* Removes the name of a damaged file, so that a new region can have it. */
void
shmooze_backing_forsake (const ShmoozeBacking *self)
{
  if (!self->foreign && self->lock_fd >= 0)
    unlink_name (self);
}

/* Reads the properties of the file without holding it. */
gboolean
shmooze_backing_inspect (ShmoozeBacking  *self,
                         gboolean        *held,
                         GError         **error)
{
  if (!open_file (self, error))
    return FALSE;

  *held = !self->foreign && probe_life (self) == LIFE_HELD;
  return TRUE;
}

/* Removes the name; processes that hold the file keep it. */
gboolean
shmooze_backing_remove (ShmoozeBacking  *self,
                        GError         **error)
{
  if (!open_file (self, error))
    return FALSE;
  if (unlink_name (self))
    return TRUE;

  set_busy (self, error);
  return FALSE;
}
