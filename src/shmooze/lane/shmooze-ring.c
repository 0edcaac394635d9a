/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-ring-private.h"

/* Returns the lowest position, not before @start, that an attached reader has published, or the writer's position if
 * there is none. Other processes write these positions, so positions outside of that range are ignored. */
static guint64
first_reader (ShmoozeRing *self,
              guint64      start)
{
  guint64 first = self->position;

  for (guint i = 0; i < self->lane.n_readers; i++)
    {
      guint64 at = atomic_load (shmooze_lane_word (&self->lane, shmooze_lane_reader_at (i)));

      if (at >= start && at < first)
        first = at;
    }
  return first;
}

/* Detaches a reader whose process has ended. */
static void
evict_if_dead (ShmoozeRing *self,
               guint        slot)
{
  ShmoozeLane *lane = &self->lane;
  guint64 byte = lane->offset + shmooze_lane_reader_at (slot);

  /* As long as this process holds the lock of the slot, no other reader can take the slot. */
  if (shmooze_region_try_lock (lane->region, byte))
    {
      atomic_store (shmooze_lane_word (lane, shmooze_lane_reader_at (slot)), SHMOOZE_POSITION_NONE);
      atomic_fetch_and (shmooze_lane_word (lane, SHMOOZE_LANE_SLEEPERS), ~(G_GUINT64_CONSTANT (1) << slot));
      shmooze_region_unlock (lane->region, byte);
    }
}

static void
ring_reader (ShmoozeRing *self,
             guint        slot)
{
  gsize at = shmooze_lane_reader_at (slot) + SHMOOZE_READER_BELL;
  guint64 number = atomic_load (shmooze_lane_word (&self->lane, at));

  if (number == 0 || !shmooze_ringer_ring (&self->ringers[slot], shmooze_region_get_id (self->lane.region), number - 1))
    evict_if_dead (self, slot);
}

void
shmooze_ring_publish_and_wake (ShmoozeRing *self,
                               ShmoozeWord *word,
                               guint64      value)
{
  ShmoozeWord *sleeping = shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP);
  guint64 asleep;

  shmooze_lane_note_processor (&self->lane, SHMOOZE_LANE_PROCESSOR);
  atomic_store (word, value);
  if (atomic_load (sleeping) == 0)
    return;

  asleep = atomic_exchange (sleeping, 0);
  for (guint i = 0; i < self->lane.n_readers; i++)
    if (asleep & G_GUINT64_CONSTANT (1) << i)
      ring_reader (self, i);
}

/* Returns whether the reader whose bell is @bell has read everything. A reader that is asleep has read everything, even
 * if the position that it has published is older. Returns TRUE if no reader has this bell. */
gboolean
shmooze_ring_is_attended (ShmoozeRing *self,
                          guint64      bell)
{
  guint64 asleep = atomic_load (shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP));

  for (guint i = 0; i < self->lane.n_readers; i++)
    {
      gsize at = shmooze_lane_reader_at (i);

      if (atomic_load (shmooze_lane_word (&self->lane, at + SHMOOZE_READER_BELL)) == bell + 1)
        return (asleep & G_GUINT64_CONSTANT (1) << i) != 0 ||
               atomic_load (shmooze_lane_word (&self->lane, at)) >= self->position;
    }
  return TRUE;
}

/* Returns whether an attached reader runs on a different processor than the writer. */
gboolean
shmooze_ring_is_read_elsewhere (ShmoozeRing *self)
{
  for (guint i = 0; i < self->lane.n_readers; i++)
    {
      gsize at = shmooze_lane_reader_at (i);

      if (atomic_load_explicit (shmooze_lane_word (&self->lane, at), memory_order_relaxed) != SHMOOZE_POSITION_NONE &&
          shmooze_lane_runs_elsewhere (&self->lane, at + SHMOOZE_READER_PROCESSOR))
        return TRUE;
    }
  return FALSE;
}

/* A frame that ends before fast_end fits into the free space, and does not reach the next part of the ring, for which a
 * mark would have to be set. The end of the ring is also the end of a part, so such a frame does not wrap around. */
static void
set_fast_end (ShmoozeRing *self)
{
  self->fast_end = self->broken ? 0 : MIN (self->free_end, self->next_mark);
}

static void
set_limit (ShmoozeRing *self,
           guint64      limit)
{
  self->limit = limit;
  self->free_end = limit + self->lane.queue_size;
  set_fast_end (self);
}

