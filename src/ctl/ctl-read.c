/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-json.h"
#include "ctl-option.h"
#include "ctl-verb.h"

#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <shmooze/shmooze.h>
#include <unistd.h>

/* A region may be larger than memory, so its bytes are copied in pieces. JSON is printed as a whole. */
#define PIECE    (1 << 20)
#define MAX_TEXT (1 << 20)
#define MAX_JSON (256 << 20)

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
          !g_output_stream_write_all (output, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL, NULL,
                                      error))
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
  /* NUL is a valid character, although g_utf8_validate() stops at it. */
  for (const char *end = bytes + length; bytes < end && !g_utf8_validate (bytes, end - bytes, &bytes); bytes++)
    if (*bytes != '\0')
      return FALSE;

  return TRUE;
}

/* The bytes in Base64, and as text if they are text. */
static gboolean
print_json (const char   *name,
            ShmoozeView  *view,
            guint64       offset,
            guint64       count,
            GError      **error)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *encoded = NULL;
  const char *data;
  gsize size;

  if (count > MAX_JSON)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _("Cannot print %" PRIu64 " bytes as JSON: the limit is %d; use OFFSET and COUNT"), count, MAX_JSON);
      return FALSE;
    }

  bytes = count > 0 ? shmooze_view_read_bytes (view, offset, count, error) : g_bytes_new_static ("", 0);
  if (bytes == NULL)
    return FALSE;

  data = g_bytes_get_data (bytes, &size);
  encoded = g_base64_encode ((const guchar *) data, size);

  json_builder_begin_object (json);
  ctl_json_add_string (json, "name", name);
  ctl_json_add_number (json, "offset", offset);
  ctl_json_add_number (json, "count", count);
  ctl_json_add_string (json, "data", encoded);
  if (size <= MAX_TEXT && is_text (data, size))
    ctl_json_add_text (json, "text", data, size);
  else
    ctl_json_add_string (json, "text", NULL);
  json_builder_end_object (json);

  return ctl_json_print (json, -1, error);
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

  if (!ctl_verb_parse (argc, argv, entries, NULL,
                       _("Write the bytes of a region to standard output, unchanged."),
                       _("OFFSET defaults to 0 and COUNT to the rest of the region. With --json: an object with name,\n"
                         "offset, count, data (the bytes in Base64) and text (the bytes as text, or null if they are\n"
                         "not valid UTF-8 or more than 1 MiB).")))
    return CTL_EXIT_USAGE;

  n = rest != NULL ? g_strv_length (rest) : 0;
  if (n < 1 || n > 3)
    return ctl_verb_usage_error ("%s", _("Expected one to three arguments: NAME, OFFSET and COUNT."));
  if (n > 1 && !ctl_option_parse_size (rest[1], &offset, &error))
    return ctl_verb_usage_error ("%s", error->message);
  if (n > 2 && !ctl_option_parse_size (rest[2], &count, &error))
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
