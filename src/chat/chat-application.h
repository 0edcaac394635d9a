/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>
#include <shmooze/shmooze.h>

G_BEGIN_DECLS

/* The window that a process shows: the chat, or one of the classic demos. */
typedef enum
{
  CHAT_KIND_ROOM,
  CHAT_KIND_MESSENGER,
  CHAT_KIND_SHARE,
  CHAT_KIND_SHOW
} ChatKind;

#define CHAT_TYPE_APPLICATION (chat_application_get_type ())

G_DECLARE_FINAL_TYPE (ChatApplication, chat_application, CHAT, APPLICATION, GtkApplication)

ChatApplication *chat_application_new (ChatKind     kind,
                                       const char  *region,
                                       const char  *nick,
                                       ShmoozeWait  wait);

G_END_DECLS
