/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TYPE_COMPOSER (chat_composer_get_type ())

G_DECLARE_FINAL_TYPE (ChatComposer, chat_composer, CHAT, COMPOSER, GtkWidget)

char      *chat_composer_dup_text     (ChatComposer *self);
void       chat_composer_put_back     (ChatComposer *self,
                                       const char   *text);
void       chat_composer_set_can_send (ChatComposer *self,
                                       gboolean      can_send);
void       chat_composer_set_max_text (ChatComposer *self,
                                       gsize         max_text);
void       chat_composer_set_problem  (ChatComposer *self,
                                       const char   *problem);
GtkWidget *chat_composer_get_view     (ChatComposer *self);

G_END_DECLS
