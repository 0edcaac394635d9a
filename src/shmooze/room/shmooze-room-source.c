/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-room-private.h"

#include "os/shmooze-bell-private.h"
#include "room/shmooze-message-private.h"
#include "room/shmooze-peer-private.h"
#include "lane/shmooze-reader-private.h"
#include "lane/shmooze-writer-private.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

/* What happens in a room: one source, woken by the room's bell, by the death of a peer's, or by the time. */

/* One looks whether somebody still reads after this long, and again, and then says so. */
#define ATTENTION_USEC (G_USEC_PER_SEC)
#define PATIENCE_USEC (2 * G_USEC_PER_SEC)
/* However fast somebody writes, so many messages of theirs are taken at a time, and then the main loop gets
 * round to the rest of the program. */
#define BATCH 128
#define REST_USEC 2000

/* How often one looks whether those are still there who have no bell. A bell that has just died is a sign of
 * its owner's death: the lock of the seat follows within moments, so then one looks soon, and slower after. */
#define PRESENCE_USEC (G_USEC_PER_SEC)
#define PRESENCE_SOON_USEC 500

typedef struct
{
  GSource      source;
  ShmoozeRoom *room;
} RoomSource;

static guint64
seat_bit (guint seat)
{
  return G_GUINT64_CONSTANT (1) << seat;
}

static gboolean
is_speaking_seat (ShmoozeRoom *self,
                  guint        seat)
{
  return seat < self->seats.n_speaking;
}

static void
close_bell (ShmoozeRoom     *self,
            ShmoozeRoomSeat *seat)
{
  if (seat->bell_tag != NULL)
    g_source_remove_unix_fd (self->source, seat->bell_tag);
  seat->bell_tag = NULL;
  if (seat->bell >= 0)
    close (seat->bell);
  seat->bell = -1;
  self->quiet |= seat_bit ((guint) (seat - self->others));
}

static void
open_bell (ShmoozeRoom *self,
           guint        number)
{
  ShmoozeRoomSeat *seat = &self->others[number];

  close_bell (self, seat);
  if ((seat->word & SHMOOZE_SEAT_WORD_BELL) == 0)
    return;

  seat->bell = shmooze_bell_open (shmooze_region_get_id (self->region), shmooze_seat_at (number));
  if (seat->bell < 0)
    return;
  seat->bell_tag = g_source_add_unix_fd (self->source, seat->bell, G_IO_ERR);
  self->quiet &= ~seat_bit (number);
}

static void
ring_peers (ShmoozeRoom *self)
{
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (self->others[i].bell >= 0)
      shmooze_bell_ring (self->others[i].bell);
}

static void
forget_peer (ShmoozeRoom      *self,
             guint             number,
             ShmoozePeerState  how)
{
  ShmoozeRoomSeat *seat = &self->others[number];
  g_autoptr(ShmoozePeer) peer = g_steal_pointer (&seat->peer);
  guint position;

  close_bell (self, seat);
  self->present &= ~seat_bit (number);
  seat->unread_since = 0;
  if (g_list_store_find (self->peers, peer, &position))
    g_list_store_remove (self->peers, position);
  shmooze_peer_set_state (peer, how);
  g_signal_emit (self, shmooze_room_signal (SHMOOZE_ROOM_PEER_LEFT), 0, peer, how);
}

static void
break_lane (ShmoozeRoom *self,
            guint        number,
            GError      *error)
{
  ShmoozeRoomSeat *seat = &self->others[number];

  if (seat->reader != NULL)
    shmooze_reader_close (seat->reader);
  g_clear_object (&seat->reader);
  g_signal_emit (self, shmooze_room_signal (SHMOOZE_ROOM_LANE_BROKEN), 0, number, error);
}

/* Takes the lane's draft for whoever sits, or sat, there. */
static gboolean
read_draft (ShmoozeRoom  *self,
            guint         number,
            ShmoozePeer  *peer,
            GError      **error)
{
  ShmoozeRoomSeat *seat = &self->others[number];
  gsize length;
  g_autofree char *raw = NULL;
  g_autofree char *text = NULL;

  if (seat->reader == NULL)
    return FALSE;
  raw = shmooze_reader_read_draft (seat->reader, &length, error);
  if (raw == NULL || peer == NULL)
    return FALSE;

  text = g_utf8_make_valid (raw, (gssize) length);
  return shmooze_peer_set_draft (peer, text);
}

