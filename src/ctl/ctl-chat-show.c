/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-chat.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>

/* What a chat prints: messages, who comes and goes, what goes wrong. */

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
    ctl_talk_own (&self->talk, start, text);
  else
    ctl_talk_other (&self->talk, start, text);
}

static void
show_typing (CtlChat     *self,
             ShmoozePeer *latest)
{
  GListModel *peers = shmooze_room_get_peers (self->room);
  ShmoozePeer *typing = NULL;
  g_autofree char *status = NULL;

  if (self->talk.prompt == NULL)
    return;

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
  ctl_prompt_set_status (self->talk.prompt, status);
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
      ctl_talk_event (&self->talk, _("%s is responding again"), shmooze_peer_get_nick (peer));
      break;

    case SHMOOZE_PEER_NOT_RESPONDING:
      ctl_talk_event (&self->talk, _("%s is not responding"), shmooze_peer_get_nick (peer));
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
  ctl_talk_event (&self->talk, _("%s joined"), shmooze_peer_get_nick (peer));
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
    ctl_talk_event (&self->talk, _("%s left"), shmooze_peer_get_nick (peer));
  else if (draft == NULL || *draft == '\0')
    ctl_talk_event (&self->talk, _("%s left unexpectedly"), shmooze_peer_get_nick (peer));
  else
    /* Translators: a nick, and the text that was being typed */
    ctl_talk_event (&self->talk, _("%s left unexpectedly; never sent: %s"), shmooze_peer_get_nick (peer), draft);
}

static void
on_lane_broken (ShmoozeRoom *room,
                guint        seat,
                GError      *error,
                gpointer     user_data)
{
  CtlChat *self = user_data;

  ctl_talk_report (&self->talk, error->message);
}

static void
on_lost (ShmoozeRoom *room,
         GError      *error,
         gpointer     user_data)
{
  CtlChat *self = user_data;

  ctl_talk_report (&self->talk, error->message);
  ctl_talk_finish (&self->talk, CTL_EXIT_FAILED);
}

/* Who is here, and from now on who comes and goes and what they say. */
void
ctl_chat_show (CtlChat *self)
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
    ctl_talk_event (&self->talk, _("All seats of “%s” are taken: you can watch but not write"),
                 shmooze_room_get_name (self->room));
  else
    ctl_talk_event (&self->talk, _("You are %s in “%s”; Ctrl+D leaves"), shmooze_room_get_nick (self->room),
                 shmooze_room_get_name (self->room));

  if (n_peers > 0)
    ctl_talk_event (&self->talk, _("Here: %s"), nicks->str);
  else
    ctl_talk_event (&self->talk, "%s", _("Nobody else is here yet"));

  show_typing (self, NULL);

  g_signal_connect (self->room, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->room, "draft-changed", G_CALLBACK (on_draft_changed), self);
  g_signal_connect (self->room, "peer-joined", G_CALLBACK (on_peer_joined), self);
  g_signal_connect (self->room, "peer-left", G_CALLBACK (on_peer_left), self);
  g_signal_connect (self->room, "lane-broken", G_CALLBACK (on_lane_broken), self);
  g_signal_connect (self->room, "lost", G_CALLBACK (on_lost), self);
}

void
ctl_chat_stop_showing (CtlChat *self)
{
  GListModel *peers = shmooze_room_get_peers (self->room);

  for (guint i = 0; i < g_list_model_get_n_items (peers); i++)
    {
      g_autoptr (ShmoozePeer) peer = g_list_model_get_item (peers, i);

      g_signal_handlers_disconnect_by_data (peer, self);
    }
  g_signal_handlers_disconnect_by_data (self->room, self);
}
