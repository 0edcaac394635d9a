/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-region.h"

G_BEGIN_DECLS

/* The integer that a supervisor shares with its worker. */

static inline gint32
cell_of (const char *name)
{
  g_autoptr(ShmoozeRegion) region = open_as (name, READ);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);

  return *(volatile gint32 *) shmooze_view_get_data (view);
}

static inline void
set_cell (const char *name,
          gint32      value)
{
  g_autoptr(ShmoozeRegion) region = open_region (name);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  *(volatile gint32 *) shmooze_view_get_data (view) = value;
}

/* A region that contains @value. */
static inline ShmoozeRegion *
create_cell (const char *name,
             gint32      value)
{
  ShmoozeRegion *region = create (name, sizeof value);

  set_cell (name, value);
  return region;
}

static inline void
request_stop (const char *name)
{
  g_autoptr(GError) error = NULL;
  gboolean asked = shmooze_supervisor_request_stop (name, &error);

  g_assert_no_error (error);
  g_assert_true (asked);
}

G_END_DECLS
