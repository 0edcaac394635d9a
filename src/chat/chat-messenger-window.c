/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-messenger-window.h"

#include "chat-conversation.h"
#include "chat-theme.h"
#include "chat-words.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <shmooze/shmooze.h>
#include <string.h>

/* The chat in the layout of the classic communicator, which has no fields for presence and drafts: messages only. */
struct _ChatMessengerWindow
{
  GtkApplicationWindow  parent_instance;

  char                 *name;
  ShmoozeCommunicator  *communicator;  /* NULL: not connected */
  gboolean              has_heard;     /* from the other side */

  GtkLabel             *title_label;
  GtkLabel             *subtitle;
  ChatConversation     *conversation;
};

G_DEFINE_FINAL_TYPE (ChatMessengerWindow, chat_messenger_window, GTK_TYPE_APPLICATION_WINDOW)

static void
update_subtitle (ChatMessengerWindow *self)
{
  g_autofree char *positions = NULL;

  if (self->communicator == NULL)
    gtk_label_set_label (self->subtitle, _("Not connected"));
  else if (shmooze_communicator_get_peer_present (self->communicator))
    gtk_label_set_label (self->subtitle, _("The other side is connected"));
  else if (self->has_heard)
    /* Translators: a program that does not use this library, so its presence cannot be detected */
    gtk_label_set_label (self->subtitle, _("Talking to another program"));
  else
    gtk_label_set_label (self->subtitle, _("Waiting for the other side"));

  if (self->communicator != NULL)
    /* Translators: positions in the region, in bytes */
    positions = g_strdup_printf (_("Reads at offset %" PRId64 ", writes at offset %" PRId64),
                                 shmooze_communicator_get_read_position (self->communicator),
                                 shmooze_communicator_get_write_position (self->communicator));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->subtitle), positions);
}

static void
on_peer_present (ChatMessengerWindow *self)
{
  const gboolean is_here = shmooze_communicator_get_peer_present (self->communicator);

  if (!is_here)
    self->has_heard = FALSE;

  chat_transcript_add_event (chat_conversation_get_transcript (self->conversation),
                             is_here ? _("The other side joined") : _("The other side left"));
  update_subtitle (self);
}

static void
note_sign_of_life (ChatMessengerWindow *self)
{
  if (self->has_heard)
    return;

  self->has_heard = TRUE;
  update_subtitle (self);
}

static void
on_data_received (ChatMessengerWindow *self,
                  GBytes              *data)
{
  gsize size;
  const char *bytes = g_bytes_get_data (data, &size);
  g_autofree char *text = g_utf8_make_valid (bytes != NULL ? bytes : "", (gssize) size);

  note_sign_of_life (self);
  /* Translators: above a message, in place of a name */
  chat_transcript_add_text (chat_conversation_get_transcript (self->conversation), _("The other side"), text, FALSE);
}

static void
on_confirmed (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  g_autoptr (GtkWidget) row = data;
  g_autoptr (GError) error = NULL;
  ChatConversation *conversation;

  shmooze_communicator_write_finish (SHMOOZE_COMMUNICATOR (source), result, &error);
  conversation = chat_conversation_settle (row, error);

  if (conversation == NULL || error != NULL)
    return;

  note_sign_of_life (CHAT_MESSENGER_WINDOW (gtk_widget_get_root (GTK_WIDGET (conversation))));
  chat_transcript_add_text (chat_conversation_get_transcript (conversation), "", chat_outbox_get_text (row), TRUE);
}

static void
on_composer_send (ChatMessengerWindow *self,
                  const char          *text)
{
  shmooze_communicator_write_async (self->communicator, text, strlen (text), NULL, on_confirmed,
                                    chat_conversation_queue (self->conversation, text));
}

static void
disconnect (ChatMessengerWindow *self)
{
  g_autoptr (ShmoozeCommunicator) communicator = g_steal_pointer (&self->communicator);

  if (communicator == NULL)
    return;

  g_signal_handlers_disconnect_by_data (communicator, self);
  shmooze_communicator_close (communicator);
}

static void
on_failed (ChatMessengerWindow *self,
           GError              *error)
{
  if (g_error_matches (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT))
    {
      chat_banner_show (chat_conversation_get_banner (self->conversation), CHAT_BANNER_BROKEN,
                        _("Cannot read the message from the other side. It appears once it is valid."),
                        error->message, _("Close"));
      return;
    }

  disconnect (self);
  update_subtitle (self);
  chat_conversation_show_lost (self->conversation, error);
}

/* @other: (nullable): opens with its positions swapped, or else with free positions */
static ShmoozeCommunicator *
open_communicator (ChatMessengerWindow  *self,
                   ShmoozeCommunicator  *other,
                   GError              **error)
{
  g_autoptr (ShmoozeCommunicator) communicator = shmooze_communicator_new (self->name, SHMOOZE_COMMUNICATOR_CAPACITY,
                                                                           error);
  gboolean is_set;

  if (communicator == NULL)
    return NULL;

  if (other == NULL)
    is_set = shmooze_communicator_take_positions (communicator, error);
  else
    is_set = shmooze_communicator_set_read_position (communicator, shmooze_communicator_get_write_position (other),
                                                     error)
             && shmooze_communicator_set_write_position (communicator, shmooze_communicator_get_read_position (other),
                                                         error);

  if (!is_set || !shmooze_communicator_start_reader (communicator, error))
    return NULL;

  return g_steal_pointer (&communicator);
}

