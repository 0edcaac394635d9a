/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-view.h"

G_BEGIN_DECLS

/* Messages that wait for their turn in a slot, in order. The first may stand in the slot already, and wait for
 * the reader's confirmation. */
typedef struct _ShmoozeSlotQueue ShmoozeSlotQueue;

ShmoozeSlotQueue *shmooze_slot_queue_new         (void);
void            shmooze_slot_queue_free        (ShmoozeSlotQueue  *self);
guint           shmooze_slot_queue_get_n       (ShmoozeSlotQueue  *self);
gsize           shmooze_slot_queue_get_longest (ShmoozeSlotQueue  *self);
void            shmooze_slot_queue_add         (ShmoozeSlotQueue  *self,
                                             gconstpointer    data,
                                             gsize            size,
                                             GTask           *task);
gboolean        shmooze_slot_queue_send        (ShmoozeSlotQueue  *self,
                                             ShmoozeView     *view,
                                             gint64           position);
void            shmooze_slot_queue_fail        (ShmoozeSlotQueue  *self,
                                             const GError    *error);

G_END_DECLS
