/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This file has more than 800 lines because it has one short case for each promise of one class. */

#include "lib/test-cell.h"
#include "lib/test-peer.h"

#include "classic/shmooze-process-cell-private.h"
#include "classic/shmooze-supervisor-private.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define N_DEATHS 20

/* -- Helpers ------------------------------------------------------------------------------- */

/* A supervisor that records its signals, and the path of the file that the worker writes its log to: the worker's
 * standard output is that of the test. */
typedef struct
{
  ShmoozeSupervisor *supervisor;
  char              *log;
  GString           *events;
  int                last_pid;
  guint              n_started;
  guint              n_died;
  guint              last_pause_msec;
  int                last_status;
  GError            *error;
} Rig;

static void
on_started (ShmoozeSupervisor *supervisor,
            int                pid,
            Rig               *self)
{
  g_assert_cmpint (pid, >, 0);
  g_assert_cmpint (shmooze_supervisor_get_pid (supervisor), ==, pid);
  self->last_pid = pid;
  self->n_started++;
  g_string_append (self->events, "started ");
}

static void
on_adopted (ShmoozeSupervisor *supervisor,
            int                pid,
            Rig               *self)
{
  g_assert_cmpint (shmooze_supervisor_get_pid (supervisor), ==, pid);
  self->last_pid = pid;
  g_string_append (self->events, "adopted ");
}

static void
on_died (ShmoozeSupervisor *supervisor,
         int                pid,
         int                wait_status,
         guint              pause_msec,
         Rig               *self)
{
  g_assert_cmpint (pid, ==, self->last_pid);
  g_assert_cmpint (shmooze_supervisor_get_pid (supervisor), ==, 0);
  self->last_status = wait_status;
  self->last_pause_msec = pause_msec;
  self->n_died++;
  g_string_append (self->events, "died ");
}

static void
on_stopped (ShmoozeSupervisor *supervisor,
            int                pid,
            Rig               *self)
{
  g_assert_cmpint (pid, ==, self->last_pid);
  g_assert_cmpint (shmooze_supervisor_get_pid (supervisor), ==, 0);
  g_string_append (self->events, "stopped ");
}

static void
on_failed (ShmoozeSupervisor *supervisor,
           GError            *error,
           Rig               *self)
{
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  g_string_append (self->events, "failed ");
}

static Rig *
rig_new_with (const char        *name,
              const char        *log,
              const char *const *argv)
{
  Rig *self = g_new0 (Rig, 1);
  g_autoptr(GError) error = NULL;

  self->events = g_string_new (NULL);
  self->log = g_strdup (log);
  self->supervisor = shmooze_supervisor_new (name, argv, &error);
  g_assert_no_error (error);
  g_signal_connect (self->supervisor, "started", G_CALLBACK (on_started), self);
  g_signal_connect (self->supervisor, "adopted", G_CALLBACK (on_adopted), self);
  g_signal_connect (self->supervisor, "died", G_CALLBACK (on_died), self);
  g_signal_connect (self->supervisor, "stopped", G_CALLBACK (on_stopped), self);
  g_signal_connect (self->supervisor, "failed", G_CALLBACK (on_failed), self);
  return self;
}

static char *
log_path (const char *name)
{
  g_autofree char *base = g_strdup_printf ("shmooze-log-%d-%s", (int) getpid (), *name == '/' ? name + 1 : name);

  return g_build_filename (g_get_tmp_dir (), base, NULL);
}

static Rig *
rig_new_for (const char *name,
             const char *log)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { program, "--child", "work", name, log, NULL };

  return rig_new_with (name, log, argv);
}

static Rig *
rig_new (const char *name)
{
  g_autofree char *log = log_path (name);

  return rig_new_for (name, log);
}

static Rig *
rig_new_command (const char *command)
{
  const char *argv[] = { command, NULL };

  return rig_new_with ("app", NULL, argv);
}

static void
rig_free (Rig *self)
{
  int pid = self->supervisor != NULL ? shmooze_supervisor_get_pid (self->supervisor) : 0;

  if (self->supervisor != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->supervisor, self);
      g_object_unref (self->supervisor);
    }
  if (pid > 0)
    kill (pid, SIGKILL);
  if (self->log != NULL)
    g_unlink (self->log);
  g_free (self->log);
  g_clear_error (&self->error);
  g_string_free (self->events, TRUE);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rig, rig_free)

