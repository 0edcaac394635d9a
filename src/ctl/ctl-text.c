/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-text.h"

#include <string.h>

/* Text for a terminal: made harmless, measured and cut in columns. */

#define REPLACEMENT  0xfffd
#define LAST_CONTROL 0x1f
#define DELETE       0x7f
#define PICTURES     0x2400
#define JOINER       0x200d

/* A text of a stranger must not move the cursor, colour the screen or answer for the user. */
static void
append_harmless (GString  *string,
                 gunichar  c)
{
  if (c <= LAST_CONTROL)
    g_string_append_unichar (string, PICTURES + c);
  else if (c == DELETE)
    g_string_append_unichar (string, PICTURES + 0x21);
  else if (g_unichar_type (c) == G_UNICODE_CONTROL)
    g_string_append_unichar (string, REPLACEMENT);
  else
    g_string_append_unichar (string, c);
}

static gboolean
is_line_end (gunichar c)
{
  return c == '\n' || c == 0x2028 || c == 0x2029;
}

/* Marks that turn the direction of all that follows on the line. */
static gboolean
is_direction (gunichar c)
{
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Control characters become pictures of themselves; line ends and tabs stay. */
char *
ctl_text_clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_line_end (c))
        g_string_append_c (clean, '\n');
      else if (c == '\t')
        g_string_append_c (clean, '\t');
      else if (c != '\r' || p[1] != '\n')
        append_harmless (clean, c);
    }

  return g_string_free (clean, FALSE);
}

/* The same for what must stay on one line and leave what follows it alone: names, live texts. */
char *
ctl_text_clean_line (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\t')
        g_string_append_c (clean, ' ');
      else if (is_line_end (c))
        append_harmless (clean, '\n');
      else if (is_direction (c))
        g_string_append_unichar (clean, REPLACEMENT);
      else
        append_harmless (clean, c);
    }

  return g_string_free (clean, FALSE);
}

/* As g_format_size(), with a plain space: tables are read by programs, too. */
char *
ctl_text_size (guint64 size)
{
  g_autofree char *text = g_format_size (size);
  g_auto (GStrv) parts = g_strsplit (text, "\302\240", -1);

  return g_strjoinv (" ", parts);
}

static gsize
char_width (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;

  return g_unichar_iswide (c) ? 2 : 1;
}

gsize
ctl_text_width (const char *text)
{
  gsize width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    width += char_width (g_utf8_get_char (p));

  return width;
}

/* Appends @text and as many spaces as make it @width columns. */
void
ctl_text_pad (GString    *string,
              const char *text,
              gsize       width)
{
  g_string_append (string, text);

  for (gsize i = ctl_text_width (text); i < width; i++)
    g_string_append_c (string, ' ');
}

/* The longest end of @text that takes no more than @width columns. */
const char *
ctl_text_tail (const char *text,
               gsize       width)
{
  const char *tail = text + strlen (text);
  gsize taken = 0;

  for (const char *p = tail; p > text;)
    {
      p = g_utf8_prev_char (p);
      taken += char_width (g_utf8_get_char (p));
      if (taken > width)
        break;
      /* A mark without its letter would stand on what comes before. */
      if (char_width (g_utf8_get_char (p)) > 0)
        tail = p;
    }

  return tail;
}

/* Removes what a person takes for the last character: with its marks, and all that joiners join. */
void
ctl_text_erase_last (GString *text)
{
  gboolean more = text->len > 0;

  while (more)
    {
      const char *last = g_utf8_prev_char (text->str + text->len);
      gunichar c = g_utf8_get_char (last);

      g_string_truncate (text, (gsize) (last - text->str));
      more = text->len > 0 &&
             (g_unichar_iszerowidth (c) ||
              g_utf8_get_char (g_utf8_prev_char (text->str + text->len)) == JOINER);
    }
}
