/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>

int
ctl_remove (int    argc,
            char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("NAME") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, NULL,
                       _("Remove the name of a region, even if the region is in use."),
                       _("Programs that hold the region keep it without a name. The name can be used again.")))
    return CTL_EXIT_USAGE;

  if (rest == NULL || rest[0] == NULL)
    return ctl_verb_usage_error ("%s", _("Missing region name; “shmoozectl list” prints the names."));
  if (rest[1] != NULL)
    return ctl_verb_usage_error ("%s", _("Only one region can be given."));
  if (!shmooze_region_remove (rest[0], &error))
    return ctl_verb_error ("%s", error->message);
  return CTL_EXIT_DONE;
}