static gboolean
go_round (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Like test_wait(), for a condition that does not wake the main context. */
#define wait_outside(condition) \
  G_STMT_START { \
    guint round_ = g_timeout_add (2, go_round, NULL); \
    test_wait (condition); \
    g_source_remove (round_); \
  } G_STMT_END

static gboolean
log_has (const char *path,
           const char *line)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, line) != NULL;
}

static gboolean
is_gone (int pid)
{
  return kill (pid, 0) < 0 && errno == ESRCH;
}

static void
start (Rig *self)
{
  g_autoptr(GError) error = NULL;
  gboolean started = shmooze_supervisor_start (self->supervisor, &error);

  g_assert_no_error (error);
  g_assert_true (started);
}

static gboolean
works (Rig *self)
{
  g_autofree char *line = g_strdup_printf ("works %d\n", shmooze_supervisor_get_pid (self->supervisor));

  return log_has (self->log, line);
}

static void
start_and_work (Rig *self)
{
  start (self);
  wait_outside (works (self));
}

static void
stop_and_check (Rig *self)
{
  g_autoptr(GError) error = NULL;
  gboolean asked = shmooze_supervisor_stop (self->supervisor, &error);

  g_assert_no_error (error);
  g_assert_true (asked);
  test_wait (g_str_has_suffix (self->events->str, "stopped "));
  g_assert_cmpint (cell_of (shmooze_supervisor_get_name (self->supervisor)), ==, 0);
}

/* -- Other processes ----------------------------------------------------------------------- */

static void G_GNUC_PRINTF (2, 3)
note (const char *log,
      const char *format,
      ...)
{
  FILE *file = fopen (log, "a");
  va_list arguments;

  g_assert_nonnull (file);
  va_start (arguments, format);
  vfprintf (file, format, arguments);
  va_end (arguments);
  fclose (file);
}

/* Works in units of 5 ms, and logs a unit that was finished after the request to stop. */
static void
work_role (int    argc,
           char **argv)
{
  const char *name = argv[0], *log = argv[1];
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeWorker) worker = NULL;

  prctl (PR_SET_PDEATHSIG, 0);  /* a worker outlives its supervisor */
  alarm (120);
  worker = shmooze_worker_new (name, &error);
  g_assert_no_error (error);
  if (!shmooze_worker_should_stop (worker))
    {
      note (log, "works %d\n", (int) getpid ());
      do
        for (guint i = 0; i < 10; i++)
          g_usleep (500);
      while (!shmooze_worker_should_stop (worker));
      note (log, "unit done\n");
    }
  note (log, "ends\n");
}

/* A supervisor in another process. */
static void
supervise_role (int    argc,
                char **argv)
{
  Rig *rig = rig_new_for (argv[0], argv[1]);

  start (rig);
  test_say ("%d", rig->last_pid);
  while (test_hear () != NULL)
    ;
}

static void
idle_role (int    argc,
           char **argv)
{
  test_say ("idles");
  while (test_hear () != NULL)
    ;
}

/* -- Supervisor ----------------------------------------------------------------------------- */

static void
test_starts (void)
{
  g_test_summary ("A worker is started and recorded.");

  g_autoptr(Rig) rig = rig_new ("app");

  g_assert_cmpint (shmooze_supervisor_get_pid (rig->supervisor), ==, 0);
  g_assert_cmpstr (shmooze_supervisor_get_name (rig->supervisor), ==, "app");
  start (rig);
  g_assert_cmpstr (rig->events->str, ==, "started ");
  wait_outside (works (rig));
  g_assert_cmpint (cell_of ("app"), ==, rig->last_pid);
  start (rig);
  g_assert_cmpuint (rig->n_started, ==, 1);
  stop_and_check (rig);
}

static void
test_layout (void)
{
  g_test_summary ("The bytes of a process cell are those of the documented layout.");

  g_autoptr(Rig) rig = rig_new ("app");
  g_autoptr(ShmoozeRegion) region = open_region ("app");
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  const guint8 *bytes = shmooze_view_get_data (view);
  guint8 expected[4];

  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 4);
  start (rig);
  for (guint i = 0; i < 4; i++)
    expected[i] = (guint8) ((guint) rig->last_pid >> (8 * i));
  g_assert_cmpmem (bytes, 4, expected, 4);
  wait_outside (works (rig));
  stop_and_check (rig);
}

