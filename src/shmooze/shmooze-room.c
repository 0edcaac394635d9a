/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-room.h"

#include "shmooze-bell-private.h"
#include "shmooze-enum-types.h"
#include "shmooze-message-private.h"
#include "shmooze-peer-private.h"
#include "shmooze-reader-private.h"
#include "shmooze-seats-private.h"
#include "shmooze-writer-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

/**
 * ShmoozeRoom:
 *
 * A place in a region where windows and programs talk with each other.
 *
 * Who joins takes a seat, and writes into the lane that belongs to it: a
 * draft with every keystroke, and messages. The others' lanes are read. All
 * signals are emitted in the thread-default main context of the thread that
 * joined; a room belongs to that thread. Nothing that a peer does, or fails
 * to do, makes a call here wait.
 *
 * Since: 1.0
 */

/* The longest text: with nick and header it stays below a quarter of the lane's queue. */
#define TEXT_MAX 65000

/* One looks whether somebody still reads after this long, and again, and then says so. */
#define ATTENTION_USEC (G_USEC_PER_SEC)
#define PATIENCE_USEC (2 * G_USEC_PER_SEC)
/* Presence of those who have no bell. */
#define PRESENCE_USEC (G_USEC_PER_SEC)

/* How one seat looks from here. */
typedef struct
{
  guint64        word;          /* as it was last read */
  ShmoozePeer   *peer;          /* who sits there; NULL: nobody, or this room */
  int            bell;          /* the peer's, for ringing; its death shows there; -1: none */
  gpointer       bell_tag;
  ShmoozeReader *reader;        /* of the seat's lane; NULL: own, watching or broken */
  gint64         unread_since;  /* 0: the peer has read everything */
} Seat;

typedef struct
{
  GSource      source;
  ShmoozeRoom *room;
} RoomSource;

struct _ShmoozeRoom
{
  GObject        parent_instance;

  char          *name;
  char          *nick;
  ShmoozeRegion *region;
  ShmoozeSeats   seats;
  guint          own_seat;
  ShmoozeWriter *writer;        /* NULL when watching */
  Seat          *others;
  GListStore    *peers;

  ShmoozeWait    wait;
  int            bell;          /* -1: none */
  gpointer       bell_tag;
  guint          poll_msec;
  GSource       *source;
  GFileMonitor  *monitor;
  gboolean       changed;       /* the monitor has something to say */
  gint64         look_at;       /* when to look after those who do not read; 0: not needed */

  GPtrArray     *messages;      /* to be emitted */
  GPtrArray     *crashed;       /* peers found crashed at joining */
  GPtrArray     *errors;        /* lanes found broken at joining: of BrokenLane */
  GQueue         pending;       /* of GTask: messages that wait for room */
  gboolean       lost;
  gboolean       left;
};

typedef struct
{
  guint   seat;
  GError *error;
} BrokenLane;

/* A message in the queue: this, then nick and text without NULs. */
typedef struct
{
  guint64 number;
  gint64  time;
  guint32 nick_length;
  guint32 text_length;
} MessageHead;

G_DEFINE_FINAL_TYPE (ShmoozeRoom, shmooze_room, G_TYPE_OBJECT)

