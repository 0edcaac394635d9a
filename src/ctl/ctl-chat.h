/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl-talk.h"

#include <shmooze/shmooze.h>

G_BEGIN_DECLS

/* The state of `shmoozectl chat`, which its two files share. */
typedef struct
{
  CtlTalk      talk;
  ShmoozeRoom *room;
} CtlChat;

void ctl_chat_show         (CtlChat *self);
void ctl_chat_stop_showing (CtlChat *self);

G_END_DECLS