static void
test_restarts (void)
{
  g_test_summary ("A worker that is killed 20 times is restarted 20 times.");

  g_autoptr(Rig) rig = rig_new ("app");

  shmooze_supervisor_set_min_uptime (rig->supervisor, 0);
  start (rig);
  for (guint i = 1; i <= N_DEATHS; i++)
    {
      wait_outside (works (rig));
      g_assert_cmpint (cell_of ("app"), ==, rig->last_pid);
      kill (rig->last_pid, SIGKILL);
      test_wait (rig->n_started == i + 1);
      g_assert_cmpuint (rig->n_died, ==, i);
      g_assert_cmpuint (rig->last_pause_msec, ==, 0);
      g_assert_true (WIFSIGNALED (rig->last_status) && WTERMSIG (rig->last_status) == SIGKILL);
    }
  wait_outside (works (rig));
  stop_and_check (rig);
}

static void
test_growing_pause (void)
{
  g_test_summary ("A worker that dies quickly is restarted after a pause, which doubles each time.");

  g_autoptr(Rig) rig = rig_new_command ("/bin/false");
  guint before = 0;

  start (rig);
  for (guint i = 1; i <= 3; i++)
    {
      test_wait (rig->n_died == i);
      g_assert_cmpuint (rig->last_pause_msec, ==, i == 1 ? 100 : before * 2);
      before = rig->last_pause_msec;
    }
  g_assert_true (WIFEXITED (rig->last_status) && WEXITSTATUS (rig->last_status) == 1);
  g_assert_cmpint (cell_of ("app"), ==, 0);
}

static void
test_stop_finishes_unit (void)
{
  g_test_summary ("A worker that is asked to stop finishes its unit.");

  g_autoptr(Rig) rig = rig_new ("app");

  start_and_work (rig);
  stop_and_check (rig);
  g_assert_true (log_has (rig->log, "unit done\nends\n"));
  g_assert_cmpstr (rig->events->str, ==, "started stopped ");
}

static void
test_stop_at_once (void)
{
  g_test_summary ("A worker that has only just been started can be asked to stop.");

  g_autoptr(Rig) rig = rig_new ("app");

  start (rig);
  stop_and_check (rig);
  g_assert_cmpuint (rig->n_started, ==, 1);
}

static void
test_stop_in_pause (void)
{
  g_test_summary ("A worker that waits to be restarted is not restarted after a stop.");

  g_autoptr(Rig) rig = rig_new_command ("/bin/false");
  g_autoptr(GError) error = NULL;

  start (rig);
  test_wait (rig->n_died == 1);
  g_assert_false (shmooze_supervisor_stop (rig->supervisor, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "app", NULL);
  test_let_run (150);
  g_assert_cmpuint (rig->n_started, ==, 1);
}

static void
test_request_stop (void)
{
  g_test_summary ("A worker can be asked to stop by its region's name.");

  g_autoptr(Rig) rig = rig_new ("app");

  start_and_work (rig);
  request_stop ("app");
  test_wait (g_str_has_suffix (rig->events->str, "stopped "));
  g_assert_cmpint (cell_of ("app"), ==, 0);
}

static void
check_not_found (const char *name)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_supervisor_request_stop (name, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, name, NULL);
}

static void
test_no_region (void)
{
  g_test_summary ("A request to stop without a region is \"not found\".");

  check_not_found ("app");
}

static void
test_no_worker (void)
{
  g_test_summary ("A request to stop without a worker is \"not found\".");

  g_autoptr(ShmoozeRegion) region = create_cell ("app", 0);

  check_not_found ("app");
  g_assert_cmpint (cell_of ("app"), ==, 0);
}

static void
test_stop_stale (void)
{
  g_test_summary ("A request to stop where only a stale process ID is left is \"not found\".");

  g_autoptr(ShmoozeRegion) region = create_cell ("app", (gint32) getppid ());

  check_not_found ("app");
  g_assert_cmpint (cell_of ("app"), ==, getppid ());
}

static void
test_again_after_stop (void)
{
  g_test_summary ("A worker can be started again after a stop.");

  g_autoptr(Rig) rig = rig_new ("app");

  start_and_work (rig);
  stop_and_check (rig);
  start_and_work (rig);
  stop_and_check (rig);
  g_assert_cmpstr (rig->events->str, ==, "started stopped started stopped ");
}

