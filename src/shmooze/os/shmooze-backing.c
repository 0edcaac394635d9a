/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-backing-private.h"

#include "os/shmooze-bell-private.h"
#include "shmooze-error-private.h"
#include "os/shmooze-memory-private.h"

#include <inttypes.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixmounts.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* How long one waits for others that are just opening, closing or removing the same name. */
#define PATIENCE_USEC G_USEC_PER_SEC

/* More than this no process can map. */
#define CAPACITY_MAX (sizeof (gpointer) >= 8 ? G_GUINT64_CONSTANT (1) << 46 : G_GUINT64_CONSTANT (1) << 31)

typedef enum
{
  LIFE_NONE,   /* nobody holds it: it may be swept */
  LIFE_HELD,
  LIFE_MOVING  /* somebody is just removing it */
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

/* The lock that somebody else has on a byte: F_UNLCK, F_RDLCK or F_WRLCK. */
short
shmooze_probe_byte (int     fd,
                    guint64 byte)
{
  struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t) byte, .l_len = 1 };

  return fcntl (fd, F_OFD_GETLK, &range) == 0 ? range.l_type : F_WRLCK;
}

/* Sleeps a little before the next try; longer each time. FALSE when patience is at its end. */
static gboolean
pause_until (gint64  deadline,
             gulong *pause_usec)
{
  if (g_get_monotonic_time () >= deadline)
    return FALSE;
  g_usleep (*pause_usec);
  *pause_usec = MIN (*pause_usec * 2, 5000);
  return TRUE;
}

static void
set_busy (GError     **error,
          const char  *name)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               _("Region “%s” is busy: other processes keep opening and removing it; try again"), name);
}

static void
set_failed (GError     **error,
            const char  *format,
            const char  *name,
            int          errsv)
{
  g_autofree char *message = NULL;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  message = g_strdup_printf (format, name);
#pragma GCC diagnostic pop
  shmooze_set_error_from_errno (error, errsv, message);
}

static gsize
page_size (void)
{
  return (gsize) sysconf (_SC_PAGESIZE);
}

static guint64
whole_pages (guint64 size)
{
  return (size + page_size () - 1) & ~((guint64) page_size () - 1);
}

/* Reads the control page into @self. FALSE: the file is none of ours. */
static gboolean
read_control (ShmoozeBacking     *self,
              int                fd,
              const struct stat *st)
{
  ShmoozeControl control;
  guint64 size = (guint64) st->st_size;

  if (size < 2 * page_size () || size % page_size () != 0)
    return FALSE;
  if (pread (fd, &control, sizeof control, (off_t) (size - page_size ())) != sizeof control)
    return FALSE;
  if (control.magic != SHMOOZE_CONTROL_MAGIC || control.version != SHMOOZE_CONTROL_VERSION ||
      control.page_size != page_size ())
    return FALSE;
  if (control.capacity == 0 || control.capacity > size || whole_pages (control.capacity) + page_size () != size)
    return FALSE;

  self->capacity = control.capacity;
  self->file_size = size;
  memcpy (self->id, control.id, sizeof self->id);
  return TRUE;
}

/* Takes a file for a region whose size is the file's. The inode tells it from all others, for those who
 * hold it. */
void
shmooze_backing_adopt (ShmoozeBacking     *self,
                      const struct stat *st)
{
  const guint64 inode[2] = { st->st_dev, st->st_ino };

  G_STATIC_ASSERT (sizeof inode == sizeof self->id);
  self->foreign = TRUE;
  self->capacity = self->file_size = (guint64) st->st_size;
  memcpy (self->id, inode, sizeof inode);
}

static void
set_not_regular (GError             **error,
                 const ShmoozeLocation  *place,
                 const char          *name)
{
  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
               _("“%s” is not a region: %s is not a regular file; remove it or choose another name"), name, place->path);
}

static void
set_not_ours (GError     **error,
              const char  *name,
              uid_t        owner)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _("Region “%s” belongs to another user (UID %u); choose another name"), name, (guint) owner);
}

