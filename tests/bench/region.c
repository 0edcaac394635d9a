/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <fcntl.h>
#include <shmooze/shmooze.h>
#include <sys/mman.h>
#include <unistd.h>

/* The cost of a named region beside that of bare system calls, which have no life cycle: bench-region [SECONDS]
 *
 * shmooze    create, open a second time, close both, which removes the name
 * bare       shm_open, fallocate, mmap, munmap, close, shm_unlink
 * bare_open  the same with a second shm_open and mmap in between
 *
 * They run in turns, so that other load affects all of them. The medians are printed as key=value words. */

#define CAPACITY (64 * 1024)
#define ROUNDS_MIN 101

typedef void (*Work) (const char *name);

static void
with_shmooze (const char *name)
{
  GError *error = NULL;
  ShmoozeRegion *created = shmooze_region_create (name, CAPACITY, SHMOOZE_ACCESS_READ_WRITE, &error);
  ShmoozeRegion *opened;

  if (created == NULL)
    bench_die ("%s", error->message);
  opened = shmooze_region_open (name, SHMOOZE_ACCESS_READ_WRITE, &error);
  if (opened == NULL)
    bench_die ("%s", error->message);
  g_object_unref (opened);
  g_object_unref (created);
}

static gpointer
map_bare (const char *name,
          int         flags,
          int        *fd)
{
  gpointer data;

  bench_try ((*fd = shm_open (name, O_RDWR | flags, 0600)) >= 0);
  if (flags & O_CREAT)
    bench_try (fallocate (*fd, 0, 0, CAPACITY) == 0);
  data = mmap (NULL, CAPACITY, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
  bench_try (data != MAP_FAILED);
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

/* Each call is measured by itself: if several were measured together, the longer ones would be preempted more often. */
static gint64
measure (Work        work,
         const char *name)
{
  guint64 start = bench_now ();

  work (name);
  return (gint64) (bench_now () - start);
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
  const char *names[] = { name + 1, name, name };  /* a region, and two POSIX objects */
  GArray *times[G_N_ELEMENTS (works)];
  double seconds = argc > 1 ? g_ascii_strtod (argv[1], NULL) : 1;
  gint64 medians[G_N_ELEMENTS (works)];
  guint64 end;

  for (gsize i = 0; i < G_N_ELEMENTS (works); i++)
    {
      times[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
      measure (works[i], names[i]);  /* the first call is slower */
    }
  end = bench_now () + (guint64) (seconds * 1e9);
  while (bench_now () < end || times[0]->len < ROUNDS_MIN)
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
