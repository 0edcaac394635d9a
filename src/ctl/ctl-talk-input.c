/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-talk.h"
#include "ctl-verb.h"

#include <inttypes.h>
#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <shmooze/shmooze.h>
#include <string.h>
#include <unistd.h>

/* What a talk sends: lines of a pipe or file, or what a person types. */

/* What may still arrive after the end of the input delays the end by no more than this. */
#define LAST_LOOK_MSEC 1000

static void read_next_line (CtlTalk *self);

static gboolean
on_last_look (gpointer user_data)
{
  CtlTalk *self = user_data;

  /* The other of the two would come too late, but would come. */
  g_clear_handle_id (&self->last_look, g_source_remove);
  g_clear_handle_id (&self->last_moment, g_source_remove);
  ctl_talk_finish (self, CTL_EXIT_DONE);

  return G_SOURCE_CONTINUE;
}

/* At the end of the input all must have been sent, and what has arrived is still printed. */
static void
end_when_sent (CtlTalk *self)
{
  if (!self->input_ended || self->n_pending > 0 || self->last_look != 0)
    return;

  if (self->last_msec > 0)
    self->last_look = g_timeout_add (self->last_msec, on_last_look, self);
  else
    self->last_look = g_idle_add_full (G_PRIORITY_LOW, on_last_look, self, NULL);
  self->last_moment = g_timeout_add (LAST_LOOK_MSEC, on_last_look, self);
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

/* The answer to a text that was given to be sent. */
void
ctl_talk_sent (CtlTalk      *self,
               const GError *error)
{
  if (self->ended)
    return;

  self->n_pending--;

  if (error == NULL)
    {
      self->n_sent++;
    }
  else
    {
      ctl_talk_report (self, error->message);
      /* The next line would fare no better. */
      if (self->lines != NULL && !g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG))
        self->input_ended = TRUE;
    }

  publish_typing (self);

  if (self->input_ended)
    end_when_sent (self);
  else if (self->lines != NULL)
    read_next_line (self);
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
  /* What is too long was cut. Otherwise what was not valid has become longer. */
  guint64 needed = length > self->max_length ? length : strlen (line);

  if (*line == '\0' && !self->empty_lines)
    {
      read_next_line (self);
    }
  else if (needed > self->max_length)
    {
      g_autofree char *message = NULL;

      message = g_strdup_printf (_("Line %u was not sent: it has %" PRIu64 " bytes, a message has at most %zu."),
                                 self->line_number, needed, self->max_length);
      ctl_talk_report (self, message);
      read_next_line (self);
    }
  else
    {
      send_text (self, line);
    }
}

/* Where the input comes from a pipe or file, a line at a time, and the next one only when the former
 * was sent: so a peer that does not read holds back whoever writes into the pipe.
 */
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
    {
      g_autofree char *message = g_strdup_printf (_("Could not read the input: %s"), error->message);

      ctl_talk_report (self, message);
    }

  if (line == NULL)
    {
      end_input (self);
      return;
    }

  self->line_number++;
  take_line (self, line, length);
}

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
      g_autofree char *message = NULL;

      message = g_strdup_printf (_("This is too long: it has %zu bytes, a message has at most %zu."),
                                 strlen (text), self->max_length);
      ctl_talk_report (self, message);
      return;
    }

  ctl_prompt_clear (prompt);
  if (*text != '\0' || self->empty_lines)
    send_text (self, text);
}

static void
on_prompt_ended (CtlPrompt *prompt,
                 gpointer   user_data)
{
  end_input (user_data);
}

/* From now on what is said is given to @funcs. */
void
ctl_talk_start (CtlTalk            *self,
                gsize               max_length,
                const CtlTalkFuncs *funcs,
                gpointer            user_data)
{
  self->max_length = max_length;
  self->funcs = funcs;
  self->user_data = user_data;

  if (self->person)
    {
      self->prompt = ctl_prompt_new (self->interrupt_fd);
      g_signal_connect (self->prompt, "changed", G_CALLBACK (on_prompt_changed), self);
      g_signal_connect (self->prompt, "entered", G_CALLBACK (on_prompt_entered), self);
      g_signal_connect (self->prompt, "ended", G_CALLBACK (on_prompt_ended), self);
    }
  else
    {
      g_autoptr (GInputStream) stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);

      /* One more, for the carriage return that a line may end with. */
      self->lines = ctl_lines_new (stream, max_length + 1);
      read_next_line (self);
    }
}