/* Continues where the previous writer stopped, even if it crashed. */
gboolean
shmooze_ring_resume (ShmoozeRing  *self,
                     GError      **error)
{
  guint64 lowest, first;
  guint n_frames;

  if (!shmooze_lane_walk (&self->lane, &self->oldest, &self->position, &n_frames, error))
    return FALSE;

  /* A reader that attached while the previous writer discarded frames may be at a position before the oldest frame. */
  lowest = self->position > self->lane.queue_size ? self->position - self->lane.queue_size : 0;
  first = first_reader (self, lowest);
  set_limit (self, MIN (self->oldest, first));
  return TRUE;
}

/* Old frames are discarded one part of the ring at a time, because discarding them for each message would be expensive.
 * The start of the first frame in each part is recorded as a mark, because only these marks show where frames begin. */
void
shmooze_ring_set_mark (ShmoozeRing *self)
{
  gsize part = self->lane.queue_size / G_N_ELEMENTS (self->marks);

  self->marks[self->position / part % G_N_ELEMENTS (self->marks)] = self->position;
  self->next_mark = (self->position / part + 1) * part;
  set_fast_end (self);
}

/* Returns the first mark at or after @wanted, or the last mark before it if there is none. Marks after @bound are
 * ignored. */
static guint64
find_mark (ShmoozeRing *self,
           guint64      wanted,
           guint64      bound)
{
  guint64 found = self->oldest;

  for (guint i = 0; i < G_N_ELEMENTS (self->marks); i++)
    {
      guint64 mark = self->marks[i];

      if (mark > bound || mark <= self->oldest)
        continue;
      if (found < wanted ? mark > found : mark >= wanted && mark < found)
        found = mark;
    }
  return found;
}

/* Moves @position forward, frame by frame, until it reaches @end, but not beyond @bound. */
static gboolean
walk_until (ShmoozeRing  *self,
            guint64      *position,
            guint64       end,
            guint64       bound,
            GError      **error)
{
  ShmoozeLane *lane = &self->lane;
  ShmoozeFrame frame;

  while (*position < end)
    {
      guint64 next = *position;

      if (shmooze_lane_peek (lane, &next, &frame) != SHMOOZE_FRAME_FOUND || next > self->position)
        {
          self->broken = TRUE;
          set_fast_end (self);
          return shmooze_lane_set_broken (lane, lane->queue_at + (*position & lane->mask), error);
        }
      if (next > bound)
        break;
      *position = next;
    }
  return TRUE;
}

/* Discards the oldest frames until a frame that ends at @end fits, and some more in advance. Returns FALSE without an
 * error if an attached reader has not read them yet. */
gboolean
shmooze_ring_make_space (ShmoozeRing  *self,
                         guint64       end,
                         GError      **error)
{
  ShmoozeLane *lane = &self->lane;
  guint64 needed = end - lane->queue_size;
  guint64 oldest, bound = first_reader (self, self->limit);

  if (bound < needed)
    {
      for (guint i = 0; i < lane->n_readers; i++)
        if (atomic_load (shmooze_lane_word (lane, shmooze_lane_reader_at (i))) < needed)
          evict_if_dead (self, i);
      bound = first_reader (self, self->limit);
    }

  oldest = find_mark (self, MIN (needed + lane->queue_size / 8, self->position), bound);
  if (!walk_until (self, &oldest, MIN (needed, bound), bound, error))
    return FALSE;

  /* A reader may be attaching at the previous oldest frame at this moment. The reader stores its position, then loads
   * the position of the oldest frame; the writer stores the position of the oldest frame, then loads the positions of
   * the readers. All of these are sequentially consistent, so at least one of the two sees the other's store. */
  self->oldest = oldest;
  atomic_store (shmooze_lane_word (lane, SHMOOZE_LANE_OLDEST), oldest);
  bound = first_reader (self, self->limit);
  set_limit (self, MIN (oldest, bound));
  return needed <= self->limit;
}

/* Returns whether a message of @size bytes would fit. Discards no frame, unlike shmooze_ring_make_space(). */
gboolean
shmooze_ring_has_space (ShmoozeRing *self,
                        gsize        size)
{
  guint64 end = self->position + shmooze_ring_skip_before (self, size) + shmooze_frame_size (size) + sizeof (guint64);

  return end <= self->free_end || first_reader (self, self->limit) >= end - self->lane.queue_size;
}

/* Asks the readers to ring @bell when they have read more. The caller must check for space again before it sleeps:
 * a reader that released space before it saw this request does not ring. */
void
shmooze_ring_await_space (ShmoozeRing *self,
                          guint64      bell)
{
  atomic_store (shmooze_lane_word (&self->lane, SHMOOZE_LANE_WAITING), bell + 1);
}

void
shmooze_ring_clear (ShmoozeRing *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->ringers); i++)
    shmooze_ringer_clear (&self->ringers[i]);
  shmooze_lane_clear (&self->lane);
}
