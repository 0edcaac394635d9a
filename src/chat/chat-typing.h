/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>
#include <shmooze/shmooze.h>

G_BEGIN_DECLS

#define CHAT_TYPE_TYPING (chat_typing_get_type ())

G_DECLARE_FINAL_TYPE (ChatTyping, chat_typing, CHAT, TYPING, GtkWidget)

void chat_typing_set_peers (ChatTyping  *self,
                            GListModel  *peers);
void chat_typing_update    (ChatTyping  *self,
                            ShmoozePeer *peer);

G_END_DECLS
