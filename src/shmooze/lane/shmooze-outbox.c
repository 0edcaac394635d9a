/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-outbox-private.h"

void
shmooze_outbox_init (ShmoozeOutbox      *self,
                     ShmoozeOutboxWrite  write,
                     gpointer            owner)
{
  g_queue_init (&self->tasks);
  self->write = write;
  self->owner = owner;
}

/* Takes ownership of @task. */
void
shmooze_outbox_push (ShmoozeOutbox *self,
                     GTask         *task)
{
  g_queue_push_tail (&self->tasks, task);
}

gboolean
shmooze_outbox_is_empty (ShmoozeOutbox *self)
{
  return g_queue_is_empty (&self->tasks);
}

/* Writes as much as there is space for. If something is left and there is a bell, the readers ring it as soon as
 * they have read more. */
void
shmooze_outbox_flush (ShmoozeOutbox *self,
                      ShmoozeRing   *ring,
                      gboolean       has_bell,
                      guint64        bell)
{
  gboolean asked = FALSE;
  GTask *task;

  while ((task = g_queue_peek_head (&self->tasks)) != NULL)
    {
      GError *error = NULL;
      gboolean written = !g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error) &&
                         self->write (self->owner, g_task_get_task_data (task), &error);

      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_clear_error (&error);
          if (asked || !has_bell)
            return;

          /* Try once more after asking: a reader that has read more in between does not ring. */
          shmooze_ring_await_space (ring, bell);
          asked = TRUE;
          continue;
        }

      /* Remove it first: the callback may run at once, and write again. */
      g_queue_pop_head (&self->tasks);
      if (written)
        g_task_return_boolean (task, TRUE);
      else
        g_task_return_error (task, error);
      g_object_unref (task);
    }
}

/* Fails the writes that still wait. */
void
shmooze_outbox_close (ShmoozeOutbox *self,
                      const char    *message)
{
  GTask *task;

  while ((task = g_queue_pop_head (&self->tasks)) != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "%s", message);
      g_object_unref (task);
    }
}
