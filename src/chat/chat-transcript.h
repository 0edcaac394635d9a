/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chat-text-view.h"

#include <shmooze/shmooze.h>

G_BEGIN_DECLS

#define CHAT_TYPE_TRANSCRIPT (chat_transcript_get_type ())

G_DECLARE_FINAL_TYPE (ChatTranscript, chat_transcript, CHAT, TRANSCRIPT, ChatTextView)

gboolean chat_transcript_is_empty    (ChatTranscript *self);
void     chat_transcript_add_message (ChatTranscript *self,
                                      ShmoozeMessage *message);
void     chat_transcript_add_text    (ChatTranscript *self,
                                      const char     *sender,
                                      const char     *text,
                                      gboolean        is_own);
void     chat_transcript_add_unsent  (ChatTranscript *self,
                                      const char     *nick,
                                      const char     *text);
void     chat_transcript_add_event   (ChatTranscript *self,
                                      const char     *what);
void     chat_transcript_begin_room  (ChatTranscript *self);
void     chat_transcript_clear       (ChatTranscript *self);

G_END_DECLS
