/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-display-line-private.h"

/* Makes a short text of untrusted origin, such as a nick, safe to show on one line: valid UTF-8 without control
 * characters. */
char *
shmooze_display_line_new (const char *text,
                          gsize       length)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) length);
  GString *line = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (line, g_unichar_iscntrl (c) ? ' ' : c);
    }
  return g_strstrip (g_string_free (line, FALSE));
}
