/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-room-private.h"

#include "lane/shmooze-writer-private.h"
#include "os/shmooze-bell-private.h"
#include "room/shmooze-peer-private.h"
#include "shmooze-enum-types.h"

#include <unistd.h>

/* The occupants of a room's seats.
 *
 * A peer that joins or leaves changes the word of its seat and rings all doorbells. A peer that crashes rings none,
 * but its doorbell dies with it, which the open end here reports as G_IO_ERR. Whether a seat is really occupied is
 * decided by its lock alone. */

/* A peer that still has unread messages after this time is not responding. */
#define RESPONSE_USEC (2 * G_USEC_PER_SEC)

/* Peers whose doorbell is not open here are checked at this interval. When a doorbell has died, the lock of the seat
 * is released within moments: the interval begins short then, and doubles. */
#define CHECK_USEC (G_USEC_PER_SEC)
#define CHECK_SOON_USEC 500

enum
{
  PEER_JOINED,
  PEER_LEFT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

void
shmooze_room_presence_class_init (ShmoozeRoomClass *klass)
{
  /**
   * ShmoozeRoom::peer-joined:
   * @self: the room
   * @peer: the new peer
   *
   * Emitted when a peer has taken a seat.
   *
   * Since: 1.0
   */
  signals[PEER_JOINED] = g_signal_new ("peer-joined", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, SHMOOZE_TYPE_PEER);
  /**
   * ShmoozeRoom::peer-left:
   * @self: the room
   * @peer: the former peer
   * @how: %SHMOOZE_PEER_LEFT or %SHMOOZE_PEER_CRASHED
   *
   * Emitted when a peer has left, after its last message. The draft of a
   * crashed peer remains in @peer.
   *
   * The signal is also emitted for each peer that had crashed, while it was
   * typing, before this room was joined.
   *
   * Since: 1.0
   */
  signals[PEER_LEFT] = g_signal_new ("peer-left", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 2, SHMOOZE_TYPE_PEER, SHMOOZE_TYPE_PEER_STATE);
}

static gboolean
bell_is_dead (ShmoozeRoom     *self,
              ShmoozeRoomSeat *seat)
{
  return seat->bell_tag != NULL && g_source_query_unix_fd (self->source, seat->bell_tag) != 0;
}

static void
close_bell (ShmoozeRoom *self,
            guint        number)
{
  ShmoozeRoomSeat *seat = &self->others[number];

  if (seat->bell_tag != NULL)
    g_source_remove_unix_fd (self->source, seat->bell_tag);
  seat->bell_tag = NULL;
  if (seat->bell >= 0)
    close (seat->bell);
  seat->bell = -1;
  self->silent |= shmooze_seat_bit (number);
}

static void
open_bell (ShmoozeRoom *self,
           guint        number)
{
  ShmoozeRoomSeat *seat = &self->others[number];

  close_bell (self, number);
  if ((seat->word & SHMOOZE_SEAT_WORD_BELL) == 0)
    return;

  seat->bell = shmooze_bell_open (shmooze_region_get_id (self->region), shmooze_seat_offset (number));
  if (seat->bell < 0)
    return;
  seat->bell_tag = g_source_add_unix_fd (self->source, seat->bell, G_IO_ERR);
  self->silent &= ~shmooze_seat_bit (number);
}

static void
ring_peers (ShmoozeRoom *self)
{
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (self->others[i].bell >= 0)
      shmooze_bell_ring (self->others[i].bell);
}

static void
remove_peer (ShmoozeRoom      *self,
             guint             number,
             ShmoozePeerState  how)
{
  ShmoozeRoomSeat *seat = &self->others[number];
  g_autoptr(ShmoozePeer) peer = g_steal_pointer (&seat->peer);
  guint position;

  close_bell (self, number);
  self->present &= ~shmooze_seat_bit (number);
  seat->unread_since = 0;
  if (g_list_store_find (self->peers, peer, &position))
    g_list_store_remove (self->peers, position);
  shmooze_peer_set_state (peer, how);
  g_signal_emit (self, signals[PEER_LEFT], 0, peer, how);
}

static void
add_peer (ShmoozeRoom *self,
          guint        number,
          ShmoozePeer *peer,
          gboolean     joining)
{
  self->others[number].peer = g_object_ref (peer);
  self->present |= shmooze_seat_bit (number);
  open_bell (self, number);
  g_list_store_append (self->peers, peer);
  if (!joining)
    g_signal_emit (self, signals[PEER_JOINED], 0, peer);
}

/* Finds out who occupies a seat now. @joining: for the first time, so nothing is emitted. */
static void
check_seat (ShmoozeRoom *self,
            guint        number,
            gboolean     joining)
{
  ShmoozeRoomSeat *seat = &self->others[number];
  g_autoptr(ShmoozePeer) peer = NULL;
  g_autofree char *nick = NULL;
  guint64 word, former;
  gint64 since;
  gboolean occupied;

  if (!shmooze_seats_read (&self->seats, number, &word, &since, &nick))
    return;
  occupied = (word & SHMOOZE_SEAT_WORD_TAKEN) && shmooze_region_is_locked (self->region, shmooze_seat_offset (number));
  former = seat->word;
  seat->word = word;

  if (seat->peer != NULL)
    {
      gboolean same = word / SHMOOZE_SEAT_WORD_NEXT == former / SHMOOZE_SEAT_WORD_NEXT;
      gboolean crashed = (word & (same ? SHMOOZE_SEAT_WORD_TAKEN : SHMOOZE_SEAT_WORD_AFTER_CRASH)) != 0;

      if (same && occupied)
        {
          if (bell_is_dead (self, seat))
            {
              open_bell (self, number);
              self->check_usec = CHECK_SOON_USEC;
            }
          return;
        }
      remove_peer (self, number, crashed ? SHMOOZE_PEER_CRASHED : SHMOOZE_PEER_LEFT);
      if (self->left)
        return;
    }
  else if (word == former && !joining)
    return;

  if ((word & SHMOOZE_SEAT_WORD_TAKEN) == 0)
    return;

  peer = shmooze_peer_new (number, nick, since, number >= self->seats.n_speaking);
  if (occupied)
    add_peer (self, number, peer, joining);
  else if (joining && seat->reader != NULL && shmooze_peer_read_draft (peer, seat->reader, NULL))
    {
      shmooze_peer_set_state (peer, SHMOOZE_PEER_CRASHED);
      g_ptr_array_add (self->crashed, g_steal_pointer (&peer));
    }
}

/* Returns the seats that have to be checked: the word has changed, or the doorbell has died. */
guint64
shmooze_room_presence_find_changes (ShmoozeRoom *self)
{
  guint64 changes = 0, ringing = self->present & ~self->silent;
  guint i;

  for (i = 0; i < self->seats.n_seats; i++)
    if (atomic_load_explicit (shmooze_seat_word (&self->seats, i), memory_order_acquire) != self->others[i].word)
      changes |= shmooze_seat_bit (i);
  while (shmooze_seats_take_lowest (&ringing, &i))
    if (bell_is_dead (self, &self->others[i]))
      changes |= shmooze_seat_bit (i);
  return changes & ~shmooze_seat_bit (self->own_seat);
}

void
shmooze_room_presence_update (ShmoozeRoom *self,
                              guint64      seats)
{
  guint i;

  while (!self->left && shmooze_seats_take_lowest (&seats, &i))
    check_seat (self, i, FALSE);
}

void
shmooze_room_presence_report_crashed (ShmoozeRoom *self)
{
  for (guint i = 0; i < self->crashed->len && !self->left; i++)
    g_signal_emit (self, signals[PEER_LEFT], 0, g_ptr_array_index (self->crashed, i), SHMOOZE_PEER_CRASHED);
  g_ptr_array_set_size (self->crashed, 0);
}

/* The descriptor of a dead doorbell stays ready, so that a main loop would not sleep before the seat is checked. */
void
shmooze_room_presence_close_bells (ShmoozeRoom *self,
                                   gboolean     dead_only)
{
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (!dead_only)
      close_bell (self, i);
    else if (bell_is_dead (self, &self->others[i]))
      {
        close_bell (self, i);
        self->check_usec = CHECK_SOON_USEC;
      }
}

/* Updates which peers are responding. Returns whether all have read everything. */
gboolean
shmooze_room_presence_check_attention (ShmoozeRoom *self,
                                       gint64       now)
{
  gboolean all = TRUE;

  for (guint i = 0; i < self->seats.n_seats && !self->left; i++)
    {
      ShmoozeRoomSeat *seat = &self->others[i];

      if (seat->peer == NULL)
        continue;
      if (self->writer == NULL || shmooze_ring_is_attended (&self->writer->ring, shmooze_seat_offset (i)))
        seat->unread_since = 0;
      else if (seat->unread_since == 0)
        seat->unread_since = now;
      all = all && seat->unread_since == 0;
      if (seat->unread_since == 0)
        shmooze_peer_set_state (seat->peer, SHMOOZE_PEER_PRESENT);
      else if (now - seat->unread_since >= RESPONSE_USEC)
        shmooze_peer_set_state (seat->peer, SHMOOZE_PEER_NOT_RESPONDING);
    }
  return all;
}

/* Returns the time of the next check of the peers that have no doorbell, or G_MAXINT64. */
gint64
shmooze_room_presence_schedule (ShmoozeRoom *self,
                                gint64       now)
{
  gint64 interval = self->check_usec;

  self->check_usec = MIN (interval * 2, CHECK_USEC);
  return (self->present & self->silent) != 0 ? now + interval : G_MAXINT64;
}

/* Finds the peers that are there, and shows them that this room has a seat. */
void
shmooze_room_presence_begin (ShmoozeRoom *self)
{
  self->check_usec = CHECK_USEC;
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (i != self->own_seat)
      check_seat (self, i, TRUE);
  ring_peers (self);
}

void
shmooze_room_presence_end (ShmoozeRoom *self)
{
  if (!shmooze_region_is_detached (self->region))
    ring_peers (self);
  shmooze_room_presence_close_bells (self, FALSE);
  for (guint i = 0; i < self->seats.n_seats; i++)
    g_clear_object (&self->others[i].peer);
  g_list_store_remove_all (self->peers);
}
