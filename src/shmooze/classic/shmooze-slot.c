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

/* Returns the maximum length of a message: it ends at the slot at @other if that comes after this one, or else at the
 * end of the region. */
gsize
shmooze_slot_room (ShmoozeView *view,
                   gint64       position,
                   gint64       other)
{
  gint64 end = other > position ? other : (gint64) shmooze_view_get_size (view);

  return MIN ((gsize) (end - position - SHMOOZE_SLOT_DATA_AT), G_MAXINT32);
}

/* Makes an empty slot free to be written: its former writer may have ended between the stores of
 * shmooze_slot_put(), where neither a message is available nor the last one is confirmed. A message that has not
 * been read stays. */
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

/* A confirmation does not count while the message is still marked as available. */
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

/* The caller has checked that the message fits and that the slot is free. */
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
  /* The flag that makes the message visible is stored last: a reader that sees it finds everything else in place. */
  store_flag (view, position + CONFIRM_AT, 0);
  store_flag (view, position, 1);
  return shmooze_view_end (view, NULL);
}

/* Writes to the slot only if its contents are valid. */
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
  /* The length that is checked must be the length that is used: the compiler must not load it again, because the
   * peer may change it at any time. */
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

/* Returns NULL without an error if there is no message. */
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
