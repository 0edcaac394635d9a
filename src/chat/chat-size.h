/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

void chat_size_restore (GtkWindow *window);
void chat_size_save    (GtkWindow *window);

G_END_DECLS
