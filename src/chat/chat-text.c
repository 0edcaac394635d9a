/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-text.h"

#include <string.h>

char *
chat_text_dup (GtkTextBuffer *buffer)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);

  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

/* Returns: how many bytes of whole characters @a and @b have in common at the start */
static gsize
count_common_start (const char *a,
                    const char *b)
{
  gsize n = 0;

  while (a[n] != '\0' && a[n] == b[n])
    n++;
  while (n > 0 && ((a[n] & 0xc0) == 0x80 || (b[n] & 0xc0) == 0x80))
    n--;

  return n;
}

/* Returns: how many bytes of whole characters @a and @b have in common at the end */
static gsize
count_common_end (const char *a,
                  const char *b)
{
  const char *a_end = a + strlen (a);
  const char *b_end = b + strlen (b);
  gsize n = 0;

  while (a_end - n > a && b_end - n > b && a_end[-1 - (gssize) n] == b_end[-1 - (gssize) n])
    n++;
  while (n > 0 && (a_end[-(gssize) n] & 0xc0) == 0x80)
    n--;

  return n;
}

/* Replaces @old, which is at @offset, with @text. Changes only the part that differs, so that the reading position
 * stays and following a long text costs no more than following a short one.
 *
 * @tag: (nullable): for the new part */
void
chat_text_replace (GtkTextBuffer *buffer,
                   int            offset,
                   const char    *old,
                   const char    *text,
                   GtkTextTag    *tag)
{
  const gsize start = count_common_start (old, text);
  const gsize end = count_common_end (old + start, text + start);
  const gsize n_new = strlen (text) - start - end;
  const gsize n_old = strlen (old) - start - end;
  const int at = offset + (int) g_utf8_strlen (text, (gssize) start);
  GtkTextIter from, to;

  if (n_old > 0)
    {
      gtk_text_buffer_get_iter_at_offset (buffer, &from, at);
      gtk_text_buffer_get_iter_at_offset (buffer, &to, at + (int) g_utf8_strlen (old + start, (gssize) n_old));
      gtk_text_buffer_delete (buffer, &from, &to);
    }

  if (n_new > 0)
    {
      gtk_text_buffer_get_iter_at_offset (buffer, &from, at);
      gtk_text_buffer_insert_with_tags (buffer, &from, text + start, (int) n_new, tag, NULL);
    }
}
