/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-reader-private.h"
#include "lane/shmooze-writer-private.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>

/* Waiting for room in the queue: asleep, or in a main loop. */

/* A writer that waits for room looks by itself now and then: the reader it waits for may have died. */
#define LOOK_AGAIN_MSEC 250

/* Asks readers to ring @bell when they make room. One has to try once more before sleeping: they may just
 * have made it. */
void
shmooze_writer_await_room (ShmoozeWriter *self,
                           guint64        bell)
{
  atomic_store (shmooze_lane_word (&self->lane, SHMOOZE_LANE_WAITING), bell + 1);
}

static void
make_bell (ShmoozeWriter *self)
{
  if (self->bell < 0)
    self->bell = shmooze_bell_make (shmooze_region_get_id (self->lane.region), self->lane.offset, NULL);
}

/* Whether somebody who reads does so on another processor, at the same time. */
static gboolean
is_read_elsewhere (ShmoozeWriter *self)
{
  guint64 here = shmooze_processor ();

  for (guint i = 0; i < self->lane.n_readers; i++)
    {
      gsize at = shmooze_lane_reader_at (i);
      guint64 there;

      if (atomic_load_explicit (shmooze_lane_word (&self->lane, at), memory_order_relaxed) == SHMOOZE_POSITION_NONE)
        continue;
      there = atomic_load_explicit (shmooze_lane_word (&self->lane, at + SHMOOZE_READER_PROCESSOR), memory_order_relaxed);
      if (there != 0 && there != here)
        return TRUE;
    }
  return FALSE;
}

/* Looks without pause, for a while. */
static gboolean
spin (ShmoozeWriter *self,
      gsize          size,
      gint64         end)
{
  do
    for (guint i = 0; i < SHMOOZE_LOOKS_A_GLANCE; i++)
      {
        if (shmooze_writer_has_room (self, size))
          return TRUE;
        shmooze_relax ();
      }
  while (shmooze_lane_is_open (&self->lane) && g_get_monotonic_time () < end);
  return FALSE;
}

