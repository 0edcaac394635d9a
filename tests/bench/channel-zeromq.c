/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ZeroMQ: a pair of sockets over ipc://. */

#include "bench.h"

#include <errno.h>
#include <unistd.h>
#include <zmq.h>

struct _BenchChannel
{
  gpointer  context, socket;
  char     *path;
  zmq_msg_t current;
};

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);
  g_autofree char *address = g_strdup_printf ("ipc:///tmp/%s", run->id);

  self->path = g_strdup_printf ("/tmp/%s", run->id);
  bench_try ((self->context = zmq_ctx_new ()) != NULL);
  bench_try ((self->socket = zmq_socket (self->context, ZMQ_PAIR)) != NULL);
  if (run->ping)
    {
      bench_retry (access (self->path, F_OK) == 0);
      bench_try (zmq_connect (self->socket, address) == 0);
    }
  else
    bench_try (zmq_bind (self->socket, address) == 0);
  return self;
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  bench_try (zmq_send (self->socket, message, size, 0) == (int) size);
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  int flags = bench_run.wait == BENCH_SPIN || now ? ZMQ_DONTWAIT : 0;

  zmq_msg_init (&self->current);
  while (zmq_msg_recv (&self->current, self->socket, flags) < 0)
    {
      bench_try (errno == EAGAIN);
      if (now)
        {
          zmq_msg_close (&self->current);
          return NULL;
        }
      bench_relax ();
    }
  *size = zmq_msg_size (&self->current);
  return zmq_msg_data (&self->current);
}

void
bench_channel_release (BenchChannel *self)
{
  zmq_msg_close (&self->current);
}

int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  int fd;
  size_t size = sizeof fd;

  bench_try (zmq_getsockopt (self->socket, ZMQ_FD, &fd, &size) == 0);
  return fd;
}

void
bench_channel_close (BenchChannel *self)
{
  zmq_close (self->socket);
  zmq_ctx_term (self->context);
  unlink (self->path);
  g_free (self->path);
  g_free (self);
}
