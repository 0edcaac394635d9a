/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-chat.h"
#include "ctl-output.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <string.h>

/* What a chat prints: messages, who comes and goes, what goes wrong. */

#define RED     "\033[31m"
#define DIM     "\033[2m"
#define NORMAL  "\033[m"
#define INDENT  "    "

void
ctl_chat_report (CtlChat    *self,
                 const char *message)
{
  if (self->prompt != NULL)
    ctl_prompt_hide (self->prompt);

  self->status = ctl_verb_error ("%s", message);

  if (self->prompt != NULL)
    ctl_prompt_show (self->prompt);
}

static void
print (CtlChat    *self,
       const char *text)
{
  g_autoptr (GError) error = NULL;
  gboolean written;

  if (self->prompt != NULL)
    written = ctl_prompt_print (self->prompt, text, &error);
  else
    written = ctl_output_write (text, self->interrupt_fd, &error);

  /* An interruption has its own way to end us; a reader who went away knows. */
  if (written || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    ctl_verb_error ("%s", error->message);
  ctl_chat_finish (self, CTL_EXIT_FAILED);
}

/* Colours every line by itself, for pagers. */
static void
append_line (CtlChat    *self,
             GString    *output,
             const char *style,
             const char *start,
             const char *line)
{
  if (self->color && style != NULL)
    g_string_append_printf (output, "%s%s%s" NORMAL "\n", style, start, line);
  else
    g_string_append_printf (output, "%s%s\n", start, line);
}

static void G_GNUC_PRINTF (2, 3)
print_event (CtlChat    *self,
             const char *format,
             ...)
{
  g_autoptr (GString) output = g_string_new (NULL);
  g_autofree char *event = NULL;
  g_autofree char *clean = NULL;
  va_list arguments;

  if (!self->events)
    return;

  va_start (arguments, format);
  event = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  clean = ctl_text_clean_line (event);
  append_line (self, output, DIM, "* ", clean);
  print (self, output->str);
}

static void
on_message (ShmoozeRoom    *room,
            ShmoozeMessage *message,
            gpointer        user_data)
{
  CtlChat *self = user_data;
  gboolean own = shmooze_message_is_own (message);
  g_autofree char *sender = ctl_text_clean_line (shmooze_message_get_sender (message));
  g_autofree char *start = g_strdup_printf ("%s: ", sender);
  g_autofree char *text = ctl_text_clean (shmooze_message_get_text (message));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GString) output = g_string_new (NULL);

  /* One's own words stand where they came from, unless the prompt took them away. */
  if (own && self->prompt == NULL)
    return;

  append_line (self, output, own ? NULL : RED, start, lines[0] != NULL ? lines[0] : "");
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    append_line (self, output, own ? NULL : RED, INDENT, lines[i]);

  print (self, output->str);
}

static void
show_typing (CtlChat     *self,
             ShmoozePeer *latest)
{
  GListModel *peers = shmooze_room_get_peers (self->room);
  ShmoozePeer *typing = NULL;
  g_autofree char *status = NULL;

  if (self->prompt == NULL)
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
  ctl_prompt_set_status (self->prompt, status);
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
      print_event (self, _("%s is responding again"), shmooze_peer_get_nick (peer));
      break;

    case SHMOOZE_PEER_NOT_RESPONDING:
      print_event (self, _("%s is not responding"), shmooze_peer_get_nick (peer));
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
  print_event (self, _("%s joined"), shmooze_peer_get_nick (peer));
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
    print_event (self, _("%s left"), shmooze_peer_get_nick (peer));
  else if (draft == NULL || *draft == '\0')
    print_event (self, _("%s left unexpectedly"), shmooze_peer_get_nick (peer));
  else
    /* Translators: a nick, and the text that was being typed */
    print_event (self, _("%s left unexpectedly; never sent: %s"), shmooze_peer_get_nick (peer), draft);
}

static void
on_lane_broken (ShmoozeRoom *room,
                guint        seat,
                GError      *error,
                gpointer     user_data)
{
  ctl_chat_report (user_data, error->message);
}

static void
on_lost (ShmoozeRoom *room,
         GError      *error,
         gpointer     user_data)
{
  CtlChat *self = user_data;

  ctl_chat_report (self, error->message);
  ctl_chat_finish (self, CTL_EXIT_FAILED);
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
    print_event (self, _("Every seat of “%s” is taken: you are watching and cannot write"),
                 shmooze_room_get_name (self->room));
  else
    print_event (self, _("You are %s in “%s”; Ctrl+D leaves"), shmooze_room_get_nick (self->room),
                 shmooze_room_get_name (self->room));

  if (n_peers > 0)
    print_event (self, _("Here: %s"), nicks->str);
  else
    print_event (self, "%s", _("Nobody else is here yet"));

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
