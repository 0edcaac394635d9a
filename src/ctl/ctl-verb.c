/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>

/* What all verbs share: parsing the command line, and errors. */

/* @options is passed to the callbacks among @entries, and may be NULL. Prints an error and returns FALSE if the
 * command line is invalid.
 */
gboolean
ctl_verb_parse (int                  argc,
                char               **argv,
                const GOptionEntry  *entries,
                gpointer             options,
                const char          *summary,
                const char          *description)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, options, NULL);
  g_autoptr (GError) error = NULL;

  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  g_option_context_set_main_group (context, group);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      ctl_verb_usage_error ("%s", error->message);
      return FALSE;
    }

  return TRUE;
}

/* Takes a region name from the arguments, or the default. Fails if there are several. */
gboolean
ctl_verb_take_name (char       **rest,
                    const char  *default_name,
                    const char **name)
{
  guint n = rest != NULL ? g_strv_length (rest) : 0;

  *name = n > 0 ? rest[0] : default_name;
  if (n <= 1)
    return TRUE;

  ctl_verb_usage_error ("%s", _("Only one region can be given."));
  return FALSE;
}

static void G_GNUC_PRINTF (1, 0)
print_error (const char *format,
             va_list     arguments)
{
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  g_autofree char *clean = ctl_text_clean (message);

  g_printerr ("shmoozectl: %s\n", clean);
}

int
ctl_verb_usage_error (const char *format,
                      ...)
{
  va_list arguments;

  va_start (arguments, format);
  print_error (format, arguments);
  va_end (arguments);

  /* Translators: %s is a command like "shmoozectl chat" */
  g_printerr (_("Try “%s --help”."), g_get_prgname ());
  g_printerr ("\n");

  return CTL_EXIT_USAGE;
}

int
ctl_verb_error (const char *format,
                ...)
{
  va_list arguments;

  va_start (arguments, format);
  print_error (format, arguments);
  va_end (arguments);

  return CTL_EXIT_FAILED;
}
