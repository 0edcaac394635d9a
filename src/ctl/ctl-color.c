/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-color.h"

#include <string.h>
#include <unistd.h>

/* When to colour what is printed, and how. */

#define NORMAL "\033[m"

/* What is given to an option --color, or NULL. FALSE: no such word. */
gboolean
ctl_color_parse (const char *word,
                 gboolean   *color)
{
  const char *terminal = g_getenv ("TERM");
  const char *no_color = g_getenv ("NO_COLOR");

  if (word == NULL || strcmp (word, "auto") == 0)
    *color = isatty (STDOUT_FILENO) && g_strcmp0 (terminal, "dumb") != 0 &&
             (no_color == NULL || *no_color == '\0');
  else if (strcmp (word, "always") == 0)
    *color = TRUE;
  else if (strcmp (word, "never") == 0)
    *color = FALSE;
  else
    return FALSE;

  return TRUE;
}

/* Colours every line by itself, for pagers; not at all where @style is NULL. */
void
ctl_color_append_line (GString    *output,
                       const char *style,
                       const char *start,
                       const char *line)
{
  if (style != NULL)
    g_string_append_printf (output, "%s%s%s" NORMAL "\n", style, start, line);
  else
    g_string_append_printf (output, "%s%s\n", start, line);
}
