/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An empty GTK window of the same size, with which windows.py compares a chat window. */

#include <gtk/gtk.h>

static void
activate (GtkApplication *application,
          gpointer        data)
{
  GtkWidget *window = gtk_application_window_new (application);

  gtk_window_set_default_size (GTK_WINDOW (window), 460, 580);
  gtk_window_present (GTK_WINDOW (window));
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GtkApplication) application = gtk_application_new ("io.github.shmooze.EmptyWindow",
                                                                G_APPLICATION_NON_UNIQUE);

  g_signal_connect (application, "activate", G_CALLBACK (activate), NULL);

  return g_application_run (G_APPLICATION (application), argc, argv);
}
