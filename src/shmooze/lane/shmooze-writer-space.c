/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-writer-private.h"

/* The room in the queue: what old frames are given up for new ones, and when. */

/* Before it a frame needs no thought: there is room, and the end of a part of the ring, which the ring's own
 * end is too, is not near. */
static void
set_quick_end (ShmoozeWriter *self)
{
  self->quick_end = self->broken ? 0 : MIN (self->room_end, self->next_mark);
}

void
shmooze_writer_set_limit (ShmoozeWriter *self,
                          guint64        limit)
{
  self->limit = limit;
  self->room_end = limit + self->lane.queue_size;
  set_quick_end (self);
}

/* Frames are given up by the part of the ring, so that this is not done for each message. For that it is noted
 * where the first frame begins in each part. */
void
shmooze_writer_set_mark (ShmoozeWriter *self)
{
  gsize part = self->lane.queue_size / G_N_ELEMENTS (self->marks);

  self->marks[self->position / part % G_N_ELEMENTS (self->marks)] = self->position;
  self->next_mark = (self->position / part + 1) * part;
  set_quick_end (self);
}

/* A marked place: the first from @wanted on, or the last before that, but none after @bound. */
static guint64
find_mark (ShmoozeWriter *self,
           guint64        wanted,
           guint64        bound)
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

/* Steps from frame to frame until @end, or to the last that begins before it. */
static gboolean
walk_until (ShmoozeWriter  *self,
            guint64        *position,
            guint64         end,
            guint64         bound,
            GError        **error)
{
  ShmoozeLane *lane = &self->lane;
  ShmoozeFrame frame;

  while (*position < end)
    {
      guint64 next = *position;

      if (shmooze_lane_look (lane, &next, &frame) != SHMOOZE_FRAME_FOUND || next > self->position)
        {
          self->broken = TRUE;
          set_quick_end (self);
          return shmooze_lane_set_broken (lane, lane->queue_at + (*position & lane->mask), error);
        }
      if (next > bound)
        break;
      *position = next;
    }
  return TRUE;
}

/* Gives up the oldest frames until everything before @end fits, and some more. FALSE without an error: a
 * reader needs them. */
gboolean
shmooze_writer_make_room (ShmoozeWriter *self,
                          guint64        end,
                          GError       **error)
{
  ShmoozeLane *lane = &self->lane;
  guint64 needed = end - lane->queue_size;
  guint64 oldest, bound = shmooze_writer_first_reader (self, self->limit);

  /* Whoever stands in the way and is dead is put out of it. */
  if (bound < needed)
    {
      for (guint i = 0; i < lane->n_readers; i++)
        if (atomic_load (shmooze_lane_word (lane, shmooze_lane_reader_at (i))) < needed)
          shmooze_writer_evict_if_dead (self, i);
      bound = shmooze_writer_first_reader (self, self->limit);
    }

  oldest = find_mark (self, MIN (needed + lane->queue_size / 8, self->position), bound);
  if (!walk_until (self, &oldest, MIN (needed, bound), bound, error))
    return FALSE;

  /* A reader may attach at the former oldest frame in this moment. It stores its position, then looks
   * whether the oldest has moved; here it is the other way round: one of the two sees the other. */
  self->oldest = oldest;
  atomic_store (shmooze_lane_word (lane, SHMOOZE_LANE_OLDEST), oldest);
  bound = shmooze_writer_first_reader (self, self->limit);
  shmooze_writer_set_limit (self, MIN (oldest, bound));
  return needed <= self->limit;
}

/* Whether there is room, by a look alone. */
gboolean
shmooze_writer_has_room (ShmoozeWriter *self,
                         gsize          size)
{
  guint64 end = self->position + shmooze_writer_skip_before (self, size) + shmooze_frame_size (size) + sizeof (guint64);

  return end <= self->room_end ||
         shmooze_writer_first_reader (self, self->limit) >= end - self->lane.queue_size;
}
