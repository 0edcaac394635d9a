/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_SHOW_WINDOW (chat_show_window_get_type ())

G_DECLARE_FINAL_TYPE (ChatShowWindow, chat_show_window, CHAT, SHOW_WINDOW, GtkApplicationWindow)

GtkWidget *chat_show_window_new (GtkApplication *application,
                                 const char     *name);

G_END_DECLS