enum
{
  MESSAGE,
  DRAFT_CHANGED,
  PEER_JOINED,
  PEER_LEFT,
  LANE_BROKEN,
  LOST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
broken_lane_free (gpointer data)
{
  BrokenLane *self = data;

  g_error_free (self->error);
  g_free (self);
}

static void
shmooze_room_dispose (GObject *object)
{
  shmooze_room_leave (SHMOOZE_ROOM (object));

  G_OBJECT_CLASS (shmooze_room_parent_class)->dispose (object);
}

static void
shmooze_room_finalize (GObject *object)
{
  ShmoozeRoom *self = SHMOOZE_ROOM (object);

  g_free (self->name);
  g_free (self->nick);
  g_free (self->others);
  g_clear_object (&self->peers);
  g_ptr_array_unref (self->messages);
  g_ptr_array_unref (self->crashed);
  g_ptr_array_unref (self->errors);

  G_OBJECT_CLASS (shmooze_room_parent_class)->finalize (object);
}

static void
shmooze_room_class_init (ShmoozeRoomClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = shmooze_room_dispose;
  object_class->finalize = shmooze_room_finalize;

  /**
   * ShmoozeRoom::message:
   * @self: the room
   * @message: the message
   *
   * Emitted for every message, one's own included, once each; first for
   * those that were said before joining. With several senders at once a
   * message can come after one with a higher number.
   *
   * Since: 1.0
   */
  signals[MESSAGE] = g_signal_new ("message", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, SHMOOZE_TYPE_MESSAGE);
  /**
   * ShmoozeRoom::draft-changed:
   * @self: the room
   * @peer: who is typing
   *
   * Emitted when [method@Peer.get_draft] is another.
   *
   * Since: 1.0
   */
  signals[DRAFT_CHANGED] = g_signal_new ("draft-changed", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, SHMOOZE_TYPE_PEER);
  /**
   * ShmoozeRoom::peer-joined:
   * @self: the room
   * @peer: who has come
   *
   * Emitted when somebody takes a seat.
   *
   * Since: 1.0
   */
  signals[PEER_JOINED] = g_signal_new ("peer-joined", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, SHMOOZE_TYPE_PEER);
  /**
   * ShmoozeRoom::peer-left:
   * @self: the room
   * @peer: who has gone
   * @how: %SHMOOZE_PEER_LEFT or %SHMOOZE_PEER_CRASHED
   *
   * Emitted when somebody has left, after their last message. The draft of
   * a crashed peer stays. Also emitted for those who had crashed with a
   * draft before one joined.
   *
   * Since: 1.0
   */
  signals[PEER_LEFT] = g_signal_new ("peer-left", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 2, SHMOOZE_TYPE_PEER, SHMOOZE_TYPE_PEER_STATE);
  /**
   * ShmoozeRoom::lane-broken:
   * @self: the room
   * @seat: the seat whose lane it is
   * @error: what is wrong
   *
   * Emitted when what stands in a seat's lane breaks the rules. That lane is
   * read no more; the others go on.
   *
   * Since: 1.0
   */
  signals[LANE_BROKEN] = g_signal_new ("lane-broken", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_ERROR);
  /**
   * ShmoozeRoom::lost:
   * @self: the room
   * @error: what happened
   *
   * Emitted once, when the region was truncated, or its name stands for
   * another region now. Leave, and join again.
   *
   * Since: 1.0
   */
  signals[LOST] = g_signal_new ("lost", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
shmooze_room_init (ShmoozeRoom *self)
{
  self->bell = -1;
  self->poll_msec = SHMOOZE_POLL_MIN_MSEC;
  self->peers = g_list_store_new (SHMOOZE_TYPE_PEER);
  self->messages = g_ptr_array_new_with_free_func (g_object_unref);
  self->crashed = g_ptr_array_new_with_free_func (g_object_unref);
  self->errors = g_ptr_array_new_with_free_func (broken_lane_free);
  g_queue_init (&self->pending);
}

static gboolean
is_speaking_seat (ShmoozeRoom *self,
                  guint        seat)
{
  return seat < self->seats.n_speaking;
}

/* Has the source dispatched without waiting for anything. */
static void
hurry (ShmoozeRoom *self)
{
  g_source_set_ready_time (self->source, 0);
}

/* Presence */

static void
close_bell (ShmoozeRoom *self,
            Seat        *seat)
{
  if (seat->bell_tag != NULL)
    g_source_remove_unix_fd (self->source, seat->bell_tag);
  seat->bell_tag = NULL;
  if (seat->bell >= 0)
    close (seat->bell);
  seat->bell = -1;
}

static void
open_bell (ShmoozeRoom *self,
           guint        number)
{
  Seat *seat = &self->others[number];

  close_bell (self, seat);
  if ((seat->word & SHMOOZE_SEAT_WORD_BELL) == 0)
    return;

  seat->bell = shmooze_bell_open (shmooze_region_get_id (self->region), shmooze_seat_at (number));
  if (seat->bell >= 0)
    seat->bell_tag = g_source_add_unix_fd (self->source, seat->bell, G_IO_ERR);
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
  Seat *seat = &self->others[number];
  g_autoptr(ShmoozePeer) peer = g_steal_pointer (&seat->peer);
  guint position;

  close_bell (self, seat);
  seat->unread_since = 0;
  if (g_list_store_find (self->peers, peer, &position))
    g_list_store_remove (self->peers, position);
  shmooze_peer_set_state (peer, how);
  g_signal_emit (self, signals[PEER_LEFT], 0, peer, how);
}

static void
break_lane (ShmoozeRoom *self,
            guint        number,
            GError      *error)
{
  Seat *seat = &self->others[number];

  if (seat->reader != NULL)
    shmooze_reader_close (seat->reader);
  g_clear_object (&seat->reader);
  g_signal_emit (self, signals[LANE_BROKEN], 0, number, error);
}

/* Takes the lane's draft for whoever sits, or sat, there. */
static gboolean
read_draft (ShmoozeRoom  *self,
            guint         number,
            ShmoozePeer  *peer,
            GError      **error)
{
  Seat *seat = &self->others[number];
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
  Seat *seat = &self->others[number];
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
        return;
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
      read_draft (self, number, seat->peer, NULL);
      open_bell (self, number);
      g_list_store_append (self->peers, seat->peer);
      if (!joining)
        g_signal_emit (self, signals[PEER_JOINED], 0, seat->peer);
      if (!joining && seat->peer != NULL && *shmooze_peer_get_draft (seat->peer) != '\0')
        g_signal_emit (self, signals[DRAFT_CHANGED], 0, seat->peer);
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
  Seat *seat = &self->others[number];

  if (atomic_load_explicit (shmooze_seat_word (&self->seats, number), memory_order_acquire) != seat->word)
    return TRUE;
  return seat->bell_tag != NULL && g_source_query_unix_fd (self->source, seat->bell_tag) != 0;
}

/* Messages */

/* Reads one frame. Everything in it is a stranger's word: copied first, then checked. */
static ShmoozeMessage *
parse_message (GBytes  *frame,
               guint    seat,
               GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (frame, &size);
  MessageHead head;
  g_autofree char *nick = NULL;
  g_autofree char *text = NULL;

  if (size >= sizeof head)
    memcpy (&head, data, sizeof head);
  if (size < sizeof head || head.nick_length > SHMOOZE_NICK_MAX ||
      head.text_length > size - sizeof head || head.nick_length != size - sizeof head - head.text_length)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                   _("A message of %" G_GSIZE_FORMAT " bytes in the lane of seat %u is broken"), size, seat);
      return NULL;
    }

  nick = shmooze_seats_legible (data + sizeof head, head.nick_length);
  text = g_utf8_make_valid (data + sizeof head + head.nick_length, head.text_length);
  return shmooze_message_new (head.number, seat, nick, text, head.time, FALSE);
}

/* Takes what has arrived in a lane. */
static gboolean
read_messages (ShmoozeRoom    *self,
               ShmoozeReader  *reader,
               guint           seat,
               GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  GBytes *frame;

  while ((frame = shmooze_reader_read (reader, &local_error)) != NULL)
    {
      ShmoozeMessage *message = parse_message (frame, seat, &local_error);

      g_bytes_unref (frame);
      if (message == NULL)
        break;
      g_ptr_array_add (self->messages, message);
    }
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static void
emit_messages (ShmoozeRoom *self)
{
  g_autoptr(GPtrArray) messages = g_steal_pointer (&self->messages);

  self->messages = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_sort (messages, shmooze_message_compare);
  for (guint i = 0; i < messages->len && !self->left; i++)
    g_signal_emit (self, signals[MESSAGE], 0, g_ptr_array_index (messages, i));
}

/* Puts a message into the queue. Its number is taken last, so that numbers and places agree as far as they
 * can. */
static gboolean
write_message (ShmoozeRoom  *self,
               const char   *text,
               GError      **error)
{
  ShmoozeWord *numbers = (ShmoozeWord *) (gpointer) (self->seats.base + SHMOOZE_ROOM_NUMBERS);
  MessageHead head = {
    .nick_length = (guint32) strlen (self->nick),
    .text_length = (guint32) strlen (text)
  };
  gsize size = sizeof head + head.nick_length + head.text_length;
  char *room = shmooze_writer_reserve (self->writer, size, error);

  if (room == NULL)
    return FALSE;

  head.time = g_get_real_time ();
  head.number = atomic_fetch_add (numbers, 1) + 1;
  memcpy (room, &head, sizeof head);
  memcpy (room + sizeof head, self->nick, head.nick_length);
  memcpy (room + sizeof head + head.nick_length, text, head.text_length);
  shmooze_writer_commit (self->writer, size);

  g_ptr_array_add (self->messages,
                   shmooze_message_new (head.number, self->own_seat, self->nick, text, head.time, TRUE));
  hurry (self);
  return TRUE;
}

static void
write_pending (ShmoozeRoom *self)
{
  gboolean asked = FALSE;
  GTask *task;

  while (!self->left && (task = g_queue_peek_head (&self->pending)) != NULL)
    {
      g_autoptr(GError) error = NULL;

      if (!g_task_return_error_if_cancelled (task))
        {
          if (write_message (self, g_task_get_task_data (task), &error))
            g_task_return_boolean (task, TRUE);
          else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
            {
              if (asked || self->bell < 0)
                return;
              shmooze_writer_await_room (self->writer, shmooze_seat_at (self->own_seat));
              asked = TRUE;
              continue;
            }
          else
            g_task_return_error (task, g_steal_pointer (&error));
        }
      g_object_unref (g_queue_pop_head (&self->pending));
    }
}

/* Attention */

/* Something was published: look later whether it was noticed. */
static void
expect_attention (ShmoozeRoom *self)
{
  gint64 ready = g_source_get_ready_time (self->source);

  if (self->look_at != 0 || g_list_model_get_n_items (G_LIST_MODEL (self->peers)) == 0)
    return;

  self->look_at = g_get_monotonic_time () + ATTENTION_USEC;
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
      Seat *seat = &self->others[i];

      if (seat->peer == NULL)
        continue;
      if (self->writer == NULL || shmooze_writer_is_attended (self->writer, shmooze_seat_at (i)))
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
has_news (ShmoozeRoom *self)
{
  if (self->lost)
    return FALSE;
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (i != self->own_seat)
      {
        if (self->others[i].reader != NULL && shmooze_reader_has_news (self->others[i].reader))
          return TRUE;
        if (seat_needs_look (self, i))
          return TRUE;
      }
  return FALSE;
}

static gboolean
room_source_prepare (GSource *source,
                     gint    *timeout)
{
  ShmoozeRoom *self = ((RoomSource *) source)->room;
  gboolean awake = FALSE;

  *timeout = -1;
  if (self->lost)
    return FALSE;
  for (guint i = 0; i < self->seats.n_seats && !awake; i++)
    if (self->others[i].reader != NULL)
      awake = !shmooze_reader_fall_asleep (self->others[i].reader);
  return awake;
}

static gboolean
room_source_check (GSource *source)
{
  ShmoozeRoom *self = ((RoomSource *) source)->room;

  if (self->bell_tag != NULL && g_source_query_unix_fd (source, self->bell_tag) != 0)
    {
      shmooze_bell_quiet (self->bell);
      return TRUE;
    }
  return has_news (self);
}

static void
say_lost (ShmoozeRoom *self,
          GError      *error)
{
  self->lost = TRUE;
  for (guint i = 0; i < self->seats.n_seats; i++)
    close_bell (self, &self->others[i]);
  g_signal_emit (self, signals[LOST], 0, error);
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
               _("The region “%s” was replaced by another of the same name; join again to meet those who are there"),
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
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (self->others[i].peer != NULL && self->others[i].bell < 0)
      next = MIN (next, now + PRESENCE_USEC);
  if (!g_queue_is_empty (&self->pending))
    next = MIN (next, now + PRESENCE_USEC);
  if (self->messages->len > 0)
    next = 0;
  g_source_set_ready_time (self->source, next == G_MAXINT64 || self->lost ? -1 : next);
}

static gboolean
room_source_dispatch (GSource     *source,
                      GSourceFunc  callback,
                      gpointer     user_data)
{
  g_autoptr(ShmoozeRoom) self = g_object_ref (((RoomSource *) source)->room);
  g_autoptr(GError) lost = NULL;
  gint64 now = g_get_monotonic_time ();
  gboolean news;

  if (self->lost || self->left)
    {
      g_source_set_ready_time (source, -1);
      return G_SOURCE_CONTINUE;
    }
  if (is_lost (self, &lost))
    {
      g_source_set_ready_time (source, -1);
      say_lost (self, lost);
      return G_SOURCE_CONTINUE;
    }

  news = has_news (self);
  self->poll_msec = news ? SHMOOZE_POLL_MIN_MSEC : MIN (self->poll_msec * 2, SHMOOZE_POLL_MAX_MSEC);
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (self->others[i].reader != NULL)
      shmooze_reader_wake_up (self->others[i].reader);

  for (guint i = 0; i < self->errors->len && !self->left; i++)
    {
      BrokenLane *broken = g_ptr_array_index (self->errors, i);

      g_signal_emit (self, signals[LANE_BROKEN], 0, broken->seat, broken->error);
    }
  g_ptr_array_set_size (self->errors, 0);

  /* Who has come is told before what they say, who has gone after it: messages are read in between. */
  for (guint i = 0; i < self->seats.n_seats && !self->left; i++)
    if (i != self->own_seat && self->others[i].peer == NULL && seat_needs_look (self, i))
      look_at_seat (self, i, FALSE);
  for (guint i = 0; i < self->seats.n_seats && !self->left; i++)
    {
      Seat *seat = &self->others[i];
      g_autoptr(GError) error = NULL;

      if (seat->reader != NULL && !read_messages (self, seat->reader, i, &error) &&
          !g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
        break_lane (self, i, error);
    }
  if (!self->left)
    emit_messages (self);
  for (guint i = 0; i < self->seats.n_seats && !self->left; i++)
    {
      g_autoptr(GError) error = NULL;

      if (read_draft (self, i, self->others[i].peer, &error))
        g_signal_emit (self, signals[DRAFT_CHANGED], 0, self->others[i].peer);
      else if (error != NULL && !g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST))
        break_lane (self, i, error);
    }
  for (guint i = 0; i < self->crashed->len && !self->left; i++)
    g_signal_emit (self, signals[PEER_LEFT], 0, g_ptr_array_index (self->crashed, i), SHMOOZE_PEER_CRASHED);
  g_ptr_array_set_size (self->crashed, 0);
  for (guint i = 0; i < self->seats.n_seats && !self->left; i++)
    {
      Seat *seat = &self->others[i];

      if (i != self->own_seat &&
          (seat_needs_look (self, i) ||
           (seat->peer != NULL && (seat->bell < 0 || self->wait == SHMOOZE_WAIT_POLL) && !news)))
        look_at_seat (self, i, FALSE);
    }

  write_pending (self);
  if (!self->left && self->look_at > 0 && now >= self->look_at)
    look_after_peers (self, now);
  if (!self->left)
    schedule (self, now);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs room_source_funcs = {
  .prepare = room_source_prepare,
  .check = room_source_check,
  .dispatch = room_source_dispatch
};

static void
on_file_changed (GFileMonitor      *monitor,
                 GFile             *file,
                 GFile             *other_file,
                 GFileMonitorEvent  event,
                 gpointer           user_data)
{
  ShmoozeRoom *self = user_data;

  self->changed = TRUE;
  hurry (self);
}

/* Joining */

static ShmoozeRegion *
open_or_create (const char  *name,
                GError     **error)
{
  for (gint64 deadline = g_get_monotonic_time () + G_USEC_PER_SEC; ;)
    {
      g_autoptr(GError) local_error = NULL;
      ShmoozeRegion *region = shmooze_region_open (name, SHMOOZE_ACCESS_READ_WRITE, &local_error);

      if (region == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        {
          g_clear_error (&local_error);
          region = shmooze_seats_create_room (name, &local_error);
        }
      if (region != NULL)
        return region;
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_EXISTS) || g_get_monotonic_time () >= deadline)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
}

/* Only one joins at a time, so that nicks are unique and seats are taken in order. It is a matter of
 * microseconds, unless somebody was stopped in the middle of it. */
static gboolean
start_joining (ShmoozeRoom  *self,
               GError      **error)
{
  for (gint64 deadline = g_get_monotonic_time () + G_USEC_PER_SEC; g_get_monotonic_time () < deadline;)
    {
      if (shmooze_region_try_lock (self->region, 0))
        return TRUE;
      g_usleep (200);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               _("Somebody else has been joining “%s” for over a second; try again"), self->name);
  return FALSE;
}

/* Makes the nick one that nobody here has: “Ada”, “Ada 2”. */
static char *
choose_nick (ShmoozeRoom *self,
             const char  *wish)
{
  g_autofree char *base = shmooze_seats_legible (wish, strlen (wish));

  /* Leave room for the number, and cut between characters. */
  if (strlen (base) > SHMOOZE_NICK_MAX - 4)
    {
      char *end = g_utf8_find_prev_char (base, base + SHMOOZE_NICK_MAX - 4);

      *end = '\0';
    }
  for (guint n = 1; ; n++)
    {
      g_autofree char *nick = n == 1 ? g_strdup (base) : g_strdup_printf ("%s %u", base, n);
      gboolean used = FALSE;

      for (guint i = 0; i < self->seats.n_seats && !used; i++)
        {
          g_autofree char *other = NULL;
          guint64 word;
          gint64 since;

          used = shmooze_seats_read (&self->seats, i, &word, &since, &other) &&
                 (word & SHMOOZE_SEAT_WORD_TAKEN) && g_str_equal (other, nick) &&
                 shmooze_region_is_locked (self->region, shmooze_seat_at (i));
        }
      if (!used)
        return g_steal_pointer (&nick);
    }
}

/* Becomes the writer of the seat's lane, and reads what others said from this seat before. */
static gboolean
take_lane (ShmoozeRoom  *self,
           guint         seat,
           GError      **error)
{
  g_autoptr(ShmoozeView) view = shmooze_seats_view_lane (&self->seats, seat, SHMOOZE_ACCESS_READ_WRITE, error);
  g_autoptr(ShmoozeReader) history = NULL;

  if (view == NULL)
    return FALSE;
  self->writer = shmooze_writer_new (view, self->seats.n_seats, self->seats.draft_size, error);
  if (self->writer == NULL)
    return FALSE;
  history = shmooze_reader_new_with_bell (view, 0, FALSE, error);
  if (history == NULL || !read_messages (self, history, seat, error) ||
      !shmooze_writer_set_draft (self->writer, "", 0, error))
    {
      g_ptr_array_set_size (self->messages, 0);
      g_clear_object (&self->writer);
      return FALSE;
    }
  return TRUE;
}

/* Tries the seats in one pass; in the first those that were left in good order, so that the drafts of the
 * crashed stay as long as possible. */
static gboolean
take_seat_from (ShmoozeRoom *self,
                guint        first,
                guint        end,
                gboolean     crashed_too)
{
  for (guint i = first; i < end; i++)
    {
      guint64 word = atomic_load (shmooze_seat_word (&self->seats, i));

      if (!crashed_too && (word & SHMOOZE_SEAT_WORD_TAKEN))
        continue;
      if (!shmooze_region_try_lock (self->region, shmooze_seat_at (i)))
        continue;
      if (!is_speaking_seat (self, i) || take_lane (self, i, NULL))
        {
          self->own_seat = i;
          return TRUE;
        }
      shmooze_region_unlock (self->region, shmooze_seat_at (i));
    }
  return FALSE;
}

static gboolean
take_seat (ShmoozeRoom  *self,
           GError      **error)
{
  for (guint pass = 0; pass < 2; pass++)
    if (take_seat_from (self, 0, self->seats.n_speaking, pass == 1))
      return TRUE;
  if (take_seat_from (self, self->seats.n_speaking, self->seats.n_seats, TRUE))
    return TRUE;

  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT,
               _("All %u places in “%s” are taken; wait until somebody leaves, or choose another name"),
               self->seats.n_seats, self->name);
  return FALSE;
}

static void
attach_readers (ShmoozeRoom *self)
{
  for (guint i = 0; i < self->seats.n_speaking; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeView) view = NULL;

      if (i == self->own_seat)
        continue;
      view = shmooze_seats_view_lane (&self->seats, i, SHMOOZE_ACCESS_READ_WRITE, &error);
      if (view != NULL)
        self->others[i].reader = shmooze_reader_new_with_bell (view, shmooze_seat_at (self->own_seat),
                                                               self->wait == SHMOOZE_WAIT_BELL, &error);
      if (error != NULL)
        {
          BrokenLane *broken = g_new0 (BrokenLane, 1);

          broken->seat = i;
          broken->error = g_steal_pointer (&error);
          g_ptr_array_add (self->errors, broken);
        }
    }
}

static gboolean
sit_down (ShmoozeRoom  *self,
          const char   *nick,
          ShmoozeWait   wait,
          GError      **error)
{
  g_autoptr(GError) local_error = NULL;

  if (!take_seat (self, error))
    return FALSE;

  self->nick = choose_nick (self, nick);
  self->bell = shmooze_bell_make (shmooze_region_get_id (self->region), shmooze_seat_at (self->own_seat), &local_error);
  if (self->bell < 0 && wait == SHMOOZE_WAIT_BELL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  self->wait = self->bell < 0 || wait == SHMOOZE_WAIT_POLL ? SHMOOZE_WAIT_POLL : SHMOOZE_WAIT_BELL;
  attach_readers (self);
  shmooze_seats_take (&self->seats, self->own_seat, self->bell >= 0, self->nick);
  return TRUE;
}

/**
 * shmooze_room_join:
 * @region_name: the name of the region; it is made a room when it is new
 * @nick: the nickname to be known by
 * @wait: how to wait for others
 * @error: return location for an error
 *
 * Joins a room. When somebody there has the nickname, a number is put behind
 * it. When all seats are taken one can still watch: see
 * [method@Room.is_watching].
 *
 * Fails with %SHMOOZE_ERROR_LAYOUT when the region is no room,
 * %SHMOOZE_ERROR_NO_SEAT when not even a watching place is free, and the
 * errors of [ctor@Region.create_or_open].
 *
 * Returns: (transfer full): the room
 *
 * Since: 1.0
 */
ShmoozeRoom *
shmooze_room_join (const char   *region_name,
                   const char   *nick,
                   ShmoozeWait   wait,
                   GError      **error)
{
  g_autoptr(ShmoozeRoom) self = NULL;
  g_autoptr(GFile) file = NULL;
  gboolean seated;

  g_return_val_if_fail (region_name != NULL, NULL);
  g_return_val_if_fail (nick != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (SHMOOZE_TYPE_ROOM, NULL);
  self->name = g_strdup (region_name);
  self->region = open_or_create (region_name, error);
  if (self->region == NULL || !shmooze_seats_attach (&self->seats, self->region, SHMOOZE_ACCESS_READ_WRITE, error))
    return NULL;

  self->others = g_new0 (Seat, self->seats.n_seats);
  for (guint i = 0; i < self->seats.n_seats; i++)
    self->others[i].bell = -1;
  self->own_seat = self->seats.n_seats;  /* none yet */
  if (!start_joining (self, error))
    return NULL;
  seated = sit_down (self, nick, wait, error);
  shmooze_region_unlock (self->region, 0);
  if (!seated)
    return NULL;

  self->source = g_source_new (&room_source_funcs, sizeof (RoomSource));
  ((RoomSource *) self->source)->room = self;
  g_source_set_static_name (self->source, "ShmoozeRoom");
  if (self->bell >= 0)
    self->bell_tag = g_source_add_unix_fd (self->source, self->bell, G_IO_IN);
  for (guint i = 0; i < self->seats.n_seats; i++)
    if (i != self->own_seat)
      look_at_seat (self, i, TRUE);
  ring_peers (self);
  hurry (self);
  g_source_attach (self->source, g_main_context_get_thread_default ());

  file = g_file_new_for_path (shmooze_region_get_path (self->region));
  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect (self->monitor, "changed", G_CALLBACK (on_file_changed), self);
  return g_steal_pointer (&self);
}

/**
 * shmooze_room_leave:
 * @self: a room
 *
 * Leaves the room in good order: the others see it at once. Messages that
 * still wait fail with %G_IO_ERROR_CLOSED. To leave twice is fine.
 *
 * Since: 1.0
 */
void
shmooze_room_leave (ShmoozeRoom *self)
{
  GTask *task;

  g_return_if_fail (SHMOOZE_IS_ROOM (self));

  if (self->left)
    return;
  self->left = TRUE;

  g_clear_object (&self->monitor);
  if (self->seats.base != NULL && self->nick != NULL && !shmooze_region_is_detached (self->region))
    {
      if (self->writer != NULL)
        shmooze_writer_set_draft (self->writer, "", 0, NULL);
      shmooze_seats_leave (&self->seats, self->own_seat);
    }
  g_clear_object (&self->writer);
  for (guint i = 0; self->others != NULL && i < self->seats.n_seats; i++)
    {
      Seat *seat = &self->others[i];

      if (seat->reader != NULL)
        shmooze_reader_close (seat->reader);
      g_clear_object (&seat->reader);
    }
  if (self->others != NULL && self->own_seat < self->seats.n_seats)
    shmooze_region_unlock (self->region, shmooze_seat_at (self->own_seat));
  if (self->others != NULL && !shmooze_region_is_detached (self->region))
    ring_peers (self);
  for (guint i = 0; self->others != NULL && i < self->seats.n_seats; i++)
    {
      close_bell (self, &self->others[i]);
      g_clear_object (&self->others[i].peer);
    }
  if (self->bell >= 0)
    shmooze_bell_unmake (self->bell, shmooze_region_get_id (self->region), shmooze_seat_at (self->own_seat));
  self->bell = -1;
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_list_store_remove_all (self->peers);
  shmooze_seats_clear (&self->seats);
  g_clear_object (&self->region);

  while ((task = g_queue_pop_head (&self->pending)) != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, _("You have left “%s”"), self->name);
      g_object_unref (task);
    }
}

static gboolean
check_can_speak (ShmoozeRoom  *self,
                 gsize         length,
                 GError      **error)
{
  if (self->left)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("You have left “%s”"), self->name);
  else if (self->lost)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, _("The region “%s” is lost; join again"), self->name);
  else if (self->writer == NULL)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT,
                 _("All seats in “%s” were taken: you can only watch"), self->name);
  else if (length > shmooze_room_get_max_text (self))
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                 _("The text is too long: %" G_GSIZE_FORMAT " bytes, %" G_GSIZE_FORMAT " are possible"),
                 length, shmooze_room_get_max_text (self));
  else
    return TRUE;
  return FALSE;
}

