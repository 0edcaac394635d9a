/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-slot-private.h"

#include "region/shmooze-view-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#define CONFIRM_AT 1
#define LENGTH_AT 2

static char *
bytes_at (ShmoozeView *view,
          gint64       position)
{
  return (char *) shmooze_view_get_data (view) + position;
}

static _Atomic (guint8) *
flag_at (ShmoozeView *view,
         gint64       position)
{
  return (_Atomic (guint8) *) bytes_at (view, position);
}

static guint8
load_flag (ShmoozeView *view,
           gint64       position)
{
  return atomic_load_explicit (flag_at (view, position), memory_order_acquire);
}

static void
store_flag (ShmoozeView *view,
            gint64       position,
            guint8       value)
{
  atomic_store_explicit (flag_at (view, position), value, memory_order_release);
}

/* How long a message can be in the slot: up to the other slot, or the end. */
gsize
shmooze_slot_room (ShmoozeView *view,
                   gint64       position,
                   gint64       other)
{
  gint64 end = other > position ? other : (gint64) shmooze_view_get_size (view);

  return MIN ((gsize) (end - position - SHMOOZE_SLOT_DATA_AT), G_MAXINT32);
}

/* Confirms what nobody will: an empty slot is free to be written, whatever its last writer was at when it
 * ended. A message that has not been read stays. */
void
shmooze_slot_free (ShmoozeView *view,
                   gint64       position)
{
  if (!shmooze_view_begin_writing (view, NULL))
    return;
  if (load_flag (view, position) == 0)
    store_flag (view, position + CONFIRM_AT, 1);
  shmooze_view_end (view, NULL);
}

/* A reader that has not taken the message has not confirmed it, whatever else it says. */
gboolean
shmooze_slot_is_free (ShmoozeView *view,
                      gint64       position)
{
  gboolean confirmed;

  if (!shmooze_view_begin_reading (view, NULL))
    return FALSE;
  confirmed = load_flag (view, position + CONFIRM_AT) == 1 && load_flag (view, position) == 0;
  return shmooze_view_end (view, NULL) && confirmed;
}

/* The message fits, and the slot is free. */
gboolean
shmooze_slot_put (ShmoozeView *view,
                  gint64       position,
                  GBytes      *message)
{
  gsize size;
  const void *data = g_bytes_get_data (message, &size);
  gint32 length = GINT32_TO_LE ((gint32) size);

  if (!shmooze_view_begin_writing (view, NULL))
    return FALSE;
  memcpy (bytes_at (view, position + LENGTH_AT), &length, sizeof length);
  if (size > 0)
    memcpy (bytes_at (view, position + SHMOOZE_SLOT_DATA_AT), data, size);
  /* In this order: who sees the second flag finds everything else in place. */
  store_flag (view, position + CONFIRM_AT, 0);
  store_flag (view, position, 1);
  return shmooze_view_end (view, NULL);
}

/* The slot is only written to when the message is in order. */
static GBytes *
take (ShmoozeView  *view,
      gint64        position,
      gsize         room,
      GError      **error)
{
  guint8 available = load_flag (view, position), confirm = load_flag (view, position + CONFIRM_AT);
  GBytes *message;
  gint32 length;

  if (available == 0 && confirm <= 1)
    return NULL;

  memcpy (&length, bytes_at (view, position + LENGTH_AT), sizeof length);
  /* What is checked is what is used: the compiler must not look there again, where the peer may write. */
  atomic_signal_fence (memory_order_seq_cst);
  length = GINT32_FROM_LE (length);
  if (available > 1 || confirm > 1 || length < 0 || (gsize) length > room)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                   _("The slot at %" PRId64 " is corrupt: flags %d and %d (must be 0 or 1), length %" PRId32
                     " (must be 0 to %zu)"),
                   position, available, confirm, length, room);
      return NULL;
    }

  message = g_bytes_new (bytes_at (view, position + SHMOOZE_SLOT_DATA_AT), (gsize) length);
  store_flag (view, position, 0);
  store_flag (view, position + CONFIRM_AT, 1);
  return message;
}

/* NULL without an error: there is none. */
GBytes *
shmooze_slot_take (ShmoozeView  *view,
                   gint64        position,
                   gsize         room,
                   GError      **error)
{
  g_autoptr(GBytes) message = NULL;
  g_autoptr(GError) local_error = NULL;

  if (!shmooze_view_begin_writing (view, error))
    return NULL;
  message = take (view, position, room, &local_error);
  if (!shmooze_view_end (view, error))
    return NULL;
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return g_steal_pointer (&message);
}
