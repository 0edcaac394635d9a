/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-option.h"
#include "ctl-verb.h"

#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <shmooze/shmooze.h>
#include <string.h>
#include <unistd.h>

/* Reads the whole input, or until it is longer than @room. */
static GBytes *
read_input (guint64   room,
            GError  **error)
{
  g_autoptr (GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 piece[65536];
  gssize n;

  while (bytes->len <= room && (n = g_input_stream_read (input, piece, sizeof piece, NULL, error)) != 0)
    {
      if (n < 0)
        return NULL;
      g_byte_array_append (bytes, piece, (guint) n);
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

int
ctl_write (int    argc,
           char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (ShmoozeRegion) region = NULL;
  g_autoptr (ShmoozeView) view = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  guint64 offset = 0, size, room;
  guint n;
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("NAME [OFFSET]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, NULL,
                       _("Write standard input into a region, at OFFSET or at the beginning."),
                       _("Everything is written once the input has ended, or nothing if it does not fit.")))
    return CTL_EXIT_USAGE;

  n = rest != NULL ? g_strv_length (rest) : 0;
  if (n < 1 || n > 2)
    return ctl_verb_usage_error ("%s", _("Expected one or two arguments: NAME and OFFSET."));
  if (n > 1 && !ctl_option_parse_size (rest[1], &offset, &error))
    return ctl_verb_usage_error ("%s", error->message);

  region = shmooze_region_open (rest[0], SHMOOZE_ACCESS_READ_WRITE, &error);
  if (region != NULL)
    view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ_WRITE, &error);
  if (view == NULL)
    return ctl_verb_error ("%s", error->message);

  size = shmooze_view_get_size (view);
  room = size - MIN (offset, size);
  bytes = read_input (room, &error);
  if (bytes == NULL)
    return ctl_verb_error ("%s", error->message);
  if (offset > size || g_bytes_get_size (bytes) > room)
    return ctl_verb_error (_("The input does not fit at offset %" PRIu64 ": “%s” has room for %" PRIu64 " bytes"),
                           offset, rest[0], room);
  if (!shmooze_view_write (view, offset, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error))
    return ctl_verb_error ("%s", error->message);
  return CTL_EXIT_DONE;
}
