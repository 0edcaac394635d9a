/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "os/shmooze-backing-private.h"

#include <stdatomic.h>

G_BEGIN_DECLS

/* What keeps a name alive in this process. All of them are known, because a fork detaches them and the end
 * of the program releases them. */
typedef struct
{
  ShmoozeLocation  *place;
  ShmoozeBacking  object;
  atomic_bool    detached;  /* in a forked child, which is no holder */
} ShmoozeHolder;

void shmooze_registry_begin  (void);
void shmooze_registry_end    (void);
void shmooze_registry_add    (ShmoozeHolder *holder);
void shmooze_registry_remove (ShmoozeHolder *holder);

G_END_DECLS
