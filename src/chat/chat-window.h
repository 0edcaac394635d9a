/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>
#include <shmooze/shmooze.h>

G_BEGIN_DECLS

#define CHAT_TYPE_WINDOW (chat_window_get_type ())

G_DECLARE_FINAL_TYPE (ChatWindow, chat_window, CHAT, WINDOW, GtkApplicationWindow)

GtkWidget *chat_window_new        (GtkApplication *application,
                                   const char     *region);
void       chat_window_enter      (ChatWindow     *self,
                                   ShmoozeRoom    *room);
void       chat_window_show_error (ChatWindow     *self,
                                   const GError   *error);

G_END_DECLS
