/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chat-banner.h"
#include "chat-composer.h"
#include "chat-draft-list.h"
#include "chat-outbox.h"
#include "chat-transcript.h"

G_BEGIN_DECLS

#define CHAT_TYPE_CONVERSATION (chat_conversation_get_type ())

G_DECLARE_FINAL_TYPE (ChatConversation, chat_conversation, CHAT, CONVERSATION, GtkWidget)

ChatBanner       *chat_conversation_get_banner     (ChatConversation *self);
ChatTranscript   *chat_conversation_get_transcript (ChatConversation *self);
ChatOutbox       *chat_conversation_get_outbox     (ChatConversation *self);
ChatDraftList    *chat_conversation_get_drafts     (ChatConversation *self);
ChatComposer     *chat_conversation_get_composer   (ChatConversation *self);
void              chat_conversation_describe       (ChatConversation *self,
                                                    const char       *title,
                                                    const char       *text,
                                                    const char       *waiting);
void              chat_conversation_set_alone      (ChatConversation *self,
                                                    gboolean          is_alone);
void              chat_conversation_enter          (ChatConversation *self,
                                                    const char       *region,
                                                    gsize             max_text,
                                                    gboolean          can_send);
void              chat_conversation_show_error     (ChatConversation *self,
                                                    const char       *region,
                                                    const GError     *error);
void              chat_conversation_show_lost      (ChatConversation *self,
                                                    const GError     *error);
GtkWidget        *chat_conversation_queue          (ChatConversation *self,
                                                    const char       *text);
ChatConversation *chat_conversation_settle         (GtkWidget        *row,
                                                    const GError     *error);

G_END_DECLS
