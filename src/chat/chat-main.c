/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chat-application.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <stdlib.h>

enum
{
  EXIT_USAGE = 2
};

static gboolean
parse_wait (const char   *name,
            ShmoozeWait  *wait,
            GError      **error)
{
  if (name == NULL || g_str_equal (name, "auto"))
    *wait = SHMOOZE_WAIT_AUTO;
  else if (g_str_equal (name, "bell"))
    *wait = SHMOOZE_WAIT_BELL;
  else if (g_str_equal (name, "poll"))
    *wait = SHMOOZE_WAIT_POLL;
  else
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("Invalid wait mode “%s”: must be auto, bell or poll"), name);
      return FALSE;
    }

  return TRUE;
}

/* Returns: FALSE if more than one kind was requested */
static gboolean
choose_kind (gboolean  messenger,
             gboolean  share,
             gboolean  show,
             ChatKind *kind)
{
  *kind = messenger ? CHAT_KIND_MESSENGER : share ? CHAT_KIND_SHARE : show ? CHAT_KIND_SHOW : CHAT_KIND_ROOM;

  return messenger + share + show <= 1;
}

static const char *
get_default_region (ChatKind kind)
{
  switch (kind)
    {
    case CHAT_KIND_MESSENGER:
      return SHMOOZE_COMMUNICATOR_NAME;
    case CHAT_KIND_SHARE:
    case CHAT_KIND_SHOW:
      return SHMOOZE_SHARED_TEXT_NAME;
    case CHAT_KIND_ROOM:
    default:
      return "chat";
    }
}

static int
fail_usage (const char *message)
{
  g_printerr ("shmooze: %s\n%s\n", message, _("Try “shmooze --help”."));

  return EXIT_USAGE;
}

int
main (int    argc,
      char **argv)
{
  gboolean version = FALSE, messenger = FALSE, share = FALSE, show = FALSE;
  g_autofree char *name = NULL;
  g_autofree char *wait_name = NULL;
  g_auto (GStrv) regions = NULL;
  const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_STRING, &name, N_("Your name in the room"), N_("NICK") },
    { "wait", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &wait_name, NULL, NULL },
    { "messenger", 0, 0, G_OPTION_ARG_NONE, &messenger, N_("Send messages in the layout of the classic communicator"),
      NULL },
    { "share", 0, 0, G_OPTION_ARG_NONE, &share, N_("Share a text, in the layout of the classic server and client"),
      NULL },
    { "show", 0, 0, G_OPTION_ARG_NONE, &show, N_("Show a shared text"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_("Print the version and exit"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &regions, NULL, N_("[REGION]") },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (ChatApplication) application = NULL;
  ShmoozeWait wait;
  ChatKind kind;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("shmooze");

  context = g_option_context_new (NULL);
  g_option_context_set_summary (context, _("Chat through a shared memory region, letter by letter."));
  /* Translators: “chat” and the names with a slash are names of regions, and stay */
  g_option_context_set_description (context,
                                    _("Windows on the same region talk to each other. The default region is “chat”,\n"
                                      "with --messenger “/MemoryMappedShare”, with --share and --show "
                                      "“/EMoreauSharedDemo”."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);

  if (!g_option_context_parse (context, &argc, &argv, &error) || !parse_wait (wait_name, &wait, &error))
    return fail_usage (error->message);

  if (version)
    {
      g_print ("shmooze %s\n", VERSION);
      return EXIT_SUCCESS;
    }

  if (!choose_kind (messenger, share, show, &kind))
    return fail_usage (_("Only one of --messenger, --share and --show can be given."));
  if (regions != NULL && g_strv_length (regions) > 1)
    return fail_usage (_("Only one region can be given."));

  if (name != NULL && g_strstrip (name)[0] == '\0')
    g_clear_pointer (&name, g_free);

  g_set_application_name ("Shmooze");
  /* The desktop finds the icon of the window by this name. */
  g_set_prgname (APP_ID);
  application = chat_application_new (kind, regions != NULL ? regions[0] : get_default_region (kind), name, wait);

  return g_application_run (G_APPLICATION (application), 0, NULL);
}
