/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-slot-queue-private.h"

#include "classic/shmooze-slot-private.h"

typedef struct
{
  GBytes *message;
  GTask  *task;  /* completed when the message is confirmed; NULL if it was written without a callback */
} Item;

struct _ShmoozeSlotQueue
{
  GQueue   items;
  gboolean in_slot;  /* whether the first item is in the slot */
};

static void
item_free (gpointer data)
{
  Item *self = data;

  g_bytes_unref (self->message);
  g_clear_object (&self->task);
  g_free (self);
}

ShmoozeSlotQueue *
shmooze_slot_queue_new (void)
{
  ShmoozeSlotQueue *self = g_new0 (ShmoozeSlotQueue, 1);

  g_queue_init (&self->items);
  return self;
}

void
shmooze_slot_queue_free (ShmoozeSlotQueue *self)
{
  g_queue_clear_full (&self->items, item_free);
  g_free (self);
}

guint
shmooze_slot_queue_get_n (ShmoozeSlotQueue *self)
{
  return self->items.length;
}

/* Returns the size of the longest message. */
gsize
shmooze_slot_queue_get_longest (ShmoozeSlotQueue *self)
{
  gsize longest = 0;

  for (GList *link = self->items.head; link != NULL; link = link->next)
    longest = MAX (longest, g_bytes_get_size (((Item *) link->data)->message));
  return longest;
}

void
shmooze_slot_queue_add (ShmoozeSlotQueue *self,
                        gconstpointer     data,
                        gsize             size,
                        GTask            *task)
{
  Item *item = g_new0 (Item, 1);

  item->message = g_bytes_new (data, size);
  g_set_object (&item->task, task);
  g_queue_push_tail (&self->items, item);
}

/* Removes an item and completes its task. The item is removed first, because the callback of the task may write another
 * message or close the communicator. */
static void
finish (ShmoozeSlotQueue *self,
        GList            *link,
        const GError     *error)
{
  g_autoptr(GTask) task = NULL;
  Item *item = link->data;

  if (link == self->items.head)
    self->in_slot = FALSE;
  g_queue_delete_link (&self->items, link);
  task = g_steal_pointer (&item->task);
  item_free (item);
  if (task != NULL && error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

/* Finds a cancelled message. A message in the slot cannot be cancelled, because the reader may have read it. */
static GList *
find_cancelled (ShmoozeSlotQueue *self)
{
  GList *link = self->items.head;

  if (self->in_slot)
    link = link->next;
  for (; link != NULL; link = link->next)
    {
      Item *item = link->data;

      if (item->task != NULL && g_cancellable_is_cancelled (g_task_get_cancellable (item->task)))
        return link;
    }
  return NULL;
}

static void
finish_cancelled (ShmoozeSlotQueue *self)
{
  GList *link;

  while ((link = find_cancelled (self)) != NULL)
    {
      g_autoptr(GError) error = NULL;

      g_cancellable_set_error_if_cancelled (g_task_get_cancellable (((Item *) link->data)->task), &error);
      finish (self, link, error);
    }
}

/* Completes the message in the slot if the reader has confirmed it, and puts the next one there, until the slot is not
 * free. Returns whether anything was sent or confirmed. */
gboolean
shmooze_slot_queue_send (ShmoozeSlotQueue *self,
                         ShmoozeView      *view,
                         gint64            position)
{
  gboolean moved = FALSE;
  Item *first;

  finish_cancelled (self);
  while ((first = g_queue_peek_head (&self->items)) != NULL && shmooze_slot_is_free (view, position))
    {
      moved = TRUE;
      if (self->in_slot)
        finish (self, self->items.head, NULL);
      else if (shmooze_slot_put (view, position, first->message))
        self->in_slot = TRUE;
      else
        break;
    }
  return moved;
}

void
shmooze_slot_queue_fail (ShmoozeSlotQueue *self,
                         const GError     *error)
{
  while (self->items.length > 0)
    finish (self, self->items.head, error);
}
