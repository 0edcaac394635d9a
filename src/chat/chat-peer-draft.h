/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>
#include <shmooze/shmooze.h>

G_BEGIN_DECLS

#define CHAT_TYPE_PEER_DRAFT (chat_peer_draft_get_type ())

G_DECLARE_FINAL_TYPE (ChatPeerDraft, chat_peer_draft, CHAT, PEER_DRAFT, GtkListBoxRow)

GtkWidget *chat_peer_draft_new            (ShmoozePeer   *peer);
void       chat_peer_draft_update_visible (ChatPeerDraft *self);

G_END_DECLS
