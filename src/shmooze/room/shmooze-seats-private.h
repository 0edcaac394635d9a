/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane/shmooze-lane-private.h"

G_BEGIN_DECLS

/* A room in memory: a header, a table of seats, and a lane for each seat that one can speak from.
 *
 *      0  magic, version, sizes                               constant
 *    128  numbers    how many messages were numbered          all
 *    256  seats      for each 256 bytes: word, since, nick    each occupant's
 *         lanes      at whole pages, one for each seat; watching places have none
 *
 * The offset of a seat is also the byte that its occupant locks, and the number of its bell. */

#define SHMOOZE_ROOM_NUMBERS 128
#define SHMOOZE_ROOM_SEATS 256
#define SHMOOZE_SEAT_SIZE 256
#define SHMOOZE_NICK_MAX 120  /* bytes */

/* A seat's word: which occupancy this is, and how it stands. It changes whenever somebody comes or leaves. */
#define SHMOOZE_SEAT_WORD_TAKEN G_GUINT64_CONSTANT (1)
#define SHMOOZE_SEAT_WORD_BELL G_GUINT64_CONSTANT (2)         /* the occupant has a bell */
#define SHMOOZE_SEAT_WORD_AFTER_CRASH G_GUINT64_CONSTANT (4)  /* the one before never left */
#define SHMOOZE_SEAT_WORD_NEXT G_GUINT64_CONSTANT (8)

/* One's own view of the table; the sizes are read once, checked and kept. */
typedef struct
{
  ShmoozeView *view;
  char        *base;
  guint        n_speaking;
  guint        n_seats;     /* with the watching places */
  gsize        lanes_at;
  gsize        lane_size;
  gsize        draft_size;
  gsize        queue_size;
} ShmoozeSeats;

ShmoozeRegion *shmooze_seats_create_room (const char          *name,
                                          GError             **error);
gboolean       shmooze_seats_attach      (ShmoozeSeats        *self,
                                          ShmoozeRegion       *region,
                                          ShmoozeAccess        access,
                                          GError             **error);
void           shmooze_seats_clear       (ShmoozeSeats        *self);
ShmoozeView   *shmooze_seats_view_lane   (const ShmoozeSeats  *self,
                                          guint                seat,
                                          ShmoozeAccess        access,
                                          GError             **error);
gboolean       shmooze_seats_read        (const ShmoozeSeats  *self,
                                          guint                seat,
                                          guint64             *word,
                                          gint64              *since,
                                          char               **nick);
void           shmooze_seats_take        (const ShmoozeSeats  *self,
                                          guint                seat,
                                          gboolean             has_bell,
                                          const char          *nick);
void           shmooze_seats_leave       (const ShmoozeSeats  *self,
                                          guint                seat);
char          *shmooze_seats_legible     (const char          *text,
                                          gsize                length);

static inline gsize
shmooze_seat_at (guint seat)
{
  return SHMOOZE_ROOM_SEATS + (gsize) seat * SHMOOZE_SEAT_SIZE;
}

static inline ShmoozeWord *
shmooze_seat_word (const ShmoozeSeats *self,
                   guint               seat)
{
  return (ShmoozeWord *) (gpointer) (self->base + shmooze_seat_at (seat));
}

G_END_DECLS