/* A seat's word has changed, or a bell says that its owner died: who sits there now? */
static void
look_at_seat (ShmoozeRoom *self,
              guint        number,
              gboolean     joining)
{
  ShmoozeRoomSeat *seat = &self->others[number];
  g_autofree char *nick = NULL;
  guint64 word;
  gint64 since;
  gboolean here;

  if (!shmooze_seats_read (&self->seats, number, &word, &since, &nick))
    return;
  here = (word & SHMOOZE_SEAT_WORD_TAKEN) && shmooze_region_is_locked (self->region, shmooze_seat_at (number));

  if (seat->peer != NULL)
    {
      gboolean same = word / SHMOOZE_SEAT_WORD_NEXT == seat->word / SHMOOZE_SEAT_WORD_NEXT;

      if (same && here)
        {
          if (seat->bell_tag != NULL && g_source_query_unix_fd (self->source, seat->bell_tag) != 0)
            {
              open_bell (self, number);
              self->presence_usec = PRESENCE_SOON_USEC;
            }
          return;
        }
      if (same)
        forget_peer (self, number, word & SHMOOZE_SEAT_WORD_TAKEN ? SHMOOZE_PEER_CRASHED : SHMOOZE_PEER_LEFT);
      else
        forget_peer (self, number, word & SHMOOZE_SEAT_WORD_AFTER_CRASH ? SHMOOZE_PEER_CRASHED : SHMOOZE_PEER_LEFT);
      if (self->left)
        return;
    }
  else if (word == seat->word && !joining)
    return;

  seat->word = word;
  if ((word & SHMOOZE_SEAT_WORD_TAKEN) == 0)
    return;

  if (here)
    {
      seat->peer = shmooze_peer_new (number, nick, since, !is_speaking_seat (self, number));
      self->present |= seat_bit (number);
      open_bell (self, number);
      g_list_store_append (self->peers, seat->peer);
      if (!joining)
        g_signal_emit (self, shmooze_room_signal (SHMOOZE_ROOM_PEER_JOINED), 0, seat->peer);
    }
  else if (joining && is_speaking_seat (self, number))
    {
      g_autoptr(ShmoozePeer) peer = shmooze_peer_new (number, nick, since, FALSE);

      if (read_draft (self, number, peer, NULL))
        {
          shmooze_peer_set_state (peer, SHMOOZE_PEER_CRASHED);
          g_ptr_array_add (self->crashed, g_steal_pointer (&peer));
        }
    }
}

static gboolean
seat_needs_look (ShmoozeRoom *self,
                 guint        number)
{
  ShmoozeRoomSeat *seat = &self->others[number];

  if (atomic_load_explicit (shmooze_seat_word (&self->seats, number), memory_order_acquire) != seat->word)
    return TRUE;
  return seat->bell_tag != NULL && g_source_query_unix_fd (self->source, seat->bell_tag) != 0;
}

/* Messages */

