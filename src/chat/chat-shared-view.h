/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chat-text-view.h"

G_BEGIN_DECLS

#define CHAT_TYPE_SHARED_VIEW (chat_shared_view_get_type ())

G_DECLARE_FINAL_TYPE (ChatSharedView, chat_shared_view, CHAT, SHARED_VIEW, ChatTextView)

void     chat_shared_view_set_text    (ChatSharedView *self,
                                       const char     *text);
void     chat_shared_view_set_message (ChatSharedView *self,
                                       const char     *message);
gboolean chat_shared_view_has_text    (ChatSharedView *self);

G_END_DECLS
