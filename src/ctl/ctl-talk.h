/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl-lines.h"
#include "ctl-prompt.h"

G_BEGIN_DECLS

/* What chat, line and messenger do alike: a person at a terminal, or a pipe, says lines and hears others. */
typedef struct _CtlTalk CtlTalk;

typedef struct
{
  /* Answered, now or later, with ctl_talk_sent(). */
  void (*send)   (const char *text,
                  gpointer    user_data);
  /* What stands in the prompt, now; NULL where nobody could see it. */
  void (*typing) (const char *text,
                  gpointer    user_data);
} CtlTalkFuncs;

struct _CtlTalk
{
  const CtlTalkFuncs *funcs;
  gpointer            user_data;
  GMainLoop          *loop;
  GCancellable       *reading;
  CtlLines           *lines;         /* of a pipe or file … */
  CtlPrompt          *prompt;        /* … or else of a person at a terminal */
  gsize               max_length;
  gboolean            color;
  gboolean            events;
  gboolean            person;        /* at a terminal that can erase */
  gboolean            empty_lines;   /* are sent, too */
  int                 interrupt_fd;
  guint               interrupt;
  guint               line_number;
  guint               n_sent;
  guint               n_pending;
  gboolean            input_ended;
  guint               last_msec;     /* how long what arrives is waited for at the end */
  guint               last_look;
  guint               last_moment;
  gboolean            finished;      /* is to end … */
  gboolean            ended;         /* … and has */
  int                 status;
};

void ctl_talk_init   (CtlTalk            *self,
                      gboolean            color);
void ctl_talk_start  (CtlTalk            *self,
                      gsize               max_length,
                      const CtlTalkFuncs *funcs,
                      gpointer            user_data);
void ctl_talk_run    (CtlTalk            *self);
void ctl_talk_clear  (CtlTalk            *self);
void ctl_talk_sent   (CtlTalk            *self,
                      const GError       *error);
void ctl_talk_finish (CtlTalk            *self,
                      int                 status);
void ctl_talk_note   (CtlTalk            *self,
                      const char         *message);
void ctl_talk_report (CtlTalk            *self,
                      const char         *message);
void ctl_talk_event  (CtlTalk            *self,
                      const char         *format,
                      ...) G_GNUC_PRINTF (2, 3);
void ctl_talk_own    (CtlTalk            *self,
                      const char         *start,
                      const char         *text);
void ctl_talk_other  (CtlTalk            *self,
                      const char         *start,
                      const char         *text);

G_END_DECLS
