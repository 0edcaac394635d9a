/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-interrupt.h"
#include "ctl-lines.h"
#include "ctl-output.h"
#include "ctl-prompt.h"
#include "ctl-talk.h"
#include "ctl-terminal.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <shmooze/shmooze.h>
#include <string.h>
#include <unistd.h>

/* A session from its start to its end, the lines that it sends, and everything that it prints. */

#define INDENT    "    "
#define OWN_MARK  "> "
#define PEER_MARK "< "

/* The end of the input does not wait longer than this for messages that may still arrive. */
#define LAST_MOMENT_MSEC 1000

struct _CtlTalk
{
  const CtlTalkFuncs *funcs;
  gpointer            user_data;
  GMainLoop          *loop;
  GCancellable       *reading;
  CtlLines           *lines;         /* the input, if it is a pipe or file */
  CtlPrompt          *prompt;        /* the input, if a person types it at a terminal */
  gsize               max_length;
  gboolean            color;
  gboolean            events;        /* events are printed */
  gboolean            interactive;   /* the terminal can erase, which a prompt needs */
  int                 interrupt_fd;
  guint               interrupt;
  guint               line_number;
  guint               n_sent;
  guint               n_pending;
  gboolean            input_ended;
  guint               last_look;
  guint               last_moment;
  gboolean            finished;      /* the main loop has been asked to end */
  gboolean            ended;         /* the main loop has ended */
  int                 status;
};

static void read_next_line (CtlTalk *self);

/* Ends the session as soon as the main loop runs again. */
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

/* Must be called before any thread starts, since it blocks signals that no thread must receive. */
CtlTalk *
ctl_talk_new (const CtlTalkFuncs *funcs,
              gpointer            user_data,
              gboolean            color)
{
  CtlTalk *self = g_new (CtlTalk, 1);

  *self = (CtlTalk) {
    .funcs = funcs,
    .user_data = user_data,
    .color = color,
    .events = ctl_terminal_is_output (),
    .interactive = ctl_prompt_prepare (),
    .interrupt_fd = ctl_interrupt_open (),
    .loop = g_main_loop_new (NULL, FALSE),
    .reading = g_cancellable_new (),
  };
  self->interrupt = g_unix_fd_add (self->interrupt_fd, G_IO_IN, on_interrupt, self);

  return self;
}

