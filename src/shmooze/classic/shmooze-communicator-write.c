/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-communicator-private.h"

#include "region/shmooze-region-private.h"
#include "classic/shmooze-slot-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/* Where messages go, and how they get on their way: what a program writes waits for the slot to be free. */

void
shmooze_communicator_look_for_peer (ShmoozeCommunicator *self)
{
  guint64 lock = (guint64) self->write_position + SHMOOZE_SLOT_READER_LOCK;
  gboolean present = self->write_position >= 0 && shmooze_region_is_locked (self->region, lock);

  if (present == self->peer_present)
    return;
  self->peer_present = present;
  g_object_notify (G_OBJECT (self), "peer-present");
}

/* Wakes a peer of ours, which reads where we write. */
void
shmooze_communicator_ring (ShmoozeCommunicator *self)
{
  if (self->peer_present)
    shmooze_ringer_ring (&self->ringer, shmooze_region_get_id (self->region), (guint64) self->write_position);
}

/**
 * shmooze_communicator_get_write_position:
 * @self: a communicator
 *
 * Gets where the slot to write stands.
 *
 * Returns: the position in bytes; -1 until it is set
 *
 * Since: 1.0
 */
gint64
shmooze_communicator_get_write_position (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), -1);

  return self->write_position;
}

/**
 * shmooze_communicator_set_write_position:
 * @self: a communicator
 * @position: the position in bytes: the peer's position for reading
 * @error: return location for an error
 *
 * Sets where the slot to write stands. A message of a former writer that the
 * peer has not read yet stays, and ours wait for its confirmation.
 *
 * Fails with %G_IO_ERROR_INVALID_ARGUMENT when the slot would not lie within
 * the region or overlap the other one, %G_IO_ERROR_BUSY when somebody else
 * writes there, %G_IO_ERROR_PENDING while messages are unconfirmed,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_set_write_position (ShmoozeCommunicator  *self,
                                         gint64                position,
                                         GError              **error)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!shmooze_communicator_check_open (self, error) ||
      !shmooze_communicator_check_position (self, position, self->read_position, error))
    return FALSE;
  if (self->write_position == position)
    return TRUE;
  if (shmooze_slot_queue_get_n (self->letters) > 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   _("Cannot change write position %" PRId64 ": messages there are not confirmed yet"), self->write_position);
      return FALSE;
    }
  if (!shmooze_region_try_lock (self->region, (guint64) position + SHMOOZE_SLOT_WRITER_LOCK))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("Position %" PRId64 " of region “%s” already has a writer; choose the other position"),
                   position, shmooze_region_get_name (self->region));
      return FALSE;
    }

  if (self->write_position >= 0)
    shmooze_region_unlock (self->region, (guint64) self->write_position + SHMOOZE_SLOT_WRITER_LOCK);
  self->write_position = position;
  shmooze_slot_free (self->view, position);
  shmooze_communicator_look_soon (self);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify (G_OBJECT (self), "write-position");
  shmooze_communicator_look_for_peer (self);
  g_object_thaw_notify (G_OBJECT (self));
  return TRUE;
}

/* FALSE without an error: somebody else is at one of them. */
static gboolean
take_if_free (ShmoozeCommunicator  *self,
              gint64                read_position,
              gint64                write_position,
              GError              **error)
{
  g_autoptr(GError) local_error = NULL;

  if (shmooze_region_is_locked (self->region, (guint64) read_position + SHMOOZE_SLOT_READER_LOCK))
    return FALSE;
  if (shmooze_communicator_set_read_position (self, read_position, &local_error) &&
      shmooze_communicator_set_write_position (self, write_position, &local_error))
    return TRUE;

  if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_BUSY))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/**
 * shmooze_communicator_take_positions:
 * @self: a communicator without positions
 * @error: return location for an error
 *
 * Sets the classic positions, in the order that is free: to read at
 * %SHMOOZE_COMMUNICATOR_FIRST_POSITION and to write at
 * %SHMOOZE_COMMUNICATOR_SECOND_POSITION, or the other way round when a peer
 * of this library does so already. A peer that knows no locks is not
 * noticed: with such a one, say who reads where.
 *
 * Fails with %G_IO_ERROR_BUSY when two others talk there already,
 * %G_IO_ERROR_INVALID_ARGUMENT when the region is too small for these
 * positions, %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_take_positions (ShmoozeCommunicator  *self,
                                     GError              **error)
{
  const gint64 first = SHMOOZE_COMMUNICATOR_FIRST_POSITION, second = SHMOOZE_COMMUNICATOR_SECOND_POSITION;
  g_autoptr(GError) local_error = NULL;

  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (self->read_position < 0 && self->write_position < 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (take_if_free (self, first, second, &local_error) ||
      (local_error == NULL && take_if_free (self, second, first, &local_error)))
    return TRUE;

  self->read_position = -1;
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 _("Region “%s” is already used by two other programs; choose another name"),
                 shmooze_region_get_name (self->region));
  return FALSE;
}

/**
 * shmooze_communicator_get_peer_present:
 * @self: a communicator
 *
 * Gets whether a peer that uses this library reads the slot which is written.
 *
 * Returns: whether it was there when the region was looked at last
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_get_peer_present (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);

  return self->peer_present;
}

/**
 * shmooze_communicator_get_max_size:
 * @self: a communicator
 *
 * Gets how long a message can be: up to where the other slot begins, or the
 * region ends.
 *
 * Returns: the size in bytes; 0 while there is no position for writing
 *
 * Since: 1.0
 */
