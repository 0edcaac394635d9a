/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-macros.h"

G_BEGIN_DECLS

#define SHMOOZE_TYPE_MESSAGE (shmooze_message_get_type ())

SHMOOZE_EXPORT
G_DECLARE_FINAL_TYPE (ShmoozeMessage, shmooze_message, SHMOOZE, MESSAGE, GObject)

SHMOOZE_EXPORT
guint64      shmooze_message_get_number (ShmoozeMessage *self);
SHMOOZE_EXPORT
const char  *shmooze_message_get_sender (ShmoozeMessage *self);
SHMOOZE_EXPORT
guint        shmooze_message_get_seat   (ShmoozeMessage *self);
SHMOOZE_EXPORT
const char  *shmooze_message_get_text   (ShmoozeMessage *self);
SHMOOZE_EXPORT
gint64       shmooze_message_get_time   (ShmoozeMessage *self);
SHMOOZE_EXPORT
gboolean     shmooze_message_is_own     (ShmoozeMessage *self);

G_END_DECLS
