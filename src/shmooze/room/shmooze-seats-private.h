/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane/shmooze-lane-private.h"

G_BEGIN_DECLS

/* The layout of a room: a header, a table of seats, and a lane for each speaking seat.
 *
 *      0  magic, version, sizes                               constant
 *    128  numbers    how many messages have a number          shared
 *    256  seats      256 bytes each: word, since, nick        each written by its occupant
 *         lanes      in whole pages, one for each speaking seat; observer seats have none
 *
 * The offset of a seat is also the byte that its occupant locks, and the number of its doorbell. */

#define SHMOOZE_ROOM_VERSION 1
#define SHMOOZE_ROOM_NUMBERS 128
#define SHMOOZE_ROOM_SEATS 256
#define SHMOOZE_SEAT_SIZE 256
#define SHMOOZE_NICK_MAX 120  /* bytes */

/* The word of a seat counts its occupancies and holds the state of the latest one. It changes whenever an occupant
 * takes or leaves the seat. */
#define SHMOOZE_SEAT_WORD_TAKEN G_GUINT64_CONSTANT (1)
#define SHMOOZE_SEAT_WORD_BELL G_GUINT64_CONSTANT (2)         /* the occupant has a doorbell */
#define SHMOOZE_SEAT_WORD_AFTER_CRASH G_GUINT64_CONSTANT (4)  /* the previous occupant did not leave */
#define SHMOOZE_SEAT_WORD_NEXT G_GUINT64_CONSTANT (8)

/* A process's view of the table. The sizes are read once, checked and kept here. */
typedef struct
{
  ShmoozeView *view;
  char        *base;
  guint        n_speaking;
  guint        n_seats;     /* including the observer seats */
  gsize        lanes_at;
  gsize        lane_size;
  gsize        draft_size;
  gsize        queue_size;
} ShmoozeSeats;

ShmoozeRegion *shmooze_seats_create_or_open_room (const char          *name,
                                                  GError             **error);
gboolean       shmooze_seats_attach              (ShmoozeSeats        *self,
                                                  ShmoozeRegion       *region,
                                                  ShmoozeAccess        access,
                                                  GError             **error);
void           shmooze_seats_clear               (ShmoozeSeats        *self);
ShmoozeView   *shmooze_seats_view_lane           (const ShmoozeSeats  *self,
                                                  guint                seat,
                                                  ShmoozeAccess        access,
                                                  GError             **error);
gboolean       shmooze_seats_read                (const ShmoozeSeats  *self,
                                                  guint                seat,
                                                  guint64             *word,
                                                  gint64              *since,
                                                  char               **nick);
void           shmooze_seats_take                (const ShmoozeSeats  *self,
                                                  guint                seat,
                                                  gboolean             has_bell,
                                                  const char          *nick);
void           shmooze_seats_leave               (const ShmoozeSeats  *self,
                                                  guint                seat);

static inline gsize
shmooze_seat_offset (guint seat)
{
  return SHMOOZE_ROOM_SEATS + (gsize) seat * SHMOOZE_SEAT_SIZE;
}

static inline ShmoozeWord *
shmooze_seat_word (const ShmoozeSeats *self,
                   guint               seat)
{
  return (ShmoozeWord *) (gpointer) (self->base + shmooze_seat_offset (seat));
}

/* The room's counter of messages. */
static inline ShmoozeWord *
shmooze_seats_numbers (const ShmoozeSeats *self)
{
  return (ShmoozeWord *) (gpointer) (self->base + SHMOOZE_ROOM_NUMBERS);
}

G_END_DECLS
