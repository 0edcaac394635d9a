/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-output.h"
#include "ctl-terminal.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A terminal gets the charset of the locale, in which a byte of a UTF-8 character may be a control character.
 * Pipes and files always get UTF-8, so that nothing is lost.
 */
static char *
encode (const char *text)
{
  const char *charset = NULL;
  char *encoded = NULL;

  if (!g_get_charset (&charset) && ctl_terminal_is_output ())
    encoded = g_convert_with_fallback (text, -1, charset, "UTF-8", "?", NULL, NULL, NULL);

  return encoded != NULL ? encoded : g_strdup (text);
}

/* Writes all of @text to standard output. Blocks while the reader is slow, so that the program slows down rather
 * than storing text; fails with G_IO_ERROR_CANCELLED once @interrupt_fd, which may be -1, becomes readable.
 */
gboolean
ctl_output_write (const char  *text,
                  int          interrupt_fd,
                  GError     **error)
{
  g_autofree char *encoded = encode (text);
  const char *rest = encoded;
  gsize length = strlen (encoded);

  while (length > 0)
    {
      struct pollfd fds[2] = { { STDOUT_FILENO, POLLOUT, 0 }, { interrupt_fd, POLLIN, 0 } };
      ssize_t written;

      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno != EINTR)
        break;

      if (fds[0].revents == 0)
        {
          if (fds[1].revents == 0)
            continue;

          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Interrupted while writing"));
          return FALSE;
        }

      /* A pipe that polls as writable takes this much without blocking. */
      written = write (STDOUT_FILENO, rest, MIN (length, PIPE_BUF));
      if (written < 0 && errno != EINTR && errno != EAGAIN)
        break;

      rest += MAX (written, 0);
      length -= (gsize) MAX (written, 0);
    }

  if (length > 0)
    {
      int errsv = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv),
                   _("Could not write the output: %s"), g_strerror (errsv));
      return FALSE;
    }

  return TRUE;
}
