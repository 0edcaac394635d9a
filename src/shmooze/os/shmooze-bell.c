/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-bell-private.h"

#include "os/shmooze-location-private.h"
#include "os/shmooze-registry-private.h"
#include "shmooze-error-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

static void
close_fd (gpointer data)
{
  close (GPOINTER_TO_INT (data));
}

/* Opens a reading end that a forked child does not keep: as long as any process has one, the peers believe that the
 * owner lives. O_NOATIME saves an update of the access time with each ring. */
static int
open_own (int         dir_fd,
          const char *path,
          int         flags)
{
  int fd;

  shmooze_registry_begin ();
  fd = openat (dir_fd, path, flags | O_CLOEXEC | O_NOATIME);
  if (fd >= 0)
    shmooze_registry_add (GINT_TO_POINTER (fd), close_fd, NULL);
  shmooze_registry_end ();
  return fd;
}

/* A bell is identified by its region's id and the offset of its owner's line in the region. */
static char *
bell_name (const guint8 *id,
           guint64       number)
{
  g_autofree char *hex = shmooze_id_to_hex (id);

  return g_strdup_printf ("%s.%" G_GINT64_MODIFIER "x", hex, number);
}

/* Creates a bell and returns the descriptor to sleep on. Replaces the bell of a dead owner. */
int
shmooze_bell_make (const guint8  *id,
                   guint64        number,
                   GError       **error)
{
  g_autofree char *name = bell_name (id, number);
  g_autoptr(ShmoozeLocation) location = shmooze_location_new (SHMOOZE_FOLDER_BELLS, name, TRUE, error);
  int fd = -1;

  if (location == NULL)
    return -1;

  unlinkat (location->dir_fd, name, 0);
  if (mkfifoat (location->dir_fd, name, 0600) == 0)
    {
      fchmodat (location->dir_fd, name, 0600, 0);  /* whatever the umask */
      /* For writing as well: without a writer, a FIFO would report its end all the time. */
      fd = open_own (location->dir_fd, name, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
    }
  if (fd < 0)
    shmooze_set_error_from_errno (error, errno, _("Cannot create the FIFO “%s”"), location->path);
  return fd;
}

/* In a forked child the bell is closed already, and its name is the parent's. */
void
shmooze_bell_unmake (int           fd,
                     const guint8 *id,
                     guint64       number)
{
  shmooze_registry_begin ();
  if (shmooze_registry_remove (GINT_TO_POINTER (fd)))
    {
      g_autofree char *name = bell_name (id, number);
      g_autoptr(ShmoozeLocation) location = shmooze_location_new (SHMOOZE_FOLDER_BELLS, name, FALSE, NULL);

      if (location != NULL)
        unlinkat (location->dir_fd, name, 0);
      close (fd);
    }
  shmooze_registry_end ();
}

/* Opens a descriptor of the own bell on which read() waits. -1 if that fails. */
int
shmooze_bell_open_to_sleep (int bell)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", bell);

  return open_own (AT_FDCWD, path, O_RDONLY);
}

void
shmooze_bell_close_to_sleep (int fd)
{
  shmooze_registry_begin ();
  if (shmooze_registry_remove (GINT_TO_POINTER (fd)))
    close (fd);
  shmooze_registry_end ();
}

/* Reads and discards the bytes, so that the descriptor is no longer ready. */
void
shmooze_bell_quiet (int fd)
{
  char bytes[256];

  while (read (fd, bytes, sizeof bytes) == sizeof bytes)
    ;
}

/* Opens the bell of another owner for ringing. -1: it does not exist, or its owner is dead. */
int
shmooze_bell_open (const guint8 *id,
                   guint64       number)
{
  g_autofree char *name = bell_name (id, number);
  g_autoptr(ShmoozeLocation) location = shmooze_location_new (SHMOOZE_FOLDER_BELLS, name, FALSE, NULL);
  struct stat st;
  int fd;

  if (location == NULL)
    return -1;

  fd = openat (location->dir_fd, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && (fstat (fd, &st) < 0 || !S_ISFIFO (st.st_mode)))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

/* A write to a FIFO without a reader raises SIGPIPE, and before Linux 6.18 no flag prevents it: the signal is blocked
 * for this thread, and consumed if it came from this write. */
static gssize
write_without_signal (int fd)
{
  struct timespec now = { 0, 0 };
  sigset_t pipe_signal, former, pending;
  gboolean was_pending;
  gssize n;
  int errsv;

  sigemptyset (&pipe_signal);
  sigaddset (&pipe_signal, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &pipe_signal, &former);
  was_pending = sigismember (&former, SIGPIPE) && sigpending (&pending) == 0 && sigismember (&pending, SIGPIPE);
  n = write (fd, "", 1);
  errsv = errno;
  if (n < 0 && errsv == EPIPE && !was_pending)
    sigtimedwait (&pipe_signal, NULL, &now);
  pthread_sigmask (SIG_SETMASK, &former, NULL);
  errno = errsv;
  return n;
}

/* Wakes the owner. FALSE: the owner is dead. */
gboolean
shmooze_bell_ring (int fd)
{
  static atomic_bool lacks_flag;
  struct iovec byte = { .iov_base = (char[]) { 0 }, .iov_len = 1 };
  gssize n = -1;

  if (!atomic_load_explicit (&lacks_flag, memory_order_relaxed))
    {
      n = pwritev2 (fd, &byte, 1, -1, RWF_NOSIGNAL);
      if (n < 0 && errno != EPIPE && errno != EAGAIN && errno != EINTR)
        atomic_store_explicit (&lacks_flag, TRUE, memory_order_relaxed);
    }
  if (atomic_load_explicit (&lacks_flag, memory_order_relaxed))
    n = write_without_signal (fd);
  return n >= 0 || errno != EPIPE;  /* a full FIFO (EAGAIN) wakes its owner anyway */
}

/* Removes the bells of a region whose name is removed from its location. */
void
shmooze_bell_remove_all (const guint8          *id,
                         const ShmoozeLocation *location)
{
  g_autofree char *prefix = shmooze_id_to_hex (id);
  struct dirent *entry;
  int fd = shmooze_location_open_folder (location, SHMOOZE_FOLDER_BELLS);
  DIR *dir;

  if (fd < 0)
    return;

  dir = fdopendir (fd);
  while ((entry = readdir (dir)) != NULL)
    if (g_str_has_prefix (entry->d_name, prefix))
      unlinkat (fd, entry->d_name, 0);
  closedir (dir);
}

void
shmooze_ringer_clear (ShmoozeRinger *self)
{
  if (self->open)
    close (self->fd);
  self->open = FALSE;
}

/* FALSE: the owner is dead. An open bell may belong to a former owner of the same number, so it is opened once more
 * before that is reported. */
gboolean
shmooze_ringer_ring (ShmoozeRinger *self,
                     const guint8  *id,
                     guint64        number)
{
  if (self->open && self->number == number && shmooze_bell_ring (self->fd))
    return TRUE;

  shmooze_ringer_clear (self);
  self->fd = shmooze_bell_open (id, number);
  self->open = self->fd >= 0;
  self->number = number;
  if (self->open && shmooze_bell_ring (self->fd))
    return TRUE;

  shmooze_ringer_clear (self);
  return FALSE;
}