/* Takes what has arrived in a lane, but no more than @most messages. */
gboolean
shmooze_room_read_messages (ShmoozeRoom    *self,
                            ShmoozeReader  *reader,
                            guint           seat,
                            guint           most,
                            GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  const char *frame;
  gsize size;

  while ((frame = shmooze_reader_peek (reader, &size, &local_error)) != NULL)
    {
      gboolean enough = --most == 0;
      ShmoozeMessage *message = shmooze_message_parse (frame, size, seat, &self->others[seat].last_sender, &local_error);

      shmooze_reader_release (reader);
      if (message == NULL)
        break;
      g_ptr_array_add (self->messages, message);
      if (enough)
        {
          self->resting = TRUE;
          break;
        }
    }
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* What handlers send meanwhile comes into the spare array. Returns how many were told. */
static guint
emit_messages (ShmoozeRoom *self)
{
  GPtrArray *messages = self->messages;
  guint n = messages->len;

  if (n == 0)
    return 0;

  self->messages = self->spare_messages;
  self->spare_messages = messages;
  if (n > 1)
    g_ptr_array_sort (messages, shmooze_message_compare);
  for (guint i = 0; i < n && !self->left; i++)
    g_signal_emit (self, shmooze_room_signal (SHMOOZE_ROOM_MESSAGE), 0, g_ptr_array_index (messages, i));
  g_ptr_array_set_size (messages, 0);
  return n;
}

/* Attention */

/* Something was published: look later whether it was noticed. */
void
shmooze_room_expect_attention (ShmoozeRoom *self)
{
  gint64 ready = g_source_get_ready_time (self->source);

  if (self->look_at != 0 || g_list_model_get_n_items (G_LIST_MODEL (self->peers)) == 0)
    return;

  self->look_at = g_get_monotonic_time () + ATTENTION_USEC;
  if (self->dispatching)
    return;
  if (ready < 0 || ready > self->look_at)
    g_source_set_ready_time (self->source, self->look_at);
}

static void
look_after_peers (ShmoozeRoom *self,
                  gint64       now)
{
  gboolean all = TRUE;

  for (guint i = 0; i < self->seats.n_seats; i++)
    {
      ShmoozeRoomSeat *seat = &self->others[i];

      if (seat->peer == NULL)
        continue;
      if (self->writer == NULL || shmooze_ring_is_attended (&self->writer->ring, shmooze_seat_at (i)))
        seat->unread_since = 0;
      else if (seat->unread_since == 0)
        seat->unread_since = now;
      all = all && seat->unread_since == 0;
      if (seat->unread_since == 0 || now - seat->unread_since >= PATIENCE_USEC)
        shmooze_peer_set_state (seat->peer, seat->unread_since == 0 ? SHMOOZE_PEER_PRESENT
                                                                    : SHMOOZE_PEER_NOT_RESPONDING);
      if (self->left)
        return;
    }
  self->look_at = all ? 0 : now + ATTENTION_USEC;
}

/* The source */

static gboolean
lane_has_news (ShmoozeRoom *self,
               guint        seat)
{
  return self->others[seat].reader != NULL && shmooze_reader_has_pending (self->others[seat].reader);
}

/* Whether somebody who is here has said something. */
static gboolean
is_spoken_to (ShmoozeRoom *self)
{
  for (guint i = 0; i < self->seats.n_seats; i++)
    if ((self->present & seat_bit (i)) != 0 && lane_has_news (self, i))
      return TRUE;
  return FALSE;
}

static gboolean
has_news (ShmoozeRoom *self)
{
  if (self->lost)
    return FALSE;
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (i != self->own_seat && (lane_has_news (self, i) || seat_needs_look (self, i)))
      return TRUE;
  return !shmooze_region_is_sound (self->region) && !shmooze_region_check (self->region, NULL);
}

/* Notes where something has happened. Peers whose lanes have something are awake from now on; the bits of the
 * others may stay up: the worst is one ring for nothing. */
static gboolean
look_around (ShmoozeRoom *self)
{
  self->news = self->changes = 0;
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (i != self->own_seat)
      {
        if (lane_has_news (self, i))
          {
            self->news |= seat_bit (i);
            shmooze_reader_wake_up (self->others[i].reader);
          }
        if (seat_needs_look (self, i))
          self->changes |= seat_bit (i);
      }
  return (self->news | self->changes) != 0;
}

static gboolean
room_source_prepare (GSource *source,
                     gint    *timeout)
{
  ShmoozeRoom *self = ((RoomSource *) source)->room;
  gboolean awake = FALSE;

  *timeout = -1;
  if (self->lost || self->resting || self->dispatching)
    return FALSE;
  for (guint i = 0; i < self->seats.n_seats && !awake; i++)
    if (self->others[i].reader != NULL)
      {
        awake = !shmooze_reader_fall_asleep (self->others[i].reader);
        *timeout = MAX (*timeout, shmooze_reader_get_poll_timeout (self->others[i].reader));
      }
  return awake;
}

/* A main loop runs within a signal. A dead bell stays noisy, so it is put away; its owner's seat is looked at
 * soon after. */
static void
put_off (ShmoozeRoom *self)
{
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (self->others[i].bell_tag != NULL && g_source_query_unix_fd (self->source, self->others[i].bell_tag) != 0)
      {
        close_bell (self, &self->others[i]);
        self->presence_usec = PRESENCE_SOON_USEC;
      }
}

static gboolean
room_source_check (GSource *source)
{
  ShmoozeRoom *self = ((RoomSource *) source)->room;

  if (self->dispatching)
    put_off (self);
  if (self->bell_tag != NULL && g_source_query_unix_fd (source, self->bell_tag) != 0)
    {
      shmooze_bell_quiet (self->bell);
      self->missed = self->dispatching;
      return !self->resting && !self->dispatching;
    }
  return !self->resting && !self->dispatching && has_news (self);
}

static void
say_lost (ShmoozeRoom *self,
          GError      *error)
{
  self->lost = TRUE;
  for (guint i = 0; i < self->seats.n_seats; i++)
    close_bell (self, &self->others[i]);
  g_signal_emit (self, shmooze_room_signal (SHMOOZE_ROOM_LOST), 0, error);
}

static gboolean
is_lost (ShmoozeRoom  *self,
         GError      **error)
{
  if (!shmooze_region_check (self->region, error))
    return TRUE;
  if (!self->changed)
    return FALSE;

  self->changed = FALSE;
  if (!shmooze_region_is_replaced (self->region))
    return FALSE;
  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST,
               _("Region “%s” was replaced by another region of the same name; join again to use the new one"),
               self->name);
  return TRUE;
}

