/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* nng: a pair of sockets over ipc://. */

#include "bench.h"

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <unistd.h>

struct _BenchChannel
{
  nng_socket socket;
  char      *path;
  gpointer   current;
  size_t     current_size;
};

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);
  g_autofree char *address = g_strdup_printf ("ipc:///tmp/%s", run->id);

  self->path = g_strdup_printf ("/tmp/%s", run->id);
  bench_try (nng_pair0_open (&self->socket) == 0);
  nng_socket_set_size (self->socket, NNG_OPT_RECVMAXSZ, 0);
  nng_socket_set_int (self->socket, NNG_OPT_SENDBUF, 128);
  nng_socket_set_int (self->socket, NNG_OPT_RECVBUF, 128);
  if (run->ping)
    bench_retry (nng_dial (self->socket, address, NULL, 0) == 0);
  else
    bench_try (nng_listen (self->socket, address, NULL, 0) == 0);
  return self;
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  bench_try (nng_send (self->socket, (gpointer) message, size, 0) == 0);
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  int flags = NNG_FLAG_ALLOC | (bench_run.wait == BENCH_SPIN || now ? NNG_FLAG_NONBLOCK : 0), error;

  while ((error = nng_recv (self->socket, &self->current, &self->current_size, flags)) != 0)
    {
      if (error != NNG_EAGAIN)
        bench_die ("nng_recv: %s", nng_strerror (error));
      if (now)
        return NULL;
      bench_relax ();
    }
  *size = self->current_size;
  return self->current;
}

void
bench_channel_release (BenchChannel *self)
{
  nng_free (self->current, self->current_size);
}

int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  int fd;

  bench_try (nng_socket_get_int (self->socket, NNG_OPT_RECVFD, &fd) == 0);
  return fd;
}

void
bench_channel_close (BenchChannel *self)
{
  g_usleep (50000);  /* closing drops messages that are not sent yet */
  nng_close (self->socket);
  unlink (self->path);
  g_free (self->path);
  g_free (self);
}
