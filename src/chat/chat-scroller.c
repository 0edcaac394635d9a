/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-scroller.h"

static int
get_height (GtkTextView *view,
            guint        n_lines)
{
  g_autofree char *lines = g_strnfill (n_lines - 1, '\n');
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (view), lines);
  int height;

  pango_layout_get_pixel_size (layout, NULL, &height);

  return height + gtk_text_view_get_top_margin (view) + gtk_text_view_get_bottom_margin (view);
}

/* Lets @scroller grow with its text view from one to @n_lines lines of the current font. */
void
chat_scroller_limit_lines (GtkScrolledWindow *scroller,
                           guint              n_lines)
{
  GtkTextView *view = GTK_TEXT_VIEW (gtk_scrolled_window_get_child (scroller));
  const int minimum = get_height (view, 1);
  const int maximum = get_height (view, n_lines);

  if (gtk_scrolled_window_get_min_content_height (scroller) == minimum
      && gtk_scrolled_window_get_max_content_height (scroller) == maximum)
    return;

  /* The minimum must never exceed the maximum in between. */
  gtk_scrolled_window_set_min_content_height (scroller, -1);
  gtk_scrolled_window_set_max_content_height (scroller, maximum);
  gtk_scrolled_window_set_min_content_height (scroller, minimum);
}

static void
go_to_end (GtkAdjustment *adjustment)
{
  gtk_adjustment_set_value (adjustment,
                            gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment));
}

void
chat_scroller_keep_at_end (GtkScrolledWindow *scroller)
{
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (scroller);

  g_signal_connect_object (adjustment, "changed", G_CALLBACK (go_to_end), adjustment, 0);
}
