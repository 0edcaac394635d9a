/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl-talk.h"

#include <shmooze/shmooze.h>

G_BEGIN_DECLS

/* The state of `shmoozectl line`, which its two files share. */
typedef struct
{
  CtlTalk        talk;
  ShmoozeRegion *region;
  ShmoozeView   *view;
  GIOStream     *stream;
  ShmoozeMutex  *mutex;
  GCancellable  *locking;
  gboolean       busy;       /* the mutex is being waited for */
  GQueue         waiting;    /* GBytes: lines to be written */
  GBytes        *known;      /* the line last seen or written */
  gboolean       broken;     /* there was no line, but something */
  gboolean       failed;
  guint          look;
  guint          pause_msec;
  guint          patience;
} CtlLine;

void ctl_line_start (CtlLine *self);
void ctl_line_stop  (CtlLine *self);

G_END_DECLS
