/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-window.h"

#include "chat-banner.h"
#include "chat-composer.h"
#include "chat-page.h"
#include "chat-sending.h"
#include "chat-size.h"
#include "chat-theme.h"
#include "chat-transcript.h"
#include "chat-typing.h"
#include "chat-waiting.h"
#include "chat-words.h"

#include <glib/gi18n.h>

struct _ChatWindow
{
  GtkApplicationWindow  parent_instance;

  char                 *region;
  ShmoozeRoom          *room;      /* NULL: not in it */
  gboolean              is_joining;

  GtkMenuButton        *menu_button;
  GMenuModel           *main_menu;
  GtkLabel             *title_label;
  GtkLabel             *subtitle;
  GtkStack             *pages;
  GtkStack             *talk;
  ChatPage             *empty;
  GtkWidget            *error;
  ChatBanner           *banner;
  ChatTranscript       *transcript;
  ChatWaiting          *waiting;
  ChatTyping           *typing;
  ChatComposer         *composer;
};

G_DEFINE_FINAL_TYPE (ChatWindow, chat_window, GTK_TYPE_APPLICATION_WINDOW)

static void chat_window_leave (ChatWindow *self);

/* The way of a keystroke: out … */

static void
on_composer_changed (ChatComposer *composer,
                     const char   *text,
                     ChatWindow   *self)
{
  /* What is too long the composer tells by itself; the others go on seeing the last that was not. */
  if (self->room != NULL && !shmooze_room_is_watching (self->room))
    shmooze_room_set_draft (self->room, text, NULL);
}

/* … and in. */

static void
on_draft_changed (ShmoozeRoom *room,
                  ShmoozePeer *peer,
                  ChatWindow  *self)
{
  chat_typing_update (self->typing, peer);
}

/* Messages */

static void
update_talk (ChatWindow *self)
{
  const gboolean is_alone = self->room != NULL
                            ? g_list_model_get_n_items (shmooze_room_get_peers (self->room)) == 0
                            : !self->is_joining;  /* who knows */

  gtk_stack_set_visible_child_name (self->talk, is_alone && chat_transcript_is_empty (self->transcript)
                                                && chat_waiting_count (self->waiting) == 0 ? "empty" : "transcript");
}

static void
on_message (ShmoozeRoom    *room,
            ShmoozeMessage *message,
            ChatWindow     *self)
{
  chat_transcript_add_message (self->transcript, message);
  update_talk (self);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  g_autoptr (ChatSending) sending = data;
  GtkRoot *window = chat_sending_get_root (sending);
  g_autoptr (GError) error = NULL;

  shmooze_room_send_finish (SHMOOZE_ROOM (source), result, &error);

  if (window == NULL)
    return;

  chat_sending_settle (sending, error);
  update_talk (CHAT_WINDOW (window));
}

static void
on_composer_send (ChatComposer *composer,
                  const char   *text,
                  ChatWindow   *self)
{
  shmooze_room_send_async (self->room, text, NULL, on_sent, chat_sending_begin (self->waiting, composer, text));
}

/* Who is here */

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

  /* Told in any case, GTK would ask the display where the pointer is. */
  if (g_strcmp0 (gtk_widget_get_tooltip_text (GTK_WIDGET (self->subtitle)), names) != 0)
    gtk_widget_set_tooltip_text (GTK_WIDGET (self->subtitle), names);
}

/* The application does it, and comes back with the room. */
static void
join (ChatWindow *self)
{
  self->is_joining = TRUE;
  update_subtitle (self);
  gtk_widget_activate_action (GTK_WIDGET (self), "app.join", NULL);
}

static void
on_peers_changed (ChatWindow *self)
{
  update_subtitle (self);
  update_talk (self);
}

static void
add_event (ChatWindow  *self,
           const char  *format,
           ShmoozePeer *peer)
{
  g_autofree char *name = chat_words_name (shmooze_peer_get_nick (peer));
  g_autofree char *what = NULL;

  #pragma GCC diagnostic push
  #pragma GCC diagnostic ignored "-Wformat-nonliteral"
  what = g_strdup_printf (format, name);
  #pragma GCC diagnostic pop

  chat_transcript_add_event (self->transcript, what);
  update_talk (self);
}

static void
on_peer_joined (ShmoozeRoom *room,
                ShmoozePeer *peer,
                ChatWindow  *self)
{
  add_event (self, shmooze_peer_is_watching (peer) ? _("%s is watching") : _("%s joined"), peer);
}

