/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

char *chat_text_dup     (GtkTextBuffer *buffer);
void  chat_text_replace (GtkTextBuffer *buffer,
                         int            offset,
                         const char    *old,
                         const char    *text,
                         GtkTextTag    *tag);

G_END_DECLS
