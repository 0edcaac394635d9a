/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-option.h"
#include "ctl-talk.h"
#include "ctl-terminal.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>

typedef struct
{
  CtlTalk     *talk;
  ShmoozeRoom *room;
} CtlChat;

static void
on_message (ShmoozeRoom    *room,
            ShmoozeMessage *message,
            gpointer        user_data)
{
  CtlChat *self = user_data;
  g_autofree char *sender = ctl_text_clean_line (shmooze_message_get_sender (message));
  g_autofree char *start = g_strdup_printf ("%s: ", sender);
  const char *text = shmooze_message_get_text (message);

  if (shmooze_message_is_own (message))
    ctl_talk_print_own (self->talk, start, text);
  else
    ctl_talk_print_peer (self->talk, start, text);
}

static void
show_typing (CtlChat     *self,
             ShmoozePeer *latest)
{
  GListModel *peers = shmooze_room_get_peers (self->room);
  ShmoozePeer *typing = NULL;
  g_autofree char *status = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (ShmoozePeer) peer = g_list_model_get_item (peers, i);
      const char *draft = shmooze_peer_get_draft (peer);

      if (draft != NULL && *draft != '\0' && (typing == NULL || peer == latest))
        typing = peer;
    }

  if (typing != NULL)
    /* Translators: a nick, and the text that is being typed */
    status = g_strdup_printf (_("%s is typing: %s"), shmooze_peer_get_nick (typing),
                              shmooze_peer_get_draft (typing));
  ctl_talk_set_status (self->talk, status);
}

static void
on_draft_changed (ShmoozeRoom *room,
                  ShmoozePeer *peer,
                  gpointer     user_data)
{
  show_typing (user_data, peer);
}

static void
on_peer_state (ShmoozePeer *peer,
               GParamSpec  *pspec,
               gpointer     user_data)
{
  CtlChat *self = user_data;

  switch (shmooze_peer_get_state (peer))
    {
    case SHMOOZE_PEER_PRESENT:
      ctl_talk_event (self->talk, _("%s is responding again"), shmooze_peer_get_nick (peer));
      break;

    case SHMOOZE_PEER_NOT_RESPONDING:
      ctl_talk_event (self->talk, _("%s is not responding"), shmooze_peer_get_nick (peer));
      break;

    case SHMOOZE_PEER_LEFT:
    case SHMOOZE_PEER_CRASHED:
    default:
      break;
    }
}

static void
on_peer_joined (ShmoozeRoom *room,
                ShmoozePeer *peer,
                gpointer     user_data)
{
  CtlChat *self = user_data;

  g_signal_connect (peer, "notify::state", G_CALLBACK (on_peer_state), self);
  ctl_talk_event (self->talk, _("%s joined"), shmooze_peer_get_nick (peer));
}

static void
on_peer_left (ShmoozeRoom      *room,
              ShmoozePeer      *peer,
              ShmoozePeerState  how,
              gpointer          user_data)
{
  CtlChat *self = user_data;
  const char *draft = shmooze_peer_get_draft (peer);

  g_signal_handlers_disconnect_by_data (peer, self);
  show_typing (self, NULL);

  if (how != SHMOOZE_PEER_CRASHED)
    ctl_talk_event (self->talk, _("%s left"), shmooze_peer_get_nick (peer));
  else if (draft == NULL || *draft == '\0')
    ctl_talk_event (self->talk, _("%s left unexpectedly"), shmooze_peer_get_nick (peer));
  else
    /* Translators: a nick, and the text that was being typed */
    ctl_talk_event (self->talk, _("%s left unexpectedly; never sent: %s"), shmooze_peer_get_nick (peer), draft);
}

static void
on_lane_broken (ShmoozeRoom *room,
                guint        seat,
                GError      *error,
                gpointer     user_data)
{
  CtlChat *self = user_data;

  ctl_talk_report (self->talk, "%s", error->message);
}

static void
on_lost (ShmoozeRoom *room,
         GError      *error,
         gpointer     user_data)
{
  CtlChat *self = user_data;

  ctl_talk_report (self->talk, "%s", error->message);
  ctl_talk_finish (self->talk, CTL_EXIT_FAILED);
}