static void
on_banner_clicked (ChatWindow *self)
{
  const ChatBannerKind kind = chat_banner_get_kind (self->banner);

  chat_banner_hide (self->banner);

  if (kind == CHAT_BANNER_WATCHING)
    chat_transcript_clear (self->transcript);

  if (kind == CHAT_BANNER_WATCHING || kind == CHAT_BANNER_LOST)
    {
      chat_window_leave (self);
      join (self);
    }

  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

static void
on_peer_left (ShmoozeRoom      *room,
              ShmoozePeer      *peer,
              ShmoozePeerState  how,
              ChatWindow       *self)
{
  if (how == SHMOOZE_PEER_CRASHED)
    {
      if (*shmooze_peer_get_draft (peer) != '\0')
        chat_transcript_add_unsent (self->transcript, shmooze_peer_get_nick (peer), shmooze_peer_get_draft (peer));

      add_event (self, _("%s left unexpectedly"), peer);
    }
  else
    {
      add_event (self, _("%s left"), peer);
    }

  if (shmooze_room_is_watching (room) && !shmooze_peer_is_watching (peer))
    chat_banner_show (self->banner, CHAT_BANNER_WATCHING, _("A seat is free. Rejoin to send messages."), NULL,
                      _("Rejoin"));
}

static void
on_lane_broken (ShmoozeRoom *room,
                guint        seat,
                GError      *error,
                ChatWindow  *self)
{
  GListModel *peers = shmooze_room_get_peers (room);
  g_autofree char *text = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (peers) && text == NULL; i++)
    {
      g_autoptr (ShmoozePeer) peer = g_list_model_get_item (peers, i);
      g_autofree char *name = chat_words_name (shmooze_peer_get_nick (peer));

      if (shmooze_peer_get_seat (peer) == seat)
        text = g_strdup_printf (_("Messages from %s can no longer be read, because their part of the region is damaged. "
                                  "A new window on that side fixes this."), name);
    }

  if (text == NULL)
    text = g_strdup (_("Part of the region is damaged. Some messages cannot be read."));

  chat_banner_show (self->banner, CHAT_BANNER_BROKEN, text, error->message, _("Close"));
}

static void
on_lost (ShmoozeRoom *room,
         GError      *error,
         ChatWindow  *self)
{
  chat_window_leave (self);
  chat_banner_show (self->banner, CHAT_BANNER_LOST,
                    _("The region is gone: another program truncated or replaced it. "
                      "The messages so far stay here until you close the window."),
                    error->message, _("Rejoin"));
}

/* Coming and going */

static void
chat_window_leave (ChatWindow *self)
{
  g_autoptr (ShmoozeRoom) room = g_steal_pointer (&self->room);

  if (room == NULL)
    return;

  g_signal_handlers_disconnect_by_data (shmooze_room_get_peers (room), self);
  g_signal_handlers_disconnect_by_data (room, self);
  shmooze_room_leave (room);

  if (self->composer == NULL)
    return;

  chat_typing_set_peers (self->typing, NULL);
  update_subtitle (self);
  chat_composer_set_can_send (self->composer, FALSE);
}

/* Most windows never need it. */
static void
add_error_page (ChatWindow *self)
{
  if (self->error != NULL)
    return;

  self->error = g_object_new (CHAT_TYPE_PAGE,
                              "icon-name", "dialog-warning-symbolic",
                              "icon-size", 48,
                              "button", _("Try Again"),
                              "action", "room.join",
                              NULL);
  gtk_stack_add_named (self->pages, self->error, "error");
}

/* There is no room to enter: says why. */
void
chat_window_stay (ChatWindow   *self,
                  const GError *error)
{
  g_autofree char *region = chat_words_region (self->region);
  g_autofree char *title = NULL;

  self->is_joining = FALSE;
  update_subtitle (self);

  /* The talk so far is not taken away. */
  if (!chat_transcript_is_empty (self->transcript))
    {
      chat_banner_show (self->banner, CHAT_BANNER_LOST, error->message, NULL, _("Rejoin"));
      return;
    }

  add_error_page (self);
  title = g_strdup_printf (_("Cannot Join “%s”"), region);
  g_object_set (self->error, "title", title, "text", error->message, NULL);
  gtk_stack_set_visible_child_name (self->pages, "error");
  gtk_widget_grab_focus (self->error);
}

