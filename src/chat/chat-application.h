/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>
#include <shmooze/shmooze.h>

G_BEGIN_DECLS

#define CHAT_TYPE_APPLICATION (chat_application_get_type ())

G_DECLARE_FINAL_TYPE (ChatApplication, chat_application, CHAT, APPLICATION, GtkApplication)

ChatApplication *chat_application_new (const char  *region,
                                       const char  *nick,
                                       ShmoozeWait  wait);

G_END_DECLS
