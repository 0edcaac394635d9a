/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-color.h"
#include "ctl-interrupt.h"
#include "ctl-text-printer.h"
#include "ctl-verb.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <shmooze/shmooze.h>
#include <string.h>
#include <unistd.h>

/* The reading side of the classic live text. */

typedef struct
{
  ShmoozeSharedText *shared;
  CtlTextPrinter     printer;
  GMainLoop         *loop;
  char              *text;     /* that is printed */
  gboolean           ended;
  int                status;
} CtlShowText;

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
  ctl_text_printer_keep (&self->printer);
}

static void
print (CtlShowText *self,
       const char  *text)
{
  g_autoptr (GError) error = NULL;

  g_free (self->text);
  self->text = g_strdup (text);

  /* An interruption has its own way to end us; a reader who went away knows. */
  if (ctl_text_printer_print (&self->printer, text, &error) ||
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

/* There will be no more texts, but perhaps there is one that nobody has looked at. */
static void
end (CtlShowText *self,
     const char  *message)
{
  g_autofree char *text = shmooze_shared_text_dup_text (self->shared, NULL, NULL);

  stop_following (self);
  if (text != NULL && g_strcmp0 (text, self->text) != 0)
    print (self, text);

  report (self, message);
  finish (self, CTL_EXIT_FAILED);
}

static void
on_changed (ShmoozeSharedText *shared,
            const char        *text,
            gpointer           user_data)
{
  print (user_data, text);
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

  message = g_strdup_printf (_("“%s” is no longer shared."), self->printer.name);
  end (self, message);
}

/* The end of a sharer that does not use the library only shows by the removal of the region. */
static void
on_removed (ShmoozeSharedText *shared,
            gpointer           user_data)
{
  CtlShowText *self = user_data;
  g_autofree char *message = g_strdup_printf (_("The region “%s” was removed."), self->printer.name);

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
  guint interrupt = g_unix_fd_add (self->printer.interrupt_fd, G_IO_IN, on_interrupt, self);

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

  if (text == NULL || !ctl_text_printer_print (&self->printer, text, &error))
    return ctl_verb_error ("%s", error->message);

  return CTL_EXIT_DONE;
}

static int
show_text (const char *name,
           gboolean    again,
           gboolean    json,
           gboolean    color)
{
  CtlShowText self = { 0 };
  g_autoptr (GError) error = NULL;
  int status;

  ctl_text_printer_init (&self.printer, name, json, color, again);
  if (again)
    self.printer.interrupt_fd = ctl_interrupt_open ();

  self.shared = shmooze_shared_text_show (name, &error);
  if (self.shared != NULL)
    status = again ? follow (&self) : show_once (&self);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    status = ctl_verb_error ("%s", _("Memory-mapped file does not exist. Run Process A first."));
  else
    status = ctl_verb_error ("%s", error->message);

  g_clear_object (&self.shared);
  if (again)
    close (self.printer.interrupt_fd);

  return status;
}

int
ctl_show_text (int    argc,
               char **argv)
{
  g_autofree char *color_word = NULL;
  g_auto (GStrv) rest = NULL;
  const char *name;
  gboolean again = FALSE;
  gboolean json = FALSE;
  gboolean color = FALSE;
  const GOptionEntry entries[] = {
    { "follow", 0, 0, G_OPTION_ARG_NONE, &again, N_("Print the text again whenever it changes"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("Print JSON"), NULL },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color_word, N_("Print the text in red: always, never or auto"), N_("WHEN") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries,
                       _("Print a shared text.\n"
                         "NAME defaults to “/EMoreauSharedDemo”."),
                       _("At a terminal, the length of the text and a rule come first; a pipe or file receives\n"
                         "only the text. With --follow, the text is printed again whenever it changes: at a\n"
                         "terminal in place of the previous text, else followed by a line end. Ctrl+C exits; when\n"
                         "the text is no longer shared, the exit status is 1.\n"
                         "With --json: an object with name, units (the length in UTF-16 code units) and text; with\n"
                         "--follow one object per line.")))
    return CTL_EXIT_USAGE;

  if (!ctl_verb_take_name (rest, SHMOOZE_SHARED_TEXT_NAME, &name))
    return CTL_EXIT_USAGE;
  if (!ctl_color_parse (color_word, &color))
    return ctl_verb_usage_error (_("Invalid value “%s” for --color: must be always, never or auto"), color_word);

  return show_text (name, again, json, color);
}
