/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-bell-private.h"
#include "lane/shmooze-lane-private.h"
#include "shmooze-reader.h"

G_BEGIN_DECLS

struct _ShmoozeReader
{
  GObject        parent_instance;

  ShmoozeLane    lane;
  guint64        position;     /* of the next frame, behind the current message */
  ShmoozeFrame   peeked;       /* the current message; payload NULL: none */
  guint64        publish_at;   /* when the position reaches this, it is published */
  gboolean       asleep;       /* the bit in the lane was set, and not cleared by this reader */
  guint64        published;    /* the position as the writer knows it */
  guint64        draft;        /* sequence number of the draft that was read */
  GError        *broken;
  guint          slot;

  ShmoozeWait    wait;         /* never AUTO */
  gboolean       may_spin;     /* it was AUTO */
  gint64         settled_at;   /* until this time sleeps are short; 0: it has passed */
  int            bell;         /* own bell; -1: none, or the owner of this reader sleeps on its own */
  int            sleep_fd;     /* the bell opened a second time, to sleep in read(); -1: not yet */
  ShmoozeRinger  ringer;       /* the writer's bell */
  guint          poll_msec;
};

ShmoozeReader *shmooze_reader_new_with_bell    (ShmoozeView    *view,
                                                guint64         bell,
                                                gboolean        has_bell,
                                                GError        **error);
gboolean       shmooze_reader_has_news         (ShmoozeReader  *self);
gboolean       shmooze_reader_fall_asleep      (ShmoozeReader  *self);
void           shmooze_reader_wake_up          (ShmoozeReader  *self);
int            shmooze_reader_get_poll_timeout (ShmoozeReader  *self);

/* Whether there is an unread draft, in memory that is known to be mapped. */
static inline gboolean
shmooze_reader_has_draft (ShmoozeReader *self)
{
  return atomic_load (shmooze_lane_word (&self->lane, SHMOOZE_LANE_DRAFT)) != self->draft;
}

/* Whether there is a message or an unread draft, in memory that is known to be mapped. */
static inline gboolean
shmooze_reader_has_pending (ShmoozeReader *self)
{
  return self->peeked.payload != NULL ||
         atomic_load (shmooze_lane_frame_word (&self->lane, self->position)) != SHMOOZE_WORD_NOTHING ||
         shmooze_reader_has_draft (self);
}

G_END_DECLS
