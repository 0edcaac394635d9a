/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_SHARE_WINDOW (chat_share_window_get_type ())

G_DECLARE_FINAL_TYPE (ChatShareWindow, chat_share_window, CHAT, SHARE_WINDOW, GtkApplicationWindow)

GtkWidget *chat_share_window_new (GtkApplication *application,
                                  const char     *name);

G_END_DECLS
