/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-writer-private.h"

/* The readers, as the writer sees them: how far each has read, who sleeps, who is dead. */

/* The earliest position from @start on that an attached reader is at. Positions are strangers' words: one
 * that lies outside of what can be read keeps nothing. */
guint64
shmooze_writer_first_reader (ShmoozeWriter *self,
                             guint64        start)
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

/* Detaches a reader whose process is gone. */
void
shmooze_writer_evict_if_dead (ShmoozeWriter *self,
                              guint          slot)
{
  ShmoozeLane *lane = &self->lane;
  guint64 byte = lane->offset + shmooze_lane_reader_at (slot);

  /* Holding its lock, nobody can become the reader of that number meanwhile. */
  if (shmooze_region_try_lock (lane->region, byte))
    {
      atomic_store (shmooze_lane_word (lane, shmooze_lane_reader_at (slot)), SHMOOZE_POSITION_NONE);
      atomic_fetch_and (shmooze_lane_word (lane, SHMOOZE_LANE_SLEEPERS), ~(G_GUINT64_CONSTANT (1) << slot));
      shmooze_region_unlock (lane->region, byte);
    }
}

static void
ring_reader (ShmoozeWriter *self,
             guint          slot)
{
  gsize at = shmooze_lane_reader_at (slot) + SHMOOZE_READER_BELL;
  guint64 number = atomic_load (shmooze_lane_word (&self->lane, at));

  if (number == 0 || !shmooze_ringer_ring (&self->ringers[slot], shmooze_region_get_id (self->lane.region), number - 1))
    shmooze_writer_evict_if_dead (self, slot);
}

static void
ring_readers (ShmoozeWriter *self)
{
  guint64 asleep = atomic_exchange (shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP), 0);

  for (guint i = 0; i < self->lane.n_readers; i++)
    if (asleep & G_GUINT64_CONSTANT (1) << i)
      ring_reader (self, i);
}

/* A reader that waits without sleep has to know whether the writer runs beside it, or waits for its turn. */
static inline void
note_processor (ShmoozeWriter *self)
{
  guint64 processor = shmooze_processor ();

  if (processor == self->processor)
    return;
  self->processor = processor;
  atomic_store_explicit (shmooze_lane_word (&self->lane, SHMOOZE_LANE_PROCESSOR), processor, memory_order_relaxed);
}

void
shmooze_writer_publish_and_wake (ShmoozeWriter *self,
                                 ShmoozeWord   *word,
                                 guint64        value)
{
  note_processor (self);
  atomic_store (word, value);
  if (atomic_load (shmooze_lane_word (&self->lane, SHMOOZE_LANE_ASLEEP)) != 0)
    ring_readers (self);
}

/* Whether the reader with this bell has read everything, or sleeps, which it does only then. */
gboolean
shmooze_writer_is_attended (ShmoozeWriter *self,
                            guint64        bell)
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
