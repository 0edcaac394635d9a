/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The exit status of the program and of each verb. */
enum
{
  CTL_EXIT_DONE,
  CTL_EXIT_FAILED,
  CTL_EXIT_USAGE
};

int      ctl_chat                 (int                  argc,
                                   char               **argv);
int      ctl_hold                 (int                  argc,
                                   char               **argv);
int      ctl_inspect              (int                  argc,
                                   char               **argv);
int      ctl_line                 (int                  argc,
                                   char               **argv);
int      ctl_list                 (int                  argc,
                                   char               **argv);
int      ctl_lock                 (int                  argc,
                                   char               **argv);
int      ctl_messenger            (int                  argc,
                                   char               **argv);
int      ctl_read                 (int                  argc,
                                   char               **argv);
int      ctl_remove               (int                  argc,
                                   char               **argv);
int      ctl_share_text           (int                  argc,
                                   char               **argv);
int      ctl_show_text            (int                  argc,
                                   char               **argv);
int      ctl_stop                 (int                  argc,
                                   char               **argv);
int      ctl_supervise            (int                  argc,
                                   char               **argv);
int      ctl_worker               (int                  argc,
                                   char               **argv);
int      ctl_write                (int                  argc,
                                   char               **argv);

gboolean ctl_verb_parse           (int                  argc,
                                   char               **argv,
                                   const GOptionEntry  *entries,
                                   gpointer             options,
                                   const char          *summary,
                                   const char          *description);
gboolean ctl_verb_take_name       (char               **rest,
                                   const char          *default_name,
                                   const char         **name);
int      ctl_verb_usage_error     (const char          *format,
                                   ...) G_GNUC_PRINTF (1, 2);
int      ctl_verb_error           (const char          *format,
                                   ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
