/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-output.h"
#include "ctl-terminal.h"
#include "ctl-verb.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <shmooze/shmooze.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The worker draws a progress line on the same terminal, so each event erases the current line before it is printed. */
#define ERASE_LINE "\r\033[K"

#define MOST_LINES     1000
#define LAST_WAIT_MSEC 1000

typedef struct
{
  ShmoozeSupervisor *supervisor;
  const char        *command;
  GMainLoop         *loop;
  GQueue             lines;      /* to be printed */
  guint              printer;
  gboolean           terminal;
  gboolean           silent;     /* an error occurred on standard output; print nothing more */
  gboolean           stopping;   /* the worker was asked to stop; the program exits when the worker does */
  int                status;
} Supervision;

static void
finish (Supervision *self,
        int          status)
{
  self->status = status;
  g_main_loop_quit (self->loop);
}

static void
print_line (Supervision *self)
{
  g_autofree char *line = g_queue_pop_head (&self->lines);
  g_autoptr (GError) error = NULL;

  if (self->silent || ctl_output_write (line, -1, &error))
    return;

  self->silent = TRUE;
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    ctl_verb_error ("%s", error->message);
}

static gboolean
on_writable (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  Supervision *self = user_data;

  print_line (self);
  if (!g_queue_is_empty (&self->lines))
    return G_SOURCE_CONTINUE;

  self->printer = 0;
  return G_SOURCE_REMOVE;
}

/* Prints the lines that are left. If standard output is blocked for LAST_WAIT_MSEC, the lines are discarded. */
static void
print_rest (Supervision *self)
{
  struct pollfd output = { STDOUT_FILENO, POLLOUT, 0 };

  while (!g_queue_is_empty (&self->lines) && poll (&output, 1, LAST_WAIT_MSEC) > 0)
    print_line (self);
  g_queue_clear_full (&self->lines, g_free);
}

/* Queues a line rather than printing it, so that blocked output does not delay the restart of a worker. */
static void G_GNUC_PRINTF (2, 3)
print_event (Supervision *self,
             const char  *format,
             ...)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  g_queue_push_tail (&self->lines, g_strdup_printf ("%s%s  %s\n", self->terminal ? ERASE_LINE : "", time, text));
  if (g_queue_get_length (&self->lines) > MOST_LINES)
    g_free (g_queue_pop_head (&self->lines));
  if (self->printer == 0)
    self->printer = g_unix_fd_add (STDOUT_FILENO, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable, self);
}

static void
on_started (ShmoozeSupervisor *supervisor,
            int                pid,
            gpointer           self)
{
  print_event (self, _("Started process %d"), pid);
}

static void
on_adopted (ShmoozeSupervisor *supervisor,
            int                pid,
            gpointer           self)
{
  print_event (self, _("Adopted process %d, which was already running"), pid);
}

static void
print_death (Supervision *self,
             int          pid,
             int          wait_status)
{
  if (wait_status == -1)
    print_event (self, _("Process %d died"), pid);
  else if (WIFSIGNALED (wait_status))
    /* Translators: a process, a signal's number, and its name in the system's words */
    print_event (self, _("Process %d died by signal %d (%s)"),
                 pid, WTERMSIG (wait_status), g_strsignal (WTERMSIG (wait_status)));
  else
    print_event (self, _("Process %d ended with exit status %d"), pid, WEXITSTATUS (wait_status));
}

static void
on_died (ShmoozeSupervisor *supervisor,
         int                pid,
         int                wait_status,
         guint              pause_msec,
         gpointer           user_data)
{
  Supervision *self = user_data;

  print_death (self, pid, wait_status);
  if (self->stopping)
    finish (self, CTL_EXIT_FAILED);
  else if (pause_msec > 0)
    print_event (self, _("Starting again in %.1f s"), pause_msec / 1000.0);
}

static void
on_stopped (ShmoozeSupervisor *supervisor,
            int                pid,
            gpointer           self)
{
  print_event (self, _("Process %d exited cleanly"), pid);
  finish (self, CTL_EXIT_DONE);
}

