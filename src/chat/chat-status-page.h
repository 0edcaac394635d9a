/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_STATUS_PAGE (chat_status_page_get_type ())

G_DECLARE_FINAL_TYPE (ChatStatusPage, chat_status_page, CHAT, STATUS_PAGE, GtkWidget)

G_END_DECLS
