/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define CHAT_TEXT_VIEW_BAR_WIDTH 3

#define CHAT_TYPE_TEXT_VIEW (chat_text_view_get_type ())

G_DECLARE_DERIVABLE_TYPE (ChatTextView, chat_text_view, CHAT, TEXT_VIEW, GtkTextView)

struct _ChatTextViewClass
{
  GtkTextViewClass  parent_class;

  /* Colours the tags for the peer's text, and for text that is dim. */
  void (*set_colors) (ChatTextView  *self,
                      const GdkRGBA *peer,
                      const GdkRGBA *dim);
};

void chat_text_view_set_margins (ChatTextView *self,
                                 int           margin,
                                 int           bar_space);
void chat_text_view_draw_bar    (ChatTextView *self,
                                 GtkSnapshot  *snapshot,
                                 int           top,
                                 int           bottom);

G_END_DECLS
