/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Not a usable channel, but a lower bound for a round trip through shared memory: space for one message in each
 * direction, with its number in its first cache line. The answer implies that the space is free. */

#include "channel-shm.h"

#include <stdatomic.h>
#include <string.h>

typedef struct
{
  _Alignas (64) _Atomic guint64 number;
  guint64 size;
  char    message[];
} Place;

struct _BenchChannel
{
  Place  *in, *out;
  guint64 n_in, n_out;
};

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);
  gpointer in, out;

  if (run->wait != BENCH_SPIN)
    bench_die ("This channel can only spin");
  bench_shm_map_ways (run, sizeof (Place) + run->size, &in, &out);
  self->in = in;
  self->out = out;
  return self;
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  self->out->size = size;
  memcpy (self->out->message, message, size);
  atomic_store_explicit (&self->out->number, ++self->n_out, memory_order_release);
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  while (atomic_load_explicit (&self->in->number, memory_order_acquire) == self->n_in)
    bench_relax ();
  self->n_in++;
  *size = self->in->size;
  return self->in->message;
}

void
bench_channel_close (BenchChannel *self)
{
  g_free (self);
}
