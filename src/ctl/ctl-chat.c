/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-chat.h"
#include "ctl-color.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <string.h>

/* A text just entered stays live until it stands in the region as a message. Without a seat, or with
 * a text too long, there simply is no live text.
 */
static void
on_typing (const char *text,
           gpointer    user_data)
{
  CtlChat *self = user_data;

  if (*text != '\0' || self->talk.n_pending == 0)
    shmooze_room_set_draft (self->room, text, NULL);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  CtlChat *self = user_data;
  g_autoptr (GError) error = NULL;

  shmooze_room_send_finish (SHMOOZE_ROOM (source), result, &error);
  ctl_talk_sent (&self->talk, error);
}

static void
on_send (const char *text,
         gpointer    user_data)
{
  CtlChat *self = user_data;

  shmooze_room_send_async (self->room, text, NULL, on_sent, self);
}

/* What was sent and who was there when we left. */
static void
sum_up (CtlChat *self)
{
  gboolean alone = g_list_model_get_n_items (shmooze_room_get_peers (self->room)) == 0;
  CtlTalk *talk = &self->talk;

  if (talk->n_pending > 0)
    talk->status = ctl_verb_error (ngettext ("%u message was not sent.",
                                             "%u messages were not sent.",
                                             talk->n_pending),
                                   talk->n_pending);
  else if (alone && talk->n_sent > 0 && talk->prompt == NULL && talk->status == CTL_EXIT_DONE)
    ctl_verb_error (_("No other participant in “%s”: the region is deleted with the messages."),
                    shmooze_room_get_name (self->room));
}

static void
talk (CtlChat *self)
{
  static const CtlTalkFuncs funcs = { on_send, on_typing };

  ctl_talk_start (&self->talk, shmooze_room_get_max_text (self->room), &funcs, self);
  ctl_chat_show (self);
  ctl_talk_run (&self->talk);
  sum_up (self);

  ctl_chat_stop_showing (self);
  shmooze_room_leave (self->room);
}

static int
chat (const char  *region,
      const char  *nick,
      ShmoozeWait  wait,
      gboolean     color)
{
  CtlChat self = { 0 };
  g_autoptr (GError) error = NULL;

  ctl_talk_init (&self.talk, color);
  self.room = shmooze_room_join (region, nick, wait, &error);
  if (self.room != NULL)
    talk (&self);
  else
    self.talk.status = ctl_verb_error ("%s", error->message);

  ctl_talk_clear (&self.talk);
  g_clear_object (&self.room);

  return self.talk.status;
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
  g_autofree char *nick_word = NULL;
  g_autofree char *color_word = NULL;
  g_autofree char *wait_word = NULL;
  g_auto (GStrv) rest = NULL;
  const char *name;
  gboolean color = FALSE;
  ShmoozeWait wait = SHMOOZE_WAIT_AUTO;
  const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_FILENAME, &nick_word, N_("Your name in the room"), N_("NICK") },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color_word,
      N_("Print the messages of the others in red: always, never or auto"), N_("WHEN") },
    { "wait", 0, 0, G_OPTION_ARG_STRING, &wait_word, N_("How to wait for messages: auto, bell or poll"), N_("HOW") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[REGION]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries,
                       _("Send each line of standard input as a message, and print the messages of the others.\n"
                         "REGION defaults to “chat”."),
                       _("Exits at the end of the input, once all messages are in the region; the other participants\n"
                         "receive them then. A region is deleted with its last holder: if there are no other\n"
                         "participants, the messages are lost with it, and a note on standard error says so.\n"
                         "Empty lines are not sent. At a terminal, the line being typed is visible to the others, and\n"
                         "events such as joining and leaving are printed, too.")))
    return CTL_EXIT_USAGE;

  if (!ctl_verb_take_name (rest, "chat", &name))
    return CTL_EXIT_USAGE;
  if (!ctl_color_parse (color_word, &color))
    return ctl_verb_usage_error (_("Invalid value “%s” for --color: must be always, never or auto"), color_word);
  if (!parse_wait (wait_word, &wait))
    return ctl_verb_usage_error (_("Invalid value “%s” for --wait: must be auto, bell or poll"), wait_word);
  if (nick_word != NULL && *nick_word == '\0')
    return ctl_verb_usage_error ("%s", _("--name must not be empty."));

  return chat (name, nick_word, wait, color);
}
