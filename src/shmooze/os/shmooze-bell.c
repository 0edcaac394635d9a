/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-bell-private.h"

#include "shmooze-error-private.h"
#include "os/shmooze-location-private.h"

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

#define FOLDER "bells"

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

/* The bells of this process. A forked child must not keep them: while anybody has the reading end open, the
 * peers believe that the owner lives. */
static pthread_mutex_t owned_lock = PTHREAD_MUTEX_INITIALIZER;
static GArray *owned;

static void
before_fork (void)
{
  pthread_mutex_lock (&owned_lock);
}

static void
after_fork_in_parent (void)
{
  pthread_mutex_unlock (&owned_lock);
}

static void
after_fork_in_child (void)
{
  for (guint i = 0; owned != NULL && i < owned->len; i++)
    close (g_array_index (owned, int, i));
  if (owned != NULL)
    g_array_set_size (owned, 0);
  pthread_mutex_unlock (&owned_lock);
}

static void
watch_forks (void)
{
  pthread_atfork (before_fork, after_fork_in_parent, after_fork_in_child);
}

/* No fork comes between opening a bell and knowing of it. When it was last read does not matter to anybody, and
 * is not noted with each ring. */
static int
open_own (int         dir_fd,
          const char *path,
          int         flags)
{
  int fd;

  pthread_mutex_lock (&owned_lock);
  fd = openat (dir_fd, path, flags | O_CLOEXEC | O_NOATIME);
  if (fd >= 0)
    {
      if (owned == NULL)
        owned = g_array_new (FALSE, FALSE, sizeof (int));
      g_array_append_val (owned, fd);
    }
  pthread_mutex_unlock (&owned_lock);
  return fd;
}

/* To be called with the lock held. */
static gboolean
find_own (int    fd,
          guint *position)
{
  for (guint i = 0; owned != NULL && i < owned->len; i++)
    if (g_array_index (owned, int, i) == fd)
      {
        *position = i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
is_own (int fd)
{
  gboolean found;
  guint position;

  pthread_mutex_lock (&owned_lock);
  found = find_own (fd, &position);
  pthread_mutex_unlock (&owned_lock);
  return found;
}

/* Nor between closing it and forgetting it. A forked child's is closed already. */
static void
close_own (int fd)
{
  guint position;

  pthread_mutex_lock (&owned_lock);
  if (find_own (fd, &position))
    {
      g_array_remove_index_fast (owned, position);
      close (fd);
    }
  pthread_mutex_unlock (&owned_lock);
}

static void
append_id (GString      *name,
           const guint8 *id)
{
  for (guint i = 0; i < 16; i++)
    g_string_append_printf (name, "%02x", id[i]);
  g_string_append_c (name, '.');
}

/* A bell is named by its region's id and by the offset of its owner's line in the region: nobody else has
 * either. */
static char *
bell_name (const guint8 *id,
           guint64       number)
{
  GString *name = g_string_new (NULL);

  append_id (name, id);
  g_string_append_printf (name, "%" G_GINT64_MODIFIER "x", number);
  return g_string_free (name, FALSE);
}

/* Makes a bell and returns the descriptor to sleep on. A dead owner's bell of that number is replaced. */
int
shmooze_bell_make (const guint8  *id,
                   guint64        number,
                   GError       **error)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  g_autofree char *name = bell_name (id, number);
  g_autoptr(ShmoozeLocation) place = shmooze_location_new (FOLDER, name, TRUE, error);
  int fd = -1, errsv;

  if (place == NULL)
    return -1;

  pthread_once (&once, watch_forks);
  unlinkat (place->dir_fd, name, 0);
  if (mkfifoat (place->dir_fd, name, 0600) == 0)
    {
      fchmodat (place->dir_fd, name, 0600, 0);  /* whatever the umask */
      /* For writing too: with no writer left a FIFO would report its end for ever. */
      fd = open_own (place->dir_fd, name, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
    }
  errsv = errno;
  if (fd < 0)
    {
      g_autofree char *message = g_strdup_printf (_("Cannot create the FIFO “%s”"), place->path);

      shmooze_set_error_from_errno (error, errsv, message);
      return -1;
    }
  return fd;
}

void
shmooze_bell_unmake (int           fd,
                     const guint8 *id,
                     guint64       number)
{
  g_autofree char *name = bell_name (id, number);
  g_autoptr(ShmoozeLocation) place = NULL;

  if (!is_own (fd))
    return;  /* a forked child's: closed already, and not its own */

  place = shmooze_location_new (FOLDER, name, FALSE, NULL);
  if (place != NULL)
    unlinkat (place->dir_fd, name, 0);
  close_own (fd);
}

/* A descriptor of one's own bell on which read() waits. -1: none to be had. */
int
shmooze_bell_open_to_sleep (int bell)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", bell);

  return open_own (AT_FDCWD, path, O_RDONLY);
}

void
shmooze_bell_close_to_sleep (int fd)
{
  close_own (fd);
}

/* Takes the bytes out, so that the descriptor is silent again. */
void
shmooze_bell_quiet (int fd)
{
  char bytes[256];

  while (read (fd, bytes, sizeof bytes) == sizeof bytes)
    ;
}

/* Opens another's bell for ringing. -1: there is none, or its owner is dead. */
int
shmooze_bell_open (const guint8 *id,
                   guint64       number)
{
  g_autofree char *name = bell_name (id, number);
  g_autoptr(ShmoozeLocation) place = shmooze_location_new (FOLDER, name, FALSE, NULL);
  struct stat st;
  int fd;

  if (place == NULL)
    return -1;

  fd = openat (place->dir_fd, name, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && (fstat (fd, &st) < 0 || !S_ISFIFO (st.st_mode)))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

/* A FIFO without a reader answers with SIGPIPE, and before Linux 6.18 nothing prevents it: it is held back for
 * this thread, and taken away if it came from this write. */
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
  return n >= 0 || errno != EPIPE;  /* a full FIFO (EAGAIN) has rung enough */
}

/* Removes the bells of a region that is gone from its place. */
void
shmooze_bell_remove_all (const guint8       *id,
                         const ShmoozeLocation *place)
{
  g_autoptr(GString) prefix = g_string_new (NULL);
  struct dirent *entry;
  int fd = shmooze_location_open_folder (place, FOLDER);
  DIR *dir;

  if (fd < 0)
    return;

  append_id (prefix, id);
  dir = fdopendir (fd);
  while ((entry = readdir (dir)) != NULL)
    if (g_str_has_prefix (entry->d_name, prefix->str))
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

/* FALSE: the owner is dead. A bell that was open may be a former owner's of the same number, so there is one
 * fresh try. */
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
