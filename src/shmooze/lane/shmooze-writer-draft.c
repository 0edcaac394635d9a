/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "lane/shmooze-writer-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/**
 * shmooze_writer_get_max_draft:
 * @self: a writer
 *
 * Gets how long a draft can be.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
gsize
shmooze_writer_get_max_draft (ShmoozeWriter *self)
{
  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), 0);

  return self->lane.draft_size;
}

/**
 * shmooze_writer_set_draft:
 * @self: a writer
 * @text: the text
 * @length: its length in bytes, or -1 when a NUL ends it
 * @error: return location for an error
 *
 * Publishes the latest value of the draft. Readers see it whole or not at
 * all, whatever happens to this process meanwhile, and need not see every
 * one.
 *
 * Fails with %SHMOOZE_ERROR_TOO_LONG, the former draft staying,
 * %SHMOOZE_ERROR_LOST and %G_IO_ERROR_CLOSED.
 *
 * Returns: whether it is published
 *
 * Since: 1.0
 */
gboolean
shmooze_writer_set_draft (ShmoozeWriter *self,
                          const char    *text,
                          gssize         length,
                          GError       **error)
{
  ShmoozeLane *lane;
  gsize at, size, done = sizeof (guint32);
  guint64 word = 0;

  g_return_val_if_fail (SHMOOZE_IS_WRITER (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (G_UNLIKELY (!shmooze_writer_is_sound (self) || self->broken) && !shmooze_writer_check (self, error))
    return FALSE;

  lane = &self->lane;
  size = length < 0 ? strlen (text) : (gsize) length;
  if (size > lane->draft_size)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG,
                   _("A draft of %zu bytes is too long: the limit of this lane is %zu bytes"),
                   size, lane->draft_size);
      return FALSE;
    }

  /* The idle one of the two is filled. A reader may still be copying what stood there: releases tell it. */
  at = lane->drafts_at + ((self->draft + 1) & 1) * ((sizeof (guint32) + lane->draft_size + 7) & ~(gsize) 7);
  memcpy (&word, &(guint32) { (guint32) size }, sizeof (guint32));
  memcpy ((char *) &word + sizeof (guint32), text, MIN (size, sizeof (guint32)));
  atomic_store_explicit (shmooze_lane_word (lane, at), word, memory_order_release);
  for (; done < size; done += sizeof word)
    {
      word = 0;
      memcpy (&word, text + done, MIN (size - done, sizeof word));
      atomic_store_explicit (shmooze_lane_word (lane, at + sizeof (guint32) + done), word, memory_order_release);
    }

  self->draft++;
  self->has_draft = size > 0;
  shmooze_writer_publish (self, shmooze_lane_word (lane, SHMOOZE_LANE_DRAFT), self->draft);
  return TRUE;
}

/* What was a draft has become a message: nothing is being typed any more, unless something else is. */
void
shmooze_writer_end_draft (ShmoozeWriter *self,
                          const char    *text)
{
  guint64 sequence;
  gsize length;
  g_autofree char *draft = NULL;

  if (!self->has_draft)
    return;
  draft = shmooze_lane_copy_draft (&self->lane, &sequence, &length, NULL);
  if (draft != NULL && length > 0 && length == strlen (text) && memcmp (draft, text, length) == 0)
    shmooze_writer_set_draft (self, "", 0, NULL);
}
