/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-conversation.h"

#include "chat-status-page.h"
#include "chat-words.h"

#include <glib/gi18n.h>

/* What the chat window and the messenger window have in common: the messages, those that are not sent yet, the drafts
 * of the peers, the composer, and the pages and banners shown when something is missing. The window around it installs
 * the action "conversation.join". */
struct _ChatConversation
{
  GtkWidget       parent_instance;

  gboolean        is_alone;

  GtkStack       *pages;
  GtkStack       *talk;
  ChatStatusPage *empty;
  GtkWidget      *error;
  ChatBanner     *banner;
  ChatTranscript *transcript;
  ChatOutbox     *outbox;
  ChatDraftList  *drafts;
  ChatComposer   *composer;
};

G_DEFINE_FINAL_TYPE (ChatConversation, chat_conversation, GTK_TYPE_WIDGET)

ChatBanner *
chat_conversation_get_banner (ChatConversation *self)
{
  return self->banner;
}

ChatTranscript *
chat_conversation_get_transcript (ChatConversation *self)
{
  return self->transcript;
}

ChatOutbox *
chat_conversation_get_outbox (ChatConversation *self)
{
  return self->outbox;
}

ChatDraftList *
chat_conversation_get_drafts (ChatConversation *self)
{
  return self->drafts;
}

ChatComposer *
chat_conversation_get_composer (ChatConversation *self)
{
  return self->composer;
}

static void
update_talk (ChatConversation *self)
{
  const gboolean is_empty = self->is_alone && chat_transcript_is_empty (self->transcript)
                            && chat_outbox_count (self->outbox) == 0;

  gtk_stack_set_visible_child_name (self->talk, is_empty ? "empty" : "transcript");
}

/* @title, @text: for the page that is shown while there is no message and no peer
 * @waiting: why messages wait in the outbox */
void
chat_conversation_describe (ChatConversation *self,
                            const char       *title,
                            const char       *text,
                            const char       *waiting)
{
  g_object_set (self->empty, "title", title, "text", text, NULL);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->outbox), waiting);
}

void
chat_conversation_set_alone (ChatConversation *self,
                             gboolean          is_alone)
{
  self->is_alone = is_alone;
  update_talk (self);
}

