/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_COLUMN_WIDTH 720
#define CHAT_COLUMN_MARGIN 18

#define CHAT_TYPE_COLUMN (chat_column_get_type ())

G_DECLARE_FINAL_TYPE (ChatColumn, chat_column, CHAT, COLUMN, GtkWidget)

int chat_column_get_margin (int width);

G_END_DECLS
