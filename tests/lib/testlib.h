/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <shmooze/shmooze.h>

#include "test-child.h"
#include "test-lane.h"
#include "test-mutex.h"
#include "test-room.h"
#include "test-talker.h"

G_BEGIN_DECLS

#if defined (__SANITIZE_THREAD__) || defined (__SANITIZE_ADDRESS__)
#define TEST_SLOW 1
#else
#define TEST_SLOW 0
#endif

/* Loops are long only with the test setup "thorough". */
#define TEST_THOROUGH (g_getenv ("THOROUGH") != NULL)

/* No test waits longer than this for anything. */
#ifndef TEST_PATIENCE_USEC
#define TEST_PATIENCE_USEC ((TEST_SLOW ? 90 : 30) * G_USEC_PER_SEC)
#endif

typedef void (*TestFunc) (void);

void        test_init                (int           *argc,
                                      char        ***argv);
void        test_add                 (const char    *path,
                                      TestFunc       func);
int         test_run                 (void);

const char *test_home                (void);
char       *test_path                (const char    *region_name);
char       *test_unique_name         (const char    *prefix);
void        test_check_nothing_left  (void);
guint       test_count_fds           (void);
gsize       test_page_size           (void);

void        test_check_error         (GError       **error,
                                      GQuark         domain,
                                      int            code,
                                      ...) G_GNUC_NULL_TERMINATED;

typedef struct _TestDeadline TestDeadline;

TestDeadline *test_deadline_new      (gint64         usec);
void          test_deadline_free     (TestDeadline  *self);
gboolean      test_deadline_iterate  (TestDeadline  *self);
void          test_deadline_missed   (const char    *file,
                                      int            line,
                                      const char    *condition) G_GNUC_NORETURN;

/* Iterates the thread's main context until the condition holds. Ends the test when it does not. */
#define test_wait(condition) \
  G_STMT_START { \
    TestDeadline *test_deadline_ = test_deadline_new (TEST_PATIENCE_USEC); \
    while (!(condition)) \
      if (!test_deadline_iterate (test_deadline_)) \
        test_deadline_missed (__FILE__, __LINE__, #condition); \
    test_deadline_free (test_deadline_); \
  } G_STMT_END

/* Iterates the thread's main context as long as it has something to do right now. */
void        test_settle              (void);
void        test_let_run             (guint          msec);
guint64     test_count_switches      (GPid           pid);

G_END_DECLS
