/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-line-format.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <shmooze/shmooze.h>
#include <string.h>

/* The classic line: UTF-8 from the start of a region, which ends with CR LF. The rest of previous, longer lines
 * follows. LF alone ends a line, too, since programs that do not come from Windows write that.
 */

#define CHUNK 4096

/* The line and its end must fit. */
gboolean
ctl_line_format_write (GIOStream  *stream,
                       GBytes     *line,
                       GError    **error)
{
  GOutputVector vectors[] = {
    { g_bytes_get_data (line, NULL), g_bytes_get_size (line) },
    { "\r\n", CTL_LINE_FORMAT_END_SIZE },
  };

  return g_seekable_seek (G_SEEKABLE (stream), 0, G_SEEK_SET, NULL, error) &&
         g_output_stream_writev_all (g_io_stream_get_output_stream (stream), vectors, G_N_ELEMENTS (vectors),
                                     NULL, NULL, error);
}

/* Sets @size to the number of bytes before the first LF, -1 if there is none; @blank: only zeros were read. */
static gboolean
find_end (GInputStream  *input,
          gssize        *size,
          gboolean      *blank,
          GError       **error)
{
  static const char zeros[CHUNK];
  char chunk[CHUNK];
  gssize before = 0;
  gssize n_read;

  *size = -1;
  *blank = TRUE;
  while ((n_read = g_input_stream_read (input, chunk, sizeof chunk, NULL, error)) > 0)
    {
      const char *newline = memchr (chunk, '\n', (gsize) n_read);

      *blank = *blank && memcmp (chunk, zeros, (gsize) n_read) == 0;
      if (newline != NULL)
        {
          *size = before + (newline - chunk);
          return TRUE;
        }
      before += n_read;
    }

  return n_read == 0;
}

/* Allocates memory for the line only, however large the region is. */
static GBytes *
read_line (GInputStream  *input,
           gsize          size,
           GError       **error)
{
  g_autofree char *bytes = g_malloc (size + 1);
  const char *newline;

  if (!g_input_stream_read_all (input, bytes, size, &size, NULL, error))
    return NULL;

  /* A program that does not lock the mutex may have shortened the line since it was measured. */
  newline = memchr (bytes, '\n', size);
  if (newline != NULL)
    size = (gsize) (newline - bytes);
  if (size > 0 && bytes[size - 1] == '\r')
    size--;

  return g_bytes_new_take (g_steal_pointer (&bytes), size);
}

/* Sets @line to NULL if nothing was written yet. Fails with SHMOOZE_ERROR_CORRUPT if there is no line end. */
gboolean
ctl_line_format_read (GIOStream  *stream,
                      GBytes    **line,
                      GError    **error)
{
  GInputStream *input = g_io_stream_get_input_stream (stream);
  gboolean blank;
  gssize size;

  *line = NULL;
  if (!g_seekable_seek (G_SEEKABLE (stream), 0, G_SEEK_SET, NULL, error) ||
      !find_end (input, &size, &blank, error))
    return FALSE;

  if (size < 0 && blank)
    return TRUE;

  if (size < 0)
    {
      g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT,
                   _("No line found: none of the %" PRId64 " bytes of the region is a line end"),
                   (gint64) g_seekable_tell (G_SEEKABLE (stream)));
      return FALSE;
    }

  if (!g_seekable_seek (G_SEEKABLE (stream), 0, G_SEEK_SET, NULL, error))
    return FALSE;

  *line = read_line (input, (gsize) size, error);
  return *line != NULL;
}
