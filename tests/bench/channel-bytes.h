/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A channel over a pair of descriptors that carry a stream of bytes, for channel-pipe.c and channel-stream.c: each
 * message follows its length, and reads are as large as possible. */

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct _BenchChannel
{
  int   in, out;
  gsize capacity, begin, end, current;
  char *buffer;
};

static inline BenchChannel *
bench_bytes_open (const BenchRun *run,
                  int             in,
                  int             out)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);

  self->in = in;
  self->out = out;
  self->capacity = 2 * run->size + 65536;
  self->buffer = g_malloc (self->capacity);
  if (run->wait != BENCH_BLOCK)
    bench_try (fcntl (in, F_SETFL, fcntl (in, F_GETFL) | O_NONBLOCK) == 0);
  return self;
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  guint64 length = size;
  struct iovec parts[] = { { &length, sizeof length }, { (gpointer) message, size } };
  guint i = 0;

  while (i < 2)
    {
      ssize_t written = writev (self->out, parts + i, 2 - (int) i);

      if (written < 0 && errno == EAGAIN)
        {
          bench_relax ();
          continue;
        }
      bench_try (written > 0);
      while (i < 2 && (gsize) written >= parts[i].iov_len)
        written -= (ssize_t) parts[i++].iov_len;
      if (i < 2)
        {
          parts[i].iov_base = (char *) parts[i].iov_base + written;
          parts[i].iov_len -= (gsize) written;
        }
    }
}

/* Returns FALSE if nothing has arrived. */
static inline gboolean
bench_bytes_fill (BenchChannel *self)
{
  ssize_t got;

  self->end -= self->begin;
  memmove (self->buffer, self->buffer + self->begin, self->end);
  self->begin = 0;
  got = read (self->in, self->buffer + self->end, self->capacity - self->end);
  if (got < 0 && errno == EAGAIN)
    return FALSE;
  if (got == 0 && bench_run.wait == BENCH_LOOP)
    return FALSE;  /* the other side has ended */
  bench_try (got > 0);
  self->end += (gsize) got;
  return TRUE;
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  guint64 length;

  for (;;)
    {
      gsize have = self->end - self->begin;

      if (have >= sizeof length)
        {
          memcpy (&length, self->buffer + self->begin, sizeof length);
          if (have >= sizeof length + length)
            break;
        }
      if (!bench_bytes_fill (self))
        {
          if (now)
            return NULL;
          bench_relax ();
        }
    }
  *size = length;
  self->current = sizeof length + length;
  return self->buffer + self->begin + sizeof length;
}

void
bench_channel_release (BenchChannel *self)
{
  self->begin += self->current;
}

int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  return self->in;
}

void
bench_channel_close (BenchChannel *self)
{
  close (self->in);
  if (self->out != self->in)
    close (self->out);
  g_free (self->buffer);
  g_free (self);
}
