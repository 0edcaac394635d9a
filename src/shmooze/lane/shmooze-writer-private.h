/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-bell-private.h"
#include "lane/shmooze-lane-private.h"
#include "lane/shmooze-outbox-private.h"
#include "shmooze-writer.h"

G_BEGIN_DECLS

struct _ShmoozeWriter
{
  GObject        parent_instance;

  ShmoozeLane    lane;
  guint64        position;        /* where the next frame goes */
  guint64        quick_end;       /* before it that needs no thought */
  gboolean       broken;
  guint64        limit;           /* everything before it may be overwritten */
  guint64        room_end;        /* where that room ends: the queue's size behind */
  guint64        next_mark;       /* where the next part of the ring begins */
  guint64        oldest;          /* as published */
  guint64        draft;           /* sequence of the published draft */
  gboolean       has_draft;       /* it may be other than empty */
  guint64        processor;       /* as published */
  gboolean       has_reserved;    /* a message is reserved, and not committed */
  gsize          reserved;        /* its size */
  gsize          skip;            /* what the reserved frame leaves unused before it, at the ring's end */

  guint64        marks[16];       /* where the first frame begins in each part of the ring; 0: not known */
  ShmoozeRinger  ringers[SHMOOZE_LANE_READERS_MAX];
  ShmoozeOutbox  outbox;          /* writes that wait for room */
  GSource       *outbox_source;
  int            bell;            /* own bell, for room in the queue; -1: none */
};

guint64  shmooze_writer_first_reader     (ShmoozeWriter *self,
                                          guint64        start);
void     shmooze_writer_evict_if_dead    (ShmoozeWriter *self,
                                          guint          slot);
void     shmooze_writer_publish_and_wake (ShmoozeWriter *self,
                                          ShmoozeWord   *word,
                                          guint64        value);
gboolean shmooze_writer_is_attended      (ShmoozeWriter *self,
                                          guint64        bell);
void     shmooze_writer_set_limit        (ShmoozeWriter *self,
                                          guint64        limit);
void     shmooze_writer_set_mark         (ShmoozeWriter *self);
gboolean shmooze_writer_make_room        (ShmoozeWriter *self,
                                          guint64        end,
                                          GError       **error);
gboolean shmooze_writer_has_room         (ShmoozeWriter *self,
                                          gsize          size);
void     shmooze_writer_await_room       (ShmoozeWriter *self,
                                          guint64        bell);
void     shmooze_writer_end_draft        (ShmoozeWriter *self,
                                          const char    *text);
gboolean shmooze_writer_check            (ShmoozeWriter *self,
                                          GError       **error);

/* The quick way to hear that there is memory to write to. FALSE: ask shmooze_writer_check(). */
static inline gboolean
shmooze_writer_is_sound (ShmoozeWriter *self)
{
  return shmooze_lane_is_open (&self->lane) && shmooze_region_is_sound (self->lane.region);
}

/* How much of the ring's end stays unused before a frame: it has to stand in one piece. */
static inline gsize
shmooze_writer_skip_before (ShmoozeWriter *self,
                            gsize          size)
{
  gsize left = self->lane.queue_size - (self->position & self->lane.mask);

  return shmooze_frame_size (size) > left ? left : 0;
}

/* Stores what makes the things written before visible, and wakes readers that sleep.
 *
 * The store, and the look at who sleeps after it, are sequentially consistent, and so are a reader's raising
 * of its bit and its last look: one of the two sees the other. That costs a full barrier, which is spared
 * when no reader ever sleeps. A reader that has just become one that does may be overlooked by a store that
 * was under way, so it does not sleep for long before it has settled. */
static inline void
shmooze_writer_publish (ShmoozeWriter *self,
                        ShmoozeWord   *word,
                        guint64        value)
{
  if (atomic_load_explicit (shmooze_lane_word (&self->lane, SHMOOZE_LANE_SLEEPERS), memory_order_relaxed) == 0)
    atomic_store_explicit (word, value, memory_order_release);
  else
    shmooze_writer_publish_and_wake (self, word, value);
}

G_END_DECLS