/* Prints who is present, and from now on messages, drafts, arrivals and departures. */
static void
start_showing (CtlChat *self)
{
  GListModel *peers = shmooze_room_get_peers (self->room);
  guint n_peers = g_list_model_get_n_items (peers);
  g_autoptr (GString) nicks = g_string_new (NULL);

  for (guint i = 0; i < n_peers; i++)
    {
      g_autoptr (ShmoozePeer) peer = g_list_model_get_item (peers, i);

      g_signal_connect (peer, "notify::state", G_CALLBACK (on_peer_state), self);
      if (nicks->len > 0)
        g_string_append (nicks, _(", "));
      g_string_append (nicks, shmooze_peer_get_nick (peer));
    }

  if (shmooze_room_is_watching (self->room))
    ctl_talk_event (self->talk, _("All seats of “%s” are taken: you can watch but not write"),
                    shmooze_room_get_name (self->room));
  else
    ctl_talk_event (self->talk, _("You are %s in “%s”; Ctrl+D leaves"), shmooze_room_get_nick (self->room),
                 shmooze_room_get_name (self->room));

  if (n_peers > 0)
    ctl_talk_event (self->talk, _("Here: %s"), nicks->str);
  else
    ctl_talk_event (self->talk, "%s", _("Nobody else is here yet"));

  show_typing (self, NULL);

  g_signal_connect (self->room, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->room, "draft-changed", G_CALLBACK (on_draft_changed), self);
  g_signal_connect (self->room, "peer-joined", G_CALLBACK (on_peer_joined), self);
  g_signal_connect (self->room, "peer-left", G_CALLBACK (on_peer_left), self);
  g_signal_connect (self->room, "lane-broken", G_CALLBACK (on_lane_broken), self);
  g_signal_connect (self->room, "lost", G_CALLBACK (on_lost), self);
}

static void
stop_showing (CtlChat *self)
{
  GListModel *peers = shmooze_room_get_peers (self->room);

  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (ShmoozePeer) peer = g_list_model_get_item (peers, i);

      g_signal_handlers_disconnect_by_data (peer, self);
    }
  g_signal_handlers_disconnect_by_data (self->room, self);
}

/* The draft of an entered line stays until the line is in the region as a message. Errors are ignored: without a
 * seat, or with a text that is too long, there is no draft.
 */
static void
on_typing (const char *text,
           gpointer    user_data)
{
  CtlChat *self = user_data;

  if (*text != '\0' || ctl_talk_get_n_pending (self->talk) == 0)
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
  ctl_talk_sent (self->talk, error);
}

static void
on_send (const char *text,
         gpointer    user_data)
{
  CtlChat *self = user_data;

  shmooze_room_send_async (self->room, text, NULL, on_sent, self);
}

/* Before the room is left: whether what was sent can still be received. */
static void
sum_up (CtlChat *self)
{
  guint n_unsent = ctl_talk_get_n_pending (self->talk);

  if (n_unsent > 0)
    ctl_talk_report (self->talk, ngettext ("%u message was not sent.", "%u messages were not sent.", n_unsent),
                     n_unsent);
  else if (ctl_talk_has_sent_input (self->talk) &&
           g_list_model_get_n_items (shmooze_room_get_peers (self->room)) == 0)
    ctl_talk_note (self->talk, _("No other participant in “%s”: the region is deleted with the messages."),
                   shmooze_room_get_name (self->room));
}

static void
talk (CtlChat *self)
{
  ctl_talk_start (self->talk, shmooze_room_get_max_text (self->room));
  start_showing (self);
  ctl_talk_run (self->talk);
  sum_up (self);

  stop_showing (self);
  shmooze_room_leave (self->room);
}

static int
chat (const char       *region,
      const char       *nick,
      const CtlOptions *options)
{
  static const CtlTalkFuncs funcs = { .send = on_send, .typing = on_typing };
  CtlChat self = { 0 };
  g_autoptr (GError) error = NULL;
  int status;

  self.talk = ctl_talk_new (&funcs, &self, options->color);
  self.room = shmooze_room_join (region, nick, options->wait, &error);
  if (self.room != NULL)
    talk (&self);
  else
    ctl_talk_report (self.talk, "%s", error->message);

  status = ctl_talk_close (self.talk);
  g_clear_object (&self.room);

  return status;
}

int
ctl_chat (int    argc,
          char **argv)
{
  CtlOptions options = { .color = ctl_terminal_has_color () };
  g_autofree char *nick = NULL;
  g_auto (GStrv) rest = NULL;
  const char *name;
  const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_FILENAME, &nick, N_("Your name in the room"), N_("NICK") },
    CTL_OPTION ("color", ctl_option_color,
                N_("Print the messages of the others in red: always, never or auto"), N_("WHEN")),
    CTL_OPTION ("wait", ctl_option_wait, N_("How to wait for messages: auto, bell or poll"), N_("HOW")),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[REGION]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, &options,
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
  if (nick != NULL && *nick == '\0')
    return ctl_verb_usage_error ("%s", _("--name must not be empty."));

  return chat (name, nick, &options);
}