/* Begins a conversation in @region. */
void
chat_conversation_enter (ChatConversation *self,
                         const char       *region,
                         gsize             max_text,
                         gboolean          can_send)
{
  g_autofree char *private = chat_words_private (region);

  if (private != NULL)
    chat_banner_show (self->banner, CHAT_BANNER_PROBLEM, private, NULL, _("Close"));

  gtk_stack_set_visible_child_name (self->pages, "talk");
  gtk_widget_set_sensitive (GTK_WIDGET (self->composer), can_send);
  chat_composer_set_can_send (self->composer, can_send);
  chat_composer_set_max_text (self->composer, max_text);
  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

/* Reports that @region cannot be joined: on a page, or in a banner above the earlier messages. */
void
chat_conversation_show_error (ChatConversation *self,
                              const char       *region,
                              const GError     *error)
{
  g_autofree char *name = chat_words_region (region);
  g_autofree char *title = g_strdup_printf (_("Cannot Join “%s”"), name);

  if (!chat_transcript_is_empty (self->transcript))
    {
      chat_banner_show (self->banner, CHAT_BANNER_LOST, error->message, NULL, _("Rejoin"));
      return;
    }

  /* Created on demand, because most windows never need it. */
  if (self->error == NULL)
    {
      self->error = g_object_new (CHAT_TYPE_STATUS_PAGE, "icon-name", "dialog-warning-symbolic", "icon-size", 48,
                                  "button", _("Try Again"), "action", "conversation.join", NULL);
      gtk_stack_add_named (self->pages, self->error, "error");
    }

  g_object_set (self->error, "title", title, "text", error->message, NULL);
  gtk_stack_set_visible_child_name (self->pages, "error");
  gtk_widget_grab_focus (self->error);
}

/* Reports that the region no longer exists. */
void
chat_conversation_show_lost (ChatConversation *self,
                             const GError     *error)
{
  chat_composer_set_can_send (self->composer, FALSE);
  chat_banner_show (self->banner, CHAT_BANNER_LOST,
                    _("The region is gone: another program truncated or replaced it. "
                      "The messages so far stay here until you close the window."),
                    error->message, _("Rejoin"));
}

/* Shows a message in the outbox until chat_conversation_settle(). */
GtkWidget *
chat_conversation_queue (ChatConversation *self,
                         const char       *text)
{
  return chat_outbox_add (self->outbox, text);
}

/* Removes a message from the outbox. If it could not be sent, it goes back to the composer.
 *
 * Returns: (nullable): the conversation, unless its window is being destroyed */
ChatConversation *
chat_conversation_settle (GtkWidget    *row,
                          const GError *error)
{
  GtkRoot *window = gtk_widget_get_root (row);
  ChatConversation *self;

  if (window == NULL || gtk_widget_in_destruction (GTK_WIDGET (window)))
    return NULL;

  self = CHAT_CONVERSATION (gtk_widget_get_ancestor (row, CHAT_TYPE_CONVERSATION));
  chat_outbox_remove (self->outbox, row);

  if (error != NULL)
    {
      g_autofree char *problem = g_strdup_printf (_("Not sent: %s"), error->message);

      chat_composer_put_back (self->composer, chat_outbox_get_text (row));
      chat_composer_set_problem (self->composer, problem);
    }

  return self;
}

static void
on_banner_clicked (ChatConversation *self)
{
  const ChatBannerKind kind = chat_banner_get_kind (self->banner);

  chat_banner_hide (self->banner);

  /* The room delivers its earlier messages again. */
  if (kind == CHAT_BANNER_WATCHING)
    chat_transcript_clear (self->transcript);

  if (kind == CHAT_BANNER_WATCHING || kind == CHAT_BANNER_LOST)
    gtk_widget_activate_action (GTK_WIDGET (self), "conversation.join", NULL);

  gtk_widget_grab_focus (GTK_WIDGET (self->composer));
}

/* Text that is typed while the transcript has the focus goes to the composer. */
static gboolean
on_transcript_key_pressed (GtkEventControllerKey *controller,
                           guint                  keyval,
                           guint                  keycode,
                           GdkModifierType        state,
                           ChatConversation      *self)
{
  const gunichar c = gdk_keyval_to_unicode (keyval);

  if ((state & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0 || c == 0 || !g_unichar_isprint (c))
    return GDK_EVENT_PROPAGATE;

  gtk_widget_grab_focus (GTK_WIDGET (self->composer));

  return gtk_event_controller_key_forward (controller, chat_composer_get_view (self->composer));
}

static void
chat_conversation_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), CHAT_TYPE_CONVERSATION);

  G_OBJECT_CLASS (chat_conversation_parent_class)->dispose (object);
}

static void
chat_conversation_class_init (ChatConversationClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_BANNER);
  g_type_ensure (CHAT_TYPE_COMPOSER);
  g_type_ensure (CHAT_TYPE_DRAFT_LIST);
  g_type_ensure (CHAT_TYPE_OUTBOX);
  g_type_ensure (CHAT_TYPE_STATUS_PAGE);
  g_type_ensure (CHAT_TYPE_TRANSCRIPT);

  G_OBJECT_CLASS (klass)->dispose = chat_conversation_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-conversation.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatConversation, pages);
  gtk_widget_class_bind_template_child (widget_class, ChatConversation, talk);
  gtk_widget_class_bind_template_child (widget_class, ChatConversation, empty);
  gtk_widget_class_bind_template_child (widget_class, ChatConversation, banner);
  gtk_widget_class_bind_template_child (widget_class, ChatConversation, transcript);
  gtk_widget_class_bind_template_child (widget_class, ChatConversation, outbox);
  gtk_widget_class_bind_template_child (widget_class, ChatConversation, drafts);
  gtk_widget_class_bind_template_child (widget_class, ChatConversation, composer);
  gtk_widget_class_bind_template_callback (widget_class, on_banner_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_transcript_key_pressed);
  gtk_widget_class_bind_template_callback (widget_class, update_talk);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
chat_conversation_init (ChatConversation *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->transcript)), "changed",
                           G_CALLBACK (update_talk), self, G_CONNECT_SWAPPED);
}