static void
set_not_opened (GError             **error,
                const ShmoozeLocation  *place,
                const char          *name,
                int                  errsv)
{
  struct stat st;

  if (errsv == ENOENT)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("There is no region “%s”"), name);
  else if (errsv == EISDIR || errsv == ENXIO)
    set_not_regular (error, place, name);
  else if (errsv == EACCES && fstatat (place->dir_fd, place->file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_uid != geteuid ())
    set_not_ours (error, name, st.st_uid);
  else
    set_failed (error, _("Cannot open the region “%s”"), name, errsv);
}

/* Opens what stands at the place: a regular file of this user's, ours or foreign. */
static gboolean
open_file (ShmoozeBacking       *self,
           const ShmoozeLocation  *place,
           const char          *name,
           GError             **error)
{
  struct stat st;
  int fd;

  *self = (ShmoozeBacking) SHMOOZE_BACKING_INIT;
  fd = openat (place->dir_fd, place->file, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    {
      set_not_opened (error, place, name, errno);
      return FALSE;
    }

  if (fstat (fd, &st) < 0)
    set_failed (error, _("Cannot open the region “%s”"), name, errno);
  else if (!S_ISREG (st.st_mode))
    set_not_regular (error, place, name);
  else if (st.st_uid != geteuid ())
    set_not_ours (error, name, st.st_uid);
  else if (read_control (self, fd, &st))
    self->lock_fd = fd;
  else if (!place->posix)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                 _("“%s” is not a region: %s was not made by this library; remove it or choose another name"),
                 name, place->path);
  else if (st.st_size == 0)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT,
                 _("Shared memory object “%s” is still empty; try again when its creator has set its size"), name);
  else
    {
      self->lock_fd = fd;
      shmooze_backing_adopt (self, &st);
    }

  if (self->lock_fd < 0)
    close (fd);
  return self->lock_fd >= 0;
}

/* A mount that forbids execution is found when the region is opened, not when it is mapped. */
gboolean
shmooze_backing_check_executable (int          fd,
                                 const char  *path,
                                 const char  *name,
                                 GError     **error)
{
  g_autoptr(GUnixMountEntry) mount = NULL;
  struct statvfs fs;

  if (fstatvfs (fd, &fs) < 0 || !(fs.f_flag & ST_NOEXEC))
    return TRUE;

  mount = path != NULL ? g_unix_mount_for (path, NULL) : NULL;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _("Region “%s” cannot be executed: %s is mounted noexec"), name,
               mount != NULL ? g_unix_mount_get_mount_path (mount) : _("its file system"));
  return FALSE;
}

/* Opens the description that mappings are made from. It knows no more than the access asks for, so that no
 * mapping can ever be made to do more. One that was @made for reading and writing is taken over, if that will do. */
