/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-error.h"

G_BEGIN_DECLS

/**
 * ShmoozeSeatState:
 * @SHMOOZE_SEAT_FREE: the seat has no occupant
 * @SHMOOZE_SEAT_TAKEN: the seat has an occupant
 * @SHMOOZE_SEAT_CRASHED: the occupant ended without leaving the room
 *
 * The state of a seat at the time of [ctor@RoomInfo.new].
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
 * @watching: whether it is an observer seat, which has no lane
 * @nick: (nullable): the nickname of the occupant, or of the one that crashed
 * @since: when the seat was taken, in microseconds since 1970
 * @n_readers: the number of readers attached to the seat's lane
 * @n_frames: the number of messages in the lane
 * @n_bytes: the number of bytes that they take in the queue
 * @draft: (nullable): the text being typed, valid UTF-8
 * @problem: (nullable): what is wrong with the lane
 *
 * A seat of a room, and its lane.
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
 * @path: (type filename): the path of its backing file
 * @id: the region's random id, in hexadecimal digits
 * @capacity: the region's size in bytes
 * @version: the version of the room's layout
 * @queue_size: the size of the message queue of each lane, in bytes
 * @draft_size: the maximum length of a draft, in bytes
 * @n_messages: the number of messages sent in the room so far
 * @n_seats: the number of elements in @seats
 * @seats: (array length=n_seats): the seats, observer seats last
 *
 * The contents of a room, read without joining it.
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
