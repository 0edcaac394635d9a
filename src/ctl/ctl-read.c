/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-json.h"
#include "ctl-number.h"
#include "ctl-verb.h"

#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <shmooze/shmooze.h>
#include <unistd.h>

/* A region may be larger than memory: its bytes go out in pieces. As a text it can be told while it is one piece. */
#define PIECE (1 << 20)

static gboolean
copy_out (ShmoozeView  *view,
          guint64       offset,
          guint64       count,
          GError      **error)
{
  g_autoptr (GOutputStream) output = g_unix_output_stream_new (STDOUT_FILENO, FALSE);

  while (count > 0)
    {
      g_autoptr (GBytes) bytes = shmooze_view_read_bytes (view, offset, MIN (count, PIECE), error);

      if (bytes == NULL ||
          !g_output_stream_write_all (output, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL, NULL, error))
        return FALSE;
      offset += g_bytes_get_size (bytes);
      count -= g_bytes_get_size (bytes);
    }
  return TRUE;
}

static gboolean
is_text (const char *bytes,
         gsize       length)
{
  /* NUL is a character, too, which the function does not know. */
  for (const char *end = bytes + length; bytes < end && !g_utf8_validate (bytes, end - bytes, &bytes); bytes++)
    if (*bytes != '\0')
      return FALSE;

  return TRUE;
}

/* Returns the bytes where they are but one piece. */
static gboolean
add_data (CtlJson      *json,
          ShmoozeView  *view,
          guint64       offset,
          guint64       count,
          GBytes      **whole,
          GError      **error)
{
  g_autofree char *encoded = g_malloc (PIECE / 3 * 4 + 8);
  const guint64 end = offset + count;
  int state = 0, save = 0;

  ctl_json_open_string (json, "data");

  while (offset < end)
    {
      g_autoptr (GBytes) bytes = shmooze_view_read_bytes (view, offset, MIN (end - offset, PIECE), error);

      if (bytes == NULL)
        return FALSE;

      ctl_json_append (json, encoded,
                       g_base64_encode_step (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), FALSE,
                                             encoded, &state, &save));
      if (!ctl_json_write (json, -1, error))
        return FALSE;
      offset += g_bytes_get_size (bytes);
      if (g_bytes_get_size (bytes) == count)
        *whole = g_steal_pointer (&bytes);
    }

  ctl_json_append (json, encoded, g_base64_encode_close (FALSE, encoded, &state, &save));
  ctl_json_close_string (json);

  return TRUE;
}

static void
add_text (CtlJson *json,
          GBytes  *bytes)
{
  gsize length = 0;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  if (bytes != NULL && is_text (text, length))
    ctl_json_add_text (json, "text", text, length);
  else
    ctl_json_add_null (json, "text");
}

static gboolean
print_json (const char   *name,
            ShmoozeView  *view,
            guint64       offset,
            guint64       count,
            GError      **error)
{
  g_autoptr (CtlJson) json = ctl_json_new (FALSE);
  g_autoptr (GBytes) bytes = count == 0 ? g_bytes_new_static ("", 0) : NULL;

  ctl_json_open_object (json, NULL);
  ctl_json_add_string (json, "name", name);
  ctl_json_add_number (json, "offset", offset);
  ctl_json_add_number (json, "count", count);
  if (!add_data (json, view, offset, count, &bytes, error))
    return FALSE;
  add_text (json, bytes);
  ctl_json_close_object (json);

  return ctl_json_write (json, -1, error);
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
  gboolean json = FALSE;
  guint n;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("Print JSON"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("NAME [OFFSET [COUNT]]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries,
                       _("Write the bytes of a region to standard output, unchanged."),
                       _("OFFSET defaults to 0 and COUNT to the rest of the region. With --json: an object with name,\n"
                         "offset, count, data (the bytes in Base64) and text (the bytes as text, or null if they are\n"
                         "not valid UTF-8 or more than 1 MiB).")))
    return CTL_EXIT_USAGE;

  n = rest != NULL ? g_strv_length (rest) : 0;
  if (n < 1 || n > 3)
    return ctl_verb_usage_error ("%s", _("Expected one to three arguments: NAME, OFFSET and COUNT."));
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
    return ctl_verb_error (_("Cannot read %" PRIu64 " bytes at offset %" PRIu64 ": “%s” has %" PRIu64 " bytes"),
                           count, offset, rest[0], size);
  if (!(json ? print_json (rest[0], view, offset, count, &error) : copy_out (view, offset, count, &error)))
    return ctl_verb_error ("%s", error->message);
  return CTL_EXIT_DONE;
}
