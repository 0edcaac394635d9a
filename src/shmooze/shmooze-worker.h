/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-error.h"

G_BEGIN_DECLS

#define SHMOOZE_TYPE_WORKER (shmooze_worker_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeWorker, shmooze_worker, SHMOOZE, WORKER, GObject)

SHMOOZE_AVAILABLE_IN_1_0
ShmoozeWorker *shmooze_worker_new         (const char     *name,
                                           GError        **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean       shmooze_worker_should_stop (ShmoozeWorker  *self);
SHMOOZE_AVAILABLE_IN_1_0
void           shmooze_worker_end         (ShmoozeWorker  *self);

G_END_DECLS