static int
report (Supervision  *self,
        const GError *error)
{
  if (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
    return ctl_verb_error (_("Command not found: “%s”"), self->command);

  return ctl_verb_error ("%s", error->message);
}

static void
on_failed (ShmoozeSupervisor *supervisor,
           const GError      *error,
           gpointer           self)
{
  finish (self, report (self, error));
}

static void
leave (Supervision *self,
       int          status)
{
  int pid = shmooze_supervisor_get_pid (self->supervisor);

  if (pid > 0)
    print_event (self, _("Left process %d running"), pid);
  finish (self, status);
}

/* Asks the worker to stop, as the classic controller does with its listener, and exits if there is no worker. */
static void
request_stop (Supervision *self)
{
  g_autoptr (GError) error = NULL;
  gboolean sent = shmooze_supervisor_stop (self->supervisor, &error);
  int pid = shmooze_supervisor_get_pid (self->supervisor);

  self->stopping = TRUE;
  if (!sent && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    leave (self, report (self, error));
  else if (pid == 0)
    finish (self, CTL_EXIT_DONE);
  else if (sent)
    print_event (self, _("Sent message to shut down; process %d may finish its unit. Ctrl+C again leaves it running"),
                 pid);
  else
    print_event (self, _("Process %d is not recorded in the region and cannot be asked to stop. "
                         "Ctrl+C again leaves it running"), pid);
}

static gboolean
on_interrupt (gpointer user_data)
{
  Supervision *self = user_data;

  if (self->stopping)
    leave (self, CTL_EXIT_FAILED);
  else
    request_stop (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_hangup (gpointer user_data)
{
  leave (user_data, CTL_EXIT_DONE);
  return G_SOURCE_CONTINUE;
}

/* Signals that are ignored when the program starts, for example under nohup, stay ignored. */
static void
listen_to (int          signum,
           GSourceFunc  callback,
           Supervision *self)
{
  struct sigaction action;

  if (sigaction (signum, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
    g_unix_signal_add (signum, callback, self);
}

static int
run (Supervision *self)
{
  g_autoptr (GError) error = NULL;

  signal (SIGPIPE, SIG_IGN);
  if (!shmooze_supervisor_start (self->supervisor, &error))
    return report (self, error);
  if (shmooze_supervisor_get_pid (self->supervisor) == 0)
    print_event (self, "%s", _("Waiting for the previous worker to finish its last unit"));

  listen_to (SIGINT, on_interrupt, self);
  listen_to (SIGTERM, on_interrupt, self);
  listen_to (SIGHUP, on_hangup, self);
  g_main_loop_run (self->loop);

  g_clear_handle_id (&self->printer, g_source_remove);
  print_rest (self);
  return self->status;
}

static int
supervise (const char        *name,
           const char *const *argv)
{
  g_autoptr (ShmoozeSupervisor) supervisor = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  Supervision self = { .command = argv[0], .loop = loop, .lines = G_QUEUE_INIT, .terminal = ctl_terminal_can_erase () };

  self.supervisor = supervisor = shmooze_supervisor_new (name, argv, &error);
  if (supervisor == NULL)
    return ctl_verb_error ("%s", error->message);

  g_signal_connect (supervisor, "started", G_CALLBACK (on_started), &self);
  g_signal_connect (supervisor, "adopted", G_CALLBACK (on_adopted), &self);
  g_signal_connect (supervisor, "died", G_CALLBACK (on_died), &self);
  g_signal_connect (supervisor, "stopped", G_CALLBACK (on_stopped), &self);
  g_signal_connect (supervisor, "failed", G_CALLBACK (on_failed), &self);

  return run (&self);
}

int
ctl_supervise (int    argc,
               char **argv)
{
  g_auto (GStrv) rest = NULL;
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("NAME -- COMMAND [ARGUMENT…]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, NULL,
                       _("Start a worker, or adopt a running one, and restart it whenever it dies."),
                       _("The worker is a command that records its process ID in the region NAME, like “shmoozectl\n"
                         "worker NAME”. A worker that dies within a second is restarted after a pause, which grows.\n"
                         "Ctrl+C asks the worker to stop and waits until it has finished its unit; a second Ctrl+C\n"
                         "leaves it running, which counts as a failure. A hangup leaves the worker running for the\n"
                         "next supervisor to adopt. The program also exits when the worker has exited cleanly, for\n"
                         "example after “shmoozectl stop NAME”.")))
    return CTL_EXIT_USAGE;

  if (rest == NULL || rest[0] == NULL || rest[1] == NULL)
    return ctl_verb_usage_error ("%s", _("Missing region name or command."));

  return supervise (rest[0], (const char *const *) rest + 1);
}
