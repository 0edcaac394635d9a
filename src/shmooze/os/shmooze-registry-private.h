/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What belongs to this process only: a forked child must not keep it, and the end of the program releases it. */

typedef void (*ShmoozeRegistryFunc) (gpointer data);

void     shmooze_registry_begin  (void);
void     shmooze_registry_end    (void);
void     shmooze_registry_add    (gpointer            data,
                                  ShmoozeRegistryFunc detach,
                                  ShmoozeRegistryFunc release);
gboolean shmooze_registry_remove (gpointer            data);

G_END_DECLS
