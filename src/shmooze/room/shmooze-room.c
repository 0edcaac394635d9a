/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-room-private.h"

#include "lane/shmooze-writer-private.h"
#include "os/shmooze-bell-private.h"
#include "room/shmooze-message-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * ShmoozeRoom:
 *
 * A conversation between processes, in a region.
 *
 * Each participant takes a seat and writes into the lane of that seat: a draft,
 * which is updated with every keystroke, and messages. The lanes of the other
 * seats are read.
 *
 * A room belongs to the thread that joined it. All signals are emitted in the
 * main context that was the thread default when the room was joined.
 *
 * No call on a room waits for a peer, whatever the peer does, except
 * [ctor@Room.join], which has an asynchronous variant, [func@Room.join_async].
 *
 * Since: 1.0
 */

/* The longest text: with its nick and header, it takes less than a quarter of the lane's queue. */
#define TEXT_MAX 65000

G_DEFINE_FINAL_TYPE (ShmoozeRoom, shmooze_room, G_TYPE_OBJECT)

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

  for (guint i = 0; i < self->seats.n_seats; i++)
    {
      g_clear_pointer (&self->others[i].last_sender, g_ref_string_release);
      g_clear_error (&self->others[i].broken);
    }
  g_free (self->others);
  g_free (self->name);
  g_clear_pointer (&self->nick, g_ref_string_release);
  g_clear_object (&self->peers);
  g_ptr_array_unref (self->messages);
  g_ptr_array_unref (self->crashed);

  G_OBJECT_CLASS (shmooze_room_parent_class)->finalize (object);
}

static void
shmooze_room_class_init (ShmoozeRoomClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = shmooze_room_dispose;
  object_class->finalize = shmooze_room_finalize;

  shmooze_room_presence_class_init (klass);
  shmooze_room_source_class_init (klass);
}

static gboolean
write_message (gpointer   owner,
               gpointer   text,
               GError   **error)
{
  ShmoozeRoom *self = owner;
  ShmoozeMessage *message = shmooze_message_put (self->writer, shmooze_seats_numbers (&self->seats), self->own_seat,
                                                 self->nick, text, error);

  if (message == NULL)
    return FALSE;

  shmooze_writer_end_draft (self->writer, text);
  g_ptr_array_add (self->messages, message);
  shmooze_room_source_wake (self);
  return TRUE;
}

static void
shmooze_room_init (ShmoozeRoom *self)
{
  self->bell = -1;
  self->peers = g_list_store_new (SHMOOZE_TYPE_PEER);
  self->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) shmooze_message_unref);
  self->crashed = g_ptr_array_new_with_free_func (g_object_unref);
  shmooze_outbox_init (&self->outbox, write_message, self);
}

/**
 * shmooze_room_leave:
 * @self: a room
 *
 * Leaves the room. The peers notice it immediately.
 *
 * Messages that still wait fail with %G_IO_ERROR_CLOSED. Leaving a room again
 * has no effect.
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
  for (guint i = 0; i < self->seats.n_seats; i++)
    g_clear_object (&self->others[i].reader);
  if (self->own_seat < self->seats.n_seats)
    shmooze_region_unlock (self->region, shmooze_seat_offset (self->own_seat));
  shmooze_room_source_stop (self);
  if (self->bell >= 0)
    shmooze_bell_unmake (self->bell, shmooze_region_get_id (self->region), shmooze_seat_offset (self->own_seat));
  self->bell = -1;
  shmooze_seats_clear (&self->seats);
  g_clear_object (&self->region);

  message = g_strdup_printf (_("You have left “%s”"), self->name);
  shmooze_outbox_close (&self->outbox, message);
}

static gboolean
check_can_write (ShmoozeRoom  *self,
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
 * @text: the current text; empty if there is none
 * @error: return location for an error
 *
 * Shows the peers what the user is typing.
 *
 * This is meant to be called with every keystroke: it takes no lock, and makes
 * a system call only if a peer has to be woken.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG, in which case the previous draft remains,
 * %SHMOOZE_ERROR_NO_SEAT if the room can only be watched, %SHMOOZE_ERROR_LOST
 * and %G_IO_ERROR_CLOSED.
 *
 * Returns: %TRUE if the draft was published
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
  if (!check_can_write (self, length, error) ||
      !shmooze_writer_set_draft (self->writer, text, (gssize) length, error))
    return FALSE;

  shmooze_room_source_expect_attention (self);
  return TRUE;
}

/* Fails with WOULD_BLOCK if the message has to wait. */
static gboolean
try_send (ShmoozeRoom   *self,
          const char    *text,
          GCancellable  *cancellable,
          GError       **error)
{
  if (!check_can_write (self, strlen (text), error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  shmooze_room_source_expect_attention (self);
  if (shmooze_outbox_is_empty (&self->outbox))
    return write_message (self, (gpointer) text, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "");
  return FALSE;
}

/**
 * shmooze_room_send_async:
 * @self: a room
 * @text: the text of the message
 * @cancellable: (nullable): cancels the message while it waits
 * @callback: called when the message is in the region, or has failed
 * @user_data: passed to @callback
 *
 * Sends a message.
 *
 * Messages are put into the region in the order of the calls. When a peer does
 * not read and the queue is full, they wait. A message that is in the region
 * can be read even if its sender crashes.
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

  if (!shmooze_text_is_valid (text, strlen (text)))
    text = valid = g_utf8_make_valid (text, -1);
  /* The usual case: there is space, and no callback. No task is needed then. */
  if (try_send (self, text, cancellable, &error) && callback == NULL)
    return;

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_room_send_async);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (&error);
      g_task_set_task_data (task, g_strdup (text), g_free);
      shmooze_outbox_push (&self->outbox, task);
      shmooze_outbox_flush (&self->outbox, &self->writer->ring, self->bell >= 0, shmooze_seat_offset (self->own_seat));
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
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes [method@Room.send_async].
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG, %SHMOOZE_ERROR_NO_SEAT if the room can
 * only be watched, %SHMOOZE_ERROR_LOST, %SHMOOZE_ERROR_CORRUPT,
 * %G_IO_ERROR_CANCELLED, and %G_IO_ERROR_CLOSED if the room was left before
 * the message could be sent.
 *
 * Returns: %TRUE if the message is in the region
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
 * Gets the nickname under which this room was joined. It can differ from the
 * one that was asked for: see [ctor@Room.join].
 *
 * Returns: the nickname, one line of valid UTF-8
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
 * Gets the number of the own seat.
 *
 * Returns: the number
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
 * Gets whether the room can only be watched, because all seats with a lane
 * were taken.
 *
 * Returns: %TRUE if no draft can be set and no message can be sent
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
 * Gets the peers that are in the room. The list is updated as peers join and
 * leave.
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
 * Gets the maximum length of a draft or a message.
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