static void
use_communicator (ChatMessengerWindow *self,
                  ShmoozeCommunicator *communicator)
{
  disconnect (self);
  self->communicator = g_object_ref (communicator);
  self->has_heard = FALSE;
  g_signal_connect_object (communicator, "data-received", G_CALLBACK (on_data_received), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (communicator, "failed", G_CALLBACK (on_failed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (communicator, "notify::peer-present", G_CALLBACK (on_peer_present), self, G_CONNECT_SWAPPED);
  update_subtitle (self);
}

static void
join (ChatMessengerWindow *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmoozeCommunicator) communicator = open_communicator (self, NULL, &error);

  if (communicator == NULL)
    {
      update_subtitle (self);
      chat_conversation_show_error (self->conversation, self->name, error);
      return;
    }

  use_communicator (self, communicator);
  chat_conversation_enter (self->conversation, self->name, shmooze_communicator_get_max_size (communicator), TRUE);
}

static void
join_again (GtkWidget  *widget,
            const char *action,
            GVariant   *parameter)
{
  join (CHAT_MESSENGER_WINDOW (widget));
}

static void
show_problem (ChatMessengerWindow *self,
              const char          *problem)
{
  chat_banner_show (chat_conversation_get_banner (self->conversation), CHAT_BANNER_PROBLEM, problem, NULL, _("Close"));
}

/* For a program on the other side that does not use this library and writes at the same position as this window. */
static void
swap_positions (GtkWidget  *widget,
                const char *action,
                GVariant   *parameter)
{
  ChatMessengerWindow *self = CHAT_MESSENGER_WINDOW (widget);
  g_autoptr (ShmoozeCommunicator) communicator = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *event = NULL;

  if (self->communicator == NULL)
    return;

  if (chat_outbox_count (chat_conversation_get_outbox (self->conversation)) > 0)
    {
      show_problem (self, _("Positions cannot be swapped while messages wait for confirmation."));
      return;
    }

  communicator = open_communicator (self, self->communicator, &error);
  if (communicator == NULL)
    {
      show_problem (self, error->message);
      return;
    }

  use_communicator (self, communicator);
  event = g_strdup_printf (_("This window now reads at offset %" PRId64 " and writes at offset %" PRId64),
                           shmooze_communicator_get_read_position (communicator),
                           shmooze_communicator_get_write_position (communicator));
  chat_transcript_add_event (chat_conversation_get_transcript (self->conversation), event);
}

static gboolean
chat_messenger_window_close_request (GtkWindow *window)
{
  return chat_outbox_keeps_open (chat_conversation_get_outbox (CHAT_MESSENGER_WINDOW (window)->conversation), window)
         || GTK_WINDOW_CLASS (chat_messenger_window_parent_class)->close_request (window);
}

static void
chat_messenger_window_css_changed (GtkWidget         *widget,
                                   GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (chat_messenger_window_parent_class)->css_changed (widget, change);

  chat_theme_update (widget);
}

static void
chat_messenger_window_dispose (GObject *object)
{
  disconnect (CHAT_MESSENGER_WINDOW (object));

  G_OBJECT_CLASS (chat_messenger_window_parent_class)->dispose (object);
}

static void
chat_messenger_window_finalize (GObject *object)
{
  g_free (CHAT_MESSENGER_WINDOW (object)->name);

  G_OBJECT_CLASS (chat_messenger_window_parent_class)->finalize (object);
}

static void
chat_messenger_window_class_init (ChatMessengerWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_CONVERSATION);

  object_class->dispose = chat_messenger_window_dispose;
  object_class->finalize = chat_messenger_window_finalize;
  widget_class->css_changed = chat_messenger_window_css_changed;
  GTK_WINDOW_CLASS (klass)->close_request = chat_messenger_window_close_request;

  gtk_widget_class_install_action (widget_class, "conversation.join", NULL, join_again);
  gtk_widget_class_install_action (widget_class, "messenger.swap", NULL, swap_positions);
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-messenger-window.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatMessengerWindow, title_label);
  gtk_widget_class_bind_template_child (widget_class, ChatMessengerWindow, subtitle);
  gtk_widget_class_bind_template_child (widget_class, ChatMessengerWindow, conversation);
}

static void
chat_messenger_window_init (ChatMessengerWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (chat_conversation_get_composer (self->conversation), "send",
                           G_CALLBACK (on_composer_send), self, G_CONNECT_SWAPPED);
}

GtkWidget *
chat_messenger_window_new (GtkApplication *application,
                           const char     *name)
{
  ChatMessengerWindow *self = g_object_new (CHAT_TYPE_MESSENGER_WINDOW, "application", application, NULL);
  g_autofree char *title = chat_words_region (name);
  g_autofree char *text = NULL;

  self->name = g_strdup (name);

  text = g_strdup_printf (_("This window uses the layout of the classic communicator: the other window on “%s” shows "
                            "what you send, but not what you type."), title);
  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_label_set_label (self->title_label, title);
  chat_conversation_describe (self->conversation, _("No Messages Yet"), text,
                              _("These messages will be sent in this order as the other side reads them."));
  chat_conversation_set_alone (self->conversation, TRUE);
  join (self);

  return GTK_WIDGET (self);
}
