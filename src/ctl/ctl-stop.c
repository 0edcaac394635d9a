/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-output.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>

static int
stop (const char *name)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  if (!shmooze_supervisor_request_stop (name, &error))
    {
      /* Either the region does not exist or there is no worker in it, which is the same to the user. */
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        return ctl_verb_error (_("No worker is running in “%s”."), name);
      return ctl_verb_error ("%s", error->message);
    }

  text = g_strdup_printf ("%s\n", _("Sent message to shut down"));
  if (!ctl_output_write (text, -1, &error))
    return ctl_verb_error ("%s", error->message);
  return CTL_EXIT_DONE;
}

int
ctl_stop (int    argc,
          char **argv)
{
  g_auto (GStrv) rest = NULL;
  const char *name;
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, NULL,
                       _("Ask the worker of a region to stop after its current unit.\n"
                         "NAME defaults to “/SampleApp”."),
                       _("Does not wait for the worker to exit. Fails if no worker is running.")))
    return CTL_EXIT_USAGE;

  if (!ctl_verb_take_name (rest, SHMOOZE_SUPERVISOR_NAME, &name))
    return CTL_EXIT_USAGE;

  return stop (name);
}
