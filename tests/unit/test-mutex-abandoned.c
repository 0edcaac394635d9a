/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Owners that die or fork */

#include "lib/test-region.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>


/* -- Abandoned ----------------------------------------------------------------------------- */

static void
test_abandoned_by_kill (void)
{
  g_test_summary ("If the owner is killed, the next lock reports that the mutex was abandoned.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("killed");
  g_autoptr(TestChild) child = test_locker_new ("killed");

  test_child_ask (child, "lock 0", "acquired");
  test_child_kill (child);
  test_mutex_lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);  /* the mutex is owned */
  test_mutex_unlock (mutex);
}

static void
test_abandoned_by_drop (void)
{
  g_test_summary ("Dropping the object that owns a mutex abandons the mutex.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("dropped"), owner = test_mutex_create ("dropped");

  test_mutex_lock (owner, 0, SHMOOZE_LOCK_ACQUIRED);
  g_clear_object (&owner);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ABANDONED);
}

static void
test_abandoned_by_exit (void)
{
  g_test_summary ("A process that exits while it owns a mutex abandons it.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("left");
  g_autoptr(TestChild) child = test_locker_new ("left");

  test_child_ask (child, "lock 0", "acquired");
  test_child_tell (child, "end");
  g_assert_cmpint (test_child_wait (child), ==, 0);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ABANDONED);
}

static void
test_abandoned_by_creator (void)
{
  g_test_summary ("A mutex is abandoned if the process that created it dies as its initial owner.");

  g_autoptr(TestChild) creator = test_child_new ("locker", "creator", NULL);
  g_autoptr(ShmoozeMutex) mutex = NULL;

  test_child_ask (creator, "create-owned", "created");
  mutex = test_mutex_create ("creator");
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  test_child_kill (creator);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ABANDONED);
}

