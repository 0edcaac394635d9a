/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A forked child that the test moves from one system call to the next. The action under test is between two marks. */
typedef struct _TestTrace TestTrace;

typedef enum
{
  TEST_MARK_BEGIN = 1,
  TEST_MARK_END
} TestMark;

/* NULL: it is; else why not. */
const char *test_trace_impossible (void);

TestTrace  *test_trace_new        (void         (*func) (gpointer),
                                   gpointer       data);
void        test_trace_free       (TestTrace     *self);
GPid        test_trace_get_pid    (TestTrace     *self);

void        test_trace_to_mark    (TestTrace     *self,
                                   TestMark       mark);
gboolean    test_trace_step       (TestTrace     *self);
char       *test_trace_where      (TestTrace     *self);
void        test_trace_kill       (TestTrace     *self,
                                   gboolean       reap);
int         test_trace_finish     (TestTrace     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestTrace, test_trace_free)

/* In the child. */
void        test_trace_mark       (TestMark       mark);

G_END_DECLS
