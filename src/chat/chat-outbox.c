/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-outbox.h"

#include "chat-clamp.h"

#include <glib/gi18n.h>

/* The messages that the region has no space for yet, in the order in which they will be sent. */
struct _ChatOutbox
{
  GtkWidget  parent_instance;

  guint      n_rows;
  gboolean   may_discard;   /* the user has agreed to it */
  GtkWidget *clamp;
  GtkBox    *rows;
};

G_DEFINE_FINAL_TYPE (ChatOutbox, chat_outbox, GTK_TYPE_WIDGET)

static void
set_n_rows (ChatOutbox *self,
            guint       n_rows)
{
  self->n_rows = n_rows;
  gtk_widget_set_visible (GTK_WIDGET (self), n_rows > 0);
}

/* Returns: (transfer full): the row of the message, which may outlive the outbox */
GtkWidget *
chat_outbox_add (ChatOutbox *self,
                 const char *text)
{
  g_autofree char *line = g_strdelimit (g_strdup (text), "\r\n", ' ');
  GtkWidget *row = gtk_label_new (line);

  gtk_label_set_xalign (GTK_LABEL (row), 0);
  gtk_label_set_single_line_mode (GTK_LABEL (row), TRUE);
  gtk_label_set_ellipsize (GTK_LABEL (row), PANGO_ELLIPSIZE_END);
  g_object_set_data_full (G_OBJECT (row), "text", g_strdup (text), g_free);
  gtk_box_append (self->rows, row);
  set_n_rows (self, self->n_rows + 1);

  return g_object_ref (row);
}

const char *
chat_outbox_get_text (GtkWidget *row)
{
  return g_object_get_data (G_OBJECT (row), "text");
}

void
chat_outbox_remove (ChatOutbox *self,
                    GtkWidget  *row)
{
  gtk_box_remove (self->rows, row);
  set_n_rows (self, self->n_rows - 1);
}

guint
chat_outbox_count (ChatOutbox *self)
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
on_close_response (GtkDialog  *dialog,
                   int         response,
                   ChatOutbox *self)
{
  GtkWindow *window = gtk_window_get_transient_for (GTK_WINDOW (dialog));

  self->may_discard = response == GTK_RESPONSE_ACCEPT;

  /* Later, because the dialog does not expect the window to be destroyed while it emits its signal. */
  if (self->may_discard)
    g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, close_window, g_object_ref (window), g_object_unref);
  gtk_window_destroy (GTK_WINDOW (dialog));
}

/* Returns: whether closing @window would lose messages. If so, asks the user, and closes the window on agreement. */
gboolean
chat_outbox_keeps_open (ChatOutbox *self,
                        GtkWindow  *window)
{
  GtkWidget *dialog;

  if (self->n_rows == 0 || self->may_discard)
    return FALSE;

  dialog = gtk_message_dialog_new (window, GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT,
                                   GTK_MESSAGE_QUESTION, GTK_BUTTONS_NONE,
                                   ngettext ("%u Message Has Not Been Sent", "%u Messages Have Not Been Sent",
                                             self->n_rows),
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
chat_outbox_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), CHAT_TYPE_OUTBOX);

  G_OBJECT_CLASS (chat_outbox_parent_class)->dispose (object);
}

static void
chat_outbox_class_init (ChatOutboxClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (CHAT_TYPE_CLAMP);

  G_OBJECT_CLASS (klass)->dispose = chat_outbox_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/shmooze/Shmooze/chat-outbox.ui");
  gtk_widget_class_bind_template_child (widget_class, ChatOutbox, clamp);
  gtk_widget_class_bind_template_child (widget_class, ChatOutbox, rows);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "outbox");
}

static void
chat_outbox_init (ChatOutbox *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