/* Tries in earnest: who is dead and stands in the way is put out of it. FALSE without an error: still full. */
static gboolean
try_room (ShmoozeWriter  *self,
          gsize           size,
          GError        **error)
{
  g_autoptr(GError) local_error = NULL;

  if (shmooze_writer_reserve (self, size, &local_error) != NULL)
    {
      self->has_reserved = FALSE;
      return TRUE;
    }
  if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/**
 * shmooze_writer_wait:
 * @self: a writer
 * @size: how many bytes the next message has
 * @timeout_usec: how long to wait, in microseconds; -1: as long as it takes
 * @cancellable: (nullable): ends the waiting
 * @error: return location for an error
 *
 * Waits until there is room for a message. In a main loop,
 * [method@Writer.write_async] does that.
 *
 * Fails with %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED,
 * %SHMOOZE_ERROR_TOO_LONG when it never could have the room,
 * %SHMOOZE_ERROR_LOST, %SHMOOZE_ERROR_CORRUPT and %G_IO_ERROR_CLOSED.
 *
 * Returns: whether there is room now
 *
 * Since: 1.0
 */
gboolean
shmooze_writer_wait (ShmoozeWriter  *self,
                     gsize           size,
                     gint64          timeout_usec,
                     GCancellable   *cancellable,
                     GError        **error)
{
  g_autoptr(GError) local_error = NULL;
  GPollFD fds[2] = { { .fd = -1, .events = G_IO_IN }, { .fd = -1 } };
  gboolean has_room = FALSE;
  gint64 now, deadline;
  guint n_fds = 1;

  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (try_room (self, size, &local_error))
    return TRUE;

  now = g_get_monotonic_time ();
  deadline = timeout_usec < 0 || timeout_usec > G_MAXINT64 - now ? G_MAXINT64 : now + timeout_usec;
  if (cancellable != NULL && g_cancellable_make_pollfd (cancellable, &fds[1]))
    n_fds = 2;
  while (local_error == NULL && !g_cancellable_set_error_if_cancelled (cancellable, &local_error))
    {
      gint64 left;

      has_room = is_read_elsewhere (self) && spin (self, size, MIN (deadline, now + SHMOOZE_SPIN_USEC));
      if (has_room)
        break;
      make_bell (self);
      if (self->bell >= 0)
        shmooze_writer_await_room (self, self->lane.offset);
      has_room = try_room (self, size, &local_error);
      now = g_get_monotonic_time ();
      left = deadline - now;
      if (has_room || local_error != NULL)
        break;
      if (left <= 0)
        {
          g_set_error_literal (&local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Timed out: the lane is still full"));
          break;
        }

      fds[0].fd = self->bell;
      g_poll (fds, n_fds, (gint) MIN (left / 1000 + 1, self->bell >= 0 ? LOOK_AGAIN_MSEC : SHMOOZE_POLL_MIN_MSEC));
      if (fds[0].revents != 0)
        shmooze_bell_quiet (self->bell);
    }
  if (n_fds == 2)
    g_cancellable_release_fd (cancellable);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return has_room;
}

static gboolean
flush_outbox (gpointer user_data)
{
  g_autoptr(ShmoozeWriter) self = g_object_ref (user_data);

  if (self->bell >= 0)
    shmooze_bell_quiet (self->bell);
  shmooze_outbox_flush (&self->outbox, self, self->bell >= 0, self->lane.offset);
  if (!shmooze_outbox_is_empty (&self->outbox))
    return G_SOURCE_CONTINUE;

  if (self->outbox_source != NULL)
    g_source_destroy (self->outbox_source);
  g_clear_pointer (&self->outbox_source, g_source_unref);
  return G_SOURCE_REMOVE;
}

static gboolean
on_bell (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  return flush_outbox (user_data);
}

/* Waits for the bell, and looks now and then all the same. */
static void
wait_for_room (ShmoozeWriter *self)
{
  g_autoptr(GSource) look = g_timeout_source_new (LOOK_AGAIN_MSEC);

  make_bell (self);
  if (self->bell >= 0)
    {
      self->outbox_source = g_unix_fd_source_new (self->bell, G_IO_IN);
      g_source_set_callback (self->outbox_source, G_SOURCE_FUNC (on_bell), self, NULL);
      g_source_set_dummy_callback (look);
      g_source_add_child_source (self->outbox_source, look);
    }
  else
    {
      self->outbox_source = g_steal_pointer (&look);
      g_source_set_callback (self->outbox_source, flush_outbox, self, NULL);
    }
  g_source_attach (self->outbox_source, g_main_context_get_thread_default ());
  flush_outbox (self);
}

/**
 * shmooze_writer_write_async:
 * @self: a writer
 * @bytes: the message
 * @cancellable: (nullable): cancels it as long as it waits
 * @callback: called when it stands in the queue
 * @user_data: for @callback
 *
 * Puts a message into the queue, as soon as there is room. Messages that
 * wait go out in the order of the calls.
 *
 * Since: 1.0
 */
void
shmooze_writer_write_async (ShmoozeWriter       *self,
                            GBytes              *bytes,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (SHMOOZE_IS_WRITER (self));
  g_return_if_fail (bytes != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_writer_write_async);
  g_task_set_task_data (task, g_bytes_ref (bytes), (GDestroyNotify) g_bytes_unref);
  shmooze_outbox_push (&self->outbox, task);
  if (self->outbox_source != NULL)
    return;

  shmooze_outbox_flush (&self->outbox, self, FALSE, 0);
  if (!shmooze_outbox_is_empty (&self->outbox))
    wait_for_room (self);
}

/**
 * shmooze_writer_write_finish:
 * @self: a writer
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Writer.write_async].
 *
 * Fails like [method@Writer.reserve], but never because the queue is full,
 * with %G_IO_ERROR_CANCELLED, and with %G_IO_ERROR_CLOSED when the writer was
 * closed meanwhile.
 *
 * Returns: whether the message stands in the queue
 *
 * Since: 1.0
 */
gboolean
shmooze_writer_write_finish (ShmoozeWriter  *self,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

