/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-draft-list.h"

#include "chat-clamp.h"
#include "chat-peer-draft.h"

/* Shows the drafts of all peers. The widget is hidden while all drafts are empty. */
struct _ChatDraftList
{
  GtkWidget   parent_instance;

  GtkWidget  *clamp;
  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (ChatDraftList, chat_draft_list, GTK_TYPE_WIDGET)

static void
update_visible (ChatDraftList *self)
{
  gboolean is_visible = FALSE;

  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->list)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    is_visible = is_visible || gtk_widget_get_visible (row);

  gtk_widget_set_visible (GTK_WIDGET (self), is_visible);
}

static GtkWidget *
create_row (gpointer peer,
            gpointer data)
{
  GtkWidget *row = chat_peer_draft_new (peer);

  g_signal_connect_object (row, "notify::visible", G_CALLBACK (update_visible), data, G_CONNECT_SWAPPED);

  return row;
}

/* GtkListBox makes each row that it adds for a peer visible, so rows with an empty draft are hidden again here. */
static void
on_peers_changed (ChatDraftList *self)
{
  for (GtkWidget *row = gtk_widget_get_first_child (GTK_WIDGET (self->list)); row != NULL;
       row = gtk_widget_get_next_sibling (row))
    chat_peer_draft_update_visible (CHAT_PEER_DRAFT (row));

  update_visible (self);
}

/* @peers: (nullable): a list model of ShmoozePeer */
void
chat_draft_list_set_peers (ChatDraftList *self,
                           GListModel    *peers)
{
  gtk_list_box_bind_model (self->list, peers, create_row, self, NULL);

  if (peers != NULL)
    g_signal_connect_object (peers, "items-changed", G_CALLBACK (on_peers_changed), self, G_CONNECT_SWAPPED);

  on_peers_changed (self);
}

static void
chat_draft_list_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), CHAT_TYPE_DRAFT_LIST);

  G_OBJECT_CLASS (chat_draft_list_parent_class)->dispose (object);
}

static void
chat_draft_list_class_init (ChatDraftListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_CLAMP);

  G_OBJECT_CLASS (klass)->dispose = chat_draft_list_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-draft-list.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatDraftList, clamp);
  gtk_widget_class_bind_template_child (widget_class, ChatDraftList, list);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "drafts");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
chat_draft_list_init (ChatDraftList *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
