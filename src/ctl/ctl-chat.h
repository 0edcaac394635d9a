/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl-lines.h"
#include "ctl-prompt.h"

#include <shmooze/shmooze.h>

G_BEGIN_DECLS

/* The state of `shmoozectl chat`, which its three files share. */
typedef struct
{
  ShmoozeRoom  *room;
  GMainLoop    *loop;
  GCancellable *reading;
  CtlLines     *lines;         /* of a pipe or file … */
  CtlPrompt    *prompt;        /* … or else of a person at a terminal */
  gboolean      color;
  gboolean      events;
  gboolean      person;        /* at a terminal that can erase */
  int           interrupt_fd;
  guint         line_number;
  guint         n_sent;
  guint         n_pending;
  gboolean      input_ended;
  guint         last_look;
  guint         last_moment;
  gboolean      ended;
  int           status;
} CtlChat;

void ctl_chat_finish       (CtlChat    *self,
                            int         status);
void ctl_chat_report       (CtlChat    *self,
                            const char *message);
void ctl_chat_show         (CtlChat    *self);
void ctl_chat_stop_showing (CtlChat    *self);
void ctl_chat_start_input  (CtlChat    *self);

G_END_DECLS
