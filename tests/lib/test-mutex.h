/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <shmooze/shmooze.h>

#include "test-child.h"

G_BEGIN_DECLS

ShmoozeMutex *test_mutex_create         (const char         *name);
ShmoozeMutex *test_mutex_create_owned   (const char         *name);
void          test_mutex_lock           (ShmoozeMutex       *mutex,
                                         gint64              timeout_usec,
                                         ShmoozeLockResult   expected);
void          test_mutex_fail_to_lock   (ShmoozeMutex       *mutex,
                                         gint64              timeout_usec,
                                         GIOErrorEnum        code);
void          test_mutex_unlock         (ShmoozeMutex       *mutex);
void          test_mutex_pass           (ShmoozeMutex       *mutex,
                                         ShmoozeLockResult   expected);
void          test_mutex_fail_to_unlock (ShmoozeMutex       *mutex,
                                         GIOErrorEnum        code);
void          test_mutex_check_absent   (const char         *name);
void          test_mutex_run_threads    (guint               n,
                                         void             *(*func) (void *),
                                         void               *data);
char         *test_mutex_file           (const char         *name);
const char   *test_mutex_word           (ShmoozeLockResult   result,
                                         const GError       *error);

/* The result of an asynchronous lock */
typedef struct
{
  gboolean           done;
  ShmoozeLockResult  result;
  GError            *error;
  GThread           *thread;
} TestMutexAnswer;

void          test_mutex_on_answer      (GObject            *source,
                                         GAsyncResult       *result,
                                         gpointer            user_data);
void          test_mutex_check_answer   (TestMutexAnswer    *answer,
                                         ShmoozeLockResult   expected);
void          test_mutex_check_failure  (TestMutexAnswer    *answer,
                                         GQuark              domain,
                                         int                 code);

/* Another process, with the role "locker" */
void          test_locker_role          (int                 argc,
                                         char              **argv);
TestChild    *test_locker_new           (const char         *name);

G_END_DECLS
