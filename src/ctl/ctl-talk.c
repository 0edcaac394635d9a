/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-color.h"
#include "ctl-interrupt.h"
#include "ctl-output.h"
#include "ctl-talk.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib-unix.h>
#include <unistd.h>

/* A talk from its beginning to its end, and what it prints. */

#define INDENT "    "

/* Ends the program as soon as the main loop has its turn. */
void
ctl_talk_finish (CtlTalk *self,
                 int      status)
{
  if (status != CTL_EXIT_DONE)
    self->status = status;

  self->finished = TRUE;
  g_main_loop_quit (self->loop);
}

static gboolean
on_interrupt (int          fd,
              GIOCondition condition,
              gpointer     user_data)
{
  ctl_talk_finish (user_data, CTL_EXIT_DONE);

  return G_SOURCE_CONTINUE;
}

/* Before any thread: the signals it takes must reach no other. */
void
ctl_talk_init (CtlTalk  *self,
               gboolean  color)
{
  *self = (CtlTalk) {
    .color = color,
    .events = isatty (STDOUT_FILENO),
    .person = ctl_prompt_prepare (),
    .interrupt_fd = ctl_interrupt_open (),
    .loop = g_main_loop_new (NULL, FALSE),
    .reading = g_cancellable_new (),
  };
  self->interrupt = g_unix_fd_add (self->interrupt_fd, G_IO_IN, on_interrupt, self);
}

/* Until the end of the input or a signal. Afterwards the terminal is as it was. */
void
ctl_talk_run (CtlTalk *self)
{
  /* It may have come to its end before it began. */
  if (!self->finished)
    g_main_loop_run (self->loop);

  self->ended = TRUE;
  g_clear_handle_id (&self->interrupt, g_source_remove);
  g_clear_handle_id (&self->last_look, g_source_remove);
  g_clear_handle_id (&self->last_moment, g_source_remove);
  g_cancellable_cancel (self->reading);
  if (self->prompt != NULL)
    ctl_prompt_close (self->prompt);
}

void
ctl_talk_clear (CtlTalk *self)
{
  g_cancellable_cancel (self->reading);

  /* Answers still due come before what they are given to goes. */
  while (g_main_context_iteration (NULL, FALSE))
    ;

  g_clear_handle_id (&self->interrupt, g_source_remove);
  g_clear_object (&self->prompt);
  g_clear_object (&self->lines);
  g_clear_object (&self->reading);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  close (self->interrupt_fd);
}

/* Something that does not make the program fail. */
void
ctl_talk_note (CtlTalk    *self,
               const char *message)
{
  if (self->prompt != NULL)
    ctl_prompt_hide (self->prompt);

  ctl_verb_error ("%s", message);

  if (self->prompt != NULL)
    ctl_prompt_show (self->prompt);
}

void
ctl_talk_report (CtlTalk    *self,
                 const char *message)
{
  ctl_talk_note (self, message);
  self->status = CTL_EXIT_FAILED;
}

static void
print (CtlTalk    *self,
       const char *text)
{
  g_autoptr (GError) error = NULL;
  gboolean written;

  if (self->prompt != NULL)
    written = ctl_prompt_print (self->prompt, text, &error);
  else
    written = ctl_output_write (text, self->interrupt_fd, &error);

  /* An interruption has its own way to end us; a reader who went away knows. */
  if (written || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    ctl_verb_error ("%s", error->message);
  ctl_talk_finish (self, CTL_EXIT_FAILED);
}

/* Who comes and goes, dim; on a terminal only. */
void
ctl_talk_event (CtlTalk    *self,
                const char *format,
                ...)
{
  g_autoptr (GString) output = g_string_new (NULL);
  g_autofree char *event = NULL;
  g_autofree char *clean = NULL;
  va_list arguments;

  if (!self->events)
    return;

  va_start (arguments, format);
  event = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  clean = ctl_text_clean_line (event);
  ctl_color_append_line (output, self->color ? CTL_COLOR_DIM : NULL, "* ", clean);
  print (self, output->str);
}

static void
print_text (CtlTalk    *self,
            const char *style,
            const char *start,
            const char *text)
{
  g_autofree char *clean = ctl_text_clean (text);
  g_auto (GStrv) lines = g_strsplit (clean, "\n", -1);
  g_autoptr (GString) output = g_string_new (NULL);

  ctl_color_append_line (output, style, start, lines[0] != NULL ? lines[0] : "");
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    ctl_color_append_line (output, style, INDENT, lines[i]);

  print (self, output->str);
}

/* One's own words stand where they came from, unless the prompt took them away. */
void
ctl_talk_own (CtlTalk    *self,
              const char *start,
              const char *text)
{
  if (self->prompt != NULL)
    print_text (self, NULL, start, text);
}

/* The words of somebody else, in red. @start must be harmless. */
void
ctl_talk_other (CtlTalk    *self,
                const char *start,
                const char *text)
{
  print_text (self, self->color ? CTL_COLOR_RED : NULL, start, text);
}
