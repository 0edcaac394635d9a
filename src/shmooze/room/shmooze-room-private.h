/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane/shmooze-outbox-private.h"
#include "shmooze-room.h"
#include "room/shmooze-seats-private.h"
#include "shmooze-writer.h"

G_BEGIN_DECLS

typedef enum
{
  SHMOOZE_ROOM_MESSAGE,
  SHMOOZE_ROOM_DRAFT_CHANGED,
  SHMOOZE_ROOM_PEER_JOINED,
  SHMOOZE_ROOM_PEER_LEFT,
  SHMOOZE_ROOM_LANE_BROKEN,
  SHMOOZE_ROOM_LOST
} ShmoozeRoomSignal;

/* How one seat looks from here. */
typedef struct
{
  guint64        word;          /* as it was last read */
  ShmoozePeer   *peer;          /* who sits there; NULL: nobody, or this room */
  int            bell;          /* the peer's, for ringing; its death shows there; -1: none */
  gpointer       bell_tag;
  ShmoozeReader *reader;        /* of the seat's lane; NULL: own, watching or broken */
  char          *last_sender;   /* a GRefString; NULL: nothing was said from this seat yet */
  gint64         unread_since;  /* 0: the peer has read everything */
} ShmoozeRoomSeat;

struct _ShmoozeRoom
{
  GObject        parent_instance;

  char          *name;
  char          *nick;          /* a GRefString: own messages share it */
  ShmoozeRegion *region;
  ShmoozeSeats   seats;
  guint          own_seat;
  ShmoozeWriter *writer;        /* NULL when watching */
  ShmoozeRoomSeat *others;
  GListStore    *peers;

  ShmoozeWait    wait;
  int            bell;          /* -1: none */
  gpointer       bell_tag;
  guint          poll_msec;
  GSource       *source;
  GFileMonitor  *monitor;
  gboolean       changed;       /* the monitor has something to say */
  gint64         presence_usec; /* until one looks again for those without a bell */
  gint64         look_at;       /* when to look after those who do not read; 0: not needed */

  guint64        present;       /* a bit for each seat where a peer sits */
  guint64        quiet;         /* and for each whose bell is not open here */
  guint64        news;          /* of a dispatch: a bit for each seat whose lane has something */
  guint64        changes;       /* likewise: where somebody may have come or gone */
  GPtrArray     *messages;      /* to be emitted */
  GPtrArray     *spare_messages;
  GPtrArray     *crashed;       /* peers found crashed at joining */
  gboolean       has_broken;    /* there are such: */
  GError       **broken;        /* for each seat: what was found wrong with its lane at joining, to be told */
  ShmoozeOutbox  outbox;        /* messages that wait for room in the queue */
  gboolean       dispatching;   /* signals are being emitted: not again from within */
  gboolean       missed;        /* the bell rang meanwhile */
  gboolean       seated;        /* the others can see one */
  gboolean       greeted;       /* the history was told */
  gboolean       resting;       /* there is more to read, but others in the main loop come first */
  gboolean       lost;
  gboolean       left;
};

guint    shmooze_room_signal           (ShmoozeRoomSignal   signal);
gboolean shmooze_room_read_messages    (ShmoozeRoom        *self,
                                        ShmoozeReader      *reader,
                                        guint               seat,
                                        guint               most,
                                        GError            **error);
void     shmooze_room_start_listening  (ShmoozeRoom        *self,
                                        GMainContext       *context);
void     shmooze_room_stop_listening   (ShmoozeRoom        *self);
void     shmooze_room_hurry            (ShmoozeRoom        *self);
void     shmooze_room_expect_attention (ShmoozeRoom        *self);

G_END_DECLS
