/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A session in which a person at a terminal, or a pipe, sends lines and reads those of peers. */
typedef struct _CtlTalk CtlTalk;

typedef struct
{
  /* Sends a line. The answer, at once or later, is ctl_talk_sent(). */
  void     (*send)   (const char *text,
                      gpointer    user_data);
  /* Optional: the text in the prompt has changed. */
  void     (*typing) (const char *text,
                      gpointer    user_data);
  /* Optional: returns FALSE if the entered text is to stay in the prompt. */
  gboolean (*accept) (const char *text,
                      gpointer    user_data);
  gboolean   empty_lines;    /* send these, too */
  guint      last_msec;      /* how long to wait for messages at the end of the input */
} CtlTalkFuncs;

CtlTalk *ctl_talk_new            (const CtlTalkFuncs *funcs,
                                  gpointer            user_data,
                                  gboolean            color);
void     ctl_talk_start          (CtlTalk            *self,
                                  gsize               max_length);
void     ctl_talk_run            (CtlTalk            *self);
void     ctl_talk_finish         (CtlTalk            *self,
                                  int                 status);
int      ctl_talk_close          (CtlTalk            *self);
gboolean ctl_talk_is_interactive (CtlTalk            *self);
guint    ctl_talk_get_n_pending  (CtlTalk            *self);
gboolean ctl_talk_has_sent_input (CtlTalk            *self);
gboolean ctl_talk_sent           (CtlTalk            *self,
                                  const GError       *error);
void     ctl_talk_set_status     (CtlTalk            *self,
                                  const char         *status);
void     ctl_talk_note           (CtlTalk            *self,
                                  const char         *format,
                                  ...) G_GNUC_PRINTF (2, 3);
void     ctl_talk_report         (CtlTalk            *self,
                                  const char         *format,
                                  ...) G_GNUC_PRINTF (2, 3);
void     ctl_talk_report_rest    (CtlTalk            *self);
gboolean ctl_talk_event          (CtlTalk            *self,
                                  const char         *format,
                                  ...) G_GNUC_PRINTF (2, 3);
void     ctl_talk_print_own      (CtlTalk            *self,
                                  const char         *start,
                                  const char         *text);
void     ctl_talk_print_peer     (CtlTalk            *self,
                                  const char         *start,
                                  const char         *text);

G_END_DECLS