static gboolean
open_for_mapping (ShmoozeBacking       *self,
                  const ShmoozeLocation  *place,
                  const char          *name,
                  ShmoozeAccess        access,
                  int                 *made,
                  GError             **error)
{
  g_autofree char *link = NULL;
  gboolean write = shmooze_access_writes_shared (access);

  if (shmooze_access_allows_executing (access) &&
      !shmooze_backing_check_executable (self->lock_fd, place->path, name, error))
    return FALSE;
  if (made != NULL && write)
    {
      self->map_fd = *made;
      *made = -1;
      return TRUE;
    }

  link = g_strdup_printf ("/proc/self/fd/%d", self->lock_fd);
  self->map_fd = open (link, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (self->map_fd < 0)
    set_failed (error, _("Cannot open the region “%s”; is /proc mounted?"), name, errno);
  return self->map_fd >= 0;
}

gboolean
shmooze_backing_is_named (const ShmoozeBacking *self,
                         const ShmoozeLocation  *place)
{
  struct stat named, held;

  return fstatat (place->dir_fd, place->file, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         fstat (self->lock_fd, &held) == 0 &&
         named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

/* Removes the name if it still stands for this object. Everybody who removes holds the name byte from the
 * comparison to the unlink, so that no one's unlink can hit a successor. */
static gboolean
unlink_name (const ShmoozeBacking *self,
             const ShmoozeLocation  *place)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_USEC;
  gulong pause_usec = 50;
  gboolean removed;

  while (!shmooze_lock_byte (self->lock_fd, F_WRLCK, SHMOOZE_NAME_BYTE))
    if (!pause_until (deadline, &pause_usec))
      return FALSE;

  removed = shmooze_backing_is_named (self, place) && unlinkat (place->dir_fd, place->file, 0) == 0;
  shmooze_lock_byte (self->lock_fd, F_UNLCK, SHMOOZE_NAME_BYTE);
  if (removed && !self->foreign)
    shmooze_bell_remove_all (self->id, place);
  return TRUE;
}

static Life
probe_life (const ShmoozeBacking *self)
{
  switch (shmooze_probe_byte (self->lock_fd, SHMOOZE_LIFE_BYTE))
    {
    case F_UNLCK:
      return LIFE_NONE;
    case F_RDLCK:
      return LIFE_HELD;
    default:
      return LIFE_MOVING;
    }
}

/* Removes the object if nobody holds it. */
static gboolean
sweep_if_dead (const ShmoozeBacking *self,
               const ShmoozeLocation  *place)
{
  return !self->foreign &&
         shmooze_lock_byte (self->lock_fd, F_WRLCK, SHMOOZE_LIFE_BYTE) &&
         unlink_name (self, place);
}

void
shmooze_backing_sweep (const ShmoozeLocation *place)
{
  ShmoozeBacking object;

  if (open_file (&object, place, place->file, NULL))
    {
      sweep_if_dead (&object, place);
      shmooze_backing_close (&object);
    }
}

/* Makes the file, whole but without a name. */
static gboolean
give_birth (ShmoozeBacking       *self,
            const ShmoozeLocation  *place,
            const char          *name,
            const ShmoozeBirth  *birth,
            GError             **error)
{
  g_autofree char *folder = g_path_get_dirname (place->path);
  ShmoozeControl control = {
    .magic = SHMOOZE_CONTROL_MAGIC,
    .version = SHMOOZE_CONTROL_VERSION,
    .page_size = (guint32) page_size (),
    .capacity = birth->capacity
  };
  guint64 free_bytes;
  int result;

  *self = (ShmoozeBacking) SHMOOZE_BACKING_INIT;
  self->capacity = birth->capacity;
  self->file_size = whole_pages (birth->capacity) + page_size ();

  self->lock_fd = openat (place->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (self->lock_fd < 0)
    {
      if (errno == EOPNOTSUPP || errno == EISDIR)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                     _("The file system of %s does not support unnamed files; set XDG_RUNTIME_DIR to a tmpfs"), folder);
      else
        set_failed (error, _("Cannot create a region in %s"), folder, errno);
      return FALSE;
    }

  /* Whatever the umask. In the runtime directory the sticky bit keeps clean-up programs away. */
  if (fchmod (self->lock_fd, place->posix ? 0600 : 01600) < 0)
    {
      set_failed (error, _("Cannot create the region “%s”"), name, errno);
      return FALSE;
    }

  /* Memory is taken now, so that a full file system is an error here and not SIGBUS later. Asking first
   * spares the machine from a fallocate that is bound to fail when everything is used up. */
  free_bytes = shmooze_bytes_free (self->lock_fd, self->file_size);
  if (self->file_size > free_bytes)
    result = ENOSPC;
  else
    result = fallocate (self->lock_fd, 0, 0, (off_t) self->file_size) < 0 ? errno : 0;
  if (result == ENOSPC || result == ENOMEM || result == EFBIG || result == EDQUOT)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _("Not enough space for region “%s”: %" PRIu64 " bytes needed, %" PRIu64 " free in %s"),
                   name, self->file_size, shmooze_bytes_free (self->lock_fd, G_MAXUINT64), folder);
      return FALSE;
    }
  if (result == EOPNOTSUPP)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _("The file system of %s cannot reserve space; set XDG_RUNTIME_DIR to a tmpfs"), folder);
      return FALSE;
    }
  if (result == 0 && getrandom (control.id, sizeof control.id, 0) != sizeof control.id)
    result = EIO;
  if (result == 0 && pwrite (self->lock_fd, &control, sizeof control,
                             (off_t) (self->file_size - page_size ())) != sizeof control)
    result = errno;
  if (result == 0 && birth->fill != NULL)
    {
      gpointer data = mmap (NULL, birth->capacity, PROT_READ | PROT_WRITE, MAP_SHARED, self->lock_fd, 0);

      if (data == MAP_FAILED)
        result = errno;
      else
        {
          birth->fill (data, birth->user_data);
          munmap (data, birth->capacity);
        }
    }
  if (result != 0)
    {
      set_failed (error, _("Cannot create the region “%s”"), name, result);
      return FALSE;
    }

  memcpy (self->id, control.id, sizeof self->id);
  return TRUE;
}

