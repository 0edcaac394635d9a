/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-chat.h"
#include "ctl-nick.h"
#include "ctl-verb.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Ends the program as soon as the main loop has its turn. */
void
ctl_chat_finish (CtlChat *self,
                 int      status)
{
  if (status != CTL_EXIT_DONE)
    self->status = status;

  g_main_loop_quit (self->loop);
}

static gboolean
on_interrupt (int          fd,
              GIOCondition condition,
              gpointer     user_data)
{
  ctl_chat_finish (user_data, CTL_EXIT_DONE);

  return G_SOURCE_CONTINUE;
}

/* Signals come as a descriptor, so that they also end a write that hangs. */
static int
open_interrupts (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGHUP);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  sigprocmask (SIG_BLOCK, &set, NULL);
  signal (SIGPIPE, SIG_IGN);

  return signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What was sent and who was there when we left. */
static void
sum_up (CtlChat *self)
{
  gboolean alone = g_list_model_get_n_items (shmooze_room_get_peers (self->room)) == 0;

  if (self->n_pending > 0)
    self->status = ctl_verb_error (ngettext ("%u message was not sent.",
                                             "%u messages were not sent.",
                                             self->n_pending),
                                   self->n_pending);
  else if (alone && self->n_sent > 0 && self->prompt == NULL && self->status == CTL_EXIT_DONE)
    ctl_verb_error (_("Nobody else is in “%s”: it ends now, with what was sent."),
                    shmooze_room_get_name (self->room));
}

static int
chat (const char  *region,
      const char  *nick,
      ShmoozeWait  wait,
      gboolean     color)
{
  CtlChat self = {
    .color = color,
    .events = isatty (STDOUT_FILENO),
    .person = ctl_prompt_prepare (),
  };
  g_autoptr (GError) error = NULL;
  guint interrupt;

  self.interrupt_fd = open_interrupts ();
  self.room = shmooze_room_join (region, nick, wait, &error);
  if (self.room == NULL)
    return ctl_verb_error ("%s", error->message);

  self.loop = g_main_loop_new (NULL, FALSE);
  self.reading = g_cancellable_new ();
  interrupt = g_unix_fd_add (self.interrupt_fd, G_IO_IN, on_interrupt, &self);

  ctl_chat_start_input (&self);
  ctl_chat_show (&self);
  g_main_loop_run (self.loop);

  self.ended = TRUE;
  g_clear_handle_id (&interrupt, g_source_remove);
  g_clear_handle_id (&self.last_look, g_source_remove);
  g_clear_handle_id (&self.last_moment, g_source_remove);
  g_cancellable_cancel (self.reading);
  if (self.prompt != NULL)
    ctl_prompt_close (self.prompt);
  sum_up (&self);

  ctl_chat_stop_showing (&self);
  shmooze_room_leave (self.room);

  /* Answers still due come before what they are given to goes. */
  while (g_main_context_iteration (NULL, FALSE))
    ;

  g_clear_object (&self.prompt);
  g_clear_object (&self.lines);
  g_clear_object (&self.reading);
  g_clear_object (&self.room);
  g_main_loop_unref (self.loop);
  close (self.interrupt_fd);

  return self.status;
}

static gboolean
parse_color (const char *word,
             gboolean   *color)
{
  const char *terminal = g_getenv ("TERM");
  const char *no_color = g_getenv ("NO_COLOR");

  if (word == NULL || strcmp (word, "auto") == 0)
    *color = isatty (STDOUT_FILENO) && g_strcmp0 (terminal, "dumb") != 0 &&
             (no_color == NULL || *no_color == '\0');
  else if (strcmp (word, "always") == 0)
    *color = TRUE;
  else if (strcmp (word, "never") == 0)
    *color = FALSE;
  else
    return FALSE;

  return TRUE;
}

static gboolean
parse_wait (const char  *word,
            ShmoozeWait *wait)
{
  if (word == NULL || strcmp (word, "auto") == 0)
    *wait = SHMOOZE_WAIT_AUTO;
  else if (strcmp (word, "bell") == 0)
    *wait = SHMOOZE_WAIT_BELL;
  else if (strcmp (word, "poll") == 0)
    *wait = SHMOOZE_WAIT_POLL;
  else
    return FALSE;

  return TRUE;
}

int
ctl_chat (int    argc,
          char **argv)
{
  g_autofree char *name = NULL;
  g_autofree char *color_word = NULL;
  g_autofree char *wait_word = NULL;
  g_autofree char *nick = NULL;
  g_auto (GStrv) rest = NULL;
  gboolean color = FALSE;
  ShmoozeWait wait = SHMOOZE_WAIT_AUTO;
  const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_FILENAME, &name, N_("What the others call you"), N_("NICK") },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color_word, N_("Show the others in red: always, never or auto"), N_("WHEN") },
    { "wait", 0, 0, G_OPTION_ARG_STRING, &wait_word, N_("How to wait for the others: auto, bell or poll"), N_("HOW") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[REGION]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries,
                       _("Send the lines of standard input as messages, and print those of the others.\n"
                         "REGION is “chat” unless given."),
                       _("Ends at the end of the input, once all of it stands in the region; who else is\n"
                         "there receives it then. A region lasts no longer than its last holder: where nobody\n"
                         "else is, it goes with what was sent, and a note on standard error says so.\n"
                         "Empty lines are not sent. Joining and leaving are told on a terminal only, where\n"
                         "others also see the line while you type it.")))
    return CTL_EXIT_USAGE;

  if (rest != NULL && rest[0] != NULL && rest[1] != NULL)
    return ctl_verb_usage_error ("%s", _("No more than one region can be given."));
  if (!parse_color (color_word, &color))
    return ctl_verb_usage_error (_("--color is “always”, “never” or “auto”, not “%s”."), color_word);
  if (!parse_wait (wait_word, &wait))
    return ctl_verb_usage_error (_("--wait is “auto”, “bell” or “poll”, not “%s”."), wait_word);
  if (name != NULL && *name == '\0')
    return ctl_verb_usage_error ("%s", _("--name needs at least one character."));

  nick = name != NULL ? g_utf8_make_valid (name, -1) : ctl_nick_default ();

  return chat (rest != NULL && rest[0] != NULL ? rest[0] : "chat", nick, wait, color);
}
