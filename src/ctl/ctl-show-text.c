/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-interrupt.h"
#include "ctl-json.h"
#include "ctl-option.h"
#include "ctl-output.h"
#include "ctl-terminal.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define RULE        "------------------------------"
#define ROWS_UP     "\033[%uA"
#define ERASE_BELOW "\r\033[J"

typedef struct
{
  const char        *name;
  gboolean           follow;
  gboolean           json;
  gboolean           color;
  gboolean           terminal;      /* the output is a terminal */
  gboolean           erases;        /* a text replaces the previous one on the terminal */
  int                interrupt_fd;
  ShmoozeSharedText *shared;
  GMainLoop         *loop;
  char              *text;          /* the text printed last */
  guint              n_rows;        /* that it takes on the terminal */
  gboolean           ended;
  int                status;
} CtlShowText;

/* Folds a line at the width of the terminal, so that the number of rows to erase is known. */
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
append_row (CtlShowText *self,
            GPtrArray   *rows,
            const char  *line,
            gsize        columns)
{
  if (self->erases)
    append_folded (rows, line, columns);
  else
    g_ptr_array_add (rows, g_strdup (line));
}

/* Keeps the end of a text that is longer than the terminal. */
static void
cut (GPtrArray *rows,
     guint      n_head,
     guint      n_rows)
{
  if (rows->len > n_rows)
    g_ptr_array_remove_range (rows, MIN (n_head, n_rows), rows->len - n_rows);
}

/* FALSE after the last line: a line end at the end of a text does not begin another line. */
static gboolean
is_line (char * const *line)
{
  return line[0] != NULL && (*line[0] != '\0' || line[1] != NULL);
}

/* Like the classic program; replaces the previous text if the terminal can erase it. */
static void
append_for_person (CtlShowText *self,
                   GString     *output,
                   const char  *text)
{
  const guint columns = ctl_terminal_get_columns () - 1;
  const guint n_units = shmooze_shared_text_count_units (text, -1);
  g_autofree char *clean = ctl_text_clean (text);
  g_auto (GStrv) lines = g_strsplit (clean, "\n", -1);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *head = NULL;
  guint n_head;

  head = g_strdup_printf (ngettext ("%u character to read.", "%u characters to read.", n_units), n_units);
  append_row (self, rows, head, columns);
  append_row (self, rows, RULE, columns);
  n_head = rows->len;
  for (guint i = 0; is_line (lines + i); i++)
    append_row (self, rows, lines[i], columns);
  if (self->erases)
    cut (rows, n_head, ctl_terminal_get_rows () - 1);

  if (self->n_rows > 0)
    g_string_append_printf (output, ROWS_UP ERASE_BELOW, self->n_rows);
  for (guint i = 0; i < rows->len; i++)
    ctl_text_append_line (output, self->color && i >= n_head ? CTL_TEXT_RED : NULL, "",
                          g_ptr_array_index (rows, i));
  self->n_rows = self->erases ? rows->len : 0;
}

/* The text alone; with --follow each text is followed by a line end. */
static void
append_bare (CtlShowText *self,
             GString     *output,
             const char  *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  if (self->color)
    for (guint i = 0; is_line (lines + i); i++)
      ctl_text_append_line (output, CTL_TEXT_RED, "", lines[i]);
  else
    g_string_append (output, text);

  if (self->follow && (!self->color || g_str_has_suffix (text, "\n") || *text == '\0'))
    g_string_append_c (output, '\n');
}

static gboolean
print_json (CtlShowText  *self,
            const char   *text,
            GError      **error)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  ctl_json_add_string (json, "name", self->name);
  ctl_json_add_number (json, "units", shmooze_shared_text_count_units (text, -1));
  ctl_json_add_string (json, "text", text);
  json_builder_end_object (json);

  return ctl_json_print (json, self->interrupt_fd, error);
}

static gboolean
print_text (CtlShowText  *self,
            const char   *text,
            GError      **error)
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

static void
finish (CtlShowText *self,
        int          status)
{
  self->status = status;
  self->ended = TRUE;
  g_main_loop_quit (self->loop);
}

static void
report (CtlShowText *self,
        const char  *message)
{
  ctl_verb_error ("%s", message);
  /* The message is below the text, which can no longer be erased. */
  self->n_rows = 0;
}