/* Gives the newborn its name, after removing a dead one of that name. */
static gboolean
link_name (ShmoozeBacking       *self,
           const ShmoozeLocation  *place,
           const char          *name,
           GError             **error)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", self->lock_fd);
  gint64 deadline = g_get_monotonic_time () + PATIENCE_USEC;
  gulong pause_usec = 50;

  do
    {
      g_autoptr(GError) local_error = NULL;
      ShmoozeBacking other;
      Life life;

      if (linkat (AT_FDCWD, link, place->dir_fd, place->file, AT_SYMLINK_FOLLOW) == 0)
        return TRUE;
      if (errno != EEXIST)
        {
          set_failed (error, _("Cannot create the file of region “%s”"), name, errno);
          return FALSE;
        }

      if (!open_file (&other, place, name, &local_error))
        {
          if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
            continue;
          life = LIFE_HELD;  /* whatever it is, the name is taken */
        }
      else
        {
          life = other.foreign ? LIFE_HELD : probe_life (&other);
          if (life == LIFE_NONE)
            sweep_if_dead (&other, place);
          shmooze_backing_close (&other);
        }
      if (life == LIFE_HELD)
        {
          if (local_error != NULL)
            /* Translators: why the name is taken follows */
            g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, _("The name “%s” already exists: %s"), name,
                         local_error->message);
          else
            g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, _("Region “%s” already exists"), name);
          return FALSE;
        }
    }
  while (pause_until (deadline, &pause_usec));

  set_busy (error, name);
  return FALSE;
}

gboolean
shmooze_backing_check_capacity (guint64      capacity,
                               const char  *name,
                               GError     **error)
{
  if (capacity > 0 && capacity <= CAPACITY_MAX)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _("Invalid capacity %" PRIu64 " for region “%s”: must be between 1 and %" PRIu64 " bytes"),
               capacity, name, CAPACITY_MAX);
  return FALSE;
}

/* Creates the object: it gets its name last, when everything about it is in place. */
gboolean
shmooze_backing_create (ShmoozeBacking       *self,
                       const ShmoozeLocation  *place,
                       const char          *name,
                       const ShmoozeBirth  *birth,
                       GError             **error)
{
  ShmoozeBacking born;
  g_autofree char *link = NULL;
  gboolean created = FALSE;

  *self = (ShmoozeBacking) SHMOOZE_BACKING_INIT;
  if (!shmooze_backing_check_capacity (birth->capacity, name, error))
    return FALSE;
  if (!shmooze_access_allows_reading (birth->access))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("Region “%s” cannot be created for writing only; choose an access that also allows reading"), name);
      return FALSE;
    }

  if (give_birth (&born, place, name, birth, error))
    {
      /* The contents were mapped from the first description, and a mapping lives on in a forked child:
       * the life lock goes onto a second one that is never mapped. */
      *self = born;
      link = g_strdup_printf ("/proc/self/fd/%d", born.lock_fd);
      self->lock_fd = open (link, O_RDWR | O_CLOEXEC);
      if (self->lock_fd < 0 || !shmooze_lock_byte (self->lock_fd, F_RDLCK, SHMOOZE_LIFE_BYTE) ||
          (birth->locked && !shmooze_lock_byte (self->lock_fd, F_WRLCK, SHMOOZE_THING_BYTES)))
        set_failed (error, _("Cannot lock the region “%s”; is /proc mounted?"), name, errno);
      else
        created = open_for_mapping (self, place, name, birth->access, &born.lock_fd, error) &&
                  link_name (self, place, name, error);
    }

  shmooze_backing_close (&born);
  if (!created)
    shmooze_backing_close (self);
  return created;
}