static void
test_late_number (void)
{
  g_test_summary ("A request to stop is never overwritten by a process ID that is recorded late.");

  g_autoptr(ShmoozeRegion) region = create_cell ("app", SHMOOZE_PROCESS_STOP);
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeProcessCell) cell = shmooze_process_cell_new ("app", FALSE, &error);
  gint32 former = SHMOOZE_PROCESS_NONE;

  g_assert_no_error (error);
  g_assert_false (shmooze_process_cell_replace (cell, &former, (gint32) getpid (), &error));
  g_assert_no_error (error);
  g_assert_cmpint (former, ==, SHMOOZE_PROCESS_STOP);
  g_assert_cmpint (cell_of ("app"), ==, SHMOOZE_PROCESS_STOP);
}

/* The process with that ID is left alone: a new worker is started. */
static void
check_not_adopted (int pid)
{
  g_autoptr(ShmoozeRegion) region = create_cell ("app", pid);
  g_autoptr(Rig) rig = rig_new ("app");

  start (rig);
  g_assert_cmpstr (rig->events->str, ==, "started ");
  g_assert_cmpint (rig->last_pid, !=, pid);
  wait_outside (works (rig));
  g_assert_cmpint (cell_of ("app"), ==, rig->last_pid);
  stop_and_check (rig);
}

static void
test_number_of_another (void)
{
  g_test_summary ("A process that does not use the region is not adopted.");

  g_autoptr(TestChild) child = test_child_new ("idle", NULL);

  test_child_expect (child, "idles");
  check_not_adopted (test_child_get_pid (child));
  g_assert_cmpint (kill (test_child_get_pid (child), 0), ==, 0);
}

static void
test_number_of_parent (void)
{
  g_test_summary ("The parent process is not adopted.");

  check_not_adopted ((int) getppid ());
}

static void
test_number_of_own (void)
{
  g_test_summary ("A supervisor does not adopt itself.");

  check_not_adopted ((int) getpid ());
}

static void
test_number_of_nobody (void)
{
  g_test_summary ("The process ID of a process that has ended is not adopted.");

  g_autoptr(TestChild) child = test_child_new ("idle", NULL);
  int pid = test_child_get_pid (child);

  test_child_kill (child);
  check_not_adopted (pid);
}

static void
test_late_stop (void)
{
  g_test_summary ("A request to stop that was never read does not keep the next worker from starting.");

  g_autoptr(ShmoozeRegion) region = create_cell ("app", SHMOOZE_PROCESS_STOP);
  g_autoptr(Rig) rig = rig_new ("app");

  start_and_work (rig);
  stop_and_check (rig);
}

/* Starts a worker, drops its supervisor and makes another one; returns the worker's process ID. */
static int
drop_and_replace (Rig  *first,
                  Rig **second)
{
  start_and_work (first);
  g_clear_object (&first->supervisor);
  *second = rig_new ("app");
  return first->last_pid;
}

static void
test_adopts (void)
{
  g_test_summary ("The next supervisor adopts the worker of a supervisor that was disposed.");

  g_autoptr(Rig) first = rig_new ("app"), second = NULL;
  int pid;

  pid = drop_and_replace (first, &second);
  start (second);
  g_assert_cmpstr (second->events->str, ==, "adopted ");
  g_assert_cmpint (second->last_pid, ==, pid);
  stop_and_check (second);
}

static void
test_supervisor_killed (void)
{
  g_test_summary ("The next supervisor adopts the worker of a supervisor that was killed.");

  g_autofree char *log = log_path ("app"), *answer = NULL;
  g_autoptr(TestChild) child = test_child_new ("supervise", "app", log, NULL);
  g_autoptr(Rig) rig = NULL;
  int pid;

  answer = test_child_hear (child);
  pid = atoi (answer);
  g_assert_cmpint (pid, >, 0);
  wait_outside (log_has (log, "works"));
  test_child_kill (child);

  rig = rig_new ("app");
  start (rig);
  g_assert_cmpstr (rig->events->str, ==, "adopted ");
  g_assert_cmpint (rig->last_pid, ==, pid);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  stop_and_check (rig);
  wait_outside (is_gone (pid));
}

