/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-room-private.h"

#include "os/shmooze-bell-private.h"
#include "shmooze-enum-types.h"
#include "room/shmooze-message-private.h"
#include "lane/shmooze-reader-private.h"
#include "lane/shmooze-writer-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * ShmoozeRoom:
 *
 * A place in a region where windows and programs talk with each other.
 *
 * Who joins takes a seat, and writes into the lane that belongs to it: a
 * draft with every keystroke, and messages. The others' lanes are read. All
 * signals are emitted in the thread-default main context of the thread that
 * joined; a room belongs to that thread. Nothing that a peer does, or fails
 * to do, makes a call here wait, but for [ctor@Room.join], which has
 * [func@Room.join_async] beside it.
 *
 * Since: 1.0
 */

/* The longest text: with nick and header it stays below a quarter of the lane's queue. */
#define TEXT_MAX 65000

G_DEFINE_FINAL_TYPE (ShmoozeRoom, shmooze_room, G_TYPE_OBJECT)

static guint signals[SHMOOZE_ROOM_LOST + 1];

guint
shmooze_room_signal (ShmoozeRoomSignal signal)
{
  return signals[signal];
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
  g_clear_pointer (&self->nick, g_ref_string_release);
  for (guint i = 0; self->others != NULL && i < self->seats.n_seats; i++)
    g_clear_pointer (&self->others[i].last_sender, g_ref_string_release);
  for (guint i = 0; self->broken != NULL && i < self->seats.n_seats; i++)
    g_clear_error (&self->broken[i]);
  g_free (self->broken);
  g_free (self->others);
  g_clear_object (&self->peers);
  g_ptr_array_unref (self->messages);
  g_ptr_array_unref (self->spare_messages);
  g_ptr_array_unref (self->crashed);

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
  signals[SHMOOZE_ROOM_MESSAGE] = g_signal_new ("message", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, SHMOOZE_TYPE_MESSAGE | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * ShmoozeRoom::draft-changed:
   * @self: the room
   * @peer: who is typing
   *
   * Emitted when [method@Peer.get_draft] is another.
   *
   * Since: 1.0
   */
  signals[SHMOOZE_ROOM_DRAFT_CHANGED] = g_signal_new ("draft-changed", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
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
  signals[SHMOOZE_ROOM_PEER_JOINED] = g_signal_new ("peer-joined", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
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
  signals[SHMOOZE_ROOM_PEER_LEFT] = g_signal_new ("peer-left", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
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
  signals[SHMOOZE_ROOM_LANE_BROKEN] = g_signal_new ("lane-broken", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
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
  signals[SHMOOZE_ROOM_LOST] = g_signal_new ("lost", SHMOOZE_TYPE_ROOM, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static gboolean
write_message (gpointer   owner,
               gpointer   what,
               GError   **error)
{
  ShmoozeRoom *self = owner;
  ShmoozeWord *numbers = (ShmoozeWord *) (gpointer) (self->seats.base + SHMOOZE_ROOM_NUMBERS);
  ShmoozeMessage *message = shmooze_message_put (self->writer, numbers, self->own_seat, self->nick, what, error);

  if (message == NULL)
    return FALSE;

  shmooze_writer_end_draft (self->writer, what);
  g_ptr_array_add (self->messages, message);
  shmooze_room_hurry (self);
  return TRUE;
}

static void
shmooze_room_init (ShmoozeRoom *self)
{
  self->bell = -1;
  self->poll_msec = SHMOOZE_POLL_MIN_MSEC;
  self->presence_usec = G_USEC_PER_SEC;
  self->peers = g_list_store_new (SHMOOZE_TYPE_PEER);
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) shmooze_message_unref);
  self->spare_messages = g_ptr_array_new_with_free_func ((GDestroyNotify) shmooze_message_unref);
  self->crashed = g_ptr_array_new_with_free_func (g_object_unref);
  shmooze_outbox_init (&self->outbox, write_message, self);
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
  g_autofree char *message = NULL;

  g_return_if_fail (SHMOOZE_IS_ROOM (self));

  if (self->left)
    return;
  self->left = TRUE;

  if (self->seated && !shmooze_region_is_detached (self->region))
    {
      if (self->writer != NULL)
        shmooze_writer_set_draft (self->writer, "", 0, NULL);
      shmooze_seats_leave (&self->seats, self->own_seat);
    }
  g_clear_object (&self->writer);
  for (guint i = 0; self->others != NULL && i < self->seats.n_seats; i++)
    g_clear_object (&self->others[i].reader);
  if (self->others != NULL && self->own_seat < self->seats.n_seats)
    shmooze_region_unlock (self->region, shmooze_seat_at (self->own_seat));
  shmooze_room_stop_listening (self);
  if (self->bell >= 0)
    shmooze_bell_unmake (self->bell, shmooze_region_get_id (self->region), shmooze_seat_at (self->own_seat));
  self->bell = -1;
  g_list_store_remove_all (self->peers);
  shmooze_seats_clear (&self->seats);
  g_clear_object (&self->region);

  message = g_strdup_printf (_("You have left “%s”"), self->name);
  shmooze_outbox_close (&self->outbox, message);
}

static gboolean
check_can_speak (ShmoozeRoom  *self,
                 gsize         length,
                 GError      **error)
{
  if (self->left)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("You have left “%s”"), self->name);
  else if (self->lost)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, _("Region “%s” is lost; leave and join again"), self->name);
  else if (self->writer == NULL)
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_NO_SEAT,
                 _("You can only watch “%s”: all seats were taken when you joined"), self->name);
  else if (length > shmooze_room_get_max_text (self))
    g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                 _("A text of %zu bytes is too long: the limit is %zu bytes"),
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

  shmooze_room_expect_attention (self);
  return TRUE;
}

/* WOULD_BLOCK: it has to wait its turn. */
static gboolean
say_at_once (ShmoozeRoom   *self,
             const char    *text,
             GCancellable  *cancellable,
             GError       **error)
{
  if (!check_can_speak (self, strlen (text), error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  shmooze_room_expect_attention (self);
  if (shmooze_outbox_is_empty (&self->outbox))
    return write_message (self, (gpointer) text, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "");
  return FALSE;
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
  g_autofree char *valid = NULL;
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (SHMOOZE_IS_ROOM (self));
  g_return_if_fail (text != NULL);

  if (!g_utf8_validate (text, -1, NULL))
    text = valid = g_utf8_make_valid (text, -1);
  /* Usually there is room at once, and nobody wants to hear of it. */
  if (say_at_once (self, text, cancellable, &error) && callback == NULL)
    return;

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_room_send_async);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (&error);
      g_task_set_task_data (task, g_strdup (text), g_free);
      shmooze_outbox_push (&self->outbox, task);
      shmooze_outbox_flush (&self->outbox, &self->writer->ring, self->bell >= 0, shmooze_seat_at (self->own_seat));
      return;
    }

  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * shmooze_room_send_finish:
 * @self: a room
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Room.send_async].
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG, %SHMOOZE_ERROR_NO_SEAT when one only
 * watches, %SHMOOZE_ERROR_LOST, %SHMOOZE_ERROR_CORRUPT,
 * %G_IO_ERROR_CANCELLED, and %G_IO_ERROR_CLOSED when one has left meanwhile.
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

  message = self->seats.queue_size / 4 - SHMOOZE_MESSAGE_HEAD_MAX;
  return MIN (TEXT_MAX, MIN (self->seats.draft_size, message));
}
