/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chat-composer.h"
#include "chat-waiting.h"

G_BEGIN_DECLS

typedef struct _ChatSending ChatSending;

ChatSending *chat_sending_begin    (ChatWaiting  *waiting,
                                    ChatComposer *composer,
                                    const char   *text);
GtkRoot     *chat_sending_get_root (ChatSending  *self);
const char  *chat_sending_get_text (ChatSending  *self);
void         chat_sending_settle   (ChatSending  *self,
                                    const GError *error);
void         chat_sending_free     (ChatSending  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ChatSending, chat_sending_free)

G_END_DECLS
