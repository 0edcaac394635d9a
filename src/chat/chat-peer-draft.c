/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-peer-draft.h"

#include "chat-scroller.h"
#include "chat-text.h"
#include "chat-words.h"

#include <glib/gi18n.h>

#define MAX_LINES 6

/* The text that one peer is typing; hidden while there is none. */
struct _ChatPeerDraft
{
  GtkListBoxRow      parent_instance;

  ShmoozePeer       *peer;
  char              *text;

  GtkLabel          *caption;
  GtkWidget         *silent;
  GtkLabel          *silent_label;
  GtkScrolledWindow *scroller;
  GtkTextView       *view;
};

G_DEFINE_FINAL_TYPE (ChatPeerDraft, chat_peer_draft, GTK_TYPE_LIST_BOX_ROW)

void
chat_peer_draft_update_visible (ChatPeerDraft *self)
{
  const gboolean is_silent = shmooze_peer_get_state (self->peer) == SHMOOZE_PEER_NOT_RESPONDING;
  const gboolean is_typing = *self->text != '\0';

  gtk_widget_set_visible (self->silent, is_silent);
  gtk_widget_set_visible (GTK_WIDGET (self->caption), is_typing);
  gtk_widget_set_visible (GTK_WIDGET (self->scroller), is_typing);
  gtk_widget_set_visible (GTK_WIDGET (self), is_silent || is_typing);
}

/* The end of a keystroke's path: from the peer's draft to the text in red. */
static void
update_text (ChatPeerDraft *self)
{
  g_autofree char *former = g_steal_pointer (&self->text);

  self->text = g_strdup (shmooze_peer_get_draft (self->peer));
  chat_text_replace (gtk_text_view_get_buffer (self->view), 0, former, self->text, NULL);
  chat_peer_draft_update_visible (self);
}

/* The row itself takes no focus, only the text in it does. */
static gboolean
chat_peer_draft_focus (GtkWidget        *widget,
                       GtkDirectionType  direction)
{
  return gtk_widget_child_focus (gtk_list_box_row_get_child (GTK_LIST_BOX_ROW (widget)), direction);
}

static void
chat_peer_draft_css_changed (GtkWidget         *widget,
                             GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (chat_peer_draft_parent_class)->css_changed (widget, change);

  chat_scroller_limit_lines (CHAT_PEER_DRAFT (widget)->scroller, MAX_LINES);
}

static void
chat_peer_draft_dispose (GObject *object)
{
  g_clear_object (&CHAT_PEER_DRAFT (object)->peer);

  G_OBJECT_CLASS (chat_peer_draft_parent_class)->dispose (object);
}

static void
chat_peer_draft_finalize (GObject *object)
{
  g_free (CHAT_PEER_DRAFT (object)->text);

  G_OBJECT_CLASS (chat_peer_draft_parent_class)->finalize (object);
}

static void
chat_peer_draft_class_init (ChatPeerDraftClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = chat_peer_draft_dispose;
  object_class->finalize = chat_peer_draft_finalize;
  widget_class->focus = chat_peer_draft_focus;
  widget_class->css_changed = chat_peer_draft_css_changed;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-peer-draft.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatPeerDraft, caption);
  gtk_widget_class_bind_template_child (widget_class, ChatPeerDraft, silent);
  gtk_widget_class_bind_template_child (widget_class, ChatPeerDraft, silent_label);
  gtk_widget_class_bind_template_child (widget_class, ChatPeerDraft, scroller);
  gtk_widget_class_bind_template_child (widget_class, ChatPeerDraft, view);
}

static void
chat_peer_draft_init (ChatPeerDraft *self)
{
  self->text = g_strdup ("");
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_text_buffer_set_enable_undo (gtk_text_view_get_buffer (self->view), FALSE);
  chat_scroller_keep_at_end (self->scroller);
}

GtkWidget *
chat_peer_draft_new (ShmoozePeer *peer)
{
  ChatPeerDraft *self = g_object_new (CHAT_TYPE_PEER_DRAFT, NULL);
  g_autofree char *name = chat_words_name (shmooze_peer_get_nick (peer));
  /* Translators: above the text that a participant is typing */
  g_autofree char *typing = g_strdup_printf (_("%s is typing"), name);
  g_autofree char *silent = NULL;

  self->peer = g_object_ref (peer);
  silent = g_strdup_printf (_("%s is not responding. Your messages will appear when that window responds again."),
                            name);
  gtk_label_set_label (self->caption, typing);
  gtk_label_set_label (self->silent_label, silent);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, typing, -1);
  g_signal_connect_object (peer, "notify::draft", G_CALLBACK (update_text), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (peer, "notify::state", G_CALLBACK (chat_peer_draft_update_visible), self, G_CONNECT_SWAPPED);
  update_text (self);

  return GTK_WIDGET (self);
}
