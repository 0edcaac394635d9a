/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-typing.h"

#include "chat-column.h"
#include "chat-live.h"

/* The live texts of all peers; not there while nobody is typing. */
struct _ChatTyping
{
  GtkWidget   parent_instance;

  GListModel *peers;
  GtkWidget  *column;
  GtkBox     *box;
};

G_DEFINE_FINAL_TYPE (ChatTyping, chat_typing, GTK_TYPE_WIDGET)

static GtkWidget *
get_first (ChatTyping *self)
{
  return gtk_widget_get_first_child (GTK_WIDGET (self->box));
}

void
chat_typing_update (ChatTyping  *self,
                    ShmoozePeer *peer)
{
  for (GtkWidget *child = get_first (self); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (chat_live_get_peer (CHAT_LIVE (child)) == peer)
      chat_live_set_text (CHAT_LIVE (child), shmooze_peer_get_draft (peer));
}

static void
update_visible (ChatTyping *self)
{
  gboolean is_wanted = FALSE;

  for (GtkWidget *child = get_first (self); child != NULL; child = gtk_widget_get_next_sibling (child))
    is_wanted = is_wanted || gtk_widget_get_visible (child);

  gtk_widget_set_visible (GTK_WIDGET (self), is_wanted);
}

static gboolean
is_here (ChatTyping  *self,
         ShmoozePeer *peer)
{
  for (guint i = 0; self->peers != NULL && i < g_list_model_get_n_items (self->peers); i++)
    {
      g_autoptr (ShmoozePeer) other = g_list_model_get_item (self->peers, i);

      if (other == peer)
        return TRUE;
    }

  return FALSE;
}

static void
on_peers_changed (ChatTyping *self,
                  guint       position,
                  guint       removed,
                  guint       added)
{
  GtkWidget *next;

  for (GtkWidget *child = get_first (self); child != NULL; child = next)
    {
      next = gtk_widget_get_next_sibling (child);

      if (!is_here (self, chat_live_get_peer (CHAT_LIVE (child))))
        gtk_box_remove (self->box, child);
    }

  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (ShmoozePeer) peer = g_list_model_get_item (self->peers, i);
      GtkWidget *live = chat_live_new (peer);

      g_signal_connect_object (live, "notify::visible", G_CALLBACK (update_visible), self, G_CONNECT_SWAPPED);
      gtk_box_append (self->box, live);
    }

  update_visible (self);
}

/* @peers: (nullable): nobody's */
void
chat_typing_set_peers (ChatTyping *self,
                       GListModel *peers)
{
  if (self->peers != NULL)
    g_signal_handlers_disconnect_by_data (self->peers, self);

  g_set_object (&self->peers, peers);

  if (peers != NULL)
    g_signal_connect_object (peers, "items-changed", G_CALLBACK (on_peers_changed), self, G_CONNECT_SWAPPED);

  on_peers_changed (self, 0, 0, peers != NULL ? g_list_model_get_n_items (peers) : 0);
}

static void
chat_typing_dispose (GObject *object)
{
  ChatTyping *self = CHAT_TYPING (object);

  if (self->peers != NULL)
    g_signal_handlers_disconnect_by_data (self->peers, self);

  g_clear_object (&self->peers);
  g_clear_pointer (&self->column, gtk_widget_unparent);

  G_OBJECT_CLASS (chat_typing_parent_class)->dispose (object);
}

static void
chat_typing_class_init (ChatTypingClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_COLUMN);

  G_OBJECT_CLASS (klass)->dispose = chat_typing_dispose;

  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "typing");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
chat_typing_init (ChatTyping *self)
{
  self->box = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 9));
  self->column = g_object_new (CHAT_TYPE_COLUMN, "child", self->box, NULL);
  gtk_widget_set_parent (self->column, GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}
