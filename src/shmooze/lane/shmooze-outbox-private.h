/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-writer.h"

G_BEGIN_DECLS

/* Writes that wait for room in a lane, in their order. Each is a task whose data is what is to be written. */
typedef struct _ShmoozeOutbox ShmoozeOutbox;

typedef gboolean (*ShmoozeOutboxWrite) (gpointer   owner,
                                        gpointer   what,
                                        GError   **error);

struct _ShmoozeOutbox
{
  GQueue              tasks;
  ShmoozeOutboxWrite  write;
  gpointer            owner;
};

void     shmooze_outbox_init     (ShmoozeOutbox       *self,
                                  ShmoozeOutboxWrite   write,
                                  gpointer             owner);
void     shmooze_outbox_push     (ShmoozeOutbox       *self,
                                  GTask               *task);
gboolean shmooze_outbox_is_empty (ShmoozeOutbox       *self);
void     shmooze_outbox_flush    (ShmoozeOutbox       *self,
                                  ShmoozeWriter       *writer,
                                  gboolean             has_bell,
                                  guint64              bell);
void     shmooze_outbox_close    (ShmoozeOutbox       *self,
                                  const char          *message);

G_END_DECLS
