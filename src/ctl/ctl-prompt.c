/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-output.h"
#include "ctl-prompt.h"
#include "ctl-terminal.h"
#include "ctl-text.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* The line being typed at a terminal, kept below what is printed meanwhile. The line editing of the terminal
 * itself cannot do that, since a program cannot read the unfinished line.
 */

#define PROMPT        "> "
#define ERASE_ROW     "\r\033[K"
#define ROW_UP        "\033[1A"
#define END_OF_INPUT  ('D' & 0x1f)
#define BACKSPACE     ('H' & 0x1f)
#define REDRAW        ('L' & 0x1f)
#define ERASE_ALL     ('U' & 0x1f)
#define ERASE_WORD    ('W' & 0x1f)
#define ESCAPE        0x1b
#define DELETE        0x7f

typedef enum
{
  KEYS_PLAIN,
  KEYS_ESCAPE,    /* after an escape character */
  KEYS_SEQUENCE,  /* within the sequence of, say, an arrow key */
  KEYS_LETTER     /* before the one letter that ends a short sequence */
} KeysState;

struct _CtlPrompt
{
  GObject         parent_instance;

  struct termios  former;
  int             interrupt_fd;
  int             signal_fd;
  guint           input_source;
  guint           signal_source;

  GString        *text;
  char           *status;
  gboolean        visible;
  gboolean        status_drawn;

  GString        *keys;   /* bytes of an incomplete character */
  KeysState       state;
};

