/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-option.h"
#include "ctl-talk.h"
#include "ctl-verb.h"

#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

/* At a terminal the shared text is the line being typed, from a pipe or file it is everything read so far. */

#define CHUNK 65536

typedef struct
{
  CtlTalk           *talk;
  ShmoozeSharedText *shared;
  GCancellable      *reading;
  GInputStream      *stream;    /* of a pipe or file … */
  GString           *input;     /* … the bytes read so far … */
  gsize              n_shared;  /* … and how many bytes of valid UTF-8 are shared of them */
  gboolean           full;      /* no more of the input fits */
  gboolean           entered;   /* the prompt is empty, but the text is still shared */
} CtlShareText;

static void read_more (CtlShareText *self);

static void
fail (CtlShareText *self,
      const GError *error)
{
  ctl_talk_report (self->talk, "%s", error->message);
  ctl_talk_finish (self->talk, CTL_EXIT_FAILED);
}

/* A text that is too long may fit later; any other error is final. */
static gboolean
is_too_long (const GError *error)
{
  return g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG);
}

/* The length of the whole lines that fit; @line is the number of the first line that does not. */
static gsize
find_fitting_lines (const char *text,
                    guint       max_units,
                    guint      *line)
{
  const char *fitting = text;
  const char *end;
  guint n_units = 0;

  for (*line = 1; (end = strchr (fitting, '\n')) != NULL; (*line)++)
    {
      n_units += shmooze_shared_text_count_units (fitting, end + 1 - fitting);
      if (n_units > max_units)
        break;
      fitting = end + 1;
    }

  return (gsize) (fitting - text);
}

/* Shares the whole lines that fit, unless a part of the next line is shared already. */
static void
refuse (CtlShareText *self,
        const char   *text,
        const GError *reason)
{
  guint line;
  gsize fitting = find_fitting_lines (text, shmooze_shared_text_get_max_units (self->shared), &line);
  g_autofree char *lines = g_strndup (text, fitting);
  g_autoptr (GError) error = NULL;

  self->full = TRUE;
  if (fitting > self->n_shared && !shmooze_shared_text_set_text (self->shared, lines, &error))
    fail (self, error);
  else
    /* Translators: the number of a line, then the reason with the numbers */
    ctl_talk_report (self->talk, _("Line %u and what follows it are not shared: %s"), line, reason->message);
}

/* The length of the input without an incomplete character at its end. */
static gsize
whole_characters (const GString *input)
{
  const char *end = input->str + input->len;

  for (gsize n = 1; n <= MIN (input->len, 3); n++)
    if ((end[-(gssize) n] & 0xc0) == 0xc0)
      return g_utf8_get_char_validated (end - n, (gssize) n) == (gunichar) -2 ? input->len - n : input->len;

  return input->len;
}

static void
share_input (CtlShareText *self,
             gsize         length)
{
  g_autofree char *text = g_utf8_make_valid (self->input->str, (gssize) length);
  g_autoptr (GError) error = NULL;

  if (shmooze_shared_text_set_text (self->shared, text, &error))
    self->n_shared = strlen (text);
  else if (is_too_long (error))
    refuse (self, text, error);
  else
    fail (self, error);
}

static void
end_input (CtlShareText *self)
{
  if (!self->full && whole_characters (self->input) < self->input->len)
    share_input (self, self->input->len);

  if (isatty (STDERR_FILENO))
    ctl_talk_note (self->talk, "%s", _("The input has ended; the text stays shared until Ctrl+C."));
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  CtlShareText *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (bytes == NULL)
    ctl_talk_report (self->talk, _("Could not read the input: %s"), error->message);

  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      end_input (self);
      return;
    }

  /* The rest of an input that does not fit is read and dropped, so that the program that writes it goes on. */
  if (!self->full)
    {
      g_string_append_len (self->input, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes));
      share_input (self, whole_characters (self->input));
    }
  read_more (self);
}

