/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-text.h"
#include "ctl-verb.h"

#include <glib/gi18n.h>

/* What all verbs share: reading their options, and failing. */

gboolean
ctl_verb_parse (int                  argc,
                char               **argv,
                const GOptionEntry  *entries,
                const char          *summary,
                const char          *description)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      ctl_verb_usage_error ("%s", error->message);
      return FALSE;
    }

  return TRUE;
}

/* The one name that may be among the arguments, or else the usual one. */
gboolean
ctl_verb_take_name (char       **rest,
                    const char  *usual,
                    const char **name)
{
  guint n = rest != NULL ? g_strv_length (rest) : 0;

  *name = n > 0 ? rest[0] : usual;
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
