/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-number.h"
#include "ctl-verb.h"

#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <shmooze/shmooze.h>
#include <unistd.h>

/* In pieces: a region may be larger than memory. */
static gboolean
copy_out (ShmoozeView  *view,
          guint64       offset,
          guint64       count,
          GError      **error)
{
  g_autoptr (GOutputStream) output = g_unix_output_stream_new (STDOUT_FILENO, FALSE);

  while (count > 0)
    {
      g_autoptr (GBytes) bytes = shmooze_view_read_bytes (view, offset, MIN (count, 1 << 20), error);

      if (bytes == NULL ||
          !g_output_stream_write_all (output, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL, NULL, error))
        return FALSE;
      offset += g_bytes_get_size (bytes);
      count -= g_bytes_get_size (bytes);
    }
  return TRUE;
}

int
ctl_read (int    argc,
          char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (ShmoozeRegion) region = NULL;
  g_autoptr (ShmoozeView) view = NULL;
  g_autoptr (GError) error = NULL;
  guint64 offset = 0, count, size;
  guint n;
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("NAME [OFFSET [COUNT]]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries,
                       _("Write the bytes of a region to standard output, as they are."),
                       _("From OFFSET, as many as COUNT: all of them unless given.")))
    return CTL_EXIT_USAGE;

  n = rest != NULL ? g_strv_length (rest) : 0;
  if (n < 1 || n > 3)
    return ctl_verb_usage_error ("%s", _("A name is needed, and perhaps an offset and a count."));
  if (n > 1 && !ctl_number_parse (rest[1], &offset, &error))
    return ctl_verb_usage_error ("%s", error->message);
  if (n > 2 && !ctl_number_parse (rest[2], &count, &error))
    return ctl_verb_usage_error ("%s", error->message);

  region = shmooze_region_open (rest[0], SHMOOZE_ACCESS_READ, &error);
  if (region != NULL)
    view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ, &error);
  if (view == NULL)
    return ctl_verb_error ("%s", error->message);

  size = shmooze_view_get_size (view);
  if (n < 3)
    count = size - MIN (offset, size);
  if (offset > size || count > size - offset)
    return ctl_verb_error (_("%" PRIu64 " bytes at %" PRIu64 " are not all there: “%s” has %" PRIu64),
                           count, offset, rest[0], size);
  if (!copy_out (view, offset, count, &error))
    return ctl_verb_error ("%s", error->message);
  return CTL_EXIT_DONE;
}
