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

SHMOOZE_EXPORT
GType           shmooze_message_get_type   (void) G_GNUC_CONST;
SHMOOZE_EXPORT
ShmoozeMessage *shmooze_message_ref        (ShmoozeMessage *self);
SHMOOZE_EXPORT
void            shmooze_message_unref      (ShmoozeMessage *self);
SHMOOZE_EXPORT
guint64         shmooze_message_get_number (ShmoozeMessage *self);
SHMOOZE_EXPORT
const char     *shmooze_message_get_sender (ShmoozeMessage *self);
SHMOOZE_EXPORT
guint           shmooze_message_get_seat   (ShmoozeMessage *self);
SHMOOZE_EXPORT
const char     *shmooze_message_get_text   (ShmoozeMessage *self);
SHMOOZE_EXPORT
gint64          shmooze_message_get_time   (ShmoozeMessage *self);
SHMOOZE_EXPORT
gboolean        shmooze_message_is_own     (ShmoozeMessage *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmoozeMessage, shmooze_message_unref)

G_END_DECLS
