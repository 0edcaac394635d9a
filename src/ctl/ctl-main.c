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
  { "chat", N_("Talk in a region, from the terminal or in a pipe"), ctl_chat },
  { "hold", N_("Create a region and hold it"), ctl_hold },
  { "inspect", N_("Say what stands in a region"), ctl_inspect },
  { "line", N_("Share one line under a mutex"), ctl_line },
  { "list", N_("List the regions and who is in them"), ctl_list },
  { "lock", N_("Run a command while holding a mutex"), ctl_lock },
  { "messenger", N_("Talk by the classic communicator"), ctl_messenger },
  { "read", N_("Write the bytes of a region to standard output"), ctl_read },
  { "remove", N_("Remove a region's name"), ctl_remove },
  { "share-text", N_("Share a text while it is typed or comes"), ctl_share_text },
  { "show-text", N_("Print a text that somebody shares, or follow it"), ctl_show_text },
  { "stop", N_("Tell a worker to end after its unit"), ctl_stop },
  { "supervise", N_("Start a worker, and start it again when it dies"), ctl_supervise },
  { "worker", N_("Work in units until told to stop: the sample worker"), ctl_worker },
  { "write", N_("Write standard input into a region"), ctl_write },
};

/* A region opened as descriptor 1 would receive all that is printed. */
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
  g_string_append (text, _("“shmoozectl VERB --help” tells more of each."));

  return g_string_free (text, FALSE);
}

int
main (int    argc,
      char **argv)
{
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_("Print the version and end"), NULL },
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
  g_option_context_set_summary (context, _("Shared memory regions, from the command line."));
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  /* What follows the verb is the verb's. */
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
    return ctl_verb_usage_error ("%s", _("A verb is needed."));

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (argv[1], verbs[i].name) == 0)
      {
        command = g_strdup_printf ("shmoozectl %s", verbs[i].name);
        g_set_prgname (command);
        return verbs[i].run (argc - 1, argv + 1);
      }

  return ctl_verb_usage_error (_("There is no verb “%s”."), argv[1]);
}
