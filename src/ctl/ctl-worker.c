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
#include <unistd.h>

/* The classic listener, whose work is to wait in units of one second. */

#define STEPS     10
#define STEP_MSEC 100

typedef struct
{
  ShmoozeWorker *worker;
  const char    *name;
  GMainLoop     *loop;
  guint          unit;
  guint          step;      /* steps of the unit that are done */
  gboolean       terminal;
  gboolean       silent;    /* the output is gone */
  gboolean       ending;    /* a signal came */
  int            status;
} Work;

/* Drops the text if the output is blocked or gone, so that the work goes on. */
static void
say (Work       *self,
     const char *text)
{
  struct pollfd output = { STDOUT_FILENO, POLLOUT, 0 };
  g_autoptr (GError) error = NULL;

  if (self->silent || poll (&output, 1, 0) <= 0 || ctl_output_write (text, -1, &error))
    return;

  self->silent = TRUE;
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    ctl_verb_error ("%s", error->message);
}

/* Prints a progress bar at a terminal, and one line per unit elsewhere. */
static void
show_progress (Work *self)
{
  char bar[STEPS + 1] = "";
  g_autofree char *unit = NULL;
  g_autofree char *text = NULL;

  if (!self->terminal && self->step > 0)
    return;

  unit = g_strdup_printf (_("Working… unit %u"), self->unit);
  memset (bar, ' ', STEPS);
  memset (bar, '#', self->step);
  text = self->terminal ? g_strdup_printf ("\r%s [%s]", unit, bar) : g_strdup_printf ("%s\n", unit);
  say (self, text);
}

/* Ends the line with the progress bar. */
static void
end_line (Work *self)
{
  if (self->terminal && self->unit > 0)
    say (self, "\n");
}

static void
say_line (Work       *self,
          const char *line)
{
  g_autofree char *text = g_strdup_printf ("%s\n", line);

  end_line (self);
  say (self, text);
}

/* shmooze_worker_should_stop() also returns TRUE if the region is damaged. An attempt to write there reports what is
 * wrong.
 */
static void
say_why (Work *self)
{
  g_autoptr (GError) error = NULL;

  if (shmooze_supervisor_request_stop (self->name, &error) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      say_line (self, _("Received shutdown message"));
      return;
    }
  end_line (self);
  self->status = ctl_verb_error ("%s", error->message);
}

static void
begin_unit (Work *self)
{
  self->unit++;
  self->step = 0;
  show_progress (self);
}

/* The worker stops only between two units. */
static void
next_unit (Work *self)
{
  if (shmooze_worker_should_stop (self->worker))
    {
      say_why (self);
      g_main_loop_quit (self->loop);
    }
  else if (self->ending)
    {
      say_line (self, _("Stopped after the unit"));
      g_main_loop_quit (self->loop);
    }
  else
    {
      begin_unit (self);
    }
}

static gboolean
on_step (gpointer user_data)
{
  Work *self = user_data;

  self->step++;
  show_progress (self);
  if (self->step == STEPS)
    next_unit (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_signal (gpointer user_data)
{
  Work *self = user_data;

  if (self->ending)
    {
      end_line (self);
      self->status = ctl_verb_error (_("Stopped in the middle of unit %u"), self->unit);
      g_main_loop_quit (self->loop);
    }
  else
    {
      self->ending = TRUE;
      say_line (self, _("Stopping after this unit; Ctrl+C again stops at once"));
      if (self->terminal)
        show_progress (self);
    }
  return G_SOURCE_CONTINUE;
}

static int
work (const char *name)
{
  g_autoptr (ShmoozeWorker) worker = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  Work self = { .name = name, .loop = loop, .terminal = ctl_terminal_is_output (), .status = CTL_EXIT_DONE };

  signal (SIGPIPE, SIG_IGN);
  self.worker = worker = shmooze_worker_new (name, &error);
  if (worker == NULL)
    return ctl_verb_error ("%s", error->message);

  if (shmooze_worker_should_stop (worker))
    {
      say_why (&self);
      return self.status;
    }
  g_unix_signal_add (SIGINT, on_signal, &self);
  g_unix_signal_add (SIGTERM, on_signal, &self);
  g_timeout_add (STEP_MSEC, on_step, &self);
  begin_unit (&self);
  g_main_loop_run (loop);
  return self.status;
}

int
ctl_worker (int    argc,
            char **argv)
{
  g_auto (GStrv) rest = NULL;
  const char *name;
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, N_("[NAME]") },
    G_OPTION_ENTRY_NULL
  };

  if (!ctl_verb_parse (argc, argv, entries, NULL,
                       _("Run the sample worker, which works in units of one second until it is asked to stop.\n"
                         "NAME defaults to “/SampleApp”."),
                       _("Records its process ID in the region, where “shmoozectl stop NAME” or a supervisor can\n"
                         "ask it to stop; it exits after its current unit. Ctrl+C does the same; a second Ctrl+C\n"
                         "stops it at once.")))
    return CTL_EXIT_USAGE;

  if (!ctl_verb_take_name (rest, SHMOOZE_SUPERVISOR_NAME, &name))
    return CTL_EXIT_USAGE;

  return work (name);
}
