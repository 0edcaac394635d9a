/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A POSIX message queue in each direction, with the default limits: 10 messages of up to 8 KiB. */

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>

struct _BenchChannel
{
  mqd_t in, out;
  char *to_pong, *to_ping;
  char  buffer[8192];
};

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);
  struct mq_attr attributes = { .mq_maxmsg = 10, .mq_msgsize = sizeof self->buffer };
  int flag = run->wait == BENCH_BLOCK ? 0 : O_NONBLOCK;

  if (run->size > sizeof self->buffer)
    bench_die ("Messages can have up to %zu bytes", sizeof self->buffer);
  self->to_pong = g_strdup_printf ("/%s.to-pong", run->id);
  self->to_ping = g_strdup_printf ("/%s.to-ping", run->id);
  if (run->ping)
    {
      bench_retry ((self->out = mq_open (self->to_pong, O_WRONLY)) >= 0);
      bench_try ((self->in = mq_open (self->to_ping, O_RDONLY | flag)) >= 0);
      mq_unlink (self->to_pong);
      mq_unlink (self->to_ping);
    }
  else
    {
      bench_try ((self->out = mq_open (self->to_ping, O_WRONLY | O_CREAT | O_EXCL, 0600, &attributes)) >= 0);
      bench_try ((self->in = mq_open (self->to_pong, O_RDONLY | O_CREAT | O_EXCL | flag, 0600, &attributes)) >= 0);
    }
  return self;
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  bench_try (mq_send (self->out, message, size, 0) == 0);
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  ssize_t got;

  while ((got = mq_receive (self->in, self->buffer, sizeof self->buffer, NULL)) < 0)
    {
      bench_try (errno == EAGAIN);
      if (now)
        return NULL;
      bench_relax ();
    }
  *size = (gsize) got;
  return self->buffer;
}

/* On Linux, a queue is a file descriptor. */
int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  return self->in;
}

void
bench_channel_close (BenchChannel *self)
{
  mq_close (self->in);
  mq_close (self->out);
  g_free (self->to_pong);
  g_free (self->to_ping);
  g_free (self);
}
