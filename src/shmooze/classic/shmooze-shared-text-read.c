/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "classic/shmooze-shared-text-private.h"

#include "region/shmooze-poll-private.h"
#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <string.h>

/* How often a reader looks again at a text that changes under its eyes. */
#define MAX_LOOKS 100

/* Copies what stands in the region. The writer may be at work: two looks have to agree. */
static gboolean
look (ShmoozeSharedText  *self,
      GArray             *units,
      GError            **error)
{
  for (guint i = 0; i < MAX_LOOKS; i++)
    {
      gint32 count = GINT32_FROM_LE (atomic_load_explicit (shmooze_shared_text_get_count (self), memory_order_acquire));
      gsize size;

      if (count < 0 || (guint) count > shmooze_shared_text_get_max_units (self))
        {
          g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                       _("Region “%s” claims a text of %" PRId32 " UTF-16 units; the valid range is 0 to %u"),
                       shmooze_region_get_name (self->region), count, shmooze_shared_text_get_max_units (self));
          return FALSE;
        }
      size = (gsize) count * sizeof (guint16);
      g_array_set_size (units, (guint) count);
      if (count > 0)
        memcpy (units->data, shmooze_shared_text_get_units (self), size);
      if (GINT32_FROM_LE (atomic_load_explicit (shmooze_shared_text_get_count (self), memory_order_acquire)) == count &&
          (count == 0 || memcmp (units->data, shmooze_shared_text_get_units (self), size) == 0))
        return TRUE;
    }

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, _("The text in region “%s” kept changing while it was read; try again"),
               shmooze_region_get_name (self->region));
  return FALSE;
}

static gboolean
read_units (ShmoozeSharedText  *self,
            GArray             *units,
            GError            **error)
{
  gboolean whole;

  if (!shmooze_view_begin_reading (self->view, error))
    return FALSE;
  whole = look (self, units, error);
  return shmooze_view_end (self->view, whole ? error : NULL) && whole;
}

/* The units as text; what is none is replaced. */
static char *
units_to_text (GArray *units)
{
  g_autofree guint16 *copy = g_new (guint16, units->len + 1);  /* never NULL */
  char *text;

  for (guint i = 0; i < units->len; i++)
    copy[i] = GUINT16_FROM_LE (g_array_index (units, guint16, i));
  for (guint i = 0; i < units->len; i++)
    {
      gboolean high = (copy[i] & 0xfc00) == 0xd800;

      if (high && i + 1 < units->len && (copy[i + 1] & 0xfc00) == 0xdc00)
        i++;
      else if (high || (copy[i] & 0xfc00) == 0xdc00 || copy[i] == 0)
        copy[i] = 0xfffd;
    }
  text = g_utf16_to_utf8 (copy, units->len, NULL, NULL, NULL);
  g_assert (text != NULL);
  return text;
}

/**
 * shmooze_shared_text_dup_text:
 * @self: a shared text
 * @n_units: (out) (optional): how many UTF-16 units it has
 * @error: return location for an error
 *
 * Reads the text as it is now. What is no text in it (halves of a pair, NUL)
 * comes as U+FFFD.
 *
 * Fails with %SHMOOZE_ERROR_CORRUPT when the count cannot be,
 * %G_IO_ERROR_BUSY when the text changes all the time, %G_IO_ERROR_CLOSED
 * and %SHMOOZE_ERROR_LOST. Nothing is changed then.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
shmooze_shared_text_dup_text (ShmoozeSharedText  *self,
                              guint              *n_units,
                              GError            **error)
{
  g_autoptr(GArray) units = g_array_new (FALSE, FALSE, sizeof (guint16));

  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!read_units (self, units, error))
    return NULL;
  if (n_units != NULL)
    *n_units = units->len;
  return units_to_text (units);
}

/**
 * shmooze_shared_text_get_sharer_present:
 * @self: a shared text
 *
 * Gets whether a process that uses this library shares the text. A program
 * of another kind is not noticed.
 *
 * Returns: whether it is there
 *
 * Since: 1.0
 */
gboolean
shmooze_shared_text_get_sharer_present (ShmoozeSharedText *self)
{
  g_return_val_if_fail (SHMOOZE_IS_SHARED_TEXT (self), FALSE);

  return shmooze_view_get_data (self->view) != NULL &&
         shmooze_region_is_locked (self->region, SHMOOZE_SHARED_TEXT_SHARER_LOCK);
}

static void
look_for_sharer (ShmoozeSharedText *self)
{
  gboolean present = shmooze_shared_text_get_sharer_present (self);

  if (present == self->sharer_present)
    return;
  self->sharer_present = present;
  g_object_notify (G_OBJECT (self), "sharer-present");
}

static gboolean
on_look (gpointer user_data)
{
  g_autoptr(ShmoozeSharedText) self = g_object_ref (user_data);
  g_autoptr(GArray) units = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  if (!read_units (self, units, &error))
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
        return TRUE;
      if (!g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
        shmooze_shared_text_stop_reader (self);
      shmooze_shared_text_fail (self, error);
      return FALSE;
    }

  self->failing = FALSE;
  if (self->seen && units->len == self->units->len &&
      (units->len == 0 || memcmp (units->data, self->units->data, units->len * sizeof (guint16)) == 0))
    {
      look_for_sharer (self);
      return FALSE;
    }

  self->seen = TRUE;
  g_array_set_size (self->units, 0);
  if (units->len > 0)
    g_array_append_vals (self->units, units->data, units->len);
  text = units_to_text (units);
  shmooze_shared_text_tell (self, text);
  return TRUE;
}

/* Readers beyond the last bell look only. */
static void
take_bell (ShmoozeSharedText *self)
{
  for (guint i = 0; i < SHMOOZE_SHARED_TEXT_N_BELLS && self->bell == 0; i++)
    if (shmooze_region_try_lock (self->region, SHMOOZE_SHARED_TEXT_READER_LOCK + i))
      self->bell = SHMOOZE_SHARED_TEXT_READER_LOCK + i;
  if (self->bell != 0)
    shmooze_poll_source_add_bell (self->source, self->region, self->bell);
}

/**
 * shmooze_shared_text_start_reader:
 * @self: a shared text, of [ctor@SharedText.show]
 *
 * Follows the text: [signal@SharedText::changed] is emitted on the
 * thread-default main context of this call, from its next turn on. As the
 * layout has no bell, the region is looked at, every few milliseconds while
 * the text changes, four times a second after. A sharer that uses this
 * library rings a bell beside the region, for eight readers at a time.
 *
 * Since: 1.0
 */
void
shmooze_shared_text_start_reader (ShmoozeSharedText *self)
{
  g_return_if_fail (SHMOOZE_IS_SHARED_TEXT (self));
  g_return_if_fail (!self->shares);

  if (self->source != NULL)
    return;

  self->seen = FALSE;
  self->failing = FALSE;
  self->source = shmooze_poll_source_new ();
  g_source_set_callback (self->source, on_look, self, NULL);
  take_bell (self);
  self->sharer_present = shmooze_shared_text_get_sharer_present (self);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

/**
 * shmooze_shared_text_stop_reader:
 * @self: a shared text
 *
 * Ends what [method@SharedText.start_reader] began. To do so twice is fine.
 *
 * Since: 1.0
 */
void
shmooze_shared_text_stop_reader (ShmoozeSharedText *self)
{
  g_return_if_fail (SHMOOZE_IS_SHARED_TEXT (self));

  if (self->source == NULL)
    return;
  shmooze_poll_source_remove_bell (self->source);
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  if (self->bell != 0)
    shmooze_region_unlock (self->region, self->bell);
  self->bell = 0;
}
