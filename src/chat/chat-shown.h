/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_SHOWN (chat_shown_get_type ())

G_DECLARE_FINAL_TYPE (ChatShown, chat_shown, CHAT, SHOWN, GtkTextView)

void     chat_shown_set_text    (ChatShown  *self,
                                 const char *text);
void     chat_shown_set_message (ChatShown  *self,
                                 const char *message);
gboolean chat_shown_has_text    (ChatShown  *self);
void     chat_shown_set_dark    (ChatShown  *self,
                                 gboolean    dark);

G_END_DECLS