/**
 * shmooze_room_set_draft:
 * @self: a room
 * @text: the text as it is now; empty when there is none
 * @error: return location for an error
 *
 * Shows the others what is being typed. To be called with every keystroke:
 * it takes no lock, and makes no system call unless somebody sleeps.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG, the former draft staying,
 * %SHMOOZE_ERROR_NO_SEAT when one only watches, %SHMOOZE_ERROR_LOST and
 * %G_IO_ERROR_CLOSED.
 *
 * Returns: whether it is published
 *
 * Since: 1.0
 */
gboolean
shmooze_room_set_draft (ShmoozeRoom  *self,
                        const char   *text,
                        GError      **error)
{
  gsize length;

  g_return_val_if_fail (SHMOOZE_IS_ROOM (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  length = strlen (text);
  if (!check_can_speak (self, length, error) ||
      !shmooze_writer_set_draft (self->writer, text, (gssize) length, error))
    return FALSE;

  expect_attention (self);
  return TRUE;
}

/**
 * shmooze_room_send_async:
 * @self: a room
 * @text: what to say
 * @cancellable: (nullable): cancels it as long as it waits
 * @callback: called when the message stands in the region
 * @user_data: for @callback
 *
 * Sends a message. Messages stand in the region in the order of the calls.
 * When the region is full, because a peer does not read, they wait. Once a
 * message stands there it outlives its sender.
 *
 * Since: 1.0
 */
void
shmooze_room_send_async (ShmoozeRoom         *self,
                         const char          *text,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (SHMOOZE_IS_ROOM (self));
  g_return_if_fail (text != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_room_send_async);
  g_task_set_task_data (task, g_utf8_make_valid (text, -1), g_free);
  if (!check_can_speak (self, strlen (g_task_get_task_data (task)), &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  g_queue_push_tail (&self->pending, task);
  if (self->pending.length == 1)
    write_pending (self);
  if (!g_queue_is_empty (&self->pending))
    hurry (self);
  expect_attention (self);
}

/**
 * shmooze_room_send_finish:
 * @self: a room
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Room.send_async].
 *
 * Returns: whether the message stands in the region
 *
 * Since: 1.0
 */
gboolean
shmooze_room_send_finish (ShmoozeRoom   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (SHMOOZE_IS_ROOM (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * shmooze_room_get_name:
 * @self: a room
 *
 * Gets the name of the region.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
shmooze_room_get_name (ShmoozeRoom *self)
{
  g_return_val_if_fail (SHMOOZE_IS_ROOM (self), NULL);

  return self->name;
}

/**
 * shmooze_room_get_nick:
 * @self: a room
 *
 * Gets the nickname that one is known by here.
 *
 * Returns: the nickname
 *
 * Since: 1.0
 */
const char *
shmooze_room_get_nick (ShmoozeRoom *self)
{
  g_return_val_if_fail (SHMOOZE_IS_ROOM (self), NULL);

  return self->nick;
}

/**
 * shmooze_room_get_seat:
 * @self: a room
 *
 * Gets one's own seat.
 *
 * Returns: the seat's number
 *
 * Since: 1.0
 */
guint
shmooze_room_get_seat (ShmoozeRoom *self)
{
  g_return_val_if_fail (SHMOOZE_IS_ROOM (self), 0);

  return self->own_seat;
}

/**
 * shmooze_room_is_watching:
 * @self: a room
 *
 * Gets whether one only watches, because all seats were taken.
 *
 * Returns: whether one can say nothing
 *
 * Since: 1.0
 */
gboolean
shmooze_room_is_watching (ShmoozeRoom *self)
{
  g_return_val_if_fail (SHMOOZE_IS_ROOM (self), FALSE);

  return !self->left && self->writer == NULL;
}

/**
 * shmooze_room_get_peers:
 * @self: a room
 *
 * Gets the others who are here, in a list that follows their coming and
 * going.
 *
 * Returns: (transfer none): a list of [class@Peer]
 *
 * Since: 1.0
 */
GListModel *
shmooze_room_get_peers (ShmoozeRoom *self)
{
  g_return_val_if_fail (SHMOOZE_IS_ROOM (self), NULL);

  return G_LIST_MODEL (self->peers);
}

/**
 * shmooze_room_get_max_text:
 * @self: a room
 *
 * Gets how long a draft or a message can be.
 *
 * Returns: the length in bytes of UTF-8
 *
 * Since: 1.0
 */
gsize
shmooze_room_get_max_text (ShmoozeRoom *self)
{
  gsize message;

  g_return_val_if_fail (SHMOOZE_IS_ROOM (self), 0);

  message = self->seats.queue_size / 4 - sizeof (MessageHead) - SHMOOZE_NICK_MAX;
  return MIN (TEXT_MAX, MIN (self->seats.draft_size, message));
}
