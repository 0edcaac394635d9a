/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-macros.h"

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
 * The operations that a region or a view allows.
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

G_END_DECLS
