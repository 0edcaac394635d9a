/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What `./run idle` measures a chat window against: a GTK window that holds nothing
 * but a text view with the focus, as the chat window's composer has it. */

#include <gtk/gtk.h>

static void
activate (GtkApplication *app,
          gpointer        user_data)
{
  GtkWidget *window = gtk_application_window_new (app);
  GtkWidget *text = gtk_text_view_new ();

  gtk_window_set_title (GTK_WINDOW (window), "Empty");
  gtk_window_set_default_size (GTK_WINDOW (window), 480, 560);
  gtk_window_set_child (GTK_WINDOW (window), text);
  gtk_widget_grab_focus (text);
  gtk_window_present (GTK_WINDOW (window));
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GtkApplication) app =
    gtk_application_new ("io.github.shmooze.EmptyWindow", G_APPLICATION_NON_UNIQUE);

  g_signal_connect (app, "activate", G_CALLBACK (activate), NULL);

  return g_application_run (G_APPLICATION (app), argc, argv);
}
