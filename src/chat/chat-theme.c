/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-theme.h"

/* Light text means a dark background; the name of the theme says nothing about it. */
gboolean
chat_theme_is_dark (GtkWidget *widget)
{
  GdkRGBA text;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &text);

  return 0.2126 * text.red + 0.7152 * text.green + 0.0722 * text.blue > 0.5;
}

/* Sets or removes the style class "dark" of a window whose style has changed. */
void
chat_theme_update (GtkWidget *window)
{
  if (chat_theme_is_dark (window))
    gtk_widget_add_css_class (window, "dark");
  else
    gtk_widget_remove_css_class (window, "dark");
}

/* The colour @name_on_light or @name_on_dark of style.css, for what is drawn without style classes. */
void
chat_theme_get_color (GtkWidget  *widget,
                      const char *name,
                      GdkRGBA    *color)
{
  g_autofree char *full_name = g_strconcat (name, chat_theme_is_dark (widget) ? "_on_dark" : "_on_light", NULL);

  if (!gtk_style_context_lookup_color (gtk_widget_get_style_context (widget), full_name, color))
    g_error ("style.css has no colour %s", full_name);
}
