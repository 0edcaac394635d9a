/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-text-view.h"

#include "chat-theme.h"

/* A text view to read in. The peer's text is red and has a red bar beside it, which marks it where colours do not. */
typedef struct
{
  GdkRGBA  peer;
  GdkRGBA  dim;
  int      margin;
  int      bar_space;   /* between the bar and the text */
} ChatTextViewPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (ChatTextView, chat_text_view, GTK_TYPE_TEXT_VIEW)

static gboolean
is_right_to_left (ChatTextView *self)
{
  return gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
}

static void
update_colors (ChatTextView *self)
{
  ChatTextViewPrivate *priv = chat_text_view_get_instance_private (self);
  const GdkRGBA former = priv->peer;

  chat_theme_get_color (GTK_WIDGET (self), "peer", &priv->peer);
  if (gdk_rgba_equal (&former, &priv->peer))
    return;

  chat_theme_get_color (GTK_WIDGET (self), "dim", &priv->dim);
  CHAT_TEXT_VIEW_GET_CLASS (self)->set_colors (self, &priv->peer, &priv->dim);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
update_margins (ChatTextView *self)
{
  ChatTextViewPrivate *priv = chat_text_view_get_instance_private (self);
  GtkTextView *view = GTK_TEXT_VIEW (self);
  const gboolean rtl = is_right_to_left (self);
  const int margin_at_bar = priv->margin + CHAT_TEXT_VIEW_BAR_WIDTH + priv->bar_space;

  gtk_text_view_set_left_margin (view, rtl ? priv->margin : margin_at_bar);
  gtk_text_view_set_right_margin (view, rtl ? margin_at_bar : priv->margin);
}

void
chat_text_view_set_margins (ChatTextView *self,
                            int           margin,
                            int           bar_space)
{
  ChatTextViewPrivate *priv = chat_text_view_get_instance_private (self);

  priv->margin = margin;
  priv->bar_space = bar_space;
  update_margins (self);
}

void
chat_text_view_draw_bar (ChatTextView *self,
                         GtkSnapshot  *snapshot,
                         int           top,
                         int           bottom)
{
  ChatTextViewPrivate *priv = chat_text_view_get_instance_private (self);
  const int width = gtk_widget_get_width (GTK_WIDGET (self));
  const int x = is_right_to_left (self) ? width - priv->margin - CHAT_TEXT_VIEW_BAR_WIDTH : priv->margin;

  gtk_snapshot_append_color (snapshot, &priv->peer,
                             &GRAPHENE_RECT_INIT (x, top, CHAT_TEXT_VIEW_BAR_WIDTH, bottom - top));
}

static void
chat_text_view_css_changed (GtkWidget         *widget,
                            GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (chat_text_view_parent_class)->css_changed (widget, change);

  update_colors (CHAT_TEXT_VIEW (widget));
}

static void
chat_text_view_direction_changed (GtkWidget        *widget,
                                  GtkTextDirection  previous)
{
  update_margins (CHAT_TEXT_VIEW (widget));

  GTK_WIDGET_CLASS (chat_text_view_parent_class)->direction_changed (widget, previous);
}

static void
chat_text_view_constructed (GObject *object)
{
  G_OBJECT_CLASS (chat_text_view_parent_class)->constructed (object);

  update_colors (CHAT_TEXT_VIEW (object));
}

static void
chat_text_view_class_init (ChatTextViewClass *klass)
{
  G_OBJECT_CLASS (klass)->constructed = chat_text_view_constructed;
  GTK_WIDGET_CLASS (klass)->css_changed = chat_text_view_css_changed;
  GTK_WIDGET_CLASS (klass)->direction_changed = chat_text_view_direction_changed;
}

static void
chat_text_view_init (ChatTextView *self)
{
  GtkTextView *view = GTK_TEXT_VIEW (self);

  gtk_text_view_set_editable (view, FALSE);
  gtk_text_view_set_cursor_visible (view, FALSE);
  gtk_text_view_set_accepts_tab (view, FALSE);
  gtk_text_view_set_wrap_mode (view, GTK_WRAP_WORD_CHAR);
  gtk_text_buffer_set_enable_undo (gtk_text_view_get_buffer (view), FALSE);
}