static void
test_abandoned_once (void)
{
  g_test_summary ("An abandoned mutex is reported once.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("once"), other = test_mutex_create ("once");
  g_autoptr(TestChild) child = test_locker_new ("once");

  test_child_ask (child, "lock 0", "acquired");
  test_child_kill (child);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ABANDONED);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_pass (other, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_abandoned_again (void)
{
  g_test_summary ("A mutex can be abandoned repeatedly.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("again");
  g_autoptr(TestChild) first = test_locker_new ("again"), second = test_locker_new ("again");

  test_child_ask (first, "lock 0", "acquired");
  test_child_kill (first);
  test_child_ask (second, "lock 0", "abandoned");
  test_child_kill (second);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ABANDONED);
}

static void
test_not_abandoned_after_unlock (void)
{
  g_test_summary ("A mutex that was unlocked before its owner died is not abandoned.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("tidy");
  g_autoptr(TestChild) child = test_locker_new ("tidy");

  test_child_ask (child, "lock 0", "acquired");
  test_child_ask (child, "unlock", "done");
  test_child_kill (child);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_killed_waiter (void)
{
  g_test_summary ("A process that is killed while it waits does not abandon the mutex.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create_owned ("waiter"), other = test_mutex_create ("waiter");
  g_autoptr(TestChild) child = test_locker_new ("waiter");

  test_child_ask (child, "wait", "waiting");
  test_child_kill (child);
  test_mutex_fail_to_lock (other, 0, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_unlock (mutex);
  test_mutex_pass (other, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_abandoned_to_one (void)
{
  g_test_summary ("Of several processes that lock an abandoned mutex, the first one learns it.");

  g_autoptr(TestChild) owner = NULL;
  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = test_mutex_create ("heirs");
  TestChild *heirs[4];
  guint n_abandoned = 0;

  owner = test_locker_new ("heirs");
  test_child_ask (owner, "lock 0", "acquired");
  for (gsize i = 0; i < G_N_ELEMENTS (heirs); i++)
    {
      heirs[i] = test_locker_new ("heirs");
      test_child_ask (heirs[i], "lock 0", "would-block");
    }
  test_child_kill (owner);
  for (gsize i = 0; i < G_N_ELEMENTS (heirs); i++)
    {
      g_autofree char *how = NULL;

      test_child_tell (heirs[i], "lock -1");
      how = test_child_hear (heirs[i]);
      if (strcmp (how, "abandoned") == 0)
        n_abandoned++;
      else
        g_assert_cmpstr (how, ==, "acquired");
      test_child_ask (heirs[i], "unlock", "done");
    }
  g_assert_cmpuint (n_abandoned, ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (heirs); i++)
    {
      test_child_wait (heirs[i]);
      test_child_free (heirs[i]);
    }
}

static void
test_zombie_owner (void)
{
  g_test_summary ("The mutex of a zombie process is abandoned.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("zombie");
  g_autoptr(TestChild) child = test_locker_new ("zombie");
  siginfo_t info;

  test_child_ask (child, "lock 0", "acquired");
  kill (test_child_get_pid (child), SIGKILL);
  g_assert_cmpint (waitid (P_PID, (id_t) test_child_get_pid (child), &info, WEXITED | WNOWAIT), ==, 0);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ABANDONED);
}

/* -- Killed at any moment ------------------------------------------------------------------ */

/* Shared by the processes that take turns: the one that is inside, to detect a second one. */
typedef struct
{
  guint64 inside;
  guint64 n_abandoned;
} Turns;

static void
take_turn (ShmoozeMutex *mutex,
           ShmoozeView  *view,
           guint64       who)
{
  volatile Turns *turns = shmooze_view_get_data (view);
  g_autoptr(GError) error = NULL;
  ShmoozeLockResult result = shmooze_mutex_lock (mutex, -1, NULL, &error);

  g_assert_no_error (error);
  if (result == SHMOOZE_LOCK_ABANDONED)
    turns->n_abandoned++;
  else
    g_assert_cmpuint (turns->inside, ==, 0);
  turns->inside = who;
  sched_yield ();
  g_assert_cmpuint (turns->inside, ==, who);
  turns->inside = 0;
  test_mutex_unlock (mutex);
}

static void
intruder_role (int    argc,
               char **argv)
{
  g_autoptr(ShmoozeMutex) mutex = test_mutex_create (argv[0]);
  g_autoptr(ShmoozeRegion) region = open_region (argv[0]);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  test_say ("ready");
  for (;;)
    take_turn (mutex, view, (guint64) getpid ());
}

static TestChild *
intruder_new (void)
{
  TestChild *child = test_child_new ("intruder", "fire", NULL);

  test_child_expect (child, "ready");
  return child;
}

static void
intruder_kill (TestChild *child)
{
  int status;

  test_child_kill (child);
  status = test_child_wait (child);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);  /* not by a failed assertion */
  test_child_free (child);
}

/* After ACQUIRED no process was killed inside, and there are never two processes inside. */
static void
test_killed_anywhere (void)
{
  g_test_summary ("An owner killed at any moment leaves a mutex that the next process can lock.");

  const guint n_rounds = TEST_SLOW ? 20 : 150;
  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("fire");
  g_autoptr(ShmoozeRegion) region = create ("fire", sizeof (Turns));
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  volatile Turns *turns;
  TestChild *children[4];

  turns = shmooze_view_get_data (view);
  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    children[i] = intruder_new ();
  for (guint round = 0; round < n_rounds; round++)
    {
      gsize victim = round % G_N_ELEMENTS (children);

      /* Half of the processes are killed at any moment, half of them inside or while they leave. */
      for (gint i = g_test_rand_int_range (0, 8); i > 0; i--)
        take_turn (mutex, view, 1);
      if (g_test_rand_bit ())
        while (turns->inside != (guint64) test_child_get_pid (children[victim]))
          {
            victim = (victim + 1) % G_N_ELEMENTS (children);
            sched_yield ();
          }
      intruder_kill (children[victim]);
      children[victim] = intruder_new ();
    }
  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    intruder_kill (children[i]);
  take_turn (mutex, view, 1);
  g_test_message ("of %u killed, %u were inside", n_rounds, (guint) turns->n_abandoned);
  g_assert_cmpuint (turns->n_abandoned, >, 0);
}

/* -- Forked children ----------------------------------------------------------------------- */

static void
misuse_in_fork (gpointer data)
{
  ShmoozeMutex *mutex = data;
  g_autoptr(ShmoozeMutex) own = NULL;

  test_mutex_fail_to_unlock (mutex, G_IO_ERROR_NOT_SUPPORTED);
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_NOT_SUPPORTED);
  test_mutex_fail_to_lock (mutex, -1, G_IO_ERROR_NOT_SUPPORTED);

  own = test_mutex_create (shmooze_mutex_get_name (mutex));
  test_mutex_fail_to_lock (own, 0, G_IO_ERROR_WOULD_BLOCK);
  g_object_unref (mutex);
}

static void
test_fork_detached (void)
{
  g_test_summary ("A forked child does not own its parent's mutex.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create_owned ("forked");
  g_autoptr(TestChild) child = test_locker_new ("forked");

  g_assert_cmpint (test_in_fork (misuse_in_fork, mutex), ==, 0);
  test_child_ask (child, "lock 0", "would-block");
  test_mutex_unlock (mutex);
  test_child_ask (child, "lock 0", "acquired");
  test_child_ask (child, "unlock", "done");
}

static void
idle_in_fork (gpointer data)
{
  ShmoozeMutex *mutex = data;

  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_NOT_SUPPORTED);
  g_object_unref (mutex);
}

static void
test_fork_unowned (void)
{
  g_test_summary ("A forked child cannot use the mutex object that it inherited.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("forked-idle");

  g_assert_cmpint (test_in_fork (idle_in_fork, mutex), ==, 0);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_fork_outlives_owner (void)
{
  g_test_summary ("A forked child does not keep the lock of its parent after the parent dies.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("orphan");
  g_autoptr(TestChild) child = test_locker_new ("orphan");

  test_child_ask (child, "lock 0", "acquired");
  test_child_ask (child, "fork", "done");
  test_child_kill (child);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ABANDONED);
}

static void
test_fork_keeps_no_name (void)
{
  g_test_summary ("A forked child does not keep the name of a mutex alive.");

  g_autoptr(TestChild) child = test_child_new ("locker", "orphan-name", NULL);
  g_autoptr(ShmoozeMutex) mutex = NULL;

  test_child_ask (child, "create-owned", "created");
  test_child_ask (child, "fork", "done");
  test_child_kill (child);
  test_mutex_check_absent ("orphan-name");
  mutex = test_mutex_create_owned ("orphan-name");
  test_mutex_unlock (mutex);
}

/* -- Equal process IDs --------------------------------------------------------------------- */

/* A locker in its own PID namespace, where its ID is 1. */
static void
boxed_role (int    argc,
            char **argv)
{
  g_autofree char *map = g_strdup_printf ("%u %u 1", (guint) geteuid (), (guint) geteuid ());
  gboolean root = geteuid () == 0;
  pid_t pid;

  if (unshare (root ? CLONE_NEWPID : CLONE_NEWPID | CLONE_NEWUSER) < 0 ||
      (!root && !g_file_set_contents_full ("/proc/self/uid_map", map, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL)))
    {
      test_say ("cannot");
      return;
    }
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      test_say ("%d", (int) getpid ());
      test_locker_role (argc, argv);
      _exit (0);
    }
  test_say ("%d", (int) pid);
  waitpid (pid, NULL, 0);
  _exit (0);  /* a PID namespace without process 1 allows no more processes, not even that of the leak checker */
}

/* Returns the ID of the process as the test sees it, or 0. Inside of the namespace it is 1. */
static GPid
boxed_start (TestChild **child)
{
  g_autofree char *one = NULL, *two = NULL;

  *child = test_child_new ("boxed", "boxed", NULL);
  one = test_child_hear (*child);
  if (strcmp (one, "cannot") == 0)
    return 0;
  two = test_child_hear (*child);  /* in any order */
  g_assert_true ((strcmp (one, "1") == 0) != (strcmp (two, "1") == 0));
  test_child_ask (*child, "create", "opened");
  return atoi (strcmp (one, "1") == 0 ? two : one);
}

static void
boxed_kill (TestChild *child,
            GPid       pid)
{
  kill (pid, SIGKILL);
  g_assert_cmpint (test_child_wait (child), ==, 0);  /* which reaps its child */
}

static void
test_equal_pids (void)
{
  g_test_summary ("A mutex works between PID namespaces in which all processes have the same ID.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("boxed");
  g_autoptr(TestChild) owner = NULL, waiter = NULL, other = NULL;
  GPid owner_pid = boxed_start (&owner);
  GPid waiter_pid, other_pid;

  if (owner_pid == 0)
    {
      g_test_skip ("this user cannot create PID namespaces");
      return;
    }
  waiter_pid = boxed_start (&waiter);
  other_pid = boxed_start (&other);

  test_child_ask (owner, "lock 0", "acquired");
  test_child_ask (waiter, "lock 0", "would-block");
  test_child_ask (waiter, "unlock", "permission-denied");
  test_child_ask (other, "lock 1000", "timed-out");

  /* The death of a waiter is not taken for that of the owner with the same ID. */
  test_child_ask (waiter, "wait", "waiting");
  boxed_kill (waiter, waiter_pid);
  test_child_ask (other, "lock 0", "would-block");
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  test_child_ask (owner, "unlock", "done");
  test_child_ask (other, "lock 0", "acquired");
  test_child_ask (other, "unlock", "done");

  /* The death of the owner is noticed although others with its ID are alive. */
  test_child_ask (owner, "lock 0", "acquired");
  boxed_kill (owner, owner_pid);
  test_child_ask (other, "lock 0", "abandoned");
  boxed_kill (other, other_pid);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ABANDONED);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("locker", test_locker_role);
  test_child_role ("boxed", boxed_role);
  test_child_role ("intruder", intruder_role);
  test_init (&argc, &argv);

  test_add ("/mutex-abandoned/by-kill", test_abandoned_by_kill);
  test_add ("/mutex-abandoned/by-drop", test_abandoned_by_drop);
  test_add ("/mutex-abandoned/by-exit", test_abandoned_by_exit);
  test_add ("/mutex-abandoned/by-creator", test_abandoned_by_creator);
  test_add ("/mutex-abandoned/told-once", test_abandoned_once);
  test_add ("/mutex-abandoned/again", test_abandoned_again);
  test_add ("/mutex-abandoned/told-to-one", test_abandoned_to_one);
  test_add ("/mutex-abandoned/not-abandoned-after-unlock", test_not_abandoned_after_unlock);
  test_add ("/mutex-abandoned/killed-waiter-abandons-nothing", test_killed_waiter);
  test_add ("/mutex-abandoned/killed-anywhere", test_killed_anywhere);
  test_add ("/mutex-abandoned/zombie-owner-is-dead", test_zombie_owner);
  test_add ("/mutex-abandoned/fork-detaches-owner", test_fork_detached);
  test_add ("/mutex-abandoned/fork-detaches-idle", test_fork_unowned);
  test_add ("/mutex-abandoned/fork-does-not-keep-lock", test_fork_outlives_owner);
  test_add ("/mutex-abandoned/fork-does-not-keep-name", test_fork_keeps_no_name);
  test_add ("/mutex-abandoned/equal-pids", test_equal_pids);

  return test_run ();
}
