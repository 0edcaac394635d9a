/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-verb.h"

#include <fcntl.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

static const struct
{
  const char *name;
  const char *summary;
  int       (*run) (int    argc,
                    char **argv);
} verbs[] = {
  { "chat", N_("Chat in a region, at a terminal or in a pipe"), ctl_chat },
  { "hold", N_("Create a region and hold it"), ctl_hold },
  { "inspect", N_("Describe the contents of a region"), ctl_inspect },
  { "line", N_("Share one line of text, guarded by a mutex"), ctl_line },
  { "list", N_("List the regions and their participants"), ctl_list },
  { "lock", N_("Run a command while holding a mutex"), ctl_lock },
  { "messenger", N_("Exchange messages in the format of the classic communicator"), ctl_messenger },
  { "read", N_("Write the bytes of a region to standard output"), ctl_read },
  { "remove", N_("Remove the name of a region"), ctl_remove },
  { "share-text", N_("Share a text while it changes"), ctl_share_text },
  { "show-text", N_("Print a shared text, once or whenever it changes"), ctl_show_text },
  { "stop", N_("Ask a worker to stop after its current unit"), ctl_stop },
  { "supervise", N_("Start a worker and restart it when it dies"), ctl_supervise },
  { "worker", N_("Run the sample worker until it is asked to stop"), ctl_worker },
  { "write", N_("Write standard input into a region"), ctl_write },
};

/* With a closed standard descriptor, a region could be opened as descriptor 1 and would be overwritten by the
 * output.
 */
static void
ensure_standard_descriptors (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);

  if (fd > STDERR_FILENO)
    close (fd);
}

static char *
list_verbs (void)
{
  GString *text = g_string_new (_("Verbs:"));

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_string_append_printf (text, "\n  %-12s%s", verbs[i].name, _(verbs[i].summary));

  g_string_append_c (text, '\n');
  g_string_append (text, _("“shmoozectl VERB --help” describes a verb."));

  return g_string_free (text, FALSE);
}

int
main (int    argc,
      char **argv)
{
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_("Print the version and exit"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *description = NULL;
  g_autofree char *command = NULL;

  ensure_standard_descriptors ();

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("shmoozectl");

  description = list_verbs ();
  context = g_option_context_new (_("VERB [ARGUMENT…]"));
  g_option_context_set_summary (context, _("Work with shared memory regions from the command line."));
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  /* Options after the verb belong to the verb. */
  g_option_context_set_strict_posix (context, TRUE);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    return ctl_verb_usage_error ("%s", error->message);

  if (version)
    {
      g_print ("shmoozectl %s\n", VERSION);
      return CTL_EXIT_DONE;
    }

  if (argc > 1 && strcmp (argv[1], "--") == 0)
    {
      argc--;
      argv++;
    }

  if (argc < 2)
    return ctl_verb_usage_error ("%s", _("Missing verb."));

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (argv[1], verbs[i].name) == 0)
      {
        command = g_strdup_printf ("shmoozectl %s", verbs[i].name);
        g_set_prgname (command);
        return verbs[i].run (argc - 1, argv + 1);
      }

  return ctl_verb_usage_error (_("Unknown verb “%s”."), argv[1]);
}