static void
print_next (CtlShowText *self,
            const char  *text)
{
  g_autoptr (GError) error = NULL;

  g_free (self->text);
  self->text = g_strdup (text);

  /* An interruption ends the program by itself. */
  if (print_text (self, text, &error) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    report (self, error->message);
  finish (self, CTL_EXIT_FAILED);
}

static void
stop_following (CtlShowText *self)
{
  g_signal_handlers_disconnect_by_data (self->shared, self);
  shmooze_shared_text_stop_reader (self->shared);
}

/* The last text may not have been printed yet. */
static void
end (CtlShowText *self,
     const char  *message)
{
  g_autofree char *text = shmooze_shared_text_dup_text (self->shared, NULL, NULL);

  stop_following (self);
  if (text != NULL && g_strcmp0 (text, self->text) != 0)
    print_next (self, text);

  report (self, message);
  finish (self, CTL_EXIT_FAILED);
}

static void
on_changed (ShmoozeSharedText *shared,
            const char        *text,
            gpointer           user_data)
{
  print_next (user_data, text);
}

static void
on_failed (ShmoozeSharedText *shared,
           GError            *error,
           gpointer           user_data)
{
  CtlShowText *self = user_data;

  report (self, error->message);
  if (!g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
    finish (self, CTL_EXIT_FAILED);
}

static void
on_sharer_present (ShmoozeSharedText *shared,
                   GParamSpec        *pspec,
                   gpointer           user_data)
{
  CtlShowText *self = user_data;
  g_autofree char *message = NULL;

  if (shmooze_shared_text_get_sharer_present (shared))
    return;

  message = g_strdup_printf (_("“%s” is no longer shared."), self->name);
  end (self, message);
}

/* The end of a sharer that does not use the library only shows by the removal of the region. */
static void
on_removed (ShmoozeSharedText *shared,
            gpointer           user_data)
{
  CtlShowText *self = user_data;
  g_autofree char *message = g_strdup_printf (_("The region “%s” was removed."), self->name);

  end (self, message);
}

static gboolean
on_interrupt (int          fd,
              GIOCondition condition,
              gpointer     user_data)
{
  finish (user_data, CTL_EXIT_DONE);

  return G_SOURCE_CONTINUE;
}

static int
follow (CtlShowText *self)
{
  guint interrupt = g_unix_fd_add (self->interrupt_fd, G_IO_IN, on_interrupt, self);

  self->loop = g_main_loop_new (NULL, FALSE);
  g_signal_connect (self->shared, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect (self->shared, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (self->shared, "notify::sharer-present", G_CALLBACK (on_sharer_present), self);
  g_signal_connect (self->shared, "removed", G_CALLBACK (on_removed), self);
  shmooze_shared_text_start_reader (self->shared);

  if (!self->ended)
    g_main_loop_run (self->loop);

  stop_following (self);
  g_source_remove (interrupt);
  g_main_loop_unref (self->loop);
  g_free (self->text);

  return self->status;
}

static int
show_once (CtlShowText *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = shmooze_shared_text_dup_text (self->shared, NULL, &error);

  if (text == NULL || !print_text (self, text, &error))
    return ctl_verb_error ("%s", error->message);

  return CTL_EXIT_DONE;
}

static int
show_text (CtlShowText *self)
{
  g_autoptr (GError) error = NULL;
  int status;

  self->terminal = ctl_terminal_is_output ();
  self->erases = self->follow && ctl_terminal_can_erase ();
  self->interrupt_fd = self->follow ? ctl_interrupt_open () : -1;

  self->shared = shmooze_shared_text_show (self->name, &error);
  if (self->shared != NULL)
    status = self->follow ? follow (self) : show_once (self);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    status = ctl_verb_error ("%s", _("Memory-mapped file does not exist. Run Process A first."));
  else
    status = ctl_verb_error ("%s", error->message);

  g_clear_object (&self->shared);
  if (self->interrupt_fd >= 0)
    close (self->interrupt_fd);

  return status;
}

int
ctl_show_text (int    argc,
               char **argv)
{
  CtlOptions options = { .color = ctl_terminal_has_color () };
  CtlShowText self = { 0 };
  g_auto (GStrv) rest = NULL;
  const GOptionEntry entries[] = {
    { "follow", 0, 0, G_OPTION_ARG_NONE, &self.follow, N_("Print the text again whenever it changes"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self.json, N_("Print JSON"), NULL },
    CTL_OPTION ("color", ctl_option_color, N_("Print the text in red: always, never or auto"), N_("WHEN")),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, &options,
                       _("Print a shared text.\n"
                         "NAME defaults to “/EMoreauSharedDemo”."),
                       _("At a terminal, the length of the text and a rule come first; a pipe or file receives\n"
                         "only the text. With --follow, the text is printed again whenever it changes: at a\n"
                         "terminal in place of the previous text, else followed by a line end. Ctrl+C exits; when\n"
                         "the text is no longer shared, the exit status is 1.\n"
                         "With --json: an object with name, units (the length in UTF-16 code units) and text; with\n"
                         "--follow one object per line.")))
    return CTL_EXIT_USAGE;

  if (!ctl_verb_take_name (rest, SHMOOZE_SHARED_TEXT_NAME, &self.name))
    return CTL_EXIT_USAGE;

  self.color = options.color;
  return show_text (&self);
}