/* Sets the time of the next look, if there is any need for one. */
static void
schedule (ShmoozeRoom *self,
          gint64       now)
{
  gint64 next = self->look_at > 0 ? self->look_at : G_MAXINT64;

  if (self->wait == SHMOOZE_WAIT_POLL)
    next = MIN (next, now + self->poll_msec * 1000);
  if ((self->present & self->quiet) != 0)
    next = MIN (next, now + self->presence_usec);
  self->presence_usec = MIN (self->presence_usec * 2, PRESENCE_USEC);
  if (!shmooze_outbox_is_empty (&self->outbox))
    next = MIN (next, now + PRESENCE_USEC);
  /* From the end of the batch, which may have taken longer than that. */
  if (self->resting)
    next = g_get_monotonic_time () + REST_USEC;
  if (self->messages->len > 0 || self->missed || self->changed)
    next = 0;
  self->missed = FALSE;
  g_source_set_ready_time (self->source, next == G_MAXINT64 || self->lost ? -1 : next);
}

static void
tell_broken (ShmoozeRoom *self)
{
  self->has_broken = FALSE;
  for (guint i = 0; i < self->seats.n_seats && !self->left; i++)
    if (self->broken[i] != NULL)
      {
        g_autoptr(GError) error = g_steal_pointer (&self->broken[i]);

        g_signal_emit (self, shmooze_room_signal (SHMOOZE_ROOM_LANE_BROKEN), 0, i, error);
      }
}

static void
look_at_seats (ShmoozeRoom *self,
               guint64      seats)
{
  for (guint i = 0; seats != 0 && i < self->seats.n_seats && !self->left; i++)
    if ((seats & seat_bit (i)) != 0)
      look_at_seat (self, i, FALSE);
}

