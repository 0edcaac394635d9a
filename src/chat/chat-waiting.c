/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-waiting.h"

#include "chat-column.h"

#include <glib/gi18n.h>

/* The messages that the region has no room for yet, in the order in which they will go out. */
struct _ChatWaiting
{
  GtkWidget  parent_instance;

  guint      n_rows;
  gboolean   may_be_lost;
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

static gboolean
close_window (gpointer window)
{
  gtk_window_close (window);

  return G_SOURCE_REMOVE;
}

static void
on_close_response (GtkDialog   *dialog,
                   int          response,
                   ChatWaiting *self)
{
  GtkWindow *window = gtk_window_get_transient_for (GTK_WINDOW (dialog));

  self->may_be_lost = response == GTK_RESPONSE_ACCEPT;

  /* Not within the dialog's own signal: it does not expect to outlive the window. */
  if (self->may_be_lost)
    g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, close_window, g_object_ref (window), g_object_unref);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

/* Whether closing @window would lose what waits; then it asks, and closes the window if it may. */
gboolean
chat_waiting_keeps_open (ChatWaiting *self,
                         GtkWindow   *window)
{
  GtkWidget *dialog;

  if (self->n_rows == 0 || self->may_be_lost)
    return FALSE;

  dialog = gtk_message_dialog_new (window, GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT,
                                   GTK_MESSAGE_QUESTION, GTK_BUTTONS_NONE,
                                   ngettext ("%u Message Has Not Been Sent", "%u Messages Have Not Been Sent", self->n_rows),
                                   self->n_rows);
  gtk_message_dialog_format_secondary_text (GTK_MESSAGE_DIALOG (dialog), "%s",
                                            _("Messages wait until the other windows have caught up. "
                                              "If you close this window now, they will be lost."));
  gtk_dialog_add_buttons (GTK_DIALOG (dialog),
                          _("_Keep Open"), GTK_RESPONSE_CANCEL,
                          _("_Close and Discard"), GTK_RESPONSE_ACCEPT,
                          NULL);
  gtk_dialog_set_default_response (GTK_DIALOG (dialog), GTK_RESPONSE_CANCEL);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_close_response), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));

  return TRUE;
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

  g_type_ensure (CHAT_TYPE_COLUMN);

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
