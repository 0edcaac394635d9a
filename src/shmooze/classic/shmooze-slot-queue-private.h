/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-view.h"

G_BEGIN_DECLS

/* The messages of a slot's writer that the reader has not confirmed, in order. The slot has room for one: the first
 * may be in the slot already, the others wait for it. */
typedef struct _ShmoozeSlotQueue ShmoozeSlotQueue;

ShmoozeSlotQueue *shmooze_slot_queue_new         (void);
void              shmooze_slot_queue_free        (ShmoozeSlotQueue  *self);
guint             shmooze_slot_queue_get_n       (ShmoozeSlotQueue  *self);
gsize             shmooze_slot_queue_get_longest (ShmoozeSlotQueue  *self);
void              shmooze_slot_queue_add         (ShmoozeSlotQueue  *self,
                                                  gconstpointer      data,
                                                  gsize              size,
                                                  GTask             *task);
gboolean          shmooze_slot_queue_send        (ShmoozeSlotQueue  *self,
                                                  ShmoozeView       *view,
                                                  gint64             position);
void              shmooze_slot_queue_fail        (ShmoozeSlotQueue  *self,
                                                  const GError      *error);

G_END_DECLS
