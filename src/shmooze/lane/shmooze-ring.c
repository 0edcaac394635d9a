/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-ring-private.h"

/* The earliest position from @start on that an attached reader has published. Another process wrote these positions:
 * one outside of what can still be read is ignored. */
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

  /* While its lock is held here, no other reader can take the slot. */
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

/* Whether the reader with this bell has read everything, or is asleep, which it is only then. */
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

/* Whether an attached reader runs on another processor. */
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

/* A frame that ends before fast_end fits, and does not begin a new part of the ring. (The end of the ring is also the
 * end of a part.) */
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

/* Continues where the former writer stopped, possibly by a crash. */
gboolean
shmooze_ring_resume (ShmoozeRing  *self,
                     GError      **error)
{
  guint64 lowest, first;
  guint n_frames;

  if (!shmooze_lane_walk (&self->lane, &self->oldest, &self->position, &n_frames, error))
    return FALSE;

  /* A reader that attached while the former writer moved on may be somewhat before the oldest frame. */
  lowest = self->position > self->lane.queue_size ? self->position - self->lane.queue_size : 0;
  first = first_reader (self, lowest);
  set_limit (self, MIN (self->oldest, first));
  return TRUE;
}

/* Old frames are given up one part of the ring at a time, because doing it for each message would be expensive. To find
 * the frame boundaries, the start of the first frame in each part is recorded. */
void
shmooze_ring_set_mark (ShmoozeRing *self)
{
  gsize part = self->lane.queue_size / G_N_ELEMENTS (self->marks);

  self->marks[self->position / part % G_N_ELEMENTS (self->marks)] = self->position;
  self->next_mark = (self->position / part + 1) * part;
  set_fast_end (self);
}

/* The first mark from @wanted on, or else the last before it, but none after @bound. */
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

/* Moves @position from frame to frame until @end, but not beyond @bound. */
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

/* Gives up the oldest frames until everything before @end fits, and some more. Returns FALSE without an error if an
 * attached reader has not read them yet. */
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

  /* A reader may attach at the former oldest frame at this moment. It stores its position, then checks
   * whether the oldest frame has changed; here it is the other way round: one of the two sees the other. */
  self->oldest = oldest;
  atomic_store (shmooze_lane_word (lane, SHMOOZE_LANE_OLDEST), oldest);
  bound = first_reader (self, self->limit);
  set_limit (self, MIN (oldest, bound));
  return needed <= self->limit;
}

/* Whether a message would fit, without giving up any frame. */
gboolean
shmooze_ring_has_space (ShmoozeRing *self,
                        gsize        size)
{
  guint64 end = self->position + shmooze_ring_skip_before (self, size) + shmooze_frame_size (size) + sizeof (guint64);

  return end <= self->free_end || first_reader (self, self->limit) >= end - self->lane.queue_size;
}

/* Asks the readers to ring @bell when they have read more. The caller has to try once more before it sleeps, because
 * they may have read more just before. */
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
