/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The workloads, the same for every channel. A message is sent from private memory, and every byte of a received
 * message is read, so that no channel can avoid moving the data. */

#include "bench.h"

#include <string.h>

#define WARM_UP_NSEC 100000000.0
#define SECOND_NSEC 1000000000.0

BenchRun bench_run;

/* What a channel does that does not define these two. */
__attribute__ ((weak)) void
bench_channel_release (BenchChannel *self)
{
}

__attribute__ ((weak)) int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  return BENCH_WATCH_THREAD;
}

static guint64 *outgoing;
static guint64 outgoing_sum;
static guint64 n_sent, n_received;

/* The sum of all words except the first. */
static guint64
sum_words (gconstpointer message,
           gsize         size)
{
  const char *bytes = message;
  guint64 sum = 0;

  for (gsize i = 8; i + 8 <= size; i += 8)
    {
      guint64 word;

      memcpy (&word, bytes + i, sizeof word);
      sum += word;
    }
  return sum;
}

static void
make_message (gsize size)
{
  outgoing = aligned_alloc (64, (size + 63) & ~(gsize) 63);
  bench_try (outgoing != NULL);
  for (gsize i = 0; i < size / 8; i++)
    outgoing[i] = i * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15);
  outgoing_sum = sum_words (outgoing, size);
}

void
bench_put (BenchChannel *channel,
           guint64       flags,
           gsize         size)
{
  outgoing[0] = n_sent++ | flags;
  bench_channel_send (channel, outgoing, size);
}

/* Exits unless the message is complete and the next one in order. Returns its flags. */
guint64
bench_check (gconstpointer message,
             gsize         size)
{
  guint64 word;

  memcpy (&word, message, sizeof word);
  if ((word & ~(BENCH_ACK | BENCH_END)) != n_received)
    bench_die ("%s: message %" G_GUINT64_FORMAT " came where %" G_GUINT64_FORMAT " was due",
               bench_run.id, word & ~(BENCH_ACK | BENCH_END), n_received);
  if (size != 8 && (size != bench_run.size || sum_words (message, size) != outgoing_sum))
    bench_die ("%s: message %" G_GUINT64_FORMAT " arrived damaged", bench_run.id, n_received);
  n_received++;
  return word & (BENCH_ACK | BENCH_END);
}

static guint64
get (BenchChannel *channel)
{
  gsize size;
  gconstpointer message = bench_channel_receive (channel, &size, FALSE);
  guint64 flags = bench_check (message, size);

  bench_channel_release (channel);
  return flags;
}

/* Round trips; with @sparse, each after 2 ms of silence. */
static void
run_trips (BenchChannel *channel,
           gboolean      sparse,
           double        seconds)
{
  guint64 flags;

  if (bench_run.ping)
    {
      bench_trips_begin (seconds);
      do
        {
          if (sparse)
            {
              g_usleep (2000);
              bench_trip_begin ();
            }
          bench_put (channel, 0, bench_run.size);
          get (channel);
        }
      while (bench_trip_end ());
      bench_put (channel, BENCH_END, bench_run.size);
      get (channel);
      bench_trips_print ();
    }
  else
    do
      {
        flags = get (channel);
        bench_put (channel, flags, bench_run.size);
      }
    while ((flags & BENCH_END) == 0);
}

static void
take_all (BenchChannel *channel)
{
  guint64 flags;

  do
    {
      flags = get (channel);
      if ((flags & BENCH_ACK) != 0)
        bench_put (channel, 0, 8);
    }
  while ((flags & BENCH_END) == 0);
}

/* One way, as fast as the channel accepts messages, until the receiver has confirmed the last one. */
static void
run_stream (BenchChannel *channel,
            double        seconds)
{
  guint n_per_clock = bench_run.size >= 65536 ? 1 : 64;
  guint64 n = 1, begin = bench_now (), taken;

  if (!bench_run.ping)
    {
      take_all (channel);
      return;
    }

  do
    bench_put (channel, 0, bench_run.size);
  while ((double) (bench_now () - begin) < WARM_UP_NSEC);
  bench_put (channel, BENCH_ACK, bench_run.size);
  get (channel);

  begin = bench_now ();
  do
    {
      for (guint i = 0; i < n_per_clock; i++)
        bench_put (channel, 0, bench_run.size);
      n += n_per_clock;
    }
  while ((double) (bench_now () - begin) < seconds * SECOND_NSEC);
  bench_put (channel, BENCH_ACK | BENCH_END, bench_run.size);
  get (channel);
  taken = bench_now () - begin;
  printf ("n=%" G_GUINT64_FORMAT " msgs=%.0f mbs=%.1f\n", n, (double) n * SECOND_NSEC / (double) taken,
          (double) (n * bench_run.size) * 1000 / (double) taken);
}

static void
run_idle (BenchChannel *channel,
          double        seconds)
{
  if (bench_run.ping)
    {
      bench_put (channel, 0, bench_run.size);
      get (channel);
      g_usleep ((gulong) (seconds * 1e6));
      bench_put (channel, BENCH_END, bench_run.size);
      get (channel);
      return;
    }

  get (channel);
  bench_put (channel, 0, bench_run.size);
  g_usleep (200000);  /* the work of starting is not counted */
  bench_idle_begin ();
  get (channel);
  bench_idle_print ();
  bench_put (channel, BENCH_END, bench_run.size);
}

static gboolean
parse_wait (const char *word,
            BenchWait  *wait)
{
  static const char *const words[] = { "spin", "block", "loop" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (word, words[i]) == 0)
      {
        *wait = i;
        return TRUE;
      }
  return FALSE;
}

int
main (int    argc,
      char **argv)
{
  const char *workload;
  BenchChannel *channel;
  double seconds;

  if (argc == 8)
    {
      bench_run.option = argv[1];
      argc--;
      argv++;
    }
  if (argc != 7 || !parse_wait (argv[4], &bench_run.wait))
    bench_die ("Usage: %s [OPTION] ping|pong ID rtt|sparse|tput|idle spin|block|loop SIZE SECONDS", argv[0]);
  bench_run.ping = strcmp (argv[1], "ping") == 0;
  bench_run.id = argv[2];
  workload = argv[3];
  bench_run.size = strtoul (argv[5], NULL, 0);
  seconds = g_ascii_strtod (argv[6], NULL);
  if (bench_run.size < 16 || bench_run.size % 8 != 0)
    bench_die ("SIZE must be a multiple of 8, and at least 16");

  make_message (bench_run.size);
  channel = bench_channel_open (&bench_run);
  if (bench_run.wait == BENCH_LOOP)
    bench_loop (channel, workload, seconds);
  else if (strcmp (workload, "rtt") == 0 || strcmp (workload, "sparse") == 0)
    run_trips (channel, workload[0] == 's', seconds);
  else if (strcmp (workload, "tput") == 0)
    run_stream (channel, seconds);
  else if (strcmp (workload, "idle") == 0)
    run_idle (channel, seconds);
  else
    bench_die ("Unknown workload “%s”", workload);
  fflush (stdout);
  bench_channel_close (channel);
  free (outgoing);
  return 0;
}
