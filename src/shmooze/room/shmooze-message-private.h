/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane/shmooze-lane-private.h"
#include "shmooze-message.h"
#include "shmooze-writer.h"

G_BEGIN_DECLS

/* What a message takes in the queue beside its text, at most. */
#define SHMOOZE_MESSAGE_HEAD_MAX 256

ShmoozeMessage *shmooze_message_parse   (const char     *frame,
                                         gsize           size,
                                         guint           seat,
                                         char          **last_sender,
                                         GError        **error);
ShmoozeMessage *shmooze_message_put     (ShmoozeWriter  *writer,
                                         ShmoozeWord    *numbers,
                                         guint           seat,
                                         char           *nick,
                                         const char     *text,
                                         GError        **error);
gint            shmooze_message_compare (gconstpointer   a,
                                         gconstpointer   b);

G_END_DECLS
