/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-region.h"

G_BEGIN_DECLS

/* A region in one of the older programs' layouts, and a view of all of it. */
typedef struct
{
  ShmoozeRegion *region;
  ShmoozeView   *view;
} ShmoozeLayout;

gboolean shmooze_layout_map   (ShmoozeLayout  *self,
                               ShmoozeRegion  *region,
                               guint64         min_capacity,
                               ShmoozeAccess   access,
                               GError        **error);
void     shmooze_layout_close (ShmoozeLayout  *self);
void     shmooze_layout_clear (ShmoozeLayout  *self);

G_END_DECLS
