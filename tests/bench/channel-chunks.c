/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Not a usable channel, but a lower bound for a stream of messages through shared memory: each is copied behind its
 * length, as in any queue, but 32 KiB of them are published at once. The rest is published when the writer starts
 * to read. */

#include "channel-shm.h"

#include <stdatomic.h>
#include <string.h>

#define N_CHUNKS 8
#define CHUNK_SIZE 32768

typedef struct
{
  _Alignas (128) _Atomic guint64 n_published;
  _Alignas (128) _Atomic guint64 n_freed;
  _Alignas (128) char chunks[];
} Way;

typedef struct
{
  Way    *way;
  guint64 chunk, known;  /* known: the other side's count as last seen */
  gsize   at;
} WayEnd;

struct _BenchChannel
{
  WayEnd in, out;
  gsize  chunk_size, current;
};

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);
  gpointer in, out;

  if (run->wait != BENCH_SPIN)
    bench_die ("This channel can only spin");
  self->chunk_size = MAX (CHUNK_SIZE, (run->size + 16 + 63) & ~(gsize) 63);
  bench_shm_map_ways (run, sizeof (Way) + N_CHUNKS * self->chunk_size, &in, &out);
  self->in.way = in;
  self->out.way = out;
  return self;
}

static char *
get_place (BenchChannel *self,
           WayEnd       *end)
{
  return end->way->chunks + end->chunk % N_CHUNKS * self->chunk_size + end->at;
}

static void
publish (BenchChannel *self)
{
  WayEnd *end = &self->out;

  memset (get_place (self, end), 0, 8);  /* a length of 0 ends the chunk */
  end->at = 0;
  atomic_store_explicit (&end->way->n_published, ++end->chunk, memory_order_release);
  while (end->chunk - atomic_load_explicit (&end->way->n_freed, memory_order_acquire) >= N_CHUNKS)
    bench_relax ();
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  char *place;

  if (self->out.at + 8 + size + 8 > self->chunk_size)
    publish (self);
  place = get_place (self, &self->out);
  memcpy (place, &size, 8);
  memcpy (place + 8, message, size);
  self->out.at += 8 + size;
}

static void
await_chunk (WayEnd *end)
{
  while (end->chunk == end->known)
    {
      end->known = atomic_load_explicit (&end->way->n_published, memory_order_acquire);
      if (end->chunk == end->known)
        bench_relax ();
    }
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  WayEnd *end = &self->in;
  const char *place;
  gsize length;

  if (self->out.at > 0)
    publish (self);
  for (;;)
    {
      await_chunk (end);
      place = get_place (self, end);
      memcpy (&length, place, 8);
      if (length > 0)
        break;
      end->at = 0;
      atomic_store_explicit (&end->way->n_freed, ++end->chunk, memory_order_release);
    }
  *size = length;
  self->current = 8 + length;
  return place + 8;
}

void
bench_channel_release (BenchChannel *self)
{
  self->in.at += self->current;
}

void
bench_channel_close (BenchChannel *self)
{
  if (self->out.at > 0)
    publish (self);
  g_free (self);
}
