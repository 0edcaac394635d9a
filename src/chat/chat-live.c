/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-live.h"

#include "chat-scroller.h"
#include "chat-text.h"
#include "chat-words.h"

#include <glib/gi18n.h>

#define MAX_LINES 6

/* What one peer is typing; not there while that is nothing. */
struct _ChatLive
{
  GtkWidget          parent_instance;

  ShmoozePeer       *peer;
  char              *name;
  char              *text;

  GtkLabel          *caption;
  GtkWidget         *silent;
  GtkLabel          *silent_label;
  GtkScrolledWindow *scroller;
  GtkTextView       *view;
};

G_DEFINE_FINAL_TYPE (ChatLive, chat_live, GTK_TYPE_WIDGET)

static void
update_state (ChatLive *self)
{
  const gboolean is_silent = shmooze_peer_get_state (self->peer) == SHMOOZE_PEER_NOT_RESPONDING;
  const gboolean is_typing = *self->text != '\0';

  gtk_widget_set_visible (self->silent, is_silent);
  gtk_widget_set_visible (GTK_WIDGET (self->caption), is_typing);
  gtk_widget_set_visible (GTK_WIDGET (self->scroller), is_typing);
  gtk_widget_set_visible (GTK_WIDGET (self), is_silent || is_typing);
}

ShmoozePeer *
chat_live_get_peer (ChatLive *self)
{
  return self->peer;
}

void
chat_live_set_text (ChatLive   *self,
                    const char *text)
{
  chat_text_replace (gtk_text_view_get_buffer (self->view), 0, self->text, text, NULL);
  g_free (self->text);
  self->text = g_strdup (text);
  update_state (self);
}

static void
chat_live_css_changed (GtkWidget         *widget,
                       GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (chat_live_parent_class)->css_changed (widget, change);

  chat_scroller_limit_lines (CHAT_LIVE (widget)->scroller, MAX_LINES);
}

static void
chat_live_dispose (GObject *object)
{
  ChatLive *self = CHAT_LIVE (object);

  g_clear_object (&self->peer);
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL;)
    gtk_widget_unparent (child);

  G_OBJECT_CLASS (chat_live_parent_class)->dispose (object);
}

static void
chat_live_finalize (GObject *object)
{
  ChatLive *self = CHAT_LIVE (object);

  g_free (self->name);
  g_free (self->text);

  G_OBJECT_CLASS (chat_live_parent_class)->finalize (object);
}

static void
chat_live_class_init (ChatLiveClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = chat_live_dispose;
  object_class->finalize = chat_live_finalize;
  widget_class->css_changed = chat_live_css_changed;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-live.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatLive, caption);
  gtk_widget_class_bind_template_child (widget_class, ChatLive, silent);
  gtk_widget_class_bind_template_child (widget_class, ChatLive, silent_label);
  gtk_widget_class_bind_template_child (widget_class, ChatLive, scroller);
  gtk_widget_class_bind_template_child (widget_class, ChatLive, view);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "live");
}

static void
chat_live_init (ChatLive *self)
{
  self->text = g_strdup ("");
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_text_buffer_set_enable_undo (gtk_text_view_get_buffer (self->view), FALSE);
  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (GTK_WIDGET (self))),
                                  GTK_ORIENTATION_VERTICAL);
  chat_scroller_keep_at_end (self->scroller);
}

GtkWidget *
chat_live_new (ShmoozePeer *peer)
{
  ChatLive *self = g_object_new (CHAT_TYPE_LIVE, NULL);
  g_autofree char *typing = NULL;
  g_autofree char *silent = NULL;

  self->peer = g_object_ref (peer);
  self->name = chat_words_name (shmooze_peer_get_nick (peer));
  /* Translators: above the text that a participant is typing */
  typing = g_strdup_printf (_("%s is typing"), self->name);
  silent = g_strdup_printf (_("%s is not responding. Your messages will appear when that window responds again."),
                            self->name);
  gtk_label_set_label (self->caption, typing);
  gtk_label_set_label (self->silent_label, silent);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, typing, -1);
  g_signal_connect_object (peer, "notify::state", G_CALLBACK (update_state), self, G_CONNECT_SWAPPED);
  chat_live_set_text (self, shmooze_peer_get_draft (peer));

  return GTK_WIDGET (self);
}