gboolean
shmooze_backing_open (ShmoozeBacking       *self,
                     const ShmoozeLocation  *place,
                     const char          *name,
                     ShmoozeAccess        access,
                     GError             **error)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE_USEC;
  gulong pause_usec = 50;

  do
    {
      if (!open_file (self, place, name, error))
        return FALSE;
      if (self->foreign)
        break;

      /* The exclusive lock says that nobody lives: what stands here is a dead one's leftover. */
      if (shmooze_lock_byte (self->lock_fd, F_WRLCK, SHMOOZE_LIFE_BYTE))
        unlink_name (self, place);
      else if (shmooze_lock_byte (self->lock_fd, F_RDLCK, SHMOOZE_LIFE_BYTE) && shmooze_backing_is_named (self, place))
        break;

      /* Removed meanwhile, by us or by somebody who closed: look again under the name. A shared lock that
       * we may hold by now is dropped the way holders do it, because it may have kept a closer from removing. */
      shmooze_backing_release (self, place);
      shmooze_backing_close (self);
      if (!pause_until (deadline, &pause_usec))
        {
          set_busy (error, name);
          return FALSE;
        }
    }
  while (TRUE);

  if (open_for_mapping (self, place, name, access, NULL, error))
    return TRUE;

  shmooze_backing_release (self, place);
  shmooze_backing_close (self);
  return FALSE;
}

/* Stops holding the object. Who finds that nobody holds it any more removes its name. The own lock is
 * dropped first: two that only tried to upgrade it would block each other, and leave the name. */
void
shmooze_backing_release (ShmoozeBacking      *self,
                        const ShmoozeLocation *place)
{
  if (self->foreign || self->lock_fd < 0)
    return;

  shmooze_lock_byte (self->lock_fd, F_UNLCK, SHMOOZE_LIFE_BYTE);
  sweep_if_dead (self, place);
}

/* In a forked child: gives up the descriptor that the parent's locks sit on, without touching them. */
void
shmooze_backing_abandon (ShmoozeBacking *self)
{
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  self->lock_fd = -1;
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

/* Gives the name of a ruined object up, so that the next who asks for it can start anew. */
void
shmooze_backing_forsake (const ShmoozeBacking *self,
                        const ShmoozeLocation  *place)
{
  if (!self->foreign && self->lock_fd >= 0)
    unlink_name (self, place);
}

/* Looks at what stands at a place without holding it. */
gboolean
shmooze_backing_inspect (ShmoozeBacking       *self,
                        const ShmoozeLocation  *place,
                        const char          *name,
                        gboolean            *held,
                        GError             **error)
{
  if (!open_file (self, place, name, error))
    return FALSE;

  *held = !self->foreign && probe_life (self) == LIFE_HELD;
  return TRUE;
}

/* Removes the name, whoever holds the object; holders go on with it. */
gboolean
shmooze_backing_remove (const ShmoozeLocation  *place,
                       const char          *name,
                       GError             **error)
{
  ShmoozeBacking object;
  gboolean removed;

  if (!open_file (&object, place, name, error))
    return FALSE;

  removed = unlink_name (&object, place);
  if (!removed)
    set_busy (error, name);
  shmooze_backing_close (&object);
  return removed;
}
