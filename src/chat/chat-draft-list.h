/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_DRAFT_LIST (chat_draft_list_get_type ())

G_DECLARE_FINAL_TYPE (ChatDraftList, chat_draft_list, CHAT, DRAFT_LIST, GtkWidget)

void chat_draft_list_set_peers (ChatDraftList *self,
                                GListModel    *peers);

G_END_DECLS
