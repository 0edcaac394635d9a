/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <shmooze/shmooze.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* What a named region costs beside the bare system calls that give one no life cycle: bench-region [SECONDS]
 *
 * shmooze    create, open by a second object, close both, after which the name is gone
 * bare       shm_open, fallocate, mmap, munmap, close, shm_unlink
 * bare_open  the same with a second shm_open and mmap between
 *
 * One after the other in each round, so that what else the machine does hits all of them; the medians are
 * printed, as key=value words. */

#define CAPACITY (64 * 1024)
#define ROUNDS_MIN 101

typedef void (*Work) (const char *name);

static void
check (gboolean    good,
       GError     *error,
       const char *what)
{
  if (good)
    return;

  if (error != NULL)
    fprintf (stderr, "%s: %s\n", what, error->message);
  else
    perror (what);
  exit (EXIT_FAILURE);
}

static void
with_shmooze (const char *name)
{
  GError *error = NULL;
  ShmoozeRegion *created = shmooze_region_create (name, CAPACITY, SHMOOZE_ACCESS_READ_WRITE, &error);
  ShmoozeRegion *opened;

  check (created != NULL, error, "create");
  opened = shmooze_region_open (name, SHMOOZE_ACCESS_READ_WRITE, &error);
  check (opened != NULL, error, "open");
  g_object_unref (opened);
  g_object_unref (created);
}

static gpointer
map_bare (const char *name,
          int         flags,
          int        *fd)
{
  gpointer data;

  *fd = shm_open (name, O_RDWR | flags, 0600);
  check (*fd >= 0, NULL, "shm_open");
  if (flags & O_CREAT)
    check (fallocate (*fd, 0, 0, CAPACITY) == 0, NULL, "fallocate");
  data = mmap (NULL, CAPACITY, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
  check (data != MAP_FAILED, NULL, "mmap");
  return data;
}

static void
unmap_bare (gpointer data,
            int      fd)
{
  munmap (data, CAPACITY);
  close (fd);
}

static void
bare (const char *name)
{
  int fd;
  gpointer data = map_bare (name, O_CREAT | O_EXCL, &fd);

  unmap_bare (data, fd);
  shm_unlink (name);
}

static void
bare_with_open (const char *name)
{
  int created_fd, opened_fd;
  gpointer created = map_bare (name, O_CREAT | O_EXCL, &created_fd);
  gpointer opened = map_bare (name, 0, &opened_fd);

  unmap_bare (opened, opened_fd);
  unmap_bare (created, created_fd);
  shm_unlink (name);
}

static gint64
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

/* Each alone: of several in one go, the longer ones would lose the processor more often. */
static gint64
measure (Work        work,
         const char *name)
{
  gint64 start = now_ns ();

  work (name);
  return now_ns () - start;
}

static gint
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

static gint64
median (GArray *times)
{
  g_array_sort (times, compare_times);
  return g_array_index (times, gint64, times->len / 2);
}

int
main (int    argc,
      char **argv)
{
  static const Work works[] = { with_shmooze, bare, bare_with_open };
  g_autofree char *name = g_strdup_printf ("/shmooze-bench-region-%d", (int) getpid ());
  const char *names[] = { name + 1, name, name };  /* a region of the user's own, and POSIX objects */
  GArray *times[G_N_ELEMENTS (works)];
  double seconds = argc > 1 ? g_ascii_strtod (argv[1], NULL) : 1;
  gint64 medians[G_N_ELEMENTS (works)];
  gint64 end;

  for (gsize i = 0; i < G_N_ELEMENTS (works); i++)
    {
      times[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
      measure (works[i], names[i]);  /* the first one is slower */
    }
  end = now_ns () + (gint64) (seconds * 1e9);
  while (now_ns () < end || times[0]->len < ROUNDS_MIN)
    for (gsize i = 0; i < G_N_ELEMENTS (works); i++)
      {
        gint64 time = measure (works[i], names[i]);

        g_array_append_val (times[i], time);
      }

  for (gsize i = 0; i < G_N_ELEMENTS (works); i++)
    medians[i] = median (times[i]);
  printf ("n=%u shmooze_ns=%" G_GINT64_FORMAT " bare_ns=%" G_GINT64_FORMAT " bare_open_ns=%" G_GINT64_FORMAT
          " ratio=%.2f\n", times[0]->len, medians[0], medians[1], medians[2], (double) medians[0] / medians[1]);
  for (gsize i = 0; i < G_N_ELEMENTS (works); i++)
    g_array_unref (times[i]);
  return EXIT_SUCCESS;
}
