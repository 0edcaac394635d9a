/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A ring written by hand, without a write position: the reader polls the length word of the next message, so that for a
 * small message only one cache line moves. The writer clears the word behind a message before it publishes
 * the message; the reader publishes its position once for each eighth of the ring. */

#include "channel-shm.h"

#include <stdatomic.h>
#include <string.h>

#define SKIP G_MAXUINT64  /* as a length: the next message is at the beginning of the ring */

typedef struct
{
  _Alignas (128) _Atomic guint64 tail;
  _Alignas (128) char bytes[];
} Line;

typedef struct
{
  Line   *line;
  guint64 position, tail, next;
} LineEnd;

struct _BenchChannel
{
  LineEnd in, out;
  guint64 capacity;
};

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);
  gpointer in, out;

  if (run->wait != BENCH_SPIN)
    bench_die ("This channel can only spin");
  self->capacity = 256 * 1024;
  while (self->capacity < 4 * (run->size + 64))
    self->capacity *= 2;
  bench_shm_map_ways (run, sizeof (Line) + self->capacity + 4096, &in, &out);
  self->in.line = in;
  self->out.line = out;
  return self;
}

static inline _Atomic guint64 *
get_word (BenchChannel *self,
          LineEnd      *end,
          guint64       position)
{
  return (gpointer) (end->line->bytes + (position & (self->capacity - 1)));
}

static inline void
await_room (BenchChannel *self,
            LineEnd      *end,
            guint64       end_position)
{
  while (end_position - end->tail > self->capacity)
    {
      end->tail = atomic_load_explicit (&end->line->tail, memory_order_acquire);
      if (end_position - end->tail > self->capacity)
        bench_relax ();
    }
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  LineEnd *end = &self->out;
  guint64 need = 8 + ((size + 7) & ~G_GUINT64_CONSTANT (7));
  guint64 room = self->capacity - (end->position & (self->capacity - 1)), skip = need > room ? room : 0;
  _Atomic guint64 *word;

  await_room (self, end, end->position + skip + need + 8);
  word = get_word (self, end, end->position + skip);
  memcpy ((gpointer) (word + 1), message, size);
  atomic_store_explicit (get_word (self, end, end->position + skip + need), 0, memory_order_relaxed);
  if (skip == 0)
    atomic_store_explicit (word, size, memory_order_release);
  else
    {
      atomic_store_explicit (word, size, memory_order_relaxed);
      atomic_store_explicit (get_word (self, end, end->position), SKIP, memory_order_release);
    }
  end->position += skip + need;
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  LineEnd *end = &self->in;
  guint64 length, skip = 0;

  while ((length = atomic_load_explicit (get_word (self, end, end->position), memory_order_acquire)) == 0)
    {
      if (now)
        return NULL;
      bench_relax ();
    }
  if (length == SKIP)
    {
      skip = self->capacity - (end->position & (self->capacity - 1));
      length = atomic_load_explicit (get_word (self, end, end->position + skip), memory_order_relaxed);
    }
  end->next = end->position + skip + 8 + ((length + 7) & ~G_GUINT64_CONSTANT (7));
  *size = length;
  return (gconstpointer) (get_word (self, end, end->position + skip) + 1);
}

void
bench_channel_release (BenchChannel *self)
{
  LineEnd *end = &self->in;

  end->position = end->next;
  if (end->position - end->tail >= self->capacity / 8)
    {
      end->tail = end->position;
      atomic_store_explicit (&end->line->tail, end->tail, memory_order_release);
    }
}

void
bench_channel_close (BenchChannel *self)
{
  g_free (self);
}
