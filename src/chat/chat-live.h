/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>
#include <shmooze/shmooze.h>

G_BEGIN_DECLS

#define CHAT_TYPE_LIVE (chat_live_get_type ())

G_DECLARE_FINAL_TYPE (ChatLive, chat_live, CHAT, LIVE, GtkWidget)

GtkWidget   *chat_live_new      (ShmoozePeer *peer);
ShmoozePeer *chat_live_get_peer (ChatLive    *self);
void         chat_live_set_text (ChatLive    *self,
                                 const char  *text);

G_END_DECLS
