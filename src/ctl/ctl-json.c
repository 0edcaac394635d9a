/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-json.h"
#include "ctl-output.h"

#include <inttypes.h>
#include <string.h>

/* What --json prints: one document, or with @one_line one a line. Values stand in the order in which
 * they are added; within an object each has a key, within an array none.
 */

#define REPLACEMENT 0xfffd
#define BEYOND_BMP  0x10000

struct _CtlJson
{
  GString  *text;
  gboolean  one_line;
  gboolean  first;      /* nothing stands in the innermost object or array */
  guint     depth;
};

CtlJson *
ctl_json_new (gboolean one_line)
{
  CtlJson *self = g_new0 (CtlJson, 1);

  self->text = g_string_new (NULL);
  self->one_line = one_line;
  self->first = TRUE;

  return self;
}

void
ctl_json_free (CtlJson *self)
{
  g_string_free (self->text, TRUE);
  g_free (self);
}

static void
append_unit (GString *text,
             guint    unit)
{
  g_string_append_printf (text, "\\u%04x", unit);
}

/* What does not show goes as a number, so that a terminal, and JavaScript, can be given the document. */
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
append_char (GString  *text,
             gunichar  c)
{
  static const char shorthands[] = "\b\f\n\r\t";
  const char *shorthand = c != 0 && c < ' ' ? strchr (shorthands, (int) c) : NULL;

  if (shorthand != NULL)
    {
      g_string_append_c (text, '\\');
      g_string_append_c (text, "bfnrt"[shorthand - shorthands]);
    }
  else if (c == '"' || c == '\\')
    {
      g_string_append_c (text, '\\');
      g_string_append_c (text, (char) c);
    }
  else if (is_invisible (c) && c >= BEYOND_BMP)
    {
      append_unit (text, 0xd800 + ((c - BEYOND_BMP) >> 10));
      append_unit (text, 0xdc00 + ((c - BEYOND_BMP) & 0x3ff));
    }
  else if (is_invisible (c))
    {
      append_unit (text, c);
    }
  else
    {
      g_string_append_unichar (text, c);
    }
}

static void
begin_line (CtlJson *self)
{
  if (self->one_line)
    return;

  g_string_append_c (self->text, '\n');
  for (guint i = 0; i < self->depth; i++)
    g_string_append (self->text, "  ");
}

/* What stands before each value. */
static void
begin_value (CtlJson    *self,
             const char *key)
{
  if (!self->first)
    g_string_append_c (self->text, ',');
  if (self->depth > 0)
    begin_line (self);
  self->first = FALSE;

  if (key != NULL)
    g_string_append_printf (self->text, self->one_line ? "\"%s\":" : "\"%s\": ", key);
}

static void
open_bracket (CtlJson    *self,
              const char *key,
              char        bracket)
{
  begin_value (self, key);
  g_string_append_c (self->text, bracket);
  self->depth++;
  self->first = TRUE;
}

static void
close_bracket (CtlJson *self,
               char     bracket)
{
  self->depth--;
  if (!self->first)
    begin_line (self);
  g_string_append_c (self->text, bracket);
  self->first = self->depth == 0;

  if (self->depth == 0)
    g_string_append_c (self->text, '\n');
}

void
ctl_json_open_object (CtlJson    *self,
                      const char *key)
{
  open_bracket (self, key, '{');
}

void
ctl_json_close_object (CtlJson *self)
{
  close_bracket (self, '}');
}

void
ctl_json_open_array (CtlJson    *self,
                     const char *key)
{
  open_bracket (self, key, '[');
}

void
ctl_json_close_array (CtlJson *self)
{
  close_bracket (self, ']');
}

/* A string that comes in pieces, which ctl_json_append() adds. */
void
ctl_json_open_string (CtlJson    *self,
                      const char *key)
{
  begin_value (self, key);
  g_string_append_c (self->text, '"');
}

/* Bytes that are no UTF-8 are replaced; NUL is a character. */
void
ctl_json_append (CtlJson    *self,
                 const char *value,
                 gsize       length)
{
  const char *end = value + length;

  for (const char *p = value; p < end;)
    {
      gunichar c = *p == '\0' ? 0 : g_utf8_get_char_validated (p, end - p);
      gboolean valid = c != (gunichar) -1 && c != (gunichar) -2;

      append_char (self->text, valid ? c : REPLACEMENT);
      p = valid ? g_utf8_next_char (p) : p + 1;
    }
}

void
ctl_json_close_string (CtlJson *self)
{
  g_string_append_c (self->text, '"');
}

void
ctl_json_add_text (CtlJson    *self,
                   const char *key,
                   const char *value,
                   gsize       length)
{
  ctl_json_open_string (self, key);
  ctl_json_append (self, value, length);
  ctl_json_close_string (self);
}

/* NULL is null. */
void
ctl_json_add_string (CtlJson    *self,
                     const char *key,
                     const char *value)
{
  if (value != NULL)
    ctl_json_add_text (self, key, value, strlen (value));
  else
    ctl_json_add_null (self, key);
}

void
ctl_json_add_null (CtlJson    *self,
                   const char *key)
{
  begin_value (self, key);
  g_string_append (self->text, "null");
}

void
ctl_json_add_number (CtlJson    *self,
                     const char *key,
                     guint64     value)
{
  begin_value (self, key);
  g_string_append_printf (self->text, "%" PRIu64, value);
}

void
ctl_json_add_boolean (CtlJson    *self,
                      const char *key,
                      gboolean    value)
{
  begin_value (self, key);
  g_string_append (self->text, value ? "true" : "false");
}

/* Writes to standard output what has come together so far. */
gboolean
ctl_json_write (CtlJson  *self,
                int       interrupt_fd,
                GError  **error)
{
  gboolean written = ctl_output_write (self->text->str, interrupt_fd, error);

  g_string_truncate (self->text, 0);

  return written;
}