static void
test_adopted_dies (void)
{
  g_test_summary ("An adopted worker that dies is restarted.");

  g_autoptr(Rig) first = rig_new ("app"), second = NULL;
  int pid;

  pid = drop_and_replace (first, &second);
  shmooze_supervisor_set_min_uptime (second->supervisor, 0);
  start (second);
  kill (pid, SIGKILL);
  test_wait (second->n_started == 1);
  g_assert_cmpstr (second->events->str, ==, "adopted died started ");
  g_assert_cmpint (second->last_status, ==, -1);
  wait_outside (works (second));
  stop_and_check (second);
}

static void
test_second_supervisor (void)
{
  g_test_summary ("A second supervisor is refused.");

  g_autoptr(Rig) rig = rig_new ("app");
  const char *argv[] = { "/bin/true", NULL };
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_supervisor_new ("app", argv, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "app", NULL);
}

static void
test_pairs (void)
{
  g_test_summary ("Pairs with different names do not affect each other.");

  g_autoptr(Rig) one = rig_new ("app-one"), two = rig_new ("app-two");

  start (one);
  start (two);
  wait_outside (works (one) && works (two));
  g_assert_cmpint (cell_of ("app-one"), ==, one->last_pid);
  g_assert_cmpint (cell_of ("app-two"), ==, two->last_pid);
  stop_and_check (one);
  g_assert_cmpint (shmooze_supervisor_get_pid (two->supervisor), ==, two->last_pid);
  g_assert_cmpstr (two->events->str, ==, "started ");
  stop_and_check (two);
}

static void
test_no_program (void)
{
  g_test_summary ("A command that cannot be run is an error when it is started.");

  g_autoptr(Rig) rig = rig_new_command ("/nowhere/at/all");
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_supervisor_start (rig->supervisor, &error));
  test_check_error (&error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "/nowhere/at/all", NULL);
  g_assert_cmpstr (rig->events->str, ==, "");
  g_assert_cmpint (cell_of ("app"), ==, 0);
}

static void
test_too_small (void)
{
  g_test_summary ("A region that is too small for a process cell is refused.");

  g_autoptr(ShmoozeRegion) region = create ("app", 3);
  const char *argv[] = { "/bin/true", NULL };
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_supervisor_new ("app", argv, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "app", "3", "4", NULL);
  g_assert_null (shmooze_worker_new ("app", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "app", "3", "4", NULL);
}

static void
test_lost (void)
{
  g_test_summary ("A truncated region is reported to the supervisor, and ends the worker.");

  g_autoptr(Rig) rig = rig_new ("app");
  g_autofree char *path = test_path ("app");
  g_autoptr(GError) error = NULL;

  start_and_work (rig);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  test_wait (rig->error != NULL);  /* when the worker has ended */
  g_assert_error (rig->error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  g_assert_false (shmooze_supervisor_start (rig->supervisor, &error));
  g_assert_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
}

static void
check_corrupt (GError     **error,
               gint32       value)
{
  g_autofree char *number = g_strdup_printf ("%d", value);

  test_check_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_CORRUPT, "app", number, NULL);
}

/* Every call refuses the value and leaves it as it is. */
static void
check_hostile (gint32 value)
{
  g_autoptr(ShmoozeRegion) region = create_cell ("app", value);
  g_autoptr(Rig) rig = rig_new ("app");
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_supervisor_start (rig->supervisor, &error));
  check_corrupt (&error, value);
  g_assert_false (shmooze_supervisor_stop (rig->supervisor, &error));
  check_corrupt (&error, value);
  g_assert_false (shmooze_supervisor_request_stop ("app", &error));
  check_corrupt (&error, value);
  g_assert_null (shmooze_worker_new ("app", &error));
  check_corrupt (&error, value);
  g_assert_cmpint (cell_of ("app"), ==, value);
}

static void
test_hostile (void)
{
  g_test_summary ("A value below -1 is refused by every call and stays.");

  for (gint32 value = -2; value >= -25; value--)
    check_hostile (value);
  for (guint bit = 5; bit < 32; bit++)
    check_hostile ((gint32) (G_MAXUINT32 << bit));
  check_hostile (G_MININT32 + 1);
}

static void
test_hostile_vast (void)
{
  g_test_summary ("A value that is too large for a process ID is treated as stale.");

  for (guint bit = 23; bit < 31; bit++)  /* beyond the largest process ID */
    check_not_adopted ((int) (1u << bit));
  check_not_adopted (G_MAXINT32);
}

