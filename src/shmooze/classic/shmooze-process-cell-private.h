/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-region.h"

G_BEGIN_DECLS

/* The four bytes that a controller shares with its worker: the worker's process ID, 0 when no worker is running, or
 * -1 to ask it to stop. */
typedef struct _ShmoozeProcessCell ShmoozeProcessCell;

#define SHMOOZE_PROCESS_NONE 0
#define SHMOOZE_PROCESS_STOP (-1)

/* The lock offsets in the region. There is at most one supervisor, and at most one worker. */
#define SHMOOZE_PROCESS_CELL_SUPERVISOR_LOCK 0
#define SHMOOZE_PROCESS_CELL_WORKER_LOCK 1

ShmoozeProcessCell *shmooze_process_cell_new       (const char          *name,
                                                    gboolean             create,
                                                    GError             **error);
void                shmooze_process_cell_free      (ShmoozeProcessCell  *self);
ShmoozeRegion      *shmooze_process_cell_get_region (ShmoozeProcessCell *self);
gboolean            shmooze_process_cell_get       (ShmoozeProcessCell  *self,
                                                    gint32              *value,
                                                    GError             **error);
gboolean            shmooze_process_cell_replace   (ShmoozeProcessCell  *self,
                                                    gint32              *former,
                                                    gint32               value,
                                                    GError             **error);
int                 shmooze_process_cell_find      (ShmoozeProcessCell  *self,
                                                    gint32               pid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmoozeProcessCell, shmooze_process_cell_free)

G_END_DECLS
