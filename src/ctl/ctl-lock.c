/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-verb.h"

#include <glib/gi18n.h>
#include <shmooze/shmooze.h>
#include <signal.h>
#include <sys/wait.h>

static void
do_nothing (int signum)
{
}

/* Ctrl+C is meant for the command, and the mutex stays locked until the command has ended. The signals are caught
 * rather than ignored, since the command would inherit that.
 */
static int
run (const char *const *argv)
{
  g_autoptr (GSubprocess) command = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  signal (SIGINT, do_nothing);
  signal (SIGQUIT, do_nothing);
  command = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDIN_INHERIT, &error);
  if (command == NULL || !g_subprocess_wait (command, NULL, &error))
    return ctl_verb_error ("%s", error->message);

  status = g_subprocess_get_status (command);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

static int
run_locked (ShmoozeMutex      *mutex,
            const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  int status = run (argv);

  if (!shmooze_mutex_unlock (mutex, &error))
    return ctl_verb_error ("%s", error->message);
  return status;
}

int
ctl_lock (int    argc,
          char **argv)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (ShmoozeMutex) mutex = NULL;
  g_autoptr (GError) error = NULL;
  double seconds = -1;
  gint64 timeout;
  const GOptionEntry entries[] = {
    { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &seconds,
      N_("How long to wait for the mutex; 0 tries once"), N_("SECONDS") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("NAME -- COMMAND [ARGUMENT…]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, NULL,
                       _("Run a command while holding a mutex."),
                       _("The exit status is that of the command, or 128 plus the number of the signal that ended it.\n"
                         "If the previous holder of the mutex died, a note on standard error says so.")))
    return CTL_EXIT_USAGE;

  if (rest == NULL || rest[0] == NULL || rest[1] == NULL)
    return ctl_verb_usage_error ("%s", _("Missing mutex name or command."));

  mutex = shmooze_mutex_create_or_open (rest[0], FALSE, NULL, &error);
  if (mutex == NULL)
    return ctl_verb_error ("%s", error->message);

  timeout = seconds < 0 ? -1 : (gint64) (seconds * G_USEC_PER_SEC);
  switch (shmooze_mutex_lock (mutex, timeout, NULL, &error))
    {
    case SHMOOZE_LOCK_FAILED:
      return ctl_verb_error ("%s", error->message);
    case SHMOOZE_LOCK_ABANDONED:
      ctl_verb_error (_("The previous holder of the mutex “%s” died while holding it."), rest[0]);
      break;
    case SHMOOZE_LOCK_ACQUIRED:
    default:
      break;
    }
  return run_locked (mutex, (const char *const *) rest + 1);
}
