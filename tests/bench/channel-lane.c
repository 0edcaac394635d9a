/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two lanes of Shmooze, one in each direction. A message is released by receiving the next one. With the option
 * --wait=bell a reader sleeps at once, as with SHMOOZE_WAIT_BELL, instead of spinning for a moment, as with AUTO. */

#include "bench.h"

#include <shmooze/shmooze.h>
#include <string.h>

#define N_READERS 1
#define DRAFT_SIZE 256
#define QUEUE_MIN (256 * 1024)
#define LANE_HEAD 4096  /* more than what precedes the queue */

struct _BenchChannel
{
  ShmoozeRegion *region;
  ShmoozeWriter *writer;
  ShmoozeReader *reader;
  BenchDeliver   deliver;
};

static gsize
lane_size (gsize message)
{
  gsize queue = QUEUE_MIN;

  while (queue < 4 * message + 64)
    queue *= 2;
  return LANE_HEAD + queue;
}

static ShmoozeReader *
try_reader (ShmoozeView *view,
            ShmoozeWait  wait)
{
  return shmooze_reader_new (view, wait, NULL);
}

static ShmoozeWait
wanted_wait (const BenchRun *run)
{
  if (run->wait == BENCH_SPIN)
    return SHMOOZE_WAIT_SPIN;
  return g_strcmp0 (run->option, "--wait=bell") == 0 ? SHMOOZE_WAIT_BELL : SHMOOZE_WAIT_AUTO;
}

/* Messages that are written before the reader has attached need not be kept, so ping starts when pong is ready. */
static void
greet (BenchChannel *self,
       gboolean      ping)
{
  gsize size;

  if (ping)
    {
      bench_channel_receive (self, &size, FALSE);
      shmooze_reader_release (self->reader);
    }
  else
    bench_channel_send (self, "listening", 8);
}

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);
  gsize size = lane_size (run->size);
  g_autoptr(ShmoozeView) in = NULL;
  g_autoptr(ShmoozeView) out = NULL;
  g_autoptr(GError) error = NULL;

  if (run->ping)
    bench_retry ((self->region = shmooze_region_open (run->id, SHMOOZE_ACCESS_READ_WRITE, NULL)) != NULL);
  else
    self->region = shmooze_region_create (run->id, 2 * size, SHMOOZE_ACCESS_READ_WRITE, &error);
  if (self->region == NULL)
    bench_die ("%s", error->message);

  in = shmooze_region_create_view (self->region, run->ping ? 0 : size, size, SHMOOZE_ACCESS_READ_WRITE, &error);
  out = shmooze_region_create_view (self->region, run->ping ? size : 0, size, SHMOOZE_ACCESS_READ_WRITE, &error);
  if (in != NULL && out != NULL)
    self->writer = shmooze_writer_new (out, N_READERS, DRAFT_SIZE, &error);
  if (self->writer == NULL)
    bench_die ("%s", error->message);
  bench_retry ((self->reader = try_reader (in, wanted_wait (run))) != NULL);

  greet (self, run->ping);
  return self;
}

/* Waits if the lane is full, and exits on any other error. */
static void
await_space (BenchChannel *self,
             gsize         size,
             GError       *full)
{
  g_autoptr(GError) error = full;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_clear_error (&error);
  if (error != NULL || !shmooze_writer_wait (self->writer, size, -1, NULL, &error))
    bench_die ("%s", error->message);
}

static void
send_slowly (BenchChannel  *self,
             gconstpointer  message,
             gsize          size)
{
  GError *error = NULL;

  while (!shmooze_writer_write (self->writer, message, size, &error))
    await_space (self, size, g_steal_pointer (&error));
}

void
bench_channel_send (BenchChannel  *self,
                    gconstpointer  message,
                    gsize          size)
{
  if (!shmooze_writer_write (self->writer, message, size, NULL))
    send_slowly (self, message, size);
}

/* Repeats the call to get the error, which the fast path does not ask for. */
static G_NO_INLINE void
die_of_error (BenchChannel *self)
{
  GError *error = NULL;
  gsize size;

  shmooze_reader_next (self->reader, -1, NULL, &size, &error);
  bench_die ("%s", error->message);
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  gconstpointer message = shmooze_reader_next (self->reader, -1, NULL, size, NULL);

  if (message == NULL)
    die_of_error (self);
  return message;
}

static gboolean
on_news (ShmoozeReader *reader,
         gpointer       user_data)
{
  BenchChannel *self = user_data;
  gconstpointer message;
  gsize size;

  while ((message = shmooze_reader_peek (reader, &size, NULL)) != NULL)
    {
      self->deliver (message, size);
      shmooze_reader_release (reader);
    }
  return G_SOURCE_CONTINUE;
}

int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  g_autoptr(GSource) source = shmooze_reader_create_source (self->reader, NULL);

  self->deliver = deliver;
  g_source_set_callback (source, G_SOURCE_FUNC (on_news), self, NULL);
  g_source_attach (source, NULL);
  return BENCH_WATCH_NATIVE;
}

void
bench_channel_close (BenchChannel *self)
{
  g_object_unref (self->reader);
  g_object_unref (self->writer);
  g_object_unref (self->region);
  g_free (self);
}
