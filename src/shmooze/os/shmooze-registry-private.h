/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Objects that belong to this process only: they are detached in a forked child, and released when the program ends. */

typedef void (*ShmoozeRegistryFunc) (gpointer data);

void     shmooze_registry_begin  (void);
void     shmooze_registry_end    (void);
void     shmooze_registry_add    (gpointer            data,
                                  ShmoozeRegistryFunc detach,
                                  ShmoozeRegistryFunc release);
gboolean shmooze_registry_remove (gpointer            data);

G_END_DECLS
