/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The plain ring of channel-futex.c and channel-bell.c, as written in an afternoon: one writer, one reader, a length
 * before each message, which is in one piece. Each side remembers the position of the other, and reads it
 * again only if the ring seems to be full or empty. */

#include "channel-shm.h"

#include <stdatomic.h>
#include <string.h>

typedef struct
{
  _Alignas (128) _Atomic guint64 head;  /* written by the writer */
  _Alignas (128) _Atomic guint64 tail;  /* written by the reader */
  _Alignas (128) atomic_uint reader_asleep;
  _Alignas (128) atomic_uint writer_asleep;
  _Alignas (128) char bytes[];
} Ring;

/* One side of a ring. Either head or tail is the position of the other side as last seen. */
typedef struct
{
  Ring   *ring;
  guint64 capacity, head, tail, next;
} RingEnd;

#define RING_SKIP G_MAXUINT64  /* as a length: the next message is at the beginning of the ring */

static inline void
ring_open (const BenchRun *run,
           RingEnd        *in,
           RingEnd        *out)
{
  guint64 capacity = 256 * 1024;
  gpointer rings[2];

  while (capacity < 4 * (run->size + 64))
    capacity *= 2;
  bench_shm_map_ways (run, sizeof (Ring) + capacity, &rings[0], &rings[1]);
  *in = (RingEnd) { .ring = rings[0], .capacity = capacity };
  *out = (RingEnd) { .ring = rings[1], .capacity = capacity };
}

static inline gboolean
ring_put (RingEnd      *self,
          gconstpointer message,
          gsize         size)
{
  guint64 need = 8 + ((size + 7) & ~G_GUINT64_CONSTANT (7)), at = self->head & (self->capacity - 1);
  guint64 room = self->capacity - at, all = need > room ? room + need : need;
  char *bytes = self->ring->bytes;

  if (self->capacity - (self->head - self->tail) < all)
    {
      self->tail = atomic_load_explicit (&self->ring->tail, memory_order_acquire);
      if (self->capacity - (self->head - self->tail) < all)
        return FALSE;
    }
  if (need > room)
    {
      *(guint64 *) (bytes + at) = RING_SKIP;
      at = 0;
    }
  *(guint64 *) (bytes + at) = size;
  memcpy (bytes + at + 8, message, size);
  self->head += all;
  atomic_store_explicit (&self->ring->head, self->head, memory_order_release);
  return TRUE;
}

static inline gconstpointer
ring_peek (RingEnd *self,
           gsize   *size)
{
  guint64 at = self->tail & (self->capacity - 1), skip = 0;
  const char *bytes = self->ring->bytes;

  if (self->head == self->tail)
    {
      self->head = atomic_load_explicit (&self->ring->head, memory_order_acquire);
      if (self->head == self->tail)
        return NULL;
    }
  if (*(const guint64 *) (bytes + at) == RING_SKIP)
    {
      skip = self->capacity - at;
      at = 0;
    }
  *size = *(const guint64 *) (bytes + at);
  self->next = self->tail + skip + 8 + ((*size + 7) & ~G_GUINT64_CONSTANT (7));
  return bytes + at + 8;
}

static inline void
ring_drop (RingEnd *self)
{
  self->tail = self->next;
  atomic_store_explicit (&self->ring->tail, self->tail, memory_order_release);
}

/* Whether the other side sleeps, and has to be woken by the caller. */
static inline gboolean
ring_was_asleep (atomic_uint *asleep)
{
  atomic_thread_fence (memory_order_seq_cst);
  return atomic_load_explicit (asleep, memory_order_relaxed) != 0 && atomic_exchange (asleep, 0) != 0;
}
