/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-color.h"
#include "ctl-json.h"
#include "ctl-output.h"
#include "ctl-text-printer.h"
#include "ctl-text.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RULE        "------------------------------"
#define ROWS_UP     "\033[%uA"
#define ERASE_BELOW "\r\033[J"

void
ctl_text_printer_init (CtlTextPrinter *self,
                       const char     *name,
                       gboolean        json,
                       gboolean        color,
                       gboolean        again)
{
  const char *terminal = g_getenv ("TERM");

  *self = (CtlTextPrinter) {
    .name = name,
    .json = json,
    .color = color,
    .terminal = isatty (STDOUT_FILENO),
    .again = again,
    .interrupt_fd = -1,
  };
  self->erases = self->terminal && again && terminal != NULL && strcmp (terminal, "dumb") != 0;
}

/* As wide as the terminal, so that it is known how many rows there are to erase. */
static void
append_folded (GPtrArray  *rows,
               const char *line,
               gsize       columns)
{
  g_autofree char *clean = ctl_text_clean_line (line);
  g_autoptr (GString) row = g_string_new (NULL);
  gsize taken = 0;

  for (const char *p = clean; *p != '\0'; p = g_utf8_next_char (p))
    {
      g_autofree char *letter = g_strndup (p, (gsize) (g_utf8_next_char (p) - p));
      gsize width = ctl_text_width (letter);

      if (taken > 0 && taken + width > columns)
        {
          g_ptr_array_add (rows, g_strdup (row->str));
          g_string_truncate (row, 0);
          taken = 0;
        }
      g_string_append (row, letter);
      taken += width;
    }

  g_ptr_array_add (rows, g_strdup (row->str));
}

static void
append_row (CtlTextPrinter *self,
            GPtrArray      *rows,
            const char     *line,
            gsize           columns)
{
  if (self->erases)
    append_folded (rows, line, columns);
  else
    g_ptr_array_add (rows, g_strdup (line));
}

static struct winsize
get_size (void)
{
  struct winsize size = { 0 };

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2 || size.ws_row < 2)
    size = (struct winsize) { .ws_col = 80, .ws_row = 24 };

  return size;
}

/* Of a text that is longer than the terminal the end stays in sight. */
static void
cut (GPtrArray *rows,
     guint      n_head,
     guint      n_rows)
{
  if (rows->len > n_rows)
    g_ptr_array_remove_range (rows, MIN (n_head, n_rows), rows->len - n_rows);
}

/* A line end at the end of a text begins no other line. */
static gboolean
is_line (char * const *line)
{
  return line[0] != NULL && (*line[0] != '\0' || line[1] != NULL);
}

/* As the classic program showed it; in place of the former text where that can be erased. */
static void
append_for_person (CtlTextPrinter *self,
                   GString        *output,
                   const char     *text)
{
  const struct winsize size = get_size ();
  const guint n_units = shmooze_shared_text_count_units (text, -1);
  g_autofree char *clean = ctl_text_clean (text);
  g_auto (GStrv) lines = g_strsplit (clean, "\n", -1);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *head = NULL;
  guint n_head;

  head = g_strdup_printf (ngettext ("%u character to read.", "%u characters to read.", n_units), n_units);
  append_row (self, rows, head, size.ws_col - 1);
  append_row (self, rows, RULE, size.ws_col - 1);
  n_head = rows->len;
  for (guint i = 0; is_line (lines + i); i++)
    append_row (self, rows, lines[i], size.ws_col - 1);
  if (self->erases)
    cut (rows, n_head, size.ws_row - 1);

  if (self->n_rows > 0)
    g_string_append_printf (output, ROWS_UP ERASE_BELOW, self->n_rows);
  for (guint i = 0; i < rows->len; i++)
    ctl_color_append_line (output, self->color && i >= n_head ? CTL_COLOR_RED : NULL, "",
                           g_ptr_array_index (rows, i));
  self->n_rows = self->erases ? rows->len : 0;
}

/* The text as it is; where there will be more of them, each ends with a line end. */
static void
append_bare (CtlTextPrinter *self,
             GString        *output,
             const char     *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  if (self->color)
    for (guint i = 0; is_line (lines + i); i++)
      ctl_color_append_line (output, CTL_COLOR_RED, "", lines[i]);
  else
    g_string_append (output, text);

  if (self->again && (!self->color || g_str_has_suffix (text, "\n") || *text == '\0'))
    g_string_append_c (output, '\n');
}

static gboolean
print_json (CtlTextPrinter  *self,
            const char      *text,
            GError         **error)
{
  g_autoptr (CtlJson) json = ctl_json_new (self->again);

  ctl_json_open_object (json, NULL);
  ctl_json_add_string (json, "name", self->name);
  ctl_json_add_number (json, "units", shmooze_shared_text_count_units (text, -1));
  ctl_json_add_string (json, "text", text);
  ctl_json_close_object (json);

  return ctl_json_write (json, self->interrupt_fd, error);
}

gboolean
ctl_text_printer_print (CtlTextPrinter  *self,
                        const char      *text,
                        GError         **error)
{
  g_autoptr (GString) output = g_string_new (NULL);

  if (self->json)
    return print_json (self, text, error);

  if (self->terminal)
    append_for_person (self, output, text);
  else
    append_bare (self, output, text);

  return ctl_output_write (output->str, self->interrupt_fd, error);
}

/* What is printed by others stands below the text, which is no longer to be erased. */
void
ctl_text_printer_keep (CtlTextPrinter *self)
{
  self->n_rows = 0;
}
