/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-sending.h"

#include <glib/gi18n.h>

/* A message on its way: it stands with those that wait, and goes back to where it was written if it fails. */
struct _ChatSending
{
  ChatWaiting  *waiting;
  ChatComposer *composer;
  char         *text;
  GtkWidget    *row;
};

ChatSending *
chat_sending_begin (ChatWaiting  *waiting,
                    ChatComposer *composer,
                    const char   *text)
{
  ChatSending *self = g_new0 (ChatSending, 1);

  self->waiting = g_object_ref (waiting);
  self->composer = g_object_ref (composer);
  self->text = g_strdup (text);
  self->row = chat_waiting_add (waiting, text);

  return self;
}

void
chat_sending_free (ChatSending *self)
{
  g_object_unref (self->waiting);
  g_object_unref (self->composer);
  g_free (self->text);
  g_free (self);
}

/* The window; NULL: it is gone, or going. */
GtkRoot *
chat_sending_get_root (ChatSending *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self->waiting));

  return root != NULL && !gtk_widget_in_destruction (GTK_WIDGET (root)) ? root : NULL;
}

const char *
chat_sending_get_text (ChatSending *self)
{
  return self->text;
}

/* The message is out, or will not be. */
void
chat_sending_settle (ChatSending  *self,
                     const GError *error)
{
  g_autofree char *problem = NULL;

  chat_waiting_remove (self->waiting, self->row);

  if (error == NULL)
    return;

  problem = g_strdup_printf (_("Not sent: %s"), error->message);
  chat_composer_put_back (self->composer, self->text);
  chat_composer_set_problem (self->composer, problem);
}
