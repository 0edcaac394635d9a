/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-view.h"

G_BEGIN_DECLS

/* One direction of the communicator, at a position P: the byte at P says whether a message is available, the byte
 * at P + 1 whether the reader has confirmed it; the length is a little-endian int32 at P + 2, and the message begins
 * at P + 12. */
#define SHMOOZE_SLOT_DATA_AT 12
#define SHMOOZE_SLOT_MIN (SHMOOZE_SLOT_DATA_AT + 1)

/* The lock offsets of a slot's writer and of its reader, relative to its position. */
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