static void
read_more (CtlShareText *self)
{
  g_input_stream_read_bytes_async (self->stream, CHUNK, G_PRIORITY_DEFAULT, self->reading, on_read, self);
}

/* Returns FALSE if the text is too long: the previous text stays shared, and the status line says so. */
static gboolean
share_typed (const char *text,
             gpointer    user_data)
{
  CtlShareText *self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean shared = shmooze_shared_text_set_text (self->shared, text, &error);

  if (shared || is_too_long (error))
    ctl_talk_set_status (self->talk, shared ? NULL : error->message);
  else
    fail (self, error);

  return shared;
}

static void
on_typing (const char *text,
           gpointer    user_data)
{
  CtlShareText *self = user_data;

  if (*text == '\0' && self->entered)
    return;

  self->entered = FALSE;
  share_typed (text, self);
}

static void
on_send (const char *text,
         gpointer    user_data)
{
  CtlShareText *self = user_data;

  self->entered = TRUE;
  ctl_talk_print_own (self->talk, "", text);
  ctl_talk_sent (self->talk, NULL);
}

static void
share (CtlShareText *self)
{
  g_autoptr (GError) error = NULL;

  /* A text that another program has left in the region must not be shared. */
  if (!shmooze_shared_text_set_text (self->shared, "", &error))
    {
      fail (self, error);
      return;
    }

  if (ctl_talk_is_interactive (self->talk))
    {
      ctl_talk_event (self->talk, _("What you type is shared as “%s”; Ctrl+D ends"),
                      shmooze_shared_text_get_name (self->shared));
      ctl_talk_start (self->talk, G_MAXSIZE);
    }
  else
    {
      read_more (self);
    }
  ctl_talk_run (self->talk);
}

static int
share_text (const char *name,
            guint64     capacity)
{
  static const CtlTalkFuncs funcs = {
    .send = on_send,
    .typing = on_typing,
    .accept = share_typed,
    .empty_lines = TRUE,
  };
  CtlShareText self = { 0 };
  g_autoptr (GCancellable) reading = g_cancellable_new ();
  g_autoptr (GInputStream) stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GString) input = g_string_new (NULL);
  g_autoptr (ShmoozeSharedText) shared = NULL;
  g_autoptr (GError) error = NULL;

  self.talk = ctl_talk_new (&funcs, &self, FALSE);
  self.reading = reading;
  self.stream = stream;
  self.input = input;
  self.shared = shared = shmooze_shared_text_share (name, capacity, &error);
  if (shared != NULL)
    share (&self);
  else
    ctl_talk_report (self.talk, "%s", error->message);

  g_cancellable_cancel (reading);
  return ctl_talk_close (self.talk);
}

int
ctl_share_text (int    argc,
                char **argv)
{
  CtlOptions options = { .capacity = SHMOOZE_SHARED_TEXT_CAPACITY };
  g_auto (GStrv) rest = NULL;
  const char *name;
  const GOptionEntry entries[] = {
    CTL_OPTION ("capacity", ctl_option_size, N_("Size of a new region"), N_("N")),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, &options,
                       _("Share a text that other programs show while it changes.\n"
                         "NAME defaults to “/EMoreauSharedDemo”."),
                       _("N is a number of bytes; the suffixes K, M and G are accepted. A new region has 8096\n"
                         "bytes.\n"
                         "At a terminal, the text is the line that you type, updated with every key; after Enter\n"
                         "it stays until you type the next line, and Ctrl+D exits. From a pipe or file, the text\n"
                         "is everything read so far; it stays shared after the end of the input, until Ctrl+C or\n"
                         "SIGTERM.\n"
                         "If the text becomes too long, the lines that fit stay shared, and an error message gives\n"
                         "the numbers.")))
    return CTL_EXIT_USAGE;

  if (!ctl_verb_take_name (rest, SHMOOZE_SHARED_TEXT_NAME, &name))
    return CTL_EXIT_USAGE;

  return share_text (name, options.capacity);
}
