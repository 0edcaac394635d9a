/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_MESSENGER_WINDOW (chat_messenger_window_get_type ())

G_DECLARE_FINAL_TYPE (ChatMessengerWindow, chat_messenger_window, CHAT, MESSENGER_WINDOW, GtkApplicationWindow)

GtkWidget *chat_messenger_window_new (GtkApplication *application,
                                      const char     *name);

G_END_DECLS
