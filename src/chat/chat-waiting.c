/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-waiting.h"

/* The messages that the region has no room for yet, in the order in which they will go out. */
struct _ChatWaiting
{
  GtkWidget  parent_instance;

  guint      n_rows;
  GtkBox    *rows;
};

G_DEFINE_FINAL_TYPE (ChatWaiting, chat_waiting, GTK_TYPE_WIDGET)

static void
set_n_rows (ChatWaiting *self,
            guint        n_rows)
{
  self->n_rows = n_rows;
  gtk_widget_set_visible (GTK_WIDGET (self), n_rows > 0);
}

GtkWidget *
chat_waiting_add (ChatWaiting *self,
                  const char  *text)
{
  g_autofree char *line = g_strdelimit (g_strdup (text), "\r\n", ' ');
  GtkWidget *row = gtk_label_new (line);

  gtk_label_set_xalign (GTK_LABEL (row), 0);
  gtk_label_set_single_line_mode (GTK_LABEL (row), TRUE);
  gtk_label_set_ellipsize (GTK_LABEL (row), PANGO_ELLIPSIZE_END);
  gtk_box_append (self->rows, row);
  set_n_rows (self, self->n_rows + 1);

  return row;
}

void
chat_waiting_remove (ChatWaiting *self,
                     GtkWidget   *row)
{
  gtk_box_remove (self->rows, row);
  set_n_rows (self, self->n_rows - 1);
}

guint
chat_waiting_count (ChatWaiting *self)
{
  return self->n_rows;
}

static void
chat_waiting_dispose (GObject *object)
{
  for (GtkWidget *child; (child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL;)
    gtk_widget_unparent (child);

  G_OBJECT_CLASS (chat_waiting_parent_class)->dispose (object);
}

static void
chat_waiting_class_init (ChatWaitingClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = chat_waiting_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-waiting.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatWaiting, rows);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "waiting");
}

static void
chat_waiting_init (ChatWaiting *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
