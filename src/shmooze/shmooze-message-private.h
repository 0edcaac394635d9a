/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-message.h"

G_BEGIN_DECLS

ShmoozeMessage *shmooze_message_new     (guint64         number,
                                         guint           seat,
                                         const char     *sender,
                                         const char     *text,
                                         gint64          time,
                                         gboolean        own);
gint            shmooze_message_compare (gconstpointer   a,
                                         gconstpointer   b);

G_END_DECLS
