/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane/shmooze-lane-private.h"
#include "shmooze-message.h"
#include "shmooze-reader.h"
#include "shmooze-writer.h"

G_BEGIN_DECLS

/* Upper bound of what a message takes in the queue in addition to its text. */
#define SHMOOZE_MESSAGE_HEAD_MAX 256

gboolean        shmooze_text_is_valid   (const char      *text,
                                         gsize            length);
gboolean        shmooze_messages_read   (GPtrArray       *messages,
                                         ShmoozeReader   *reader,
                                         guint            seat,
                                         guint            most,
                                         char           **last_sender,
                                         GError         **error);
ShmoozeMessage *shmooze_message_put     (ShmoozeWriter   *writer,
                                         ShmoozeWord     *numbers,
                                         guint            seat,
                                         char            *nick,
                                         const char      *text,
                                         GError         **error);
gint            shmooze_message_compare (gconstpointer    a,
                                         gconstpointer    b);

G_END_DECLS
