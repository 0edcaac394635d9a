/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-access.h"

G_BEGIN_DECLS

#define SHMOOZE_IS_ACCESS(access) ((guint) (access) <= SHMOOZE_ACCESS_READ_WRITE_EXECUTE)

static inline gboolean
shmooze_access_allows_reading (ShmoozeAccess access)
{
  return access != SHMOOZE_ACCESS_WRITE;
}

/* Whether the memory can be written, in a private copy or shared. */
static inline gboolean
shmooze_access_allows_writing (ShmoozeAccess access)
{
  return access != SHMOOZE_ACCESS_READ && access != SHMOOZE_ACCESS_READ_EXECUTE;
}

static inline gboolean
shmooze_access_allows_executing (ShmoozeAccess access)
{
  return access == SHMOOZE_ACCESS_READ_EXECUTE || access == SHMOOZE_ACCESS_READ_WRITE_EXECUTE;
}

/* Whether other processes see what is written. */
static inline gboolean
shmooze_access_writes_shared (ShmoozeAccess access)
{
  return shmooze_access_allows_writing (access) && access != SHMOOZE_ACCESS_COPY_ON_WRITE;
}

G_END_DECLS
