/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-text-cell-private.h"

#include "region/shmooze-view-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/* How many times a reader tries to copy a text that changes during the copy. */
#define MAX_TRIES 100

static _Atomic (gint32) *
count_of (ShmoozeView *view)
{
  return shmooze_view_get_data (view);
}

static guint16 *
units_of (ShmoozeView *view)
{
  return (guint16 *) ((char *) shmooze_view_get_data (view) + SHMOOZE_TEXT_CELL_MIN);
}

static const char *
name_of (ShmoozeView *view)
{
  return shmooze_region_get_name (shmooze_view_get_region (view));
}

static gint32
load_count (ShmoozeView *view)
{
  return GINT32_FROM_LE (atomic_load_explicit (count_of (view), memory_order_acquire));
}

static gboolean
is_high_surrogate (guint16 unit)
{
  return (unit & 0xfc00) == 0xd800;
}

static gboolean
is_low_surrogate (guint16 unit)
{
  return (unit & 0xfc00) == 0xdc00;
}

guint
shmooze_text_cell_get_max_units (ShmoozeView *view)
{
  return (guint) MIN ((shmooze_view_get_size (view) - SHMOOZE_TEXT_CELL_MIN) / sizeof (guint16), G_MAXINT32);
}

/* The writer may change the text during the copy, and the format has no sequence number. Therefore a copy is accepted
 * only if the count and the text are unchanged after it. */
static GBytes *
copy_units (ShmoozeView  *view,
            GError      **error)
{
  g_autofree guint16 *units = NULL;

  for (guint i = 0; i < MAX_TRIES; i++)
    {
      gint32 count = load_count (view);
      gsize size;

      if (count < 0 || (guint) count > shmooze_text_cell_get_max_units (view))
        {
          g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                       _("Region “%s” claims a text of %" PRId32 " UTF-16 units; the valid range is 0 to %u"),
                       name_of (view), count, shmooze_text_cell_get_max_units (view));
          return NULL;
        }
      if (count == 0)
        return g_bytes_new (NULL, 0);

      size = (gsize) count * sizeof *units;
      units = g_realloc (units, size);
      memcpy (units, units_of (view), size);
      if (load_count (view) == count && memcmp (units, units_of (view), size) == 0)
        return g_bytes_new_take (g_steal_pointer (&units), size);
    }

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               _("The text in region “%s” kept changing while it was read; try again"), name_of (view));
  return NULL;
}

/* Fails with G_IO_ERROR_BUSY if the text changes during each of MAX_TRIES copies. */
GBytes *
shmooze_text_cell_read (ShmoozeView  *view,
                        GError      **error)
{
  g_autoptr(GBytes) units = NULL;

  if (!shmooze_view_begin_reading (view, error))
    return NULL;
  units = copy_units (view, error);
  if (!shmooze_view_end (view, units != NULL ? error : NULL))
    return NULL;
  return g_steal_pointer (&units);
}

/* Unpaired surrogates and NUL units, which UTF-8 text cannot contain, become U+FFFD. */
char *
shmooze_text_cell_to_utf8 (GBytes *units)
{
  gsize size, n;
  gconstpointer data = g_bytes_get_data (units, &size);
  g_autofree guint16 *copy = g_malloc (size + sizeof *copy);  /* never NULL */
  char *text;

  n = size / sizeof *copy;
  for (gsize i = 0; i < n; i++)
    copy[i] = GUINT16_FROM_LE (((const guint16 *) data)[i]);
  for (gsize i = 0; i < n; i++)
    {
      if (is_high_surrogate (copy[i]) && i + 1 < n && is_low_surrogate (copy[i + 1]))
        i++;
      else if (is_high_surrogate (copy[i]) || is_low_surrogate (copy[i]) || copy[i] == 0)
        copy[i] = 0xfffd;
    }
  text = g_utf16_to_utf8 (copy, (glong) n, NULL, NULL, NULL);
  g_assert (text != NULL);
  return text;
}

/* Returns the number of units at the start of the current text, which has @count units, that are the same in the new
 * text. A surrogate pair is counted as a whole or not at all. */
static guint
count_common_units (ShmoozeView   *view,
                    gint32         count,
                    const guint16 *units,
                    guint          n_units)
{
  const guint16 *former = units_of (view);
  guint n = 0;

  if (count < 0 || (guint) count > shmooze_text_cell_get_max_units (view))
    return 0;
  while (n < (guint) count && n < n_units && former[n] == units[n])
    n++;
  if (n > 0 && is_high_surrogate (GUINT16_FROM_LE (units[n - 1])))
    n--;
  return n;
}

static void
publish (ShmoozeView   *view,
         const guint16 *units,
         guint          n_units)
{
  gint32 count = load_count (view);
  guint common = count_common_units (view, count, units, n_units);

  /* A reader must never see a count that includes units of another text. So the count is first reduced to the common
   * units, then the text is written, then the new count. The reduction is an exchange rather than a store, so that no
   * store to the text becomes visible before it. */
  if (count != (gint32) common)
    atomic_exchange (count_of (view), GINT32_TO_LE ((gint32) common));
  memcpy (units_of (view) + common, units + common, (n_units - common) * sizeof *units);
  atomic_store_explicit (count_of (view), GINT32_TO_LE ((gint32) n_units), memory_order_release);
}

gboolean
shmooze_text_cell_write (ShmoozeView  *view,
                         const char   *text,
                         GError      **error)
{
  glong n_units;
  g_autofree guint16 *units = g_utf8_to_utf16 (text, -1, NULL, &n_units, NULL);

  if (units == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _("The text is not valid UTF-8"));
      return FALSE;
    }
  if (n_units > (glong) shmooze_text_cell_get_max_units (view))
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("Text too long: %ld UTF-16 units, but “%s” has room for %u"), n_units, name_of (view),
                   shmooze_text_cell_get_max_units (view));
      return FALSE;
    }
  if (!shmooze_view_begin_writing (view, error))
    return FALSE;

  for (glong i = 0; i < n_units; i++)
    units[i] = GUINT16_TO_LE (units[i]);
  publish (view, units, (guint) n_units);
  return shmooze_view_end (view, error);
}