enum
{
  CHANGED,
  ENTERED,
  ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (CtlPrompt, ctl_prompt, G_TYPE_OBJECT)

static void
append_erase (CtlPrompt *self,
              GString   *output)
{
  if (!self->visible)
    return;

  g_string_append (output, ERASE_ROW);
  if (self->status_drawn)
    g_string_append (output, ROW_UP ERASE_ROW);
}

/* Shows the end of the text on one row, since a row that wraps could not be erased after a resize. */
static void
append_row (GString    *output,
            const char *start,
            const char *text)
{
  g_autofree char *clean = ctl_text_clean_line (text);
  gsize columns = ctl_terminal_get_columns () - 1;
  gsize taken = ctl_text_width (start) + 1;
  const char *tail = ctl_text_tail (clean, columns > taken ? columns - taken : 0);

  g_string_append (output, start);
  if (tail != clean)
    g_string_append (output, "…");
  g_string_append (output, tail);
}

static void
append_draw (CtlPrompt *self,
             GString   *output)
{
  if (!self->visible)
    return;

  self->status_drawn = self->status != NULL;
  if (self->status_drawn)
    {
      append_row (output, "", self->status);
      g_string_append_c (output, '\n');
    }

  append_row (output, PROMPT, self->text->str);
}

gboolean
ctl_prompt_print (CtlPrompt   *self,
                  const char  *text,
                  GError     **error)
{
  g_autoptr (GString) output = g_string_new (NULL);

  append_erase (self, output);
  g_string_append (output, text);
  append_draw (self, output);

  return ctl_output_write (output->str, self->interrupt_fd, error);
}

static void
redraw (CtlPrompt *self)
{
  /* An error means that the terminal is gone, and the hang-up signal ends the program. */
  ctl_prompt_print (self, "", NULL);
}

static void
enter_keys_mode (CtlPrompt *self)
{
  struct termios keys = self->former;

  keys.c_lflag &= ~(tcflag_t) (ICANON | ECHO | IEXTEN);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  tcsetattr (STDIN_FILENO, TCSADRAIN, &keys);
}

static void
leave_keys_mode (CtlPrompt *self)
{
  /* In the background, tcsetattr() would stop the process. */
  if (tcgetpgrp (STDIN_FILENO) == getpgrp ())
    tcsetattr (STDIN_FILENO, TCSADRAIN, &self->former);
}

void
ctl_prompt_hide (CtlPrompt *self)
{
  g_autoptr (GString) output = g_string_new (NULL);

  append_erase (self, output);
  self->visible = FALSE;
  self->status_drawn = FALSE;
  ctl_output_write (output->str, self->interrupt_fd, NULL);
}

void
ctl_prompt_show (CtlPrompt *self)
{
  self->visible = TRUE;
  self->status_drawn = FALSE;
  redraw (self);
}

static gboolean
on_signal (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  CtlPrompt *self = user_data;
  struct signalfd_siginfo info;

  if (read (fd, &info, sizeof info) != sizeof info)
    return G_SOURCE_CONTINUE;

  switch (info.ssi_signo)
    {
    case SIGTSTP:
      ctl_prompt_hide (self);
      leave_keys_mode (self);
      raise (SIGSTOP);
      break;

    case SIGCONT:
      enter_keys_mode (self);
      ctl_prompt_show (self);
      break;

    default:
      redraw (self);
      break;
    }

  return G_SOURCE_CONTINUE;
}

static void
erase_word (GString *text)
{
  while (text->len > 0 && g_ascii_isspace (text->str[text->len - 1]))
    g_string_truncate (text, text->len - 1);

  while (text->len > 0 && !g_ascii_isspace (text->str[text->len - 1]))
    ctl_text_erase_last (text);
}

/* Returns FALSE when the input ended. */
static gboolean
handle_plain (CtlPrompt *self,
              gunichar   c)
{
  switch (c)
    {
    case '\n':
    case '\r':
      g_signal_emit (self, signals[ENTERED], 0);
      break;

    case END_OF_INPUT:
      return self->text->len > 0;

    case BACKSPACE:
    case DELETE:
      ctl_text_erase_last (self->text);
      break;

    case ERASE_ALL:
      g_string_truncate (self->text, 0);
      break;

    case ERASE_WORD:
      erase_word (self->text);
      break;

    case ESCAPE:
      self->state = KEYS_ESCAPE;
      break;

    case REDRAW:
      break;

    default:
      if (c == '\t' || g_unichar_type (c) != G_UNICODE_CONTROL)
        g_string_append_unichar (self->text, c);
      break;
    }

  return TRUE;
}

static gboolean
handle_key (CtlPrompt *self,
            gunichar   c)
{
  switch (self->state)
    {
    case KEYS_ESCAPE:
      self->state = c == '[' ? KEYS_SEQUENCE : c == 'O' ? KEYS_LETTER : KEYS_PLAIN;
      return TRUE;

    case KEYS_SEQUENCE:
      if (c >= 0x40 && c <= 0x7e)
        self->state = KEYS_PLAIN;
      return TRUE;

    case KEYS_LETTER:
      self->state = KEYS_PLAIN;
      return TRUE;

    case KEYS_PLAIN:
    default:
      return handle_plain (self, c);
    }
}

/* Handles all complete characters; returns FALSE when the input ended. */
static gboolean
handle_keys (CtlPrompt *self)
{
  const char *p = self->keys->str;
  const char *end = p + self->keys->len;
  gboolean more = TRUE;

  while (more && p < end)
    {
      gunichar c = *p == '\0' ? 0 : g_utf8_get_char_validated (p, end - p);

      if (c == (gunichar) -2)
        break;

      if (c == (gunichar) -1)
        {
          c = 0xfffd;
          p++;
        }
      else
        {
          p = g_utf8_next_char (p);
        }

      more = handle_key (self, c);
    }

  g_string_erase (self->keys, 0, p - self->keys->str);

  return more;
}

static gboolean
on_input (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  g_autoptr (CtlPrompt) self = g_object_ref (user_data);
  g_autofree char *former = g_strdup (self->text->str);
  char bytes[4096];
  ssize_t n_read = read (fd, bytes, sizeof bytes);

  if (n_read < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;

  g_string_append_len (self->keys, bytes, MAX (n_read, 0));

  if (n_read <= 0 || !handle_keys (self))
    {
      self->input_source = 0;
      g_signal_emit (self, signals[ENDED], 0);
      return G_SOURCE_REMOVE;
    }

  redraw (self);
  if (strcmp (former, self->text->str) != 0)
    g_signal_emit (self, signals[CHANGED], 0);

  return G_SOURCE_CONTINUE;
}

static void
ctl_prompt_dispose (GObject *object)
{
  CtlPrompt *self = CTL_PROMPT (object);

  ctl_prompt_close (self);
  g_clear_pointer (&self->status, g_free);
  if (self->text != NULL)
    g_string_free (g_steal_pointer (&self->text), TRUE);
  if (self->keys != NULL)
    g_string_free (g_steal_pointer (&self->keys), TRUE);

  G_OBJECT_CLASS (ctl_prompt_parent_class)->dispose (object);
}

static void
ctl_prompt_class_init (CtlPromptClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ctl_prompt_dispose;

  /* The text has changed. */
  signals[CHANGED] = g_signal_new ("changed", CTL_TYPE_PROMPT, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
  /* The text is to be sent; the handler clears it. */
  signals[ENTERED] = g_signal_new ("entered", CTL_TYPE_PROMPT, G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
  /* The input has ended. */
  signals[ENDED] = g_signal_new ("ended", CTL_TYPE_PROMPT, G_SIGNAL_RUN_LAST, 0,
                                 NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ctl_prompt_init (CtlPrompt *self)
{
  self->text = g_string_new (NULL);
  self->keys = g_string_new (NULL);
  self->signal_fd = -1;
}

static void
fill_signal_set (sigset_t *set)
{
  sigemptyset (set);
  sigaddset (set, SIGTSTP);
  sigaddset (set, SIGCONT);
  sigaddset (set, SIGWINCH);
}

/* Returns whether there is a terminal for a prompt. Must be called before any thread starts, since it blocks
 * signals that no thread must receive.
 */
gboolean
ctl_prompt_prepare (void)
{
  sigset_t set;

  if (!isatty (STDIN_FILENO) || !ctl_terminal_can_erase ())
    return FALSE;

  fill_signal_set (&set);
  sigprocmask (SIG_BLOCK, &set, NULL);

  return TRUE;
}

/* Takes over the terminal until ctl_prompt_close(). */
CtlPrompt *
ctl_prompt_new (int interrupt_fd)
{
  CtlPrompt *self = g_object_new (CTL_TYPE_PROMPT, NULL);
  sigset_t set;

  self->interrupt_fd = interrupt_fd;
  tcgetattr (STDIN_FILENO, &self->former);
  fill_signal_set (&set);
  self->signal_fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  self->signal_source = g_unix_fd_add (self->signal_fd, G_IO_IN, on_signal, self);
  self->input_source = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, self);
  enter_keys_mode (self);
  ctl_prompt_show (self);

  return self;
}

const char *
ctl_prompt_get_text (CtlPrompt *self)
{
  return self->text->str;
}

void
ctl_prompt_clear (CtlPrompt *self)
{
  g_string_truncate (self->text, 0);
}

/* Sets a row above the line; NULL removes it. */
void
ctl_prompt_set_status (CtlPrompt  *self,
                       const char *status)
{
  g_autoptr (GString) output = g_string_new (NULL);

  if (g_strcmp0 (status, self->status) == 0)
    return;

  append_erase (self, output);
  g_free (self->status);
  self->status = g_strdup (status);
  append_draw (self, output);
  ctl_output_write (output->str, self->interrupt_fd, NULL);
}

/* Restores the terminal. */
void
ctl_prompt_close (CtlPrompt *self)
{
  if (self->signal_fd < 0)
    return;

  g_clear_handle_id (&self->input_source, g_source_remove);
  g_clear_handle_id (&self->signal_source, g_source_remove);
  ctl_prompt_hide (self);
  leave_keys_mode (self);
  close (self->signal_fd);
  self->signal_fd = -1;
}
