/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-number.h"
#include "ctl-talk.h"
#include "ctl-verb.h"

#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <shmooze/shmooze.h>
#include <string.h>
#include <unistd.h>

/* The writing side of the classic live text: at a terminal the line being typed is the text, from a pipe
 * or file all that has come.
 */

#define CHUNK 65536

typedef struct
{
  CtlTalk            talk;
  ShmoozeSharedText *shared;
  GInputStream      *stream;    /* of a pipe or file … */
  GString           *input;     /* … what has come of it … */
  gsize              n_shared;  /* … and how many bytes of that are shared, in valid UTF-8 */
  gboolean           full;      /* no more of it is */
  gboolean           entered;   /* the prompt is empty, but the text is not */
} CtlShareText;

static void read_more (CtlShareText *self);

/* What no longer fits may do so again; what is lost is lost. */
static gboolean
is_too_long (const GError *error)
{
  return g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG);
}

static void
fail (CtlShareText *self,
      const GError *error)
{
  ctl_talk_report (&self->talk, error->message);
  ctl_talk_finish (&self->talk, CTL_EXIT_FAILED);
}

/* How long a beginning of whole lines has room; @line is the number of the first that has none. */
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

/* Keeps what fits: the whole lines, or what is there already of the next one. */
static void
refuse (CtlShareText *self,
        const char   *text,
        const GError *why)
{
  guint line;
  gsize fitting = find_fitting_lines (text, shmooze_shared_text_get_max_units (self->shared), &line);
  g_autofree char *lines = g_strndup (text, fitting);
  g_autofree char *message = NULL;
  g_autoptr (GError) error = NULL;

  self->full = TRUE;
  if (fitting > self->n_shared && !shmooze_shared_text_set_text (self->shared, lines, &error))
    {
      fail (self, error);
      return;
    }

  /* Translators: the number of a line, then the reason with the numbers */
  message = g_strdup_printf (_("Line %u and what follows it are not shared: %s"), line, why->message);
  ctl_talk_report (&self->talk, message);
}

/* How much of what has come can be taken for text: all but the beginning of a character. */
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
    ctl_talk_note (&self->talk, _("The input has ended; the text stays shared until Ctrl+C."));
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
    {
      g_autofree char *message = g_strdup_printf (_("Could not read the input: %s"), error->message);

      ctl_talk_report (&self->talk, message);
    }

  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      end_input (self);
      return;
    }

  /* Who writes into the pipe is not held up by what does not fit. */
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
  g_input_stream_read_bytes_async (self->stream, CHUNK, G_PRIORITY_DEFAULT, self->talk.reading, on_read, self);
}

/* What does not fit is told while it is typed, and the former text stays. */
static gboolean
share_typed (CtlShareText *self,
             const char   *text)
{
  g_autoptr (GError) error = NULL;
  gboolean shared = shmooze_shared_text_set_text (self->shared, text, &error);

  if (shared || is_too_long (error))
    ctl_prompt_set_status (self->talk.prompt, shared ? NULL : error->message);
  else
    fail (self, error);

  return shared;
}

static void
on_changed (CtlPrompt *prompt,
            gpointer   user_data)
{
  CtlShareText *self = user_data;
  const char *text = ctl_prompt_get_text (prompt);

  if (*text == '\0' && self->entered)
    return;

  self->entered = FALSE;
  share_typed (self, text);
}

static void
on_entered (CtlPrompt *prompt,
            gpointer   user_data)
{
  CtlShareText *self = user_data;
  g_autofree char *text = g_strdup (ctl_prompt_get_text (prompt));

  if (!share_typed (self, text))
    return;

  ctl_prompt_clear (prompt);
  self->entered = TRUE;
  ctl_talk_own (&self->talk, "", text);
}

static void
on_ended (CtlPrompt *prompt,
          gpointer   user_data)
{
  CtlShareText *self = user_data;

  ctl_talk_finish (&self->talk, CTL_EXIT_DONE);
}

static void
start_prompt (CtlShareText *self)
{
  ctl_talk_event (&self->talk, _("What you type is shared as “%s”; Ctrl+D ends"),
                  shmooze_shared_text_get_name (self->shared));

  self->talk.prompt = ctl_prompt_new (self->talk.interrupt_fd);
  g_signal_connect (self->talk.prompt, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect (self->talk.prompt, "entered", G_CALLBACK (on_entered), self);
  g_signal_connect (self->talk.prompt, "ended", G_CALLBACK (on_ended), self);
}

/* Nothing has been typed, or has come: this is the text so far. */
static void
share (CtlShareText *self)
{
  g_autoptr (GError) error = NULL;

  if (!shmooze_shared_text_set_text (self->shared, "", &error))
    {
      fail (self, error);
      return;
    }

  if (self->talk.person)
    start_prompt (self);
  else
    read_more (self);
  ctl_talk_run (&self->talk);
}

static int
share_text (const char *name,
            guint64     capacity)
{
  CtlShareText self = { 0 };
  g_autoptr (GError) error = NULL;

  ctl_talk_init (&self.talk, FALSE);
  self.stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  self.input = g_string_new (NULL);
  self.shared = shmooze_shared_text_share (name, capacity, &error);
  if (self.shared != NULL)
    share (&self);
  else
    self.talk.status = ctl_verb_error ("%s", error->message);

  ctl_talk_clear (&self.talk);
  g_clear_object (&self.shared);
  g_clear_object (&self.stream);
  g_string_free (self.input, TRUE);

  return self.talk.status;
}

int
ctl_share_text (int    argc,
                char **argv)
{
  g_autofree char *capacity_word = NULL;
  g_auto (GStrv) rest = NULL;
  const char *name;
  g_autoptr (GError) error = NULL;
  guint64 capacity = SHMOOZE_SHARED_TEXT_CAPACITY;
  const GOptionEntry entries[] = {
    { "capacity", 0, 0, G_OPTION_ARG_STRING, &capacity_word, N_("Size of a new region"), N_("N") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries,
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
  if (capacity_word != NULL && !ctl_number_parse (capacity_word, &capacity, &error))
    return ctl_verb_usage_error ("%s", error->message);

  return share_text (name, capacity);
}
