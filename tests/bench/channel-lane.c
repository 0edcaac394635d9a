/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two lanes of Shmooze's, one each way. Options: --wait=bell, sleeps at once instead of AUTO; --runs, sends
 * and receives runs of messages instead of single ones. */

#include "bench.h"

#include <shmooze/shmooze.h>
#include <string.h>

#define N_READERS 1
#define DRAFT_SIZE 256
#define QUEUE_MIN (256 * 1024)
#define LANE_HEAD 4096          /* more than all that stands before a queue */
#define RUN_BYTES (32 * 1024)    /* of a run that is written */
#define RUN_LENGTH 32           /* of one that is read */

/* Messages of one size, which stand in the lane behind one another. */
typedef struct
{
  char *next;
  gsize size, stride;
  guint n_reserved, n_left;
} Run;

struct _BenchChannel
{
  ShmoozeRegion *region;
  ShmoozeWriter *writer;
  ShmoozeReader *reader;
  BenchDeliver   deliver;
  gboolean       in_runs;
  Run            in, out;
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

/* What was written of a run becomes visible. */
static void
flush (BenchChannel *self)
{
  Run *out = &self->out;

  if (out->n_reserved > 0)
    shmooze_writer_commit_run (self->writer, out->n_reserved - out->n_left);
  out->n_reserved = out->n_left = 0;
}

/* What is written before anybody reads need not be kept: ping begins when pong is listening. */
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
  self->in_runs = g_strcmp0 (run->option, "--runs") == 0;
  return self;
}

/* A full lane is waited for; nothing else may go wrong. */
static void
await_room (BenchChannel *self,
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
send_with_patience (BenchChannel  *self,
                    gconstpointer  message,
                    gsize          size)
{
  GError *error = NULL;

  while (!shmooze_writer_write (self->writer, message, size, &error))
    await_room (self, size, g_steal_pointer (&error));
}

static void
reserve_run (BenchChannel *self,
             gsize         size)
{
  Run *out = &self->out;
  GError *error = NULL;

  flush (self);
  out->size = size;
  out->n_reserved = MAX (RUN_BYTES / size, 1);
  while ((out->next = shmooze_writer_reserve_run (self->writer, size, &out->n_reserved, &out->stride, &error)) == NULL)
    await_room (self, size, g_steal_pointer (&error));
  out->n_left = out->n_reserved;
}

static void
send_in_run (BenchChannel  *self,
             gconstpointer  message,
             gsize          size)
{
  Run *out = &self->out;

  if (G_UNLIKELY (out->n_left == 0 || size != out->size))
    reserve_run (self, size);
  memcpy (out->next, message, size);
  out->next += out->stride;
  out->n_left--;
}

void
bench_channel_send (BenchChannel  *self,
                    gconstpointer  message,
                    gsize          size)
{
  if (G_UNLIKELY (self->in_runs))
    send_in_run (self, message, size);
  else if (!shmooze_writer_write (self->writer, message, size, NULL))
    send_with_patience (self, message, size);
}

static void
peek_run (BenchChannel *self)
{
  Run *in = &self->in;
  GError *error = NULL;

  for (;;)
    {
      in->n_left = RUN_LENGTH;
      in->next = (char *) shmooze_reader_peek_run (self->reader, &in->size, &in->n_left, &in->stride, &error);
      if (in->next != NULL)
        return;
      if (error != NULL || !shmooze_reader_wait (self->reader, -1, NULL, &error))
        bench_die ("%s", error->message);
    }
}

static gconstpointer
receive_from_run (BenchChannel *self,
                  gsize        *size)
{
  Run *in = &self->in;
  gconstpointer message;

  flush (self);
  if (in->n_left == 0)
    peek_run (self);

  message = in->next;
  *size = in->size;
  in->next += in->stride;
  in->n_left--;
  return message;
}

/* What stands in the way of receiving is told only when one asks. */
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
  gconstpointer message;

  if (G_UNLIKELY (self->in_runs))
    return receive_from_run (self, size);
  message = shmooze_reader_next (self->reader, -1, NULL, size, NULL);
  if (message == NULL)
    die_of_error (self);
  return message;
}

void
bench_channel_release (BenchChannel *self)
{
  /* Of single messages the next call is done with the one before. */
  if (self->in_runs && self->in.n_left == 0)
    shmooze_reader_release (self->reader);
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

  if (self->in_runs)
    bench_die ("Runs are not measured in a main loop");
  self->deliver = deliver;
  g_source_set_callback (source, G_SOURCE_FUNC (on_news), self, NULL);
  g_source_attach (source, NULL);
  return BENCH_WATCH_NATIVE;
}

void
bench_channel_close (BenchChannel *self)
{
  flush (self);
  g_object_unref (self->reader);
  g_object_unref (self->writer);
  g_object_unref (self->region);
  g_free (self);
}
