/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane/shmooze-outbox-private.h"
#include "room/shmooze-seats-private.h"
#include "shmooze-room.h"
#include "shmooze-writer.h"

G_BEGIN_DECLS

/* What a room knows about one of its seats. */
typedef struct
{
  guint64        word;          /* as it was last read */
  ShmoozePeer   *peer;          /* the occupant; NULL if the seat is free, or this room's own */
  int            bell;          /* the peer's doorbell, to ring it and to notice its death; -1 if it is not open */
  gpointer       bell_tag;
  gint64         unread_since;  /* 0 if the peer has read everything */
  ShmoozeReader *reader;        /* of the seat's lane; NULL for the own lane, an observer seat or a broken lane */
  GError        *broken;        /* what was wrong with the lane at joining, until that is reported */
  char          *last_sender;   /* the GRefString of the latest message from the seat, or NULL */
} ShmoozeRoomSeat;

struct _ShmoozeRoom
{
  GObject          parent_instance;

  char            *name;
  char            *nick;        /* a GRefString: own messages share it */
  ShmoozeRegion   *region;
  ShmoozeSeats     seats;
  guint            own_seat;    /* seats.n_seats until there is one */
  ShmoozeWriter   *writer;      /* NULL when only watching */
  ShmoozeOutbox    outbox;      /* messages that wait for space in the queue */
  int              bell;        /* the own doorbell; -1 if there is none */
  GPtrArray       *messages;    /* to be emitted */
  GSource         *source;      /* reads what the others write */
  gboolean         polls;       /* the source looks at intervals, and does not only wait for the doorbell */
  gboolean         seated;      /* the others can see this room's seat */
  gboolean         lost;
  gboolean         left;

  /* Presence */
  ShmoozeRoomSeat *others;      /* by seat number */
  GListStore      *peers;
  guint64          present;     /* a bit for each seat that a peer occupies */
  guint64          silent;      /* a bit for each seat whose doorbell is not open here */
  gint64           check_usec;  /* interval of checks of peers whose doorbell is not open */
  GPtrArray       *crashed;     /* peers found crashed at joining, until they are reported */
};

static inline guint64
shmooze_seat_bit (guint seat)
{
  return G_GUINT64_CONSTANT (1) << seat;
}

/* Takes the lowest seat out of a set. FALSE: the set is empty. */
static inline gboolean
shmooze_seats_take_lowest (guint64 *seats,
                           guint   *seat)
{
  if (*seats == 0)
    return FALSE;
  *seat = (guint) __builtin_ctzll (*seats);
  *seats &= *seats - 1;
  return TRUE;
}

/* Presence: who occupies the seats */

void     shmooze_room_presence_class_init        (ShmoozeRoomClass *klass);
void     shmooze_room_presence_begin             (ShmoozeRoom      *self);
void     shmooze_room_presence_end               (ShmoozeRoom      *self);
guint64  shmooze_room_presence_find_changes      (ShmoozeRoom      *self);
void     shmooze_room_presence_update            (ShmoozeRoom      *self,
                                                  guint64           seats);
void     shmooze_room_presence_report_crashed    (ShmoozeRoom      *self);
void     shmooze_room_presence_close_bells       (ShmoozeRoom      *self,
                                                  gboolean          dead_only);
gboolean shmooze_room_presence_check_attention   (ShmoozeRoom      *self,
                                                  gint64            now);
gint64   shmooze_room_presence_schedule          (ShmoozeRoom      *self,
                                                  gint64            now);

/* The source: what happens in the room becomes signals */

void     shmooze_room_source_class_init          (ShmoozeRoomClass *klass);
void     shmooze_room_source_start               (ShmoozeRoom      *self,
                                                  GMainContext     *context);
void     shmooze_room_source_stop                (ShmoozeRoom      *self);
void     shmooze_room_source_wake                (ShmoozeRoom      *self);
void     shmooze_room_source_expect_attention    (ShmoozeRoom      *self);

G_END_DECLS
