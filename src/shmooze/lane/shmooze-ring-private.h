/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-bell-private.h"
#include "lane/shmooze-lane-private.h"

G_BEGIN_DECLS

/* The writer's side of a lane: where the next frame goes, what may be overwritten for it, and whom to wake. */
typedef struct
{
  ShmoozeLane    lane;
  guint64        position;   /* where the next frame goes */
  guint64        fast_end;   /* a frame that ends before it needs no further check */
  gboolean       broken;
  guint64        limit;      /* everything before it may be overwritten */
  guint64        free_end;   /* where the free space ends: the queue's size behind the limit */
  guint64        next_mark;  /* where the next part of the ring begins */
  guint64        oldest;     /* as published */
  guint64        marks[16];  /* where the first frame begins in each part of the ring; 0: not known */
  ShmoozeRinger  ringers[SHMOOZE_LANE_READERS_MAX];
} ShmoozeRing;

gboolean shmooze_ring_resume           (ShmoozeRing  *self,
                                        GError      **error);
void     shmooze_ring_set_mark         (ShmoozeRing  *self);
gboolean shmooze_ring_make_space       (ShmoozeRing  *self,
                                        guint64       end,
                                        GError      **error);
gboolean shmooze_ring_has_space        (ShmoozeRing  *self,
                                        gsize         size);
void     shmooze_ring_await_space      (ShmoozeRing  *self,
                                        guint64       bell);
gboolean shmooze_ring_is_read_elsewhere (ShmoozeRing *self);
gboolean shmooze_ring_is_attended      (ShmoozeRing  *self,
                                        guint64       bell);
void     shmooze_ring_publish_and_wake (ShmoozeRing  *self,
                                        ShmoozeWord  *word,
                                        guint64       value);
void     shmooze_ring_clear            (ShmoozeRing  *self);

/* How much of the ring's end stays unused before a frame, which has to be in one piece. */
static inline gsize
shmooze_ring_skip_before (ShmoozeRing *self,
                          gsize        size)
{
  gsize left = self->lane.queue_size - (self->position & self->lane.mask);

  return shmooze_frame_size (size) > left ? left : 0;
}

G_END_DECLS
