/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_CLAMP_WIDTH 720
#define CHAT_CLAMP_MARGIN 18

#define CHAT_TYPE_CLAMP (chat_clamp_get_type ())

G_DECLARE_FINAL_TYPE (ChatClamp, chat_clamp, CHAT, CLAMP, GtkWidget)

int chat_clamp_get_margin (int width);

G_END_DECLS
