/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-text.h"

#include <string.h>

/* Text for a terminal: display-safe, coloured, and measured in columns. */

#define REPLACEMENT  0xfffd
#define LAST_CONTROL 0x1f
#define DELETE       0x7f
#define PICTURES     0x2400
#define JOINER       0x200d

#define NORMAL "\033[m"

/* A peer's text must not move the cursor, change colours or make the terminal send input. */
static void
append_safe (GString  *string,
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

/* Marks that change the direction of everything that follows on the line. */
static gboolean
is_direction (gunichar c)
{
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Replaces control characters by symbols that depict them; line ends and tabs stay. */
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
        append_safe (clean, c);
    }

  return g_string_free (clean, FALSE);
}

/* The same for text that must stay on one line and must not affect the rest of it: names and drafts. */
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
        append_safe (clean, '\n');
      else if (is_direction (c))
        g_string_append_unichar (clean, REPLACEMENT);
      else
        append_safe (clean, c);
    }

  return g_string_free (clean, FALSE);
}

/* @bytes as valid UTF-8, with NUL replaced. */
char *
ctl_text_from_bytes (GBytes *bytes)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);

  return size > 0 ? g_utf8_make_valid (text, (gssize) size) : g_strdup ("");
}

/* Colours each line separately, since pagers expect that. @style may be NULL. */
void
ctl_text_append_line (GString    *output,
                      const char *style,
                      const char *start,
                      const char *line)
{
  if (style != NULL)
    g_string_append_printf (output, "%s%s%s" NORMAL "\n", style, start, line);
  else
    g_string_append_printf (output, "%s%s\n", start, line);
}

/* Like g_format_size(), with a plain space: scripts read the table of regions. */
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

/* Appends @text, padded with spaces to @width columns. */
void
ctl_text_pad (GString    *string,
              const char *text,
              gsize       width)
{
  g_string_append (string, text);

  for (gsize i = ctl_text_width (text); i < width; i++)
    g_string_append_c (string, ' ');
}

/* The longest end of @text that fits into @width columns. */
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
      /* A combining mark without its letter would combine with the character before it. */
      if (char_width (g_utf8_get_char (p)) > 0)
        tail = p;
    }

  return tail;
}

/* Removes the last character as a person sees it: with its combining marks, and with all that joiners join. */
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
