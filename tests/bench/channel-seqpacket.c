/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A Unix seqpacket socket; each message is a packet. */

#include "channel-socket.h"

#include <errno.h>

struct _BenchChannel
{
  int   fd, flags;
  gsize capacity;
  char *buffer;
};

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);

  self->fd = bench_socket_open (run, SOCK_SEQPACKET, 4 << 20);
  self->flags = run->wait == BENCH_BLOCK ? 0 : MSG_DONTWAIT;
  self->capacity = run->size;
  self->buffer = g_malloc (self->capacity);
  return self;
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  bench_try (send (self->fd, message, size, 0) == (ssize_t) size);
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  ssize_t got;

  while ((got = recv (self->fd, self->buffer, self->capacity, self->flags)) <= 0)
    {
      if (now)
        return NULL;
      bench_try (got < 0 && errno == EAGAIN);
      bench_relax ();
    }
  *size = (gsize) got;
  return self->buffer;
}

int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  return self->fd;
}

void
bench_channel_close (BenchChannel *self)
{
  close (self->fd);
  g_free (self->buffer);
  g_free (self);
}
