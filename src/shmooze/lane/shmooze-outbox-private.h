/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lane/shmooze-ring-private.h"

G_BEGIN_DECLS

/* Writes that wait for space in a lane, in their order: tasks whose data is what to write. */
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
                                  ShmoozeRing         *ring,
                                  gboolean             has_bell,
                                  guint64              bell);
void     shmooze_outbox_close    (ShmoozeOutbox       *self,
                                  const char          *message);

G_END_DECLS