gsize
shmooze_communicator_get_max_size (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), 0);

  return self->write_position < 0 ? 0 : shmooze_slot_room (self->view, self->write_position, self->read_position);
}

/**
 * shmooze_communicator_get_n_unconfirmed:
 * @self: a communicator
 *
 * Gets how many messages the peer has not confirmed yet.
 *
 * Returns: the number of messages
 *
 * Since: 1.0
 */
guint
shmooze_communicator_get_n_unconfirmed (ShmoozeCommunicator *self)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), 0);

  return shmooze_slot_queue_get_n (self->letters);
}

static gboolean
post (ShmoozeCommunicator  *self,
      gconstpointer         data,
      gsize                 size,
      GTask                *task,
      GError              **error)
{
  if (!shmooze_communicator_check_open (self, error))
    return FALSE;
  if (self->write_position < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("No write position has been set for region “%s”"), shmooze_region_get_name (self->region));
      return FALSE;
    }
  if (size > shmooze_communicator_get_max_size (self))
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("Message too long: %zu bytes, but the slot at %" PRId64 " of “%s” has room for %zu"),
                   size, self->write_position, shmooze_region_get_name (self->region),
                   shmooze_communicator_get_max_size (self));
      return FALSE;
    }

  shmooze_communicator_look_soon (self);
  shmooze_slot_queue_add (self->letters, data, size, task);
  /* What waits behind others is left to the next look: their callbacks must not run within this call. */
  if (shmooze_slot_queue_get_n (self->letters) == 1)
    {
      shmooze_communicator_look_for_peer (self);
      shmooze_communicator_send_some (self);
    }
  else
    shmooze_communicator_tell_unconfirmed (self);
  return TRUE;
}

/**
 * shmooze_communicator_write:
 * @self: a communicator
 * @data: (array length=size) (element-type guint8): the message
 * @size: its size in bytes
 * @error: return location for an error
 *
 * Sends a message. It goes into its slot when the peer has confirmed the one
 * before it.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG when it is longer than
 * [method@Communicator.get_max_size], %G_IO_ERROR_INVALID_ARGUMENT while
 * there is no position for writing, %G_IO_ERROR_CLOSED and
 * %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether the message is on its way
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_write (ShmoozeCommunicator  *self,
                            gconstpointer         data,
                            gsize                 size,
                            GError              **error)
{
  g_return_val_if_fail (SHMOOZE_IS_COMMUNICATOR (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return post (self, data, size, NULL, error);
}

/**
 * shmooze_communicator_write_text:
 * @self: a communicator
 * @text: the message
 * @error: return location for an error
 *
 * Sends a text as UTF-8.
 *
 * Fails like [method@Communicator.write].
 *
 * Returns: whether the message is on its way
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_write_text (ShmoozeCommunicator  *self,
                                 const char           *text,
                                 GError              **error)
{
  g_return_val_if_fail (text != NULL, FALSE);

  return shmooze_communicator_write (self, text, strlen (text), error);
}

/**
 * shmooze_communicator_write_async:
 * @self: a communicator
 * @data: (array length=size) (element-type guint8): the message
 * @size: its size in bytes
 * @cancellable: (nullable): what keeps the message from being sent, while it
 *   still waits for those before it
 * @callback: (scope async) (closure user_data): what to call when the peer has
 *   confirmed the message
 * @user_data: what to hand to @callback
 *
 * Sends a message, and tells when the peer has confirmed it.
 *
 * Since: 1.0
 */
void
shmooze_communicator_write_async (ShmoozeCommunicator  *self,
                                  gconstpointer         data,
                                  gsize                 size,
                                  GCancellable         *cancellable,
                                  GAsyncReadyCallback   callback,
                                  gpointer              user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (SHMOOZE_IS_COMMUNICATOR (self));
  g_return_if_fail (data != NULL || size == 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_communicator_write_async);
  g_task_set_check_cancellable (task, FALSE);  /* what the peer has confirmed is told as confirmed */
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!post (self, data, size, task, &error))
    g_task_return_error (task, error);
}

/**
 * shmooze_communicator_write_finish:
 * @self: a communicator
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Communicator.write_async] began.
 *
 * Fails like [method@Communicator.write], and with %G_IO_ERROR_CANCELLED when
 * the message was not sent, and %G_IO_ERROR_CLOSED when the communicator was
 * closed before the peer confirmed.
 *
 * Returns: whether the peer has confirmed the message
 *
 * Since: 1.0
 */
gboolean
shmooze_communicator_write_finish (ShmoozeCommunicator  *self,
                                   GAsyncResult         *result,
                                   GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
