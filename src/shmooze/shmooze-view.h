/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-error.h"

G_BEGIN_DECLS

/**
 * ShmoozeAccess:
 * @SHMOOZE_ACCESS_READ_WRITE: reading and writing
 * @SHMOOZE_ACCESS_READ: reading only
 * @SHMOOZE_ACCESS_WRITE: writing only
 * @SHMOOZE_ACCESS_COPY_ON_WRITE: reading, and writing to a private copy
 * @SHMOOZE_ACCESS_READ_EXECUTE: reading and executing
 * @SHMOOZE_ACCESS_READ_WRITE_EXECUTE: reading, writing and executing
 *
 * What one may do with a region or a view of it.
 *
 * Since: 1.0
 */
typedef enum
{
  SHMOOZE_ACCESS_READ_WRITE,
  SHMOOZE_ACCESS_READ,
  SHMOOZE_ACCESS_WRITE,
  SHMOOZE_ACCESS_COPY_ON_WRITE,
  SHMOOZE_ACCESS_READ_EXECUTE,
  SHMOOZE_ACCESS_READ_WRITE_EXECUTE
} ShmoozeAccess;

#define SHMOOZE_TYPE_VIEW (shmooze_view_get_type ())

SHMOOZE_EXPORT
G_DECLARE_FINAL_TYPE (ShmoozeView, shmooze_view, SHMOOZE, VIEW, GObject)

SHMOOZE_EXPORT
gpointer       shmooze_view_get_data (ShmoozeView *self);
SHMOOZE_EXPORT
guint64        shmooze_view_get_size (ShmoozeView *self);
SHMOOZE_EXPORT
void           shmooze_view_close    (ShmoozeView *self);

G_END_DECLS
