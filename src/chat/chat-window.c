/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-window.h"

#include "chat-conversation.h"
#include "chat-size.h"
#include "chat-theme.h"
#include "chat-words.h"

#include <glib/gi18n.h>

/* The chat in a room. In this directory, each .ui file names the handlers for the signals of its own widgets; all other
 * signals are connected with g_signal_connect_object(). */
struct _ChatWindow
{
  GtkApplicationWindow  parent_instance;

  char                 *region;
  ShmoozeRoom          *room;      /* NULL: not connected */
  gboolean              is_joining;

  GtkMenuButton        *menu_button;
  GMenuModel           *main_menu;
  GtkLabel             *title_label;
  GtkLabel             *subtitle;
  ChatConversation     *conversation;
};

G_DEFINE_FINAL_TYPE (ChatWindow, chat_window, GTK_TYPE_APPLICATION_WINDOW)

/* The path of an outgoing keystroke; for an incoming one, see ChatPeerDraft. */
static void
on_composer_changed (ChatWindow *self,
                     const char *text)
{
  /* If the text is too long, the composer says so, and the peers keep the previous draft. */
  if (self->room != NULL && !shmooze_room_is_watching (self->room))
    shmooze_room_set_draft (self->room, text, NULL);
}

/* Messages */

static void
on_message (ChatWindow     *self,
            ShmoozeMessage *message)
{
  chat_transcript_add_message (chat_conversation_get_transcript (self->conversation), message);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  g_autoptr (GtkWidget) row = data;
  g_autoptr (GError) error = NULL;

  shmooze_room_send_finish (SHMOOZE_ROOM (source), result, &error);
  chat_conversation_settle (row, error);
}

static void
on_composer_send (ChatWindow *self,
                  const char *text)
{
  shmooze_room_send_async (self->room, text, NULL, on_sent, chat_conversation_queue (self->conversation, text));
}

/* Presence */

static void
update_subtitle (ChatWindow *self)
{
  g_autofree char *names = NULL;

  if (self->room != NULL)
    names = chat_words_peers (shmooze_room_get_peers (self->room));

  if (self->room == NULL)
    gtk_label_set_label (self->subtitle, self->is_joining ? _("Joining…") : _("Not connected"));
  else
    gtk_label_set_label (self->subtitle, names != NULL ? names : _("Waiting for another window"));

  /* GTK asks the display server for the pointer at each change of a tooltip, even if the text stays the same. */
  if (g_strcmp0 (gtk_widget_get_tooltip_text (GTK_WIDGET (self->subtitle)), names) != 0)
    gtk_widget_set_tooltip_text (GTK_WIDGET (self->subtitle), names);
}

static void
on_peers_changed (ChatWindow *self)
{
  /* While the window is joining, the peers are not known yet. */
  chat_conversation_set_alone (self->conversation,
                               self->room != NULL
                               ? g_list_model_get_n_items (shmooze_room_get_peers (self->room)) == 0
                               : !self->is_joining);
  update_subtitle (self);
}

static void G_GNUC_PRINTF (3, 0)
add_event (ChatWindow  *self,
           ShmoozePeer *peer,
           const char  *format)
{
  g_autofree char *name = chat_words_name (shmooze_peer_get_nick (peer));
  g_autofree char *event = NULL;

  #pragma GCC diagnostic push
  #pragma GCC diagnostic ignored "-Wformat-nonliteral"
  event = g_strdup_printf (format, name);
  #pragma GCC diagnostic pop

  chat_transcript_add_event (chat_conversation_get_transcript (self->conversation), event);
}

static void
on_peer_joined (ChatWindow  *self,
                ShmoozePeer *peer)
{
  add_event (self, peer, shmooze_peer_is_watching (peer) ? _("%s is watching") : _("%s joined"));
}

