/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_WAITING (chat_waiting_get_type ())

G_DECLARE_FINAL_TYPE (ChatWaiting, chat_waiting, CHAT, WAITING, GtkWidget)

GtkWidget *chat_waiting_add        (ChatWaiting *self,
                                    const char  *text);
void       chat_waiting_remove     (ChatWaiting *self,
                                    GtkWidget   *row);
guint      chat_waiting_count      (ChatWaiting *self);
gboolean   chat_waiting_keeps_open (ChatWaiting *self,
                                    GtkWindow   *window);

G_END_DECLS
