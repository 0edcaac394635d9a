/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-bell-private.h"
#include "shmooze-lane-private.h"
#include "shmooze-outbox-private.h"
#include "shmooze-writer.h"

G_BEGIN_DECLS

struct _ShmoozeWriter
{
  GObject        parent_instance;

  ShmoozeLane    lane;
  guint64        position;        /* where the next frame goes */
  guint64        quick_end;       /* before it that needs no thought */
  gboolean       batching;
  gboolean       broken;
  ShmoozeWord   *batch_place;     /* of the first frame that is held back; NULL: there is none */
  guint64        batch_word;      /* what belongs there */
  guint64        batch_position;
  guint64        limit;           /* everything before it may be overwritten */
  guint64        room_end;        /* where that room ends: the queue's size behind */
  guint64        next_mark;       /* where the next part of the ring begins */
  guint64        oldest;          /* as published */
  guint64        draft;           /* sequence of the published draft */
  gboolean       has_draft;       /* it may be other than empty */
  guint64        processor;       /* as published */
  gsize          reserved;
  gsize          skip;            /* what the reserved frame leaves unused before it, at the ring's end */

  guint64        marks[16];       /* where the first frame begins in each part of the ring; 0: not known */
  ShmoozeRinger  ringers[SHMOOZE_LANE_READERS_MAX];
  ShmoozeOutbox  outbox;          /* writes that wait for room */
  GSource       *outbox_source;
  int            bell;            /* own bell, for room in the queue; -1: none */
};

void     shmooze_writer_end_draft   (ShmoozeWriter *self,
                                     const char    *text);
void     shmooze_writer_await_room  (ShmoozeWriter *self,
                                     guint64        bell);
gboolean shmooze_writer_is_attended (ShmoozeWriter *self,
                                     guint64        bell);
gboolean shmooze_writer_has_room    (ShmoozeWriter *self,
                                     gsize          size);
gboolean shmooze_writer_check       (ShmoozeWriter *self,
                                     GError       **error);

G_END_DECLS
