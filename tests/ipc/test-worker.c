/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-cell.h"
#include "lib/test-peer.h"

#include "classic/shmooze-process-cell-private.h"
#include <stdlib.h>

#define N_TURNS "1000"

static void
hold_role (int    argc,
           char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeWorker) worker = shmooze_worker_new (argv[0], &error);

  g_assert_no_error (error);
  test_say ("works");
  while (test_hear () != NULL)
    ;
}

static ShmoozeWorker *
work (const char *name)
{
  g_autoptr(GError) error = NULL;
  ShmoozeWorker *worker = shmooze_worker_new (name, &error);

  g_assert_no_error (error);
  g_assert_nonnull (worker);
  return worker;
}

static void
test_worker_records (void)
{
  g_test_summary ("A worker records its process ID and removes it at the end.");

  g_autoptr(ShmoozeWorker) worker = work ("app");
  g_autoptr(ShmoozeRegion) region = open_region ("app");

  g_assert_cmpint (cell_of ("app"), ==, getpid ());
  g_assert_false (shmooze_worker_should_stop (worker));
  shmooze_worker_end (worker);
  g_assert_cmpint (cell_of ("app"), ==, 0);
  g_assert_true (shmooze_worker_should_stop (worker));
  shmooze_worker_end (worker);
}

static void
test_worker_asked (void)
{
  g_test_summary ("A worker receives a request to stop.");

  g_autoptr(ShmoozeRegion) region = create_cell ("app", 0);
  g_autoptr(ShmoozeWorker) worker = work ("app");

  request_stop ("app");
  g_assert_cmpint (cell_of ("app"), ==, -1);
  g_assert_true (shmooze_worker_should_stop (worker));
  g_clear_object (&worker);
  g_assert_cmpint (cell_of ("app"), ==, 0);
}

static void
test_worker_asked_before (void)
{
  g_test_summary ("A worker receives a request to stop that was made before it started.");

  g_autoptr(ShmoozeRegion) region = create_cell ("app", -1);
  g_autoptr(ShmoozeWorker) worker = work ("app");

  g_assert_cmpint (cell_of ("app"), ==, -1);
  g_assert_true (shmooze_worker_should_stop (worker));
}

static void
test_second_worker (void)
{
  g_test_summary ("A second worker is refused.");

  g_autoptr(TestChild) child = test_child_new ("hold", "app", NULL);
  g_autoptr(ShmoozeWorker) worker = NULL;
  g_autoptr(GError) error = NULL;

  test_child_expect (child, "works");
  g_assert_null (shmooze_worker_new ("app", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "app", NULL);
  g_assert_cmpint (cell_of ("app"), ==, test_child_get_pid (child));
  test_child_kill (child);
  worker = work ("app");
}

static void
test_worker_after_dead (void)
{
  g_test_summary ("A worker takes the place of a worker that has died.");

  g_autoptr(TestChild) child = test_child_new ("hold", "app", NULL);
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeWorker) worker = NULL;

  test_child_expect (child, "works");
  region = open_region ("app");
  test_child_kill (child);
  g_assert_cmpint (cell_of ("app"), ==, test_child_get_pid (child));
  worker = work ("app");
  g_assert_cmpint (cell_of ("app"), ==, getpid ());
}

static void
test_worker_lost (void)
{
  g_test_summary ("A worker whose region is truncated stops.");

  g_autoptr(ShmoozeWorker) worker = work ("app");
  g_autofree char *path = test_path ("app");

  g_assert_false (shmooze_worker_should_stop (worker));
  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_true (shmooze_worker_should_stop (worker));
}

/* -- Programs that only know the layout ------------------------------------------------------ */

static void
test_python_controls_often (void)
{
  g_test_summary ("A controller that only knows the layout stops 1,000 workers.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(ShmoozeProcessCell) cell = shmooze_process_cell_new (name, TRUE, NULL);
  g_autoptr(TestChild) child = test_peer_new ("process_cell.py", "control-often", name, N_TURNS);

  if (child == NULL)
    return;
  for (guint i = 0; i < (guint) atoi (N_TURNS); i++)
    {
      g_autoptr(ShmoozeWorker) worker = work (name);

      while (!shmooze_worker_should_stop (worker))
        ;
      shmooze_worker_end (worker);
    }
  test_child_expect (child, "stopped " N_TURNS " of 1");
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_python_controls (void)
{
  g_test_summary ("A controller that only knows the layout stops a worker.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *number = g_strdup_printf ("%d", (int) getpid ());
  g_autoptr(ShmoozeWorker) worker = work (name);
  g_autoptr(TestChild) child = test_peer_new ("process_cell.py", "control", name, NULL);

  if (child == NULL)
    return;
  test_child_expect (child, number);
  g_assert_false (shmooze_worker_should_stop (worker));
  test_child_tell (child, "stop");
  test_child_expect (child, "told");
  g_assert_true (shmooze_worker_should_stop (worker));
  shmooze_worker_end (worker);
  test_child_expect (child, "ended");
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("peer", test_peer_role);
  test_child_role ("hold", hold_role);
  test_init (&argc, &argv);

  test_add ("/worker/records", test_worker_records);
  test_add ("/worker/asked-to-stop", test_worker_asked);
  test_add ("/worker/asked-before", test_worker_asked_before);
  test_add ("/worker/second", test_second_worker);
  test_add ("/worker/after-dead", test_worker_after_dead);
  test_add ("/worker/lost", test_worker_lost);
  test_add ("/worker/python", test_python_controls);
  test_add ("/worker/python-often", test_python_controls_often);

  return test_run ();
}
