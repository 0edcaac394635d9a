/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-chat.h"
#include "ctl-verb.h"

#include <inttypes.h>
#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

/* What a chat sends: lines of a pipe or file, or what a person types. */

/* What may still arrive after the end of the input delays the end by no more than this. */
#define LAST_LOOK_MSEC 1000

static void read_next_line (CtlChat *self);

static gboolean
on_last_look (gpointer user_data)
{
  CtlChat *self = user_data;

  /* The other of the two would come too late, but would come. */
  g_clear_handle_id (&self->last_look, g_source_remove);
  g_clear_handle_id (&self->last_moment, g_source_remove);
  ctl_chat_finish (self, CTL_EXIT_DONE);

  return G_SOURCE_CONTINUE;
}

/* At the end of the input all must stand in the region, and what has arrived is still printed. */
static void
end_when_sent (CtlChat *self)
{
  if (!self->input_ended || self->n_pending > 0 || self->last_look != 0)
    return;

  self->last_look = g_idle_add_full (G_PRIORITY_LOW, on_last_look, self, NULL);
  self->last_moment = g_timeout_add (LAST_LOOK_MSEC, on_last_look, self);
}

static void
end_input (CtlChat *self)
{
  self->input_ended = TRUE;
  end_when_sent (self);
}

/* A text just entered stays live until it stands in the region as a message. Without a seat, or with
 * a text too long, there simply is no live text.
 */
static void
publish_typing (CtlChat *self)
{
  const char *text = ctl_prompt_get_text (self->prompt);

  if (*text != '\0' || self->n_pending == 0)
    shmooze_room_set_draft (self->room, text, NULL);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  CtlChat *self = user_data;
  g_autoptr (GError) error = NULL;

  if (self->ended)
    return;

  self->n_pending--;

  if (shmooze_room_send_finish (SHMOOZE_ROOM (source), result, &error))
    {
      self->n_sent++;
    }
  else
    {
      ctl_chat_report (self, error->message);
      /* Without a seat the next line would fare no better. */
      if (self->lines != NULL && !g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG))
        self->input_ended = TRUE;
    }

  if (self->prompt != NULL)
    publish_typing (self);

  if (self->input_ended)
    end_when_sent (self);
  else if (self->lines != NULL)
    read_next_line (self);
}

static void
send_text (CtlChat    *self,
           const char *text)
{
  self->n_pending++;
  shmooze_room_send_async (self->room, text, NULL, on_sent, self);
}

/* Where the input comes from a pipe or file, a line at a time, and the next one only when the former
 * stands in the region: so a full region holds back whoever writes into the pipe.
 */
static void
on_line (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  CtlChat *self = user_data;
  gsize max_length = shmooze_room_get_max_text (self->room);
  guint64 length = 0;
  g_autoptr (GError) error = NULL;
  g_autofree char *line = ctl_lines_next_finish (CTL_LINES (source), result, &length, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (error != NULL)
    {
      g_autofree char *message = g_strdup_printf (_("Could not read the input: %s"), error->message);

      ctl_chat_report (self, message);
      end_input (self);
      return;
    }

  if (line == NULL)
    {
      end_input (self);
      return;
    }

  self->line_number++;

  if (*line != '\0' && MAX (length, strlen (line)) <= max_length)
    {
      send_text (self, line);
      return;
    }

  if (*line != '\0')
    {
      g_autofree char *message = NULL;

      message = g_strdup_printf (_("Line %u was not sent: it has %" PRIu64 " bytes, a message has at most %zu."),
                                 self->line_number, MAX (length, strlen (line)), max_length);
      ctl_chat_report (self, message);
    }

  read_next_line (self);
}

static void
read_next_line (CtlChat *self)
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
  CtlChat *self = user_data;
  gsize max_length = shmooze_room_get_max_text (self->room);
  g_autofree char *text = g_strdup (ctl_prompt_get_text (prompt));

  if (strlen (text) > max_length)
    {
      g_autofree char *message = NULL;

      message = g_strdup_printf (_("This is too long: it has %zu bytes, a message has at most %zu."),
                                 strlen (text), max_length);
      ctl_chat_report (self, message);
      return;
    }

  ctl_prompt_clear (prompt);
  if (*text != '\0')
    send_text (self, text);
}

static void
on_prompt_ended (CtlPrompt *prompt,
                 gpointer   user_data)
{
  end_input (user_data);
}

void
ctl_chat_start_input (CtlChat *self)
{
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
      self->lines = ctl_lines_new (stream, shmooze_room_get_max_text (self->room) + 1);
      read_next_line (self);
    }
}