/* Returns at the end of the input, at a signal or after ctl_talk_finish(), with the terminal restored. */
void
ctl_talk_run (CtlTalk *self)
{
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

/* Frees the session and returns the exit status. */
int
ctl_talk_close (CtlTalk *self)
{
  int status = self->status;

  self->ended = TRUE;
  g_cancellable_cancel (self->reading);

  /* The answers to asynchronous calls still use the session. */
  while (g_main_context_iteration (NULL, FALSE))
    ;

  g_clear_handle_id (&self->interrupt, g_source_remove);
  g_clear_object (&self->prompt);
  g_clear_object (&self->lines);
  g_clear_object (&self->reading);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  close (self->interrupt_fd);
  g_free (self);

  return status;
}

/* Whether a person types lines at a prompt. */
gboolean
ctl_talk_is_interactive (CtlTalk *self)
{
  return self->interactive;
}

/* The number of lines that were passed to send() and not answered yet. */
guint
ctl_talk_get_n_pending (CtlTalk *self)
{
  return self->n_pending;
}

/* Whether lines of a pipe or file were sent and nothing failed. */
gboolean
ctl_talk_has_sent_input (CtlTalk *self)
{
  return self->n_sent > 0 && !self->interactive && self->status == CTL_EXIT_DONE;
}

/* Sets a line above the prompt; NULL removes it. */
void
ctl_talk_set_status (CtlTalk    *self,
                     const char *status)
{
  if (self->prompt != NULL)
    ctl_prompt_set_status (self->prompt, status);
}

static void G_GNUC_PRINTF (2, 0)
print_error (CtlTalk    *self,
             const char *format,
             va_list     arguments)
{
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  gboolean prompting = self->prompt != NULL && !self->ended;

  if (prompting)
    ctl_prompt_hide (self->prompt);

  ctl_verb_error ("%s", message);

  if (prompting)
    ctl_prompt_show (self->prompt);
}

/* Prints on standard error; the exit status stays. */
void
ctl_talk_note (CtlTalk    *self,
               const char *format,
               ...)
{
  va_list arguments;

  va_start (arguments, format);
  print_error (self, format, arguments);
  va_end (arguments);
}

/* Prints on standard error; the program fails. */
void
ctl_talk_report (CtlTalk    *self,
                 const char *format,
                 ...)
{
  va_list arguments;

  va_start (arguments, format);
  print_error (self, format, arguments);
  va_end (arguments);
  self->status = CTL_EXIT_FAILED;
}

/* Must be called after a report that lines were not sent. */
void
ctl_talk_report_rest (CtlTalk *self)
{
  if (self->lines != NULL && !self->input_ended)
    ctl_talk_report (self, "%s", _("The rest of the input was not sent either."));
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

  /* An interruption ends the session by itself. */
  if (written || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    ctl_verb_error ("%s", error->message);
  ctl_talk_finish (self, CTL_EXIT_FAILED);
}

/* Prints an event, such as the arrival of a peer. Returns FALSE if the output is not a terminal: a program
 * that reads it expects messages only.
 */
gboolean
ctl_talk_event (CtlTalk    *self,
                const char *format,
                ...)
{
  g_autoptr (GString) output = g_string_new (NULL);
  g_autofree char *event = NULL;
  g_autofree char *clean = NULL;
  va_list arguments;

  if (!self->events)
    return FALSE;

  va_start (arguments, format);
  event = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  clean = ctl_text_clean_line (event);
  ctl_text_append_line (output, self->color ? CTL_TEXT_DIM : NULL, "* ", clean);
  print (self, output->str);

  return TRUE;
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

  ctl_text_append_line (output, style, start, lines[0] != NULL ? lines[0] : "");
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    ctl_text_append_line (output, style, INDENT, lines[i]);

  print (self, output->str);
}

/* Prints a line that was entered at the prompt, which has erased it. @start is NULL for a mark. */
void
ctl_talk_print_own (CtlTalk    *self,
                    const char *start,
                    const char *text)
{
  if (self->prompt != NULL)
    print_text (self, NULL, start != NULL ? start : OWN_MARK, text);
}

/* Prints a peer's text in red. @start must be display-safe; NULL for a mark at a terminal. */
void
ctl_talk_print_peer (CtlTalk    *self,
                     const char *start,
                     const char *text)
{
  const char *mark = self->interactive ? PEER_MARK : "";

  print_text (self, self->color ? CTL_TEXT_RED : NULL, start != NULL ? start : mark, text);
}

static gboolean
on_last_look (gpointer user_data)
{
  CtlTalk *self = user_data;

  /* The other source would call this again. */
  g_clear_handle_id (&self->last_look, g_source_remove);
  g_clear_handle_id (&self->last_moment, g_source_remove);
  ctl_talk_finish (self, CTL_EXIT_DONE);

  return G_SOURCE_CONTINUE;
}

/* After the end of the input the session goes on until all lines were sent and what has arrived is printed. */
static void
end_when_sent (CtlTalk *self)
{
  if (!self->input_ended || self->n_pending > 0 || self->last_look != 0)
    return;

  if (self->funcs->last_msec > 0)
    self->last_look = g_timeout_add (self->funcs->last_msec, on_last_look, self);
  else
    self->last_look = g_idle_add_full (G_PRIORITY_LOW, on_last_look, self, NULL);
  self->last_moment = g_timeout_add (LAST_MOMENT_MSEC, on_last_look, self);
}

static void
end_input (CtlTalk *self)
{
  self->input_ended = TRUE;
  end_when_sent (self);
}

static void
publish_typing (CtlTalk *self)
{
  if (self->prompt != NULL && self->funcs->typing != NULL)
    self->funcs->typing (ctl_prompt_get_text (self->prompt), self->user_data);
}

/* The answer to send(). Returns FALSE if the session has ended meanwhile. */
gboolean
ctl_talk_sent (CtlTalk      *self,
               const GError *error)
{
  if (self->ended)
    return FALSE;

  self->n_pending--;

  if (error == NULL)
    {
      self->n_sent++;
    }
  else
    {
      ctl_talk_report (self, "%s", error->message);
      /* Any other error would also hit the next line. */
      if (self->lines != NULL && !g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG))
        self->input_ended = TRUE;
    }

  publish_typing (self);

  if (self->input_ended)
    end_when_sent (self);
  else if (self->lines != NULL)
    read_next_line (self);

  return TRUE;
}

static void
send_text (CtlTalk    *self,
           const char *text)
{
  self->n_pending++;
  self->funcs->send (text, self->user_data);
}

static void
take_line (CtlTalk    *self,
           const char *line,
           guint64     length)
{
  /* A line that is too long was cut. In any other, the replacement of invalid bytes may have added some. */
  guint64 needed = length > self->max_length ? length : strlen (line);

  if (*line == '\0' && !self->funcs->empty_lines)
    {
      read_next_line (self);
    }
  else if (needed > self->max_length)
    {
      ctl_talk_report (self, _("Line %u was not sent: it has %" PRIu64 " bytes, a message has at most %zu."),
                       self->line_number, needed, self->max_length);
      read_next_line (self);
    }
  else
    {
      send_text (self, line);
    }
}

static void
on_line (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  CtlTalk *self = user_data;
  guint64 length = 0;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = ctl_lines_next_finish (CTL_LINES (source), result, &length, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (error != NULL)
    ctl_talk_report (self, _("Could not read the input: %s"), error->message);

  if (line == NULL)
    {
      end_input (self);
      return;
    }

  self->line_number++;
  take_line (self, line, length);
}

/* Called once the previous line was sent, so that a peer that does not read slows down the program that
 * writes into the pipe.
 */
static void
read_next_line (CtlTalk *self)
{
  ctl_lines_next_async (self->lines, self->reading, on_line, self);
}

static void
on_prompt_changed (CtlPrompt *prompt,
                   gpointer   user_data)
{
  publish_typing (user_data);
}

static void
on_prompt_entered (CtlPrompt *prompt,
                   gpointer   user_data)
{
  CtlTalk *self = user_data;
  g_autofree char *text = g_strdup (ctl_prompt_get_text (prompt));

  if (strlen (text) > self->max_length)
    {
      ctl_talk_report (self, _("This is too long: it has %zu bytes, a message has at most %zu."),
                       strlen (text), self->max_length);
      return;
    }

  if (self->funcs->accept != NULL && !self->funcs->accept (text, self->user_data))
    return;

  ctl_prompt_clear (prompt);
  if (*text != '\0' || self->funcs->empty_lines)
    send_text (self, text);
}

static void
on_prompt_ended (CtlPrompt *prompt,
                 gpointer   user_data)
{
  end_input (user_data);
}

/* Starts to read the input. */
void
ctl_talk_start (CtlTalk *self,
                gsize    max_length)
{
  self->max_length = max_length;

  if (self->interactive)
    {
      self->prompt = ctl_prompt_new (self->interrupt_fd);
      g_signal_connect (self->prompt, "changed", G_CALLBACK (on_prompt_changed), self);
      g_signal_connect (self->prompt, "entered", G_CALLBACK (on_prompt_entered), self);
      g_signal_connect (self->prompt, "ended", G_CALLBACK (on_prompt_ended), self);
    }
  else
    {
      g_autoptr (GInputStream) stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);

      /* One more, for a carriage return at the end of a line. */
      self->lines = ctl_lines_new (stream, max_length + 1);
      read_next_line (self);
    }
}
