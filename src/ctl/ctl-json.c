/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-json.h"
#include "ctl-output.h"

#include <inttypes.h>
#include <string.h>

/* What --json prints. JsonBuilder supports neither numbers above G_MAXINT64 nor NUL within strings. They are passed
 * to it as negative numbers and as the bytes of modified UTF-8, and append_escaped() converts them back.
 */

#define NUL        "\300\200"
#define BEYOND_BMP 0x10000

/* @value may contain NUL, and must be valid UTF-8 otherwise. */
void
ctl_json_add_text (JsonBuilder *builder,
                   const char  *key,
                   const char  *value,
                   gsize        length)
{
  g_autoptr (GString) text = g_string_sized_new (length);

  for (const char *end = value + length; value < end; value++)
    if (*value != '\0')
      g_string_append_c (text, *value);
    else
      g_string_append (text, NUL);

  json_builder_set_member_name (builder, key);
  json_builder_add_string_value (builder, text->str);
}

/* NULL becomes null. A file name, for instance, need not be valid UTF-8. */
void
ctl_json_add_string (JsonBuilder *builder,
                     const char  *key,
                     const char  *value)
{
  g_autofree char *valid = value != NULL ? g_utf8_make_valid (value, -1) : NULL;

  json_builder_set_member_name (builder, key);
  json_builder_add_string_value (builder, valid);
}

void
ctl_json_add_number (JsonBuilder *builder,
                     const char  *key,
                     guint64      value)
{
  json_builder_set_member_name (builder, key);
  json_builder_add_int_value (builder, (gint64) value);
}

void
ctl_json_add_boolean (JsonBuilder *builder,
                      const char  *key,
                      gboolean     value)
{
  json_builder_set_member_name (builder, key);
  json_builder_add_boolean_value (builder, value);
}

static gboolean
is_invisible (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return TRUE;

    default:
      return FALSE;
    }
}

static void
append_char (GString  *output,
             gunichar  c)
{
  if (!is_invisible (c))
    g_string_append_unichar (output, c);
  else if (c < BEYOND_BMP)
    g_string_append_printf (output, "\\u%04x", c);
  else
    g_string_append_printf (output, "\\u%04x\\u%04x",
                            0xd800 + ((c - BEYOND_BMP) >> 10), 0xdc00 + ((c - BEYOND_BMP) & 0x3ff));
}

/* Escapes invisible characters, so that no text in the JSON can control a terminal. They are only found
 * within strings.
 */
static void
append_escaped (GString    *output,
                const char *json)
{
  gboolean quoted = FALSE;

  while (*json != '\0')
    if (g_str_has_prefix (json, NUL))
      {
        g_string_append (output, "\\u0000");
        json += strlen (NUL);
      }
    else if (*json == '\\')
      {
        g_string_append_len (output, json, 2);
        json += 2;
      }
    else if (*json == '-' && !quoted)
      {
        g_string_append_printf (output, "%" PRIu64, (guint64) g_ascii_strtoll (json, (char **) &json, 10));
      }
    else
      {
        if (*json == '"')
          quoted = !quoted;
        append_char (output, g_utf8_get_char (json));
        json = g_utf8_next_char (json);
      }
}

/* Prints the document on a line of its own. */
gboolean
ctl_json_print (JsonBuilder  *builder,
                int           interrupt_fd,
                GError      **error)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *json = json_to_string (root, FALSE);
  g_autoptr (GString) output = g_string_new (NULL);

  append_escaped (output, json);
  g_string_append_c (output, '\n');

  return ctl_output_write (output->str, interrupt_fd, error);
}
