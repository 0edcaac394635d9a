/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-macros.h"

G_BEGIN_DECLS

/**
 * ShmoozeMessage:
 *
 * A message that was sent in a room.
 *
 * A message is immutable and reference-counted, and can be passed between
 * threads.
 *
 * Since: 1.0
 */
typedef struct _ShmoozeMessage ShmoozeMessage;

#define SHMOOZE_TYPE_MESSAGE (shmooze_message_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
GType           shmooze_message_get_type   (void) G_GNUC_CONST;
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeMessage *shmooze_message_ref        (ShmoozeMessage *self);
SHMOOZE_AVAILABLE_IN_1_0
void            shmooze_message_unref      (ShmoozeMessage *self);
SHMOOZE_AVAILABLE_IN_1_0
guint64         shmooze_message_get_number (ShmoozeMessage *self);
SHMOOZE_AVAILABLE_IN_1_0
const char     *shmooze_message_get_sender (ShmoozeMessage *self);
SHMOOZE_AVAILABLE_IN_1_0
guint           shmooze_message_get_seat   (ShmoozeMessage *self);
SHMOOZE_AVAILABLE_IN_1_0
const char     *shmooze_message_get_text   (ShmoozeMessage *self);
SHMOOZE_AVAILABLE_IN_1_0
gint64          shmooze_message_get_time   (ShmoozeMessage *self);
SHMOOZE_AVAILABLE_IN_1_0
gboolean        shmooze_message_is_own     (ShmoozeMessage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmoozeMessage, shmooze_message_unref)

G_END_DECLS
