/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdatomic.h>

G_BEGIN_DECLS

/* A guarded range of mapped memory */
typedef struct _ShmoozeGuard ShmoozeGuard;

ShmoozeGuard *shmooze_guard_add     (gpointer      start,
                                     gsize         size,
                                     atomic_bool  *fault);
void          shmooze_guard_remove  (ShmoozeGuard *self);
void          shmooze_guard_disable (void);

G_END_DECLS
