/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The workloads with both sides within a GLib main loop. */

#include "bench.h"

#include <glib-unix.h>
#include <string.h>

static GMainLoop *loop;
static BenchChannel *loop_channel;
static gboolean is_idle, is_sparse;
static guint64 next_flags;

static gboolean
begin_idle (gpointer user_data)
{
  bench_idle_begin ();
  return G_SOURCE_REMOVE;
}

static gboolean
end_idle (gpointer user_data)
{
  bench_put (loop_channel, BENCH_END, bench_run.size);
  return G_SOURCE_REMOVE;
}

static gboolean
begin_trip (gpointer user_data)
{
  bench_trip_begin ();
  bench_put (loop_channel, next_flags, bench_run.size);
  return G_SOURCE_REMOVE;
}

static void
deliver (gconstpointer message,
         gsize         size)
{
  guint64 flags = bench_check (message, size);

  if (!bench_run.ping)
    {
      if (is_idle && (flags & BENCH_END) == 0)
        g_timeout_add (200, begin_idle, NULL);  /* the work of starting is not counted */
      else if (is_idle)
        bench_idle_print ();
      bench_put (loop_channel, flags, bench_run.size);
    }
  if ((flags & BENCH_END) != 0)
    g_main_loop_quit (loop);
  else if (bench_run.ping && !is_idle)
    {
      next_flags = bench_trip_end () ? 0 : BENCH_END;
      if (is_sparse)
        g_timeout_add (2, begin_trip, NULL);
      else
        bench_put (loop_channel, next_flags, bench_run.size);
    }
}

static gboolean
on_readable (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  gconstpointer message;
  gsize size;

  while ((message = bench_channel_receive (loop_channel, &size, TRUE)) != NULL)
    {
      deliver (message, size);
      bench_channel_release (loop_channel);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_handed_over (gpointer user_data)
{
  gsize size;
  gconstpointer message = g_bytes_get_data (user_data, &size);

  deliver (message, size);
  return G_SOURCE_REMOVE;
}

static gpointer
wait_in_thread (gpointer user_data)
{
  guint64 flags = 0;

  while ((flags & BENCH_END) == 0)
    {
      gsize size;
      gconstpointer message = bench_channel_receive (loop_channel, &size, FALSE);

      memcpy (&flags, message, sizeof flags);
      g_idle_add_full (G_PRIORITY_DEFAULT, on_handed_over, g_bytes_new (message, size), (GDestroyNotify) g_bytes_unref);
      bench_channel_release (loop_channel);
    }
  return NULL;
}

void
bench_loop (BenchChannel *channel,
            const char   *workload,
            double        seconds)
{
  int fd;

  loop_channel = channel;
  is_idle = strcmp (workload, "idle") == 0;
  is_sparse = strcmp (workload, "sparse") == 0;
  if (!is_idle && !is_sparse && strcmp (workload, "rtt") != 0)
    bench_die ("The workload “%s” cannot run in a main loop", workload);

  fd = bench_channel_watch (channel, deliver);
  loop = g_main_loop_new (NULL, FALSE);
  if (fd >= 0)
    g_unix_fd_add (fd, G_IO_IN, on_readable, NULL);
  else if (fd == BENCH_WATCH_THREAD)
    g_thread_unref (g_thread_new ("receive", wait_in_thread, NULL));
  if (bench_run.ping)
    {
      bench_put (channel, 0, bench_run.size);
      if (is_idle)
        g_timeout_add ((guint) (seconds * 1e3), end_idle, NULL);
      else
        bench_trips_begin (seconds);
    }
  if (fd >= 0)
    on_readable (fd, G_IO_IN, NULL);  /* what arrived before the watch */
  g_main_loop_run (loop);
  g_main_loop_unref (loop);
  if (bench_run.ping && !is_idle)
    bench_trips_print ();
}
