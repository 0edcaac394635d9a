/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-theme.h"

/* Gives a window whose style has changed the class "dark", or takes it away. Whatever the theme is called: where the
 * text is light, the ground is dark. */
gboolean
chat_theme_update (GtkWidget *window)
{
  GdkRGBA text;
  gboolean is_dark;

  gtk_style_context_get_color (gtk_widget_get_style_context (window), &text);
  is_dark = 0.2126 * text.red + 0.7152 * text.green + 0.0722 * text.blue > 0.5;

  if (is_dark && !gtk_widget_has_css_class (window, "dark"))
    gtk_widget_add_css_class (window, "dark");
  else if (!is_dark && gtk_widget_has_css_class (window, "dark"))
    gtk_widget_remove_css_class (window, "dark");

  return is_dark;
}

/* As in style.css, for what is drawn without it. */
void
chat_theme_get_colors (gboolean  dark,
                       GdkRGBA  *peer,
                       GdkRGBA  *dim)
{
  gdk_rgba_parse (peer, dark ? "#ff7b63" : "#c01c28");
  gdk_rgba_parse (dim, dark ? "rgba(255,255,255,0.7)" : "rgba(0,0,0,0.62)");
}
