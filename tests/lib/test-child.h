/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Another process of the same test program, in a role of its own. Parent and child talk in lines. */
typedef struct _TestChild TestChild;

typedef void (*TestRole) (int    argc,
                          char **argv);

/* Before test_init(): what the program does when it is started as a child. */
void        test_child_role       (const char  *name,
                                   TestRole     role);
gboolean    test_child_is_child   (int          argc,
                                   char       **argv);

TestChild  *test_child_new        (const char  *role,
                                   ...) G_GNUC_NULL_TERMINATED;
GPid        test_child_get_pid    (TestChild   *self);
void        test_child_tell       (TestChild   *self,
                                   const char  *format,
                                   ...) G_GNUC_PRINTF (2, 3);
char       *test_child_hear       (TestChild   *self);
void        test_child_expect     (TestChild   *self,
                                   const char  *line);
void        test_child_ask        (TestChild   *self,
                                   const char  *line,
                                   const char  *answer);
void        test_child_close      (TestChild   *self);
void        test_child_kill       (TestChild   *self);
void        test_child_stop       (TestChild   *self);
void        test_child_go_on      (TestChild   *self);
int         test_child_wait       (TestChild   *self);
void        test_child_free       (TestChild   *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestChild, test_child_free)

/* In the child. test_hear() iterates the main context meanwhile; NULL: the parent has closed. */
void        test_say              (const char  *format,
                                   ...) G_GNUC_PRINTF (1, 2);
char       *test_hear             (void);
char       *test_hear_now         (void);

/* Runs @func in a forked child and returns the wait status. */
int         test_in_fork          (void       (*func) (gpointer),
                                   gpointer     data);

G_END_DECLS
