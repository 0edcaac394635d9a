/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

gboolean chat_theme_is_dark   (GtkWidget  *widget);
void     chat_theme_update    (GtkWidget  *window);
void     chat_theme_get_color (GtkWidget  *widget,
                               const char *name,
                               GdkRGBA    *color);

G_END_DECLS
