/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_PAGE (chat_page_get_type ())

G_DECLARE_FINAL_TYPE (ChatPage, chat_page, CHAT, PAGE, GtkWidget)

G_END_DECLS