static void
on_peer_left (ChatWindow       *self,
              ShmoozePeer      *peer,
              ShmoozePeerState  how)
{
  if (how == SHMOOZE_PEER_CRASHED && *shmooze_peer_get_draft (peer) != '\0')
    chat_transcript_add_unsent (chat_conversation_get_transcript (self->conversation),
                                shmooze_peer_get_nick (peer), shmooze_peer_get_draft (peer));

  add_event (self, peer, how == SHMOOZE_PEER_CRASHED ? _("%s left unexpectedly") : _("%s left"));

  if (shmooze_room_is_watching (self->room) && !shmooze_peer_is_watching (peer))
    chat_banner_show (chat_conversation_get_banner (self->conversation), CHAT_BANNER_WATCHING,
                      _("A seat is free. Rejoin to send messages."), NULL, _("Rejoin"));
}

static void
on_lane_broken (ChatWindow *self,
                guint       seat,
                GError     *error)
{
  GListModel *peers = shmooze_room_get_peers (self->room);
  g_autofree char *text = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (peers) && text == NULL; i++)
    {
      g_autoptr (ShmoozePeer) peer = g_list_model_get_item (peers, i);
      g_autofree char *name = chat_words_name (shmooze_peer_get_nick (peer));

      if (shmooze_peer_get_seat (peer) == seat)
        text = g_strdup_printf (_("Messages from %s can no longer be read, because their part of the region is "
                                  "damaged. A new window on that side fixes this."), name);
    }

  if (text == NULL)
    text = g_strdup (_("Part of the region is damaged. Some messages cannot be read."));

  chat_banner_show (chat_conversation_get_banner (self->conversation), CHAT_BANNER_BROKEN, text, error->message,
                    _("Close"));
}

/* Joining and leaving */

static void
leave (ChatWindow *self)
{
  g_autoptr (ShmoozeRoom) room = g_steal_pointer (&self->room);

  if (room == NULL)
    return;

  g_signal_handlers_disconnect_by_data (shmooze_room_get_peers (room), self);
  g_signal_handlers_disconnect_by_data (room, self);
  shmooze_room_leave (room);

  chat_draft_list_set_peers (chat_conversation_get_drafts (self->conversation), NULL);
  chat_composer_set_can_send (chat_conversation_get_composer (self->conversation), FALSE);
  update_subtitle (self);
}

static void
on_lost (ChatWindow *self,
         GError     *error)
{
  leave (self);
  chat_conversation_show_lost (self->conversation, error);
}

/* The application joins the room, and calls chat_window_enter() or chat_window_show_error(). */
static void
join (GtkWidget  *widget,
      const char *action,
      GVariant   *parameter)
{
  ChatWindow *self = CHAT_WINDOW (widget);

  leave (self);
  self->is_joining = TRUE;
  update_subtitle (self);
  gtk_widget_activate_action (widget, "app.join", NULL);
}

void
chat_window_show_error (ChatWindow   *self,
                        const GError *error)
{
  self->is_joining = FALSE;
  update_subtitle (self);
  chat_conversation_show_error (self->conversation, self->region, error);
}

