/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-shared-text-private.h"

#include "os/shmooze-bell-private.h"
#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/* How often to look for new readers. */
#define LOOK_USEC (SHMOOZE_POLL_MAX_MSEC * 1000)

/* How many units of what stands there, of @count units, the text begins with as well; no half of a pair. */
static guint
common_beginning (ShmoozeSharedText *self,
                  gint32             count,
                  const guint16     *units,
                  guint              n_units)
{
  const guint16 *there = shmooze_shared_text_get_units (self);
  guint n = 0;

  if (count < 0 || (guint) count > shmooze_shared_text_get_max_units (self))
    return 0;
  while (n < (guint) count && n < n_units && there[n] == units[n])
    n++;
  if (n > 0 && (GUINT16_FROM_LE (units[n - 1]) & 0xfc00) == 0xd800)
    n--;
  return n;
}

static void
publish (ShmoozeSharedText *self,
         const guint16     *units,
         guint              n_units)
{
  gint32 count = GINT32_FROM_LE (atomic_load_explicit (shmooze_shared_text_get_count (self), memory_order_acquire));
  guint common = common_beginning (self, count, units, n_units);

  /* First the count shrinks to what stays: an exchange, so that no store to the text comes before it.
   * Then the text, then its count. */
  if (count != (gint32) common)
    atomic_exchange (shmooze_shared_text_get_count (self), GINT32_TO_LE ((gint32) common));
  memcpy (shmooze_shared_text_get_units (self) + common, units + common, (n_units - common) * sizeof *units);
  atomic_store_explicit (shmooze_shared_text_get_count (self), GINT32_TO_LE ((gint32) n_units), memory_order_release);
}

/* Readers of ours sleep beside a bell. For new ones there is no need to look at each keystroke: they have just
 * read what was there, and look again by themselves. */
static void
wake_readers (ShmoozeSharedText *self)
{
  gint64 now = g_get_monotonic_time ();
  gboolean look = now - self->last_look >= LOOK_USEC;

  if (look)
    self->last_look = now;
  for (guint i = 0; i < G_N_ELEMENTS (self->ringers); i++)
    {
      guint64 number = SHMOOZE_SHARED_TEXT_READER_LOCK + i;

      if (self->ringers[i].open || (look && shmooze_region_is_locked (self->region, number)))
        shmooze_ringer_ring (&self->ringers[i], shmooze_region_get_id (self->region), number);
    }
}

/**
 * shmooze_shared_text_set_text:
 * @self: a shared text, of [ctor@SharedText.share]
 * @text: the text
 * @error: return location for an error
 *
 * Puts a text into the region, in place of the former one.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG when it has more units than
 * [method@SharedText.get_max_units]; the former text stays. Fails with
 * %G_IO_ERROR_INVALID_ARGUMENT when @text is not UTF-8,
 * %G_IO_ERROR_PERMISSION_DENIED when this object only shows the text,
 * %G_IO_ERROR_CLOSED and %SHMOOZE_ERROR_LOST.
 *
 * Returns: whether it worked
 *
 * Since: 1.0
 */
gboolean
shmooze_shared_text_set_text (ShmoozeSharedText  *self,
                              const char         *text,
                              GError            **error)
{
  g_autofree guint16 *units = NULL;
  glong n_units;

  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!self->shares)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _("The text in region “%s” was opened for reading only and cannot be changed"),
                   shmooze_region_get_name (self->region));
      return FALSE;
    }
  units = g_utf8_to_utf16 (text, -1, NULL, &n_units, NULL);
  if (units == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _("The text is not valid UTF-8"));
      return FALSE;
    }
  if (n_units > (glong) shmooze_shared_text_get_max_units (self))
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("Text too long: %ld UTF-16 units, but “%s” has room for %u"), n_units,
                   shmooze_region_get_name (self->region), shmooze_shared_text_get_max_units (self));
      return FALSE;
    }
  if (!shmooze_view_begin_writing (self->view, error))
    return FALSE;

  for (glong i = 0; i < n_units; i++)
    units[i] = GUINT16_TO_LE (units[i]);
  publish (self, units, (guint) n_units);
  if (!shmooze_view_end (self->view, error))
    return FALSE;

  wake_readers (self);
  return TRUE;
}
