/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_OUTBOX (chat_outbox_get_type ())

G_DECLARE_FINAL_TYPE (ChatOutbox, chat_outbox, CHAT, OUTBOX, GtkWidget)

GtkWidget  *chat_outbox_add        (ChatOutbox *self,
                                    const char *text);
const char *chat_outbox_get_text   (GtkWidget  *row);
void        chat_outbox_remove     (ChatOutbox *self,
                                    GtkWidget  *row);
guint       chat_outbox_count      (ChatOutbox *self);
gboolean    chat_outbox_keeps_open (ChatOutbox *self,
                                    GtkWindow  *window);

G_END_DECLS