void
chat_window_enter (ChatWindow  *self,
                   ShmoozeRoom *room)
{
  const gboolean is_watching = shmooze_room_is_watching (room);
  GListModel *peers = shmooze_room_get_peers (room);
  g_autofree char *name = chat_words_name (shmooze_room_get_nick (room));
  g_autofree char *you = NULL;

  self->room = g_object_ref (room);
  self->is_joining = FALSE;

  g_signal_connect_object (room, "message", G_CALLBACK (on_message), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (room, "peer-joined", G_CALLBACK (on_peer_joined), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (room, "peer-left", G_CALLBACK (on_peer_left), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (room, "lane-broken", G_CALLBACK (on_lane_broken), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (room, "lost", G_CALLBACK (on_lost), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (peers, "items-changed", G_CALLBACK (on_peers_changed), self, G_CONNECT_SWAPPED);

  /* Translators: the tooltip of the window's title */
  you = g_strdup_printf (_("The others see you as %s"), name);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->title_label), you);

  chat_transcript_begin_room (chat_conversation_get_transcript (self->conversation));
  chat_draft_list_set_peers (chat_conversation_get_drafts (self->conversation), peers);
  on_peers_changed (self);
  chat_conversation_enter (self->conversation, self->region, shmooze_room_get_max_text (room), !is_watching);
  if (is_watching)
    chat_banner_show (chat_conversation_get_banner (self->conversation), CHAT_BANNER_WATCHING,
                      _("All seats are taken. You can read, and you can send messages when a seat becomes free."),
                      NULL, NULL);
}

static gboolean
chat_window_close_request (GtkWindow *window)
{
  return chat_outbox_keeps_open (chat_conversation_get_outbox (CHAT_WINDOW (window)->conversation), window)
         || GTK_WINDOW_CLASS (chat_window_parent_class)->close_request (window);
}

/* Called in whichever way the window is closed. */
static void
chat_window_unrealize (GtkWidget *widget)
{
  chat_size_save (GTK_WINDOW (widget));

  GTK_WIDGET_CLASS (chat_window_parent_class)->unrealize (widget);
}

static void
chat_window_css_changed (GtkWidget         *widget,
                         GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (chat_window_parent_class)->css_changed (widget, change);

  chat_theme_update (widget);
}

static void
chat_window_dispose (GObject *object)
{
  leave (CHAT_WINDOW (object));

  G_OBJECT_CLASS (chat_window_parent_class)->dispose (object);
}

static void
chat_window_finalize (GObject *object)
{
  g_free (CHAT_WINDOW (object)->region);

  G_OBJECT_CLASS (chat_window_parent_class)->finalize (object);
}

static void
chat_window_class_init (ChatWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_CONVERSATION);

  object_class->dispose = chat_window_dispose;
  object_class->finalize = chat_window_finalize;
  widget_class->unrealize = chat_window_unrealize;
  widget_class->css_changed = chat_window_css_changed;
  GTK_WINDOW_CLASS (klass)->close_request = chat_window_close_request;

  gtk_widget_class_install_action (widget_class, "conversation.join", NULL, join);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-window.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, menu_button);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, main_menu);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, title_label);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, subtitle);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, conversation);
}

/* Creating the menu takes long, so it is created on demand. */
static void
create_menu (GtkMenuButton *button,
             gpointer       data)
{
  if (gtk_menu_button_get_menu_model (button) == NULL)
    gtk_menu_button_set_menu_model (button, CHAT_WINDOW (data)->main_menu);
}

static void
chat_window_init (ChatWindow *self)
{
  ChatComposer *composer;

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_create_popup_func (self->menu_button, create_menu, self, NULL);
  composer = chat_conversation_get_composer (self->conversation);
  g_signal_connect_object (composer, "changed", G_CALLBACK (on_composer_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (composer, "send", G_CALLBACK (on_composer_send), self, G_CONNECT_SWAPPED);
}

GtkWidget *
chat_window_new (GtkApplication *application,
                 const char     *region)
{
  ChatWindow *self = g_object_new (CHAT_TYPE_WINDOW, "application", application, NULL);
  g_autofree char *title = chat_words_region (region);
  g_autofree char *text = NULL;

  self->region = g_strdup (region);
  self->is_joining = TRUE;

  text = g_strdup_printf (_("Every other window on “%s” shows what you type here, letter by letter, "
                            "while you type it."), title);
  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_label_set_label (self->title_label, title);
  chat_conversation_describe (self->conversation, _("No One Else Is Here Yet"), text,
                              _("The region is full. These messages will be sent in this order when every reader has "
                                "caught up."));
  chat_size_restore (GTK_WINDOW (self));
  on_peers_changed (self);

  return GTK_WIDGET (self);
}
