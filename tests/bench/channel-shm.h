/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bench.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int
bench_shm_open_whole (const char *name,
                      gsize       size)
{
  int fd = shm_open (name, O_RDWR | O_CLOEXEC, 0);
  struct stat status;

  if (fd >= 0 && fstat (fd, &status) == 0 && (gsize) status.st_size == size)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Maps zeroed memory for both sides, with all its pages. Its name is removed as soon as both have it. */
static inline gpointer
bench_shm_map (const BenchRun *run,
               gsize           size)
{
  g_autofree char *name = g_strdup_printf ("/%s", run->id);
  gpointer memory;
  int fd;

  if (run->ping)
    {
      bench_retry ((fd = bench_shm_open_whole (name, size)) >= 0);
      shm_unlink (name);
    }
  else
    {
      bench_try ((fd = shm_open (name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0);
      bench_try (ftruncate (fd, (off_t) size) == 0);
    }
  memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  bench_try (memory != MAP_FAILED);
  close (fd);
  return memory;
}

/* Maps one part of @size bytes, rounded up to pages, for each direction. */
static inline void
bench_shm_map_ways (const BenchRun *run,
                    gsize           size,
                    gpointer       *in,
                    gpointer       *out)
{
  gsize part = (size + 4095) & ~(gsize) 4095;
  char *memory = bench_shm_map (run, 2 * part);

  *in = run->ping ? memory : memory + part;
  *out = run->ping ? memory + part : memory;
}
