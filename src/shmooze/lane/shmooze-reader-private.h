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
  guint64        position;     /* where to look next: behind the message at hand, if there is one */
  ShmoozeFrame   peeked;       /* the message at hand; no payload: there is none */
  guint64        publish_at;   /* the position from which on the writer is told how far one is */
  gboolean       asleep;       /* whether the bit was raised and not lowered by us */
  guint64        published;    /* the position as the writer knows it */
  guint64        draft;        /* sequence of the draft that was read */
  GError        *broken;
  guint          slot;
  guint64        processor;    /* as the writer knows it */

  ShmoozeWait    wait;         /* never AUTO */
  gboolean       may_spin;     /* it was AUTO */
  gboolean       was_short;    /* the last wait: one without sleep would have done */
  gint64         last_begin;   /* when the last wait began that might have been one */
  guint64        empty_at;     /* the position where there was nothing when one last waited without sleep */
  guint          looks_away;   /* how many looks one lets pass then */
  guint          n_waits;      /* without that */
  gint64         attached_at;
  gboolean       settled;
  int            bell;         /* own bell; -1: none, or somebody else sleeps on it */
  int            sleep_fd;     /* the bell once more, to sleep in read(); -1: not yet */
  gboolean       has_slept;
  ShmoozeRinger  ringer;       /* the writer's bell */
  guint          poll_msec;
};

ShmoozeReader *shmooze_reader_new_with_bell (ShmoozeView    *view,
                                             guint64         bell,
                                             gboolean        has_bell,
                                             GError        **error);
gboolean       shmooze_reader_check         (ShmoozeReader  *self,
                                             GError        **error);
gboolean       shmooze_reader_has_news      (ShmoozeReader  *self);
gboolean       shmooze_reader_fall_asleep   (ShmoozeReader  *self);
void           shmooze_reader_wake_up       (ShmoozeReader  *self);
int            shmooze_reader_get_poll_timeout  (ShmoozeReader  *self);

/* For what is called with every message: the type is final, so it has this one class. */
extern gpointer shmooze_reader_class;

static inline gboolean
shmooze_reader_is_reader (ShmoozeReader *self)
{
  return self != NULL && ((GTypeInstance *) self)->g_class == shmooze_reader_class;
}

/* Whether a message or another draft stands there, in memory that is known to be there. */
static inline gboolean
shmooze_reader_has_pending (ShmoozeReader *self)
{
  return self->peeked.payload != NULL ||
         atomic_load (shmooze_lane_frame_word (&self->lane, self->position)) != SHMOOZE_WORD_NOTHING ||
         atomic_load (shmooze_lane_word (&self->lane, SHMOOZE_LANE_DRAFT)) != self->draft;
}

G_END_DECLS