static void
take_messages (ShmoozeRoom *self,
               guint        seat,
               guint        most)
{
  g_autoptr(GError) error = NULL;

  if (!shmooze_room_read_messages (self, self->others[seat].reader, seat, most, &error) &&
      !g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
    break_lane (self, seat, error);
}

static void
take_draft (ShmoozeRoom *self,
            guint        seat)
{
  ShmoozePeer *peer = self->others[seat].peer;
  g_autoptr(GError) error = NULL;

  if (read_draft (self, seat, peer, &error))
    g_signal_emit (self, shmooze_room_signal (SHMOOZE_ROOM_DRAFT_CHANGED), 0, peer);
  else if (error != NULL && !g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
    break_lane (self, seat, error);
}

/* Takes what look_around() has found. Returns how many messages that were. */
static guint
take_news (ShmoozeRoom *self,
           guint        most)
{
  gboolean news = (self->news | self->changes) != 0;
  guint n = 0;

  /* Who has come is told before what they say, who has gone after it: messages are read in between. */
  look_at_seats (self, self->changes & ~self->present);
  for (guint i = 0; i < self->seats.n_seats && !self->left; i++)
    if ((self->news & seat_bit (i)) != 0 && self->others[i].reader != NULL)
      take_messages (self, i, most);
  if (!self->left)
    n += emit_messages (self);
  for (guint i = 0; i < self->seats.n_seats && !self->left; i++)
    if ((self->news & seat_bit (i)) != 0)
      take_draft (self, i);
  for (guint i = 0; i < self->crashed->len && !self->left; i++)
    g_signal_emit (self, shmooze_room_signal (SHMOOZE_ROOM_PEER_LEFT), 0, g_ptr_array_index (self->crashed, i), SHMOOZE_PEER_CRASHED);
  g_ptr_array_set_size (self->crashed, 0);
  if (!self->resting)
    look_at_seats (self, self->present & (self->wait == SHMOOZE_WAIT_POLL && !news ? G_MAXUINT64
                                                                                   : self->changes | self->quiet));

  if (!self->left && self->writer != NULL)
    shmooze_outbox_flush (&self->outbox, &self->writer->ring, self->bell >= 0, shmooze_seat_at (self->own_seat));
  /* One's own that were sent meanwhile: not a round of the main loop later. */
  if (!self->left)
    n += emit_messages (self);
  return n;
}

static void
dispatch (ShmoozeRoom *self)
{
  gint64 now = g_get_monotonic_time ();
  guint n_taken = 0;
  gboolean news;
  guint most;

  /* What was said before joining comes in one piece, and so in order. */
  most = self->greeted ? BATCH : MAX (self->seats.queue_size / 16, BATCH);
  self->greeted = TRUE;
  self->resting = FALSE;
  news = look_around (self);
  self->poll_msec = news ? SHMOOZE_POLL_MIN_MSEC : MIN (self->poll_msec * 2, SHMOOZE_POLL_MAX_MSEC);

  if (self->has_broken)
    tell_broken (self);
  /* The answer to what a handler sends is often there already, and needs no round of the main loop either. */
  do
    n_taken += 1 + take_news (self, most);
  while (!self->left && !self->resting && n_taken < most && is_spoken_to (self) && look_around (self));

  if (!self->left && self->look_at > 0 && now >= self->look_at)
    look_after_peers (self, now);
  if (!self->left)
    schedule (self, now);
}

static gboolean
room_source_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  g_autoptr(ShmoozeRoom) self = g_object_ref (((RoomSource *) source)->room);
  g_autoptr(GError) lost = NULL;

  if (self->lost || self->left || self->dispatching)
    {
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }

  self->dispatching = TRUE;
  if (!is_lost (self, &lost))
    dispatch (self);
  else
    {
      g_source_set_ready_time (source, -1);
      say_lost (self, lost);
    }
  self->dispatching = FALSE;
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs room_source_funcs = {
  .prepare = room_source_prepare,
  .check = room_source_check,
  .dispatch = room_source_dispatch
};

void
shmooze_room_hurry (ShmoozeRoom *self)
{
  /* At the end of a dispatch it is looked anyway. To set the time wakes the loop, even from within. */
  if (!self->dispatching)
    g_source_set_ready_time (self->source, 0);
}

static void
on_file_changed (GFileMonitor      *monitor,
                 GFile             *file,
                 GFile             *other_file,
                 GFileMonitorEvent  event,
                 gpointer           user_data)
{
  ShmoozeRoom *self = user_data;

  self->changed = TRUE;
  shmooze_room_hurry (self);
}

/* The room has a seat: looks who else has, tells them, and follows what happens from now on. */
void
shmooze_room_start_listening (ShmoozeRoom  *self,
                              GMainContext *context)
{
  g_autoptr(GFile) file = g_file_new_for_path (shmooze_region_get_path (self->region));

  self->source = g_source_new (&room_source_funcs, sizeof (RoomSource));
  ((RoomSource *) self->source)->room = self;
  g_source_set_static_name (self->source, "ShmoozeRoom");
  /* It does not: as with the source of a reader, but GLib need not see to it. */
  g_source_set_can_recurse (self->source, TRUE);
  if (self->bell >= 0)
    self->bell_tag = g_source_add_unix_fd (self->source, self->bell, G_IO_IN);
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (i != self->own_seat)
      look_at_seat (self, i, TRUE);
  ring_peers (self);
  shmooze_region_set_context (self->region, context);
  shmooze_room_hurry (self);
  g_source_attach (self->source, context);

  /* Nobody rings when the file is truncated or replaced. */
  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect (self->monitor, "changed", G_CALLBACK (on_file_changed), self);
}

void
shmooze_room_stop_listening (ShmoozeRoom *self)
{
  g_clear_object (&self->monitor);
  if (self->source == NULL)
    return;

  if (!shmooze_region_is_detached (self->region))
    ring_peers (self);
  for (guint i = 0; i < self->seats.n_seats; i++)
    {
      close_bell (self, &self->others[i]);
      g_clear_object (&self->others[i].peer);
    }
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}
