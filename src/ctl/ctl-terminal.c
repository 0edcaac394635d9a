/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

/* Whether standard output is a terminal, and what it can do. */

#define DEFAULT_COLUMNS 80
#define DEFAULT_ROWS    24

static gboolean
is_dumb (void)
{
  return g_strcmp0 (g_getenv ("TERM"), "dumb") == 0;
}

gboolean
ctl_terminal_is_output (void)
{
  return isatty (STDOUT_FILENO);
}

/* Whether text that was printed can be erased again. */
gboolean
ctl_terminal_can_erase (void)
{
  return ctl_terminal_is_output () && g_getenv ("TERM") != NULL && !is_dumb ();
}

/* See https://no-color.org */
gboolean
ctl_terminal_has_color (void)
{
  const char *no_color = g_getenv ("NO_COLOR");

  return ctl_terminal_is_output () && !is_dumb () && (no_color == NULL || *no_color == '\0');
}

static struct winsize
get_size (void)
{
  struct winsize size = { 0 };

  /* Some terminals report no size, or one that leaves no room for a character beside the cursor. */
  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2 || size.ws_row < 2)
    size = (struct winsize) { .ws_col = DEFAULT_COLUMNS, .ws_row = DEFAULT_ROWS };

  return size;
}

guint
ctl_terminal_get_columns (void)
{
  return get_size ().ws_col;
}

guint
ctl_terminal_get_rows (void)
{
  return get_size ().ws_row;
}
