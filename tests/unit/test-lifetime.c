/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A name exists as long as the region has a holder, and not longer, whatever happens to the holder. */

static void
test_close (void)
{
  g_test_summary ("Closing the only holder removes the name.");

  g_autoptr(ShmoozeRegion) region = create ("closed", 10);
  g_autofree char *path = g_strdup (shmooze_region_get_path (region));

  shmooze_region_close (region);
  g_assert_false (is_there (path));
  check_absent ("closed");
}

static void
test_close_twice (void)
{
  g_test_summary ("Closing a region twice does nothing, and other holders keep it.");

  g_autoptr(ShmoozeRegion) region = create ("closed", 10);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  shmooze_region_close (region);
  shmooze_region_close (region);
  g_object_unref (open_region ("closed"));  /* the second time has not dropped the view's hold */
  g_assert_true (shmooze_view_write_uint8 (view, 0, 1, NULL));
}

static void
test_closed (void)
{
  g_test_summary ("A closed region creates no views, and still has its name.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("closed", 10);

  shmooze_region_close (region);
  g_assert_null (shmooze_region_create_view (region, 0, 0, READ, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed", NULL);
  g_assert_false (shmooze_region_flush (region, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed", NULL);
  g_assert_cmpstr (shmooze_region_get_name (region), ==, "closed");
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 10);
}

static void
test_last_reference (void)
{
  g_test_summary ("Dropping the last reference closes the region.");

  g_autoptr(ShmoozeRegion) region = create ("unreferenced", 10);
  g_autofree char *path = g_strdup (shmooze_region_get_path (region));

  g_clear_object (&region);
  g_assert_false (is_there (path));
}

static void
test_last_holder (void)
{
  g_test_summary ("The name exists until the last holder is gone, in any order.");

  g_autoptr(ShmoozeRegion) one = create ("last", 10);
  g_autoptr(ShmoozeRegion) two = open_region ("last");
  g_autofree char *path = g_strdup (shmooze_region_get_path (one));

  g_clear_object (&one);
  g_assert_true (is_there (path));
  one = open_region ("last");
  g_clear_object (&two);
  g_assert_true (is_there (path));
  g_clear_object (&one);
  g_assert_false (is_there (path));
  check_absent ("last");
}

static void
test_anew (void)
{
  g_test_summary ("A name can be created anew, with another capacity, and is filled with zeros.");

  g_autoptr(ShmoozeRegion) region = create ("anew", 10);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  memset (shmooze_view_get_data (view), 'x', 10);
  g_clear_object (&view);
  g_clear_object (&region);
  region = create ("anew", 20);
  view = view_of (region, 0, 0, READ);
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 20);
  check_zeros (shmooze_view_get_data (view), 20);
}

static void
test_view_outlives_close (void)
{
  g_test_summary ("A view still works after its region is closed.");

  g_autoptr(ShmoozeRegion) region = create ("outlived", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  shmooze_region_close (region);
  g_clear_object (&region);
  strcpy (shmooze_view_get_data (view), "still here");
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "still here");
}

static void
test_view_holds (void)
{
  g_test_summary ("A view alone keeps the name for others.");

  g_autoptr(ShmoozeRegion) region = create ("outlived", 100), other = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), other_view = NULL;

  shmooze_region_close (region);
  strcpy (shmooze_view_get_data (view), "still here");
  other = open_region ("outlived");
  other_view = view_of (other, 0, 0, READ);
  g_assert_cmpstr (shmooze_view_get_data (other_view), ==, "still here");
}

static void
test_last_view (void)
{
  g_test_summary ("The name is removed with the last view.");

  g_autoptr(ShmoozeRegion) region = create ("outlived", 100);
  g_autoptr(ShmoozeView) one = view_of (region, 0, 0, RW), two = view_of (region, 50, 10, READ);

  shmooze_region_close (region);
  shmooze_view_close (one);
  g_object_unref (open_region ("outlived"));
  g_clear_object (&two);
  check_absent ("outlived");
}

static void
test_view_close_twice (void)
{
  g_test_summary ("A view can be closed twice, and then has no memory.");

  g_autoptr(ShmoozeRegion) region = create ("outlived", 100);
  g_autoptr(ShmoozeView) one = view_of (region, 0, 0, RW), two = view_of (region, 50, 10, READ);

  shmooze_region_close (region);
  shmooze_view_close (one);
  g_assert_null (shmooze_view_get_data (one));
  shmooze_view_close (one);
  g_object_unref (open_region ("outlived"));  /* the other view holds it */
}

static void
test_stream_holds (void)
{
  g_test_summary ("A stream alone keeps the name.");

  g_autoptr(ShmoozeRegion) region = create ("streamed", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(GIOStream) stream = shmooze_view_open_stream (view, NULL);

  g_clear_object (&view);
  g_clear_object (&region);
  g_object_unref (open_region ("streamed"));
  g_clear_object (&stream);
  check_absent ("streamed");
}

/* Creates the region, or opens it, and waits. */
static void
hold (int    argc,
      char **argv)
{
  g_autoptr(ShmoozeRegion) region = shmooze_region_create_or_open (argv[0], 100, RW, NULL, NULL);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  memset (shmooze_view_get_data (view), 'x', 100);
  test_say ("holding");
  g_free (test_hear ());
  if (argc > 1)
    exit (0);  /* without closing anything */
}

static TestChild *
holder_of (const char *name)
{
  TestChild *child = test_child_new ("hold", name, NULL);

  test_child_expect (child, "holding");
  return child;
}

static void
test_last_process (void)
{
  g_test_summary ("The name exists until the last process stops holding it.");

  g_autofree char *path = test_path ("shared");
  g_autoptr(TestChild) one = holder_of ("shared"), two = holder_of ("shared");
  g_autoptr(ShmoozeRegion) region = open_region ("shared");

  test_child_wait (one);
  g_assert_true (is_there (path));
  g_clear_object (&region);
  g_assert_true (is_there (path));
  test_child_wait (two);
  g_assert_false (is_there (path));
}

static void
test_opener_ends (void)
{
  g_test_summary ("A process that opened a region and ends does not remove the name of another holder.");

  g_autoptr(ShmoozeRegion) region = create ("kept", 100), again = NULL;
  g_autoptr(TestChild) child = holder_of ("kept");

  test_child_wait (child);
  again = open_region ("kept");
}

static void
test_killed_opener (void)
{
  g_test_summary ("Killing a process that opened a region does not remove the name of another holder.");

  g_autoptr(ShmoozeRegion) region = create ("kept", 100), again = NULL;
  g_autoptr(TestChild) child = holder_of ("kept");

  test_child_kill (child);
  again = open_region ("kept");
}

static void
test_killed_open (void)
{
  g_test_summary ("After the last holder was killed, opening fails with \"not found\".");

  g_autofree char *path = test_path ("killed");
  g_autoptr(TestChild) child = holder_of ("killed");

  g_object_unref (open_region ("killed"));
  g_assert_true (is_there (path));  /* the child lives */
  test_child_kill (child);
  g_assert_true (is_there (path));
  check_absent ("killed");
  g_assert_false (is_there (path));
}

static void
test_killed_list (void)
{
  g_test_summary ("Listing removes the stale files of killed holders.");

  g_autofree char *path = test_path ("killed");
  g_autoptr(TestChild) child = holder_of ("killed");
  g_autoptr(GPtrArray) infos = NULL;

  test_child_kill (child);
  infos = shmooze_region_list (NULL);
  g_assert_cmpuint (infos->len, ==, 0);
  g_assert_false (is_there (path));
}

static void
test_killed_create (void)
{
  g_test_summary ("After the last holder was killed, creating works, with zeros.");

  g_autoptr(TestChild) child = holder_of ("killed");
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;

  test_child_kill (child);
  region = create ("killed", 200);
  view = view_of (region, 0, 0, READ);
  check_zeros (shmooze_view_get_data (view), 200);
}

static void
test_killed_create_or_open (void)
{
  g_test_summary ("After the last holder was killed, create-or-open creates.");

  g_autoptr(TestChild) child = holder_of ("killed");
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;
  gboolean created = FALSE;

  test_child_kill (child);
  region = shmooze_region_create_or_open ("killed", 200, RW, &created, NULL);
  g_assert_true (created);
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 200);
  view = view_of (region, 0, 0, READ);
  check_zeros (shmooze_view_get_data (view), 200);
}

static void
test_exit_without_close (void)
{
  g_test_summary ("A process that ends without closing leaves no name.");

  g_autofree char *path = test_path ("exited");
  g_autoptr(TestChild) child = test_child_new ("hold", "exited", "exit", NULL);

  test_child_expect (child, "holding");
  g_assert_true (is_there (path));
  g_assert_cmpint (test_child_wait (child), ==, 0);
  g_assert_false (is_there (path));
}

static void
test_stopped_holder (void)
{
  g_test_summary ("A stopped process is still a holder.");

  g_autoptr(TestChild) child = holder_of ("stopped");
  g_autoptr(GPtrArray) infos = NULL;

  test_child_stop (child);
  g_object_unref (open_region ("stopped"));
  infos = shmooze_region_list (NULL);
  g_assert_cmpuint (infos->len, ==, 1);
  check_no_creation ("stopped", 1, RW, G_IO_ERROR_EXISTS, NULL);
  test_child_go_on (child);
  test_child_wait (child);
  check_absent ("stopped");
}

/* Killed, but not waited for yet. */
static void
test_zombie (void)
{
  g_test_summary ("A zombie is not a holder.");

  g_autoptr(TestChild) child = holder_of ("haunted");
  g_autoptr(ShmoozeRegion) region = NULL;
  siginfo_t info;

  g_assert_cmpint (kill (test_child_get_pid (child), SIGKILL), ==, 0);
  g_assert_cmpint (waitid (P_PID, (id_t) test_child_get_pid (child), &info, WEXITED | WNOWAIT), ==, 0);
  check_absent ("haunted");
  region = create ("haunted", 10);
  g_assert_cmpint (kill (test_child_get_pid (child), 0), ==, 0);  /* still a zombie */
}

static void
test_remove_under_holder (void)
{
  g_test_summary ("A name can be removed while there are holders, which keep the memory.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("removed", 10);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), late = NULL;

  g_assert_true (shmooze_region_remove ("removed", &error));
  g_assert_no_error (error);
  check_absent ("removed");
  strcpy (shmooze_view_get_data (view), "goes on");
  late = view_of (region, 0, 0, READ);
  g_assert_cmpstr (shmooze_view_get_data (late), ==, "goes on");
}

static void
test_remove_twice (void)
{
  g_test_summary ("A name cannot be removed twice.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("removed", 10);

  g_assert_true (shmooze_region_remove ("removed", &error));
  g_assert_false (shmooze_region_remove ("removed", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "removed", NULL);
}

static void
test_remove_and_anew (void)
{
  g_test_summary ("After a removal the name can be created anew, and closing the old region does not remove it.");

  g_autoptr(ShmoozeRegion) region = create ("removed", 10), again = NULL, third = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), again_view = NULL;

  strcpy (shmooze_view_get_data (view), "old");
  g_assert_true (shmooze_region_remove ("removed", NULL));
  again = create ("removed", 20);
  again_view = view_of (again, 0, 0, READ);
  check_zeros (shmooze_view_get_data (again_view), 20);
  g_clear_object (&view);
  g_clear_object (&region);
  third = open_region ("removed");  /* closing the old region did not remove the new name */
  g_assert_cmpuint (shmooze_region_get_capacity (third), ==, 20);
}

static void
test_remove_others (void)
{
  g_test_summary ("Another process can remove the name of a region that this one holds.");

  g_autoptr(TestChild) child = holder_of ("theirs");

  g_assert_true (shmooze_region_remove ("theirs", NULL));
  check_absent ("theirs");
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

/* A child talks back through the region. */
static void
answer (int    argc,
        char **argv)
{
  g_autoptr(ShmoozeRegion) region = open_region (argv[0]);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 1000);
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "question");
  strcpy (shmooze_view_get_data (view), "answer");
  test_say ("answered");
  g_free (test_hear ());
}

static void
test_both_ways (void)
{
  g_test_summary ("Two processes see each other's bytes, both ways.");

  g_autoptr(ShmoozeRegion) region = create ("talk", 1000);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(TestChild) child = NULL;

  strcpy (shmooze_view_get_data (view), "question");
  child = test_child_new ("answer", "talk", NULL);
  test_child_expect (child, "answered");
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "answer");
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_creator_dies (void)
{
  g_test_summary ("A holder keeps the bytes when their creator is killed.");

  g_autoptr(TestChild) child = holder_of ("inherited");
  g_autoptr(ShmoozeRegion) region = open_region ("inherited"), late = NULL;
  g_autoptr(ShmoozeView) view = NULL;

  test_child_kill (child);
  view = view_of (region, 0, 0, READ);
  g_assert_cmpint (((char *) shmooze_view_get_data (view))[99], ==, 'x');
  late = open_region ("inherited");
}

static void
in_child_close (gpointer data)
{
  ShmoozeRegion *region = ((gpointer *) data)[0];
  ShmoozeView *view = ((gpointer *) data)[1];

  if (strcmp (shmooze_view_get_data (view), "inherited") != 0)
    _exit (1);
  shmooze_view_close (view);
  shmooze_region_close (region);
  g_object_unref (view);
  g_object_unref (region);
}

static void
test_fork_closes (void)
{
  g_test_summary ("A forked child that closes inherited regions does not affect its parent.");

  g_autoptr(ShmoozeRegion) region = create ("forked", 100), other = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  gpointer both[] = { region, view };

  strcpy (shmooze_view_get_data (view), "inherited");
  g_assert_cmpint (test_in_fork (in_child_close, both), ==, 0);
  other = open_region ("forked");
  g_assert_true (is_there (shmooze_region_get_path (region)));
}

#if !TEST_SLOW
static void
in_child_exit (gpointer data)
{
  if (freopen ("/dev/null", "w", stdout) == NULL)
    _exit (1);
  exit (0);  /* with the destructors */
}
#endif

static void
test_fork_exits (void)
{
  g_test_summary ("A forked child that ends does not affect its parent.");

  #if TEST_SLOW
  g_test_skip ("the sanitizers have destructors of their own");
#else
  g_autoptr(ShmoozeRegion) region = create ("forked", 100), other = NULL;

  g_assert_cmpint (test_in_fork (in_child_exit, NULL), ==, 0);
  other = open_region ("forked");
  g_assert_true (is_there (shmooze_region_get_path (region)));
#endif
}

static void
test_fork_is_no_holder (void)
{
  g_test_summary ("A forked child that outlives its parent does not keep names alive.");

  g_autofree char *path = test_path ("forked");
  g_autoptr(ShmoozeRegion) region = create ("forked", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  int ends[2], status;
  pid_t pid;

  g_assert_cmpint (pipe (ends), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      char byte;

      close (ends[1]);
      _exit (read (ends[0], &byte, 1) == 0 ? 0 : 1);
    }
  g_clear_object (&view);
  g_clear_object (&region);
  g_assert_false (is_there (path));
  check_absent ("forked");
  region = create ("forked", 50);

  close (ends[0]);
  close (ends[1]);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

/* Creates the region, forks, and waits to be killed. */
static void
hold_and_fork (int    argc,
               char **argv)
{
  g_autoptr(ShmoozeRegion) region = create (argv[0], 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  fork ();
  test_say ("holding");
  g_free (test_hear ());
  _exit (0);
}

static void
test_fork_of_killed (void)
{
  g_test_summary ("A forked child of a killed holder does not keep names alive.");

  g_autoptr(TestChild) child = test_child_new ("hold-and-fork", "orphaned", NULL);
  g_autoptr(ShmoozeRegion) region = NULL;

  test_child_expect (child, "holding");
  test_child_expect (child, "holding");
  test_child_kill (child);
  check_absent ("orphaned");  /* while the grandchild lives */
  region = create ("orphaned", 10);
}

static void
in_child_create (gpointer data)
{
  g_autoptr(ShmoozeRegion) region = shmooze_region_create ("child's", 10, RW, NULL);
  g_autofree char *path = test_path ("child's");

  if (region == NULL || !is_there (path))
    _exit (1);
  g_clear_object (&region);
  if (is_there (path))
    _exit (2);
}

static void
test_fork_creates (void)
{
  g_test_summary ("A forked child can have regions of its own.");

  g_autoptr(ShmoozeRegion) region = create ("forked", 100);

  g_assert_cmpint (test_in_fork (in_child_create, NULL), ==, 0);
}

static void
test_no_descriptor_leaks (void)
{
  g_test_summary ("Neither success nor failure leaves descriptors open.");

  guint before = test_count_fds ();

  for (guint i = 0; i < 50; i++)
    {
      g_autoptr(ShmoozeRegion) region = create ("counted", 100), other = open_as ("counted", READ);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

      check_no_creation ("counted", 1, RW, G_IO_ERROR_EXISTS, NULL);
      check_no_creation ("beyond", G_GUINT64_CONSTANT (1) << 45, RW, G_IO_ERROR_NO_SPACE, NULL);
      check_absent ("nobody");
    }
  g_assert_cmpuint (test_count_fds (), ==, before);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("hold", hold);
  test_child_role ("answer", answer);
  test_child_role ("hold-and-fork", hold_and_fork);
  test_init (&argc, &argv);

  test_add ("/lifetime/close", test_close);
  test_add ("/lifetime/close-twice", test_close_twice);
  test_add ("/lifetime/closed", test_closed);
  test_add ("/lifetime/last-reference", test_last_reference);
  test_add ("/lifetime/last-holder", test_last_holder);
  test_add ("/lifetime/anew", test_anew);
  test_add ("/lifetime/view/outlives-close", test_view_outlives_close);
  test_add ("/lifetime/view/holds", test_view_holds);
  test_add ("/lifetime/view/last", test_last_view);
  test_add ("/lifetime/view/close-twice", test_view_close_twice);
  test_add ("/lifetime/stream-holds", test_stream_holds);
  test_add ("/lifetime/remove/under-holder", test_remove_under_holder);
  test_add ("/lifetime/remove/twice", test_remove_twice);
  test_add ("/lifetime/remove/and-anew", test_remove_and_anew);
  test_add ("/lifetime/remove/others", test_remove_others);
  test_add ("/lifetime/no-descriptor-leaks", test_no_descriptor_leaks);
  test_add ("/processes/both-ways", test_both_ways);
  test_add ("/processes/last-one", test_last_process);
  test_add ("/processes/opener-ends", test_opener_ends);
  test_add ("/processes/creator-dies", test_creator_dies);
  test_add ("/processes/exit-without-close", test_exit_without_close);
  test_add ("/processes/killed/opener", test_killed_opener);
  test_add ("/processes/killed/then-open", test_killed_open);
  test_add ("/processes/killed/then-list", test_killed_list);
  test_add ("/processes/killed/then-create", test_killed_create);
  test_add ("/processes/killed/then-create-or-open", test_killed_create_or_open);
  test_add ("/processes/stopped", test_stopped_holder);
  test_add ("/processes/zombie", test_zombie);
  test_add ("/processes/fork/closes", test_fork_closes);
  test_add ("/processes/fork/exits", test_fork_exits);
  test_add ("/processes/fork/no-holder", test_fork_is_no_holder);
  test_add ("/processes/fork/of-killed", test_fork_of_killed);
  test_add ("/processes/fork/creates", test_fork_creates);

  return test_run ();
}
