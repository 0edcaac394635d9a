/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shmooze-error.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * ShmoozeLockResult:
 * @SHMOOZE_LOCK_FAILED: the mutex was not locked; see the error
 * @SHMOOZE_LOCK_ACQUIRED: the mutex was locked
 * @SHMOOZE_LOCK_ABANDONED: the mutex was locked, but its previous owner died
 *   or dropped it without unlocking: the data that the mutex protects may be
 *   inconsistent
 *
 * The result of locking a [class@Mutex].
 *
 * Since: 1.0
 */
typedef enum
{
  SHMOOZE_LOCK_FAILED,
  SHMOOZE_LOCK_ACQUIRED,
  SHMOOZE_LOCK_ABANDONED
} ShmoozeLockResult;

#define SHMOOZE_TYPE_MUTEX (shmooze_mutex_get_type ())

SHMOOZE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmoozeMutex, shmooze_mutex, SHMOOZE, MUTEX, GObject)

SHMOOZE_AVAILABLE_IN_1_0
ShmoozeMutex     *shmooze_mutex_create_or_open (const char           *name,
                                                gboolean              initially_owned,
                                                gboolean             *created,
                                                GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeMutex     *shmooze_mutex_open           (const char           *name,
                                                GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
const char       *shmooze_mutex_get_name       (ShmoozeMutex         *self);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeLockResult shmooze_mutex_lock           (ShmoozeMutex         *self,
                                                gint64                timeout_usec,
                                                GCancellable         *cancellable,
                                                GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
void              shmooze_mutex_lock_async     (ShmoozeMutex         *self,
                                                gint64                timeout_usec,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);
SHMOOZE_AVAILABLE_IN_1_0
ShmoozeLockResult shmooze_mutex_lock_finish    (ShmoozeMutex         *self,
                                                GAsyncResult         *result,
                                                GError              **error);
SHMOOZE_AVAILABLE_IN_1_0
gboolean          shmooze_mutex_unlock         (ShmoozeMutex         *self,
                                                GError              **error);

G_END_DECLS
