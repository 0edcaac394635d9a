/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-option.h"
#include "ctl-output.h"
#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <shmooze/shmooze.h>
#include <signal.h>
#include <unistd.h>

static gboolean
on_signal (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_input (gint         fd,
          GIOCondition condition,
          gpointer     loop)
{
  char bytes[4096];

  if (read (fd, bytes, sizeof bytes) > 0)
    return G_SOURCE_CONTINUE;

  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static ShmoozeRegion *
make (const char        *name,
      const char        *file,
      const CtlOptions  *options,
      GError           **error)
{
  g_autoptr (GFile) mapped = NULL;

  if (file == NULL)
    return shmooze_region_create (name, options->capacity, options->access, error);

  mapped = g_file_new_for_commandline_arg (file);
  return shmooze_region_map_file (mapped, options->capacity, options->access, error);
}

static int
hold (ShmoozeRegion *region,
      const char    *shown)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *size = ctl_text_size (shmooze_region_get_capacity (region));
  g_autofree char *name = ctl_text_clean_line (shown);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_unix_signal_add (SIGINT, on_signal, loop);
  g_unix_signal_add (SIGTERM, on_signal, loop);
  g_unix_signal_add (SIGHUP, on_signal, loop);
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, loop);

  /* Translators: a region's name, then its size */
  text = g_strdup_printf (_("Holding “%s” (%s) until Ctrl+C or the end of the input.\n"), name, size);
  if (!ctl_output_write (text, -1, &error))
    return ctl_verb_error ("%s", error->message);

  g_main_loop_run (loop);
  return CTL_EXIT_DONE;
}

int
ctl_hold (int    argc,
          char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autofree char *file = NULL;
  g_autoptr (ShmoozeRegion) region = NULL;
  g_autoptr (GError) error = NULL;
  CtlOptions options = { .access = SHMOOZE_ACCESS_READ_WRITE };
  guint n;
  const GOptionEntry entries[] = {
    { "file", 0, 0, G_OPTION_ARG_FILENAME, &file,
      N_("Map this file, which is kept, instead of a named region"), N_("PATH") },
    CTL_OPTION ("access", ctl_option_access,
                N_("read-write, read, copy-on-write, read-execute or read-write-execute"), N_("ACCESS")),
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("NAME CAPACITY") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, &options,
                       _("Create a region and hold it until Ctrl+C or the end of the input."),
                       _("CAPACITY is a number of bytes; the suffixes K, M and G are accepted. With --file there\n"
                         "is no NAME, and CAPACITY defaults to the size of the file.")))
    return CTL_EXIT_USAGE;

  n = rest != NULL ? g_strv_length (rest) : 0;
  if (file == NULL && n != 2)
    return ctl_verb_usage_error ("%s", _("Expected two arguments: NAME and CAPACITY."));
  if (file != NULL && n > 1)
    return ctl_verb_usage_error ("%s", _("With --file, the only argument is CAPACITY."));
  if (n > 0 && !ctl_option_parse_size (rest[n - 1], &options.capacity, &error))
    return ctl_verb_usage_error ("%s", error->message);

  region = make (file == NULL ? rest[0] : NULL, file, &options, &error);
  if (region == NULL)
    return ctl_verb_error ("%s", error->message);
  return hold (region, file == NULL ? rest[0] : file);
}
