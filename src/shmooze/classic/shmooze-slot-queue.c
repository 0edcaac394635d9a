/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-slot-queue-private.h"

#include "classic/shmooze-slot-private.h"

typedef struct
{
  GBytes *message;
  GTask  *task;  /* NULL: nobody wants to know */
} Letter;

struct _ShmoozeSlotQueue
{
  GQueue   waiting;
  gboolean in_slot;  /* the first one */
};

static void
letter_free (gpointer data)
{
  Letter *self = data;

  g_bytes_unref (self->message);
  g_clear_object (&self->task);
  g_free (self);
}

ShmoozeSlotQueue *
shmooze_slot_queue_new (void)
{
  ShmoozeSlotQueue *self = g_new0 (ShmoozeSlotQueue, 1);

  g_queue_init (&self->waiting);
  return self;
}

void
shmooze_slot_queue_free (ShmoozeSlotQueue *self)
{
  g_queue_clear_full (&self->waiting, letter_free);
  g_free (self);
}

guint
shmooze_slot_queue_get_n (ShmoozeSlotQueue *self)
{
  return self->waiting.length;
}

/* The size of the longest one that is not confirmed. */
gsize
shmooze_slot_queue_get_longest (ShmoozeSlotQueue *self)
{
  gsize longest = 0;

  for (GList *link = self->waiting.head; link != NULL; link = link->next)
    longest = MAX (longest, g_bytes_get_size (((Letter *) link->data)->message));
  return longest;
}

void
shmooze_slot_queue_add (ShmoozeSlotQueue *self,
                     gconstpointer   data,
                     gsize           size,
                     GTask          *task)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->message = g_bytes_new (data, size);
  letter->task = task != NULL ? g_object_ref (task) : NULL;
  g_queue_push_tail (&self->waiting, letter);
}

/* Takes it out before its callback can run, which may send another or end it all. */
static void
end_letter (ShmoozeSlotQueue *self,
            GList          *link,
            const GError   *error)
{
  g_autoptr(GTask) task = NULL;
  Letter *letter = link->data;

  if (link == self->waiting.head)
    self->in_slot = FALSE;
  g_queue_delete_link (&self->waiting, link);
  task = g_steal_pointer (&letter->task);
  letter_free (letter);
  if (task != NULL && error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

/* What stands in the slot cannot be called back. */
static GList *
find_cancelled (ShmoozeSlotQueue *self)
{
  GList *link = self->waiting.head;

  if (link != NULL && self->in_slot)
    link = link->next;
  for (; link != NULL; link = link->next)
    {
      Letter *letter = link->data;

      if (letter->task != NULL && g_cancellable_is_cancelled (g_task_get_cancellable (letter->task)))
        return link;
    }
  return NULL;
}

static void
end_cancelled (ShmoozeSlotQueue *self)
{
  GList *link;

  while ((link = find_cancelled (self)) != NULL)
    {
      g_autoptr(GError) error = NULL;

      g_cancellable_set_error_if_cancelled (g_task_get_cancellable (((Letter *) link->data)->task), &error);
      end_letter (self, link, error);
    }
}

/* Goes on as far as the reader lets it. TRUE: something has moved. */
gboolean
shmooze_slot_queue_send (ShmoozeSlotQueue *self,
                      ShmoozeView    *view,
                      gint64          position)
{
  gboolean moved = FALSE;
  Letter *first;

  end_cancelled (self);
  while ((first = g_queue_peek_head (&self->waiting)) != NULL && shmooze_slot_is_free (view, position))
    {
      moved = TRUE;
      if (self->in_slot)
        end_letter (self, self->waiting.head, NULL);
      else if (shmooze_slot_put (view, position, first->message))
        self->in_slot = TRUE;
      else
        break;
    }
  return moved;
}

void
shmooze_slot_queue_fail (ShmoozeSlotQueue *self,
                      const GError   *error)
{
  while (self->waiting.length > 0)
    end_letter (self, self->waiting.head, error);
}
