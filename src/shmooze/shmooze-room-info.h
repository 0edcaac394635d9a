/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-error.h"

G_BEGIN_DECLS

/**
 * ShmoozeSeatState:
 * @SHMOOZE_SEAT_FREE: nobody sits there
 * @SHMOOZE_SEAT_TAKEN: somebody sits there
 * @SHMOOZE_SEAT_CRASHED: who sat there is gone without leaving
 *
 * The state of a seat, as [ctor@RoomInfo.new] finds it.
 *
 * Since: 1.0
 */
typedef enum
{
  SHMOOZE_SEAT_FREE,
  SHMOOZE_SEAT_TAKEN,
  SHMOOZE_SEAT_CRASHED
} ShmoozeSeatState;

typedef struct _ShmoozeSeatInfo ShmoozeSeatInfo;
typedef struct _ShmoozeRoomInfo ShmoozeRoomInfo;

/**
 * ShmoozeSeatInfo:
 * @state: the seat's state
 * @watching: whether the seat is one for watching only, without a lane
 * @nick: (nullable): who sits, or sat, there
 * @since: when they came, in microseconds since 1970
 * @n_readers: how many readers are attached to the seat's lane
 * @n_frames: how many messages the lane keeps
 * @n_bytes: how many bytes of the queue they take
 * @draft: (nullable): the text being typed, valid UTF-8
 * @problem: (nullable): what is wrong with the lane
 *
 * A seat of a room and the lane that belongs to it.
 *
 * Since: 1.0
 */
struct _ShmoozeSeatInfo
{
  ShmoozeSeatState  state;
  gboolean          watching;
  char             *nick;
  gint64            since;
  guint             n_readers;
  guint             n_frames;
  guint64           n_bytes;
  char             *draft;
  char             *problem;
};

/**
 * ShmoozeRoomInfo:
 * @name: the region's name
 * @path: (type filename): the file that stands for it
 * @id: the region's random id, in hexadecimal digits
 * @capacity: the region's size in bytes
 * @version: the version of the room's layout
 * @queue_size: bytes that each lane keeps for messages
 * @draft_size: bytes that a text being typed may have
 * @n_messages: how many messages were sent in the room so far
 * @n_seats: number of elements in @seats
 * @seats: (array length=n_seats): the seats, those for watching last
 *
 * What stands in a room, read without joining it.
 *
 * Since: 1.0
 */
struct _ShmoozeRoomInfo
{
  char            *name;
  char            *path;
  char            *id;
  guint64          capacity;
  guint            version;
  gsize            queue_size;
  gsize            draft_size;
  guint64          n_messages;
  guint            n_seats;
  ShmoozeSeatInfo *seats;
};

#define SHMOOZE_TYPE_ROOM_INFO (shmooze_room_info_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
GType            shmooze_room_info_get_type (void) G_GNUC_CONST;
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRoomInfo *shmooze_room_info_new      (const char             *region_name,
                                             GError                **error);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeRoomInfo *shmooze_room_info_copy     (const ShmoozeRoomInfo  *self);
SHMOOZE_AVAILABLE_IN_1_0
void             shmooze_room_info_free     (ShmoozeRoomInfo        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmoozeRoomInfo, shmooze_room_info_free)

G_END_DECLS