void
chat_window_enter (ChatWindow  *self,
                   ShmoozeRoom *room)
{
  g_autofree char *name = chat_words_name (shmooze_room_get_nick (room));
  g_autofree char *you = NULL;
  GListModel *peers;

  self->room = g_object_ref (room);
  self->is_joining = FALSE;

  g_signal_connect (self->room, "message", G_CALLBACK (on_message), self);
  g_signal_connect (self->room, "draft-changed", G_CALLBACK (on_draft_changed), self);
  g_signal_connect (self->room, "peer-joined", G_CALLBACK (on_peer_joined), self);
  g_signal_connect (self->room, "peer-left", G_CALLBACK (on_peer_left), self);
  g_signal_connect (self->room, "lane-broken", G_CALLBACK (on_lane_broken), self);
  g_signal_connect (self->room, "lost", G_CALLBACK (on_lost), self);

  /* Translators: the tooltip of the window's title */
  you = g_strdup_printf (_("The others see you as %s"), name);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->title_label), you);

  chat_transcript_begin_room (self->transcript);
  gtk_stack_set_visible_child_name (self->pages, "room");
  gtk_widget_set_sensitive (GTK_WIDGET (self->composer), !shmooze_room_is_watching (self->room));
  chat_composer_set_can_send (self->composer, !shmooze_room_is_watching (self->room));
  chat_composer_set_max_text (self->composer, shmooze_room_get_max_text (self->room));

  chat_banner_show_private (self->banner, self->region);
  if (shmooze_room_is_watching (self->room))
    chat_banner_show (self->banner, CHAT_BANNER_WATCHING,
                      _("All seats are taken. You can read, and you can send messages when a seat becomes free."), NULL, NULL);

  peers = shmooze_room_get_peers (self->room);
  g_signal_connect_swapped (peers, "items-changed", G_CALLBACK (on_peers_changed), self);
  on_peers_changed (self);
  chat_typing_set_peers (self->typing, peers);
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

static void
join_again (GtkWidget  *widget,
            const char *action,
            GVariant   *parameter)
{
  join (CHAT_WINDOW (widget));
}

/* Who types while the transcript has the focus means the composer. */
static gboolean
on_transcript_key_pressed (GtkEventControllerKey *controller,
                           guint                  keyval,
                           guint                  keycode,
                           GdkModifierType        state,
                           ChatWindow            *self)
{
  const gunichar c = gdk_keyval_to_unicode (keyval);

  if ((state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0 || c == 0 || !g_unichar_isprint (c))
    return GDK_EVENT_PROPAGATE;

  gtk_widget_grab_focus (GTK_WIDGET (self->composer));

  return gtk_event_controller_key_forward (controller, chat_composer_get_view (self->composer));
}

static gboolean
chat_window_close_request (GtkWindow *window)
{
  return chat_waiting_keeps_open (CHAT_WINDOW (window)->waiting, window)
         || GTK_WINDOW_CLASS (chat_window_parent_class)->close_request (window);
}

/* However the window comes to its end. */
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
  ChatWindow *self = CHAT_WINDOW (widget);

  GTK_WIDGET_CLASS (chat_window_parent_class)->css_changed (widget, change);

  chat_transcript_set_dark (self->transcript, chat_theme_update (widget));
}

static void
chat_window_dispose (GObject *object)
{
  chat_window_leave (CHAT_WINDOW (object));

  G_OBJECT_CLASS (chat_window_parent_class)->dispose (object);
}

static void
chat_window_finalize (GObject *object)
{
  ChatWindow *self = CHAT_WINDOW (object);

  g_free (self->region);

  G_OBJECT_CLASS (chat_window_parent_class)->finalize (object);
}

static void
chat_window_class_init (ChatWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_BANNER);
  g_type_ensure (CHAT_TYPE_COMPOSER);
  g_type_ensure (CHAT_TYPE_PAGE);
  g_type_ensure (CHAT_TYPE_TRANSCRIPT);
  g_type_ensure (CHAT_TYPE_TYPING);
  g_type_ensure (CHAT_TYPE_WAITING);

  object_class->dispose = chat_window_dispose;
  object_class->finalize = chat_window_finalize;
  widget_class->unrealize = chat_window_unrealize;
  widget_class->css_changed = chat_window_css_changed;
  GTK_WINDOW_CLASS (klass)->close_request = chat_window_close_request;

  gtk_widget_class_install_action (widget_class, "room.join", NULL, join_again);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-window.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, menu_button);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, main_menu);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, title_label);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, subtitle);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, pages);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, talk);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, empty);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, transcript);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, waiting);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, typing);
  gtk_widget_class_bind_template_child (widget_class, ChatWindow, composer);
  gtk_widget_class_bind_template_callback (widget_class, on_composer_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_composer_send);
  gtk_widget_class_bind_template_callback (widget_class, on_banner_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_transcript_key_pressed);
}

/* As the emoji chooser: made when it is first asked for. */
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
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_create_popup_func (self->menu_button, create_menu, self, NULL);
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
  g_object_set (self->empty, "text", text, NULL);
  chat_size_restore (GTK_WINDOW (self));
  on_peers_changed (self);

  return GTK_WIDGET (self);
}
