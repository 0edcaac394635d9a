/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-size.h"

/* The size of the chat window is kept between starts. */

/* Returns: (nullable): NULL if the program is not installed; then the size is not kept */
static GSettings *
open_settings (void)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, APP_ID, TRUE);

  return schema != NULL ? g_settings_new_full (schema, NULL, NULL) : NULL;
}

void
chat_size_restore (GtkWindow *window)
{
  g_autoptr (GSettings) settings = open_settings ();
  int width, height;

  if (settings == NULL)
    return;

  width = g_settings_get_int (settings, "width");
  height = g_settings_get_int (settings, "height");
  if (width > 0 && height > 0)
    gtk_window_set_default_size (window, width, height);
  if (g_settings_get_boolean (settings, "maximized"))
    gtk_window_maximize (window);
}

void
chat_size_save (GtkWindow *window)
{
  g_autoptr (GSettings) settings = open_settings ();
  int width, height;

  if (settings == NULL)
    return;

  /* For a maximized window, the size to which it will return. */
  gtk_window_get_default_size (window, &width, &height);
  g_settings_set_int (settings, "width", width);
  g_settings_set_int (settings, "height", height);
  g_settings_set_boolean (settings, "maximized", gtk_window_is_maximized (window));
  /* The process may exit before the main loop runs again. */
  g_settings_sync ();
}