/* -- Programs that only know the layout ------------------------------------------------------ */

static void
test_python_works (void)
{
  g_test_summary ("A worker that only knows the layout is adopted and stopped.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(TestChild) child = test_peer_new ("process_cell.py", "work", name, NULL);
  g_autoptr(Rig) rig = NULL;
  g_autoptr(GError) error = NULL;

  if (child == NULL)
    return;
  test_child_expect (child, "ready");
  rig = rig_new (name);
  start (rig);
  g_assert_cmpstr (rig->events->str, ==, "adopted ");
  g_assert_cmpint (rig->last_pid, ==, test_child_get_pid (child));
  g_assert_null (shmooze_worker_new (name, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, name, NULL);
  g_assert_true (shmooze_supervisor_stop (rig->supervisor, NULL));
  test_child_expect (child, "stopped");
  g_assert_cmpint (cell_of (name), ==, 0);
  test_child_close (child);
  test_wait (g_str_has_suffix (rig->events->str, "stopped "));
}

#define N_TURNS "1000"

static void
test_python_works_often (void)
{
  g_test_summary ("A worker that only knows the layout receives 1,000 requests to stop.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(ShmoozeProcessCell) cell = shmooze_process_cell_new (name, TRUE, NULL);
  g_autoptr(TestChild) child = test_peer_new ("process_cell.py", "work-often", name, N_TURNS);
  gint32 there;

  if (child == NULL)
    return;
  for (guint n_told = 0; n_told < (guint) atoi (N_TURNS);)
    {
      g_assert_true (shmooze_process_cell_get (cell, &there, NULL));
      g_assert_true (there == SHMOOZE_PROCESS_NONE || there == SHMOOZE_PROCESS_STOP ||
                     there == test_child_get_pid (child));
      if (there > 0 && shmooze_process_cell_replace (cell, &there, SHMOOZE_PROCESS_STOP, NULL))
        n_told++;
    }
  test_child_expect (child, "stopped " N_TURNS);
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("peer", test_peer_role);
  test_child_role ("work", work_role);
  test_child_role ("supervise", supervise_role);
  test_child_role ("idle", idle_role);
  test_init (&argc, &argv);

  test_add ("/supervisor/starts", test_starts);
  test_add ("/supervisor/layout", test_layout);
  test_add ("/supervisor/restarts", test_restarts);
  test_add ("/supervisor/growing-pause", test_growing_pause);
  test_add ("/supervisor/stop/finishes-unit", test_stop_finishes_unit);
  test_add ("/supervisor/stop/at-once", test_stop_at_once);
  test_add ("/supervisor/stop/in-pause", test_stop_in_pause);
  test_add ("/supervisor/stop/from-elsewhere", test_request_stop);
  test_add ("/supervisor/stop/no-region", test_no_region);
  test_add ("/supervisor/stop/no-worker", test_no_worker);
  test_add ("/supervisor/stop/stale", test_stop_stale);
  test_add ("/supervisor/stop/then-start", test_again_after_stop);
  test_add ("/supervisor/stop/late-number", test_late_number);
  test_add ("/supervisor/not-adopted/another", test_number_of_another);
  test_add ("/supervisor/not-adopted/parent", test_number_of_parent);
  test_add ("/supervisor/not-adopted/itself", test_number_of_own);
  test_add ("/supervisor/not-adopted/dead", test_number_of_nobody);
  test_add ("/supervisor/not-adopted/stop", test_late_stop);
  test_add ("/supervisor/adopts/after-drop", test_adopts);
  test_add ("/supervisor/adopts/after-kill", test_supervisor_killed);
  test_add ("/supervisor/adopts/and-restarts", test_adopted_dies);
  test_add ("/supervisor/second", test_second_supervisor);
  test_add ("/supervisor/pairs", test_pairs);
  test_add ("/supervisor/no-program", test_no_program);
  test_add ("/supervisor/too-small", test_too_small);
  test_add ("/supervisor/lost", test_lost);
  test_add ("/supervisor/hostile/negative", test_hostile);
  test_add ("/supervisor/hostile/vast", test_hostile_vast);
  test_add ("/supervisor/python", test_python_works);
  test_add ("/supervisor/python-often", test_python_works_often);

  return test_run ();
}
