/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

void chat_scroller_limit_lines (GtkScrolledWindow *scroller,
                                guint              n_lines);
void chat_scroller_keep_at_end (GtkScrolledWindow *scroller);

G_END_DECLS
