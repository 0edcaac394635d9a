/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-view.h"

G_BEGIN_DECLS

/* One direction of the classic communicator, at a position P: a byte that says that there is a message, a byte
 * at P + 1 by which the reader confirms, the length at P + 2, the message from P + 12. */
#define SHMOOZE_SLOT_DATA_AT 12
#define SHMOOZE_SLOT_MIN (SHMOOZE_SLOT_DATA_AT + 1)

/* What a slot's writer and reader lock, from its position. */
#define SHMOOZE_SLOT_WRITER_LOCK 0
#define SHMOOZE_SLOT_READER_LOCK 1

gsize     shmooze_slot_room      (ShmoozeView  *view,
                                  gint64        position,
                                  gint64        other);
void      shmooze_slot_free      (ShmoozeView  *view,
                                  gint64        position);
gboolean  shmooze_slot_is_free   (ShmoozeView  *view,
                                  gint64        position);
gboolean  shmooze_slot_put       (ShmoozeView  *view,
                                  gint64        position,
                                  GBytes       *message);
GBytes   *shmooze_slot_take      (ShmoozeView  *view,
                                  gint64        position,
                                  gsize         room,
                                  GError      **error);

G_END_DECLS
