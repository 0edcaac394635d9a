/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The speed of this machine at this moment, without any channel:
 *
 *     line [CPU CPU]          the round trip of a cache line between two CPUs, in ns
 *     line CPU CPU --copy     also the speed of memcpy() on the first CPU, in MB/s
 *
 * Two CPUs of a virtual machine may be threads of one core at one time, and on two sockets at another. */

#include "bench.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_WINDOWS 8
#define WINDOW_NSEC 500000
#define COPY_NSEC 20000000
#define ENOUGH G_MAXUINT64

static void
keep_to (int cpu)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (cpu, &set);
  bench_try (sched_setaffinity (0, sizeof set, &set) == 0);
}

/* Replaces each odd number by the next even one. */
static void
answer (_Atomic guint64 *line)
{
  for (guint64 due = 1;; due += 2)
    {
      guint64 got;

      while ((got = atomic_load_explicit (line, memory_order_acquire)) != due)
        if (got == ENOUGH)
          return;
      atomic_store_explicit (line, due + 1, memory_order_release);
    }
}

static double
ask (_Atomic guint64 *line)
{
  double best = G_MAXDOUBLE;
  guint64 number = 0;

  for (guint window = 0; window < N_WINDOWS; window++)
    {
      guint64 begin = bench_now (), taken, n = 0;

      do
        {
          for (guint i = 0; i < 50; i++, n++, number += 2)
            {
              atomic_store_explicit (line, number + 1, memory_order_release);
              while (atomic_load_explicit (line, memory_order_acquire) != number + 2)
                ;
            }
          taken = bench_now () - begin;
        }
      while (taken < WINDOW_NSEC);
      best = MIN (best, (double) taken / (double) n);
    }
  return best;
}

static double
measure_line (int asking,
              int answering)
{
  _Atomic guint64 *line = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  double best;
  pid_t child;

  bench_try (line != MAP_FAILED);
  bench_try ((child = fork ()) >= 0);
  if (child == 0)
    {
      keep_to (answering);
      answer (line);
      _exit (0);
    }
  keep_to (asking);
  best = ask (line);
  atomic_store (line, ENOUGH);
  bench_try (waitpid (child, NULL, 0) == child);
  munmap ((gpointer) line, 4096);
  return best;
}

static double
measure_copy (gsize size)
{
  g_autofree char *from = g_malloc (size), *to = g_malloc (size);
  guint64 begin, taken, n = 0, n_per_clock = MAX (1, 65536 / size);

  memset (from, 1, size);
  memset (to, 2, size);
  begin = bench_now ();
  do
    {
      for (guint64 i = 0; i < n_per_clock; i++)
        {
          memcpy (to, from, size);
          __asm__ volatile ("" : : "r" (to) : "memory");  /* so that the copy is not optimized away */
        }
      n += n_per_clock;
      taken = bench_now () - begin;
    }
  while (taken < COPY_NSEC);
  return (double) (n * size) * 1000 / (double) taken;
}

int
main (int    argc,
      char **argv)
{
  static const gsize sizes[] = { 1024, 65536, 1 << 20 };

  printf ("line=%.1f", measure_line (argc > 2 ? atoi (argv[1]) : 0, argc > 2 ? atoi (argv[2]) : 1));
  for (guint i = 0; argc > 3 && i < G_N_ELEMENTS (sizes); i++)
    printf (" copy_%zu=%.0f", sizes[i], measure_copy (sizes[i]));
  putchar ('\n');
  return 0;
}
