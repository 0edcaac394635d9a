/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <string.h>
#include <sys/resource.h>

#define SAMPLES_MAX (1 << 22)
#define WARM_UP_NSEC 100000000

static guint32 *samples;
static gsize n_samples;
static guint64 recording_begins, recording_ends, trip_began;

void
bench_trips_begin (double seconds)
{
  samples = g_new (guint32, SAMPLES_MAX);
  memset (samples, 1, SAMPLES_MAX * sizeof *samples);  /* so that page faults occur now */
  trip_began = bench_now ();
  recording_begins = trip_began + WARM_UP_NSEC;
  recording_ends = recording_begins + (guint64) (seconds * 1e9);
}

void
bench_trip_begin (void)
{
  trip_began = bench_now ();
}

/* Also begins the next trip. Returns FALSE after the last one. */
gboolean
bench_trip_end (void)
{
  guint64 now = bench_now ();

  if (now >= recording_begins && n_samples < SAMPLES_MAX)
    samples[n_samples++] = (guint32) MIN (now - trip_began, G_MAXUINT32);
  trip_began = now;
  return now < recording_ends && n_samples < SAMPLES_MAX;
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return (x > y) - (x < y);
}

/* The resolution of the clock may be 10 ns or more: equal samples are taken as evenly spread over one step. */
static double
find_median (void)
{
  gsize middle = n_samples / 2, first = middle, next = middle;

  while (first > 0 && samples[first - 1] == samples[middle])
    first--;
  while (next < n_samples && samples[next] == samples[middle])
    next++;
  if (next == n_samples)
    return samples[middle];
  return samples[middle] +
         (double) (samples[next] - samples[middle]) * (double) (middle - first) / (double) (next - first);
}

void
bench_trips_print (void)
{
  double total = 0;

  if (n_samples == 0)
    bench_die ("%s: no samples", bench_run.id);
  for (gsize i = 0; i < n_samples; i++)
    total += samples[i];
  qsort (samples, n_samples, sizeof *samples, compare);
  printf ("n=%zu min=%u p50=%u p99=%u p999=%u mean=%.1f median=%.1f\n", n_samples, samples[0], samples[n_samples / 2],
          samples[n_samples * 99 / 100], samples[n_samples * 999 / 1000], total / (double) n_samples, find_median ());
  g_clear_pointer (&samples, g_free);
}

static struct rusage idle_usage;
static guint64 idle_began;

void
bench_idle_begin (void)
{
  getrusage (RUSAGE_SELF, &idle_usage);
  idle_began = bench_now ();
}

static double
microseconds_between (struct timeval from,
                      struct timeval to)
{
  return (double) (to.tv_sec - from.tv_sec) * 1e6 + (double) (to.tv_usec - from.tv_usec);
}

void
bench_idle_print (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  printf ("wall=%.3f cpu_us=%.0f vcsw=%ld ivcsw=%ld\n", (double) (bench_now () - idle_began) / 1e9,
          microseconds_between (idle_usage.ru_utime, usage.ru_utime) +
            microseconds_between (idle_usage.ru_stime, usage.ru_stime),
          usage.ru_nvcsw - idle_usage.ru_nvcsw, usage.ru_nivcsw - idle_usage.ru_nivcsw);
}
