/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Objects, threads and processes that lock the same mutex. */

#include "lib/test-region.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define MSEC G_GINT64_CONSTANT (1000)

/* -- Locking ------------------------------------------------------------------------------- */

static void
test_lock_unlock (void)
{
  g_test_summary ("A mutex can be locked and unlocked repeatedly.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("plain");

  for (guint i = 0; i < 100; i++)
    {
      test_mutex_lock (mutex, i % 3 == 0 ? -1 : i % 3 == 1 ? 0 : G_USEC_PER_SEC, SHMOOZE_LOCK_ACQUIRED);
      test_mutex_unlock (mutex);
    }
}

static void
test_try (void)
{
  g_test_summary ("A time-out of 0 does not wait.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("try");
  g_autoptr(TestChild) child = test_locker_new ("try");

  test_child_ask (child, "lock 0", "acquired");
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  test_child_ask (child, "unlock", "done");
  test_mutex_lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  test_child_ask (child, "lock 0", "would-block");
  test_mutex_unlock (mutex);
}

static void
test_timed_out (void)
{
  g_test_summary ("A wait with a time-out fails with TIMED_OUT, and not before the time-out.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("timed"), mutex = test_mutex_create ("timed");
  const gint64 timeouts[] = { 1, 999, 1000, 1001, 40 * MSEC };

  for (gsize i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      gint64 begun = g_get_monotonic_time ();

      test_mutex_fail_to_lock (mutex, timeouts[i], G_IO_ERROR_TIMED_OUT);
      g_assert_cmpint (g_get_monotonic_time () - begun, >=, timeouts[i]);
    }
  test_mutex_unlock (owner);
  test_mutex_lock (mutex, 1, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_unlock (mutex);
}

static void
test_huge_timeout (void)
{
  g_test_summary ("A time-out beyond the range of the clock waits indefinitely.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("huge"), mutex = test_mutex_create ("huge");
  TestMutexAnswer answer = { 0 };

  shmooze_mutex_lock_async (mutex, G_MAXINT64, NULL, test_mutex_on_answer, &answer);
  test_let_run (40);
  g_assert_false (answer.done);
  test_mutex_unlock (owner);
  test_mutex_check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_unlock (mutex);
}

static void
test_two_objects (void)
{
  g_test_summary ("Two objects of the same name exclude each other.");

  g_autoptr(ShmoozeMutex) one = test_mutex_create ("objects"), two = test_mutex_create ("objects");

  test_mutex_lock (one, 0, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_fail_to_lock (two, 0, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_fail_to_lock (two, 2 * MSEC, G_IO_ERROR_TIMED_OUT);
  test_mutex_unlock (one);
  test_mutex_lock (two, 0, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_fail_to_lock (one, 0, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_unlock (two);
}

static void
test_drop_beside_owner (void)
{
  g_test_summary ("Dropping an object that does not own the mutex does not release the owner's lock.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("beside"), other = test_mutex_create ("beside");
  g_autoptr(TestChild) child = test_locker_new ("beside");

  g_clear_object (&other);
  test_child_ask (child, "lock 0", "would-block");
  test_mutex_unlock (owner);
  test_child_ask (child, "lock 0", "acquired");
}

static void
test_recursion (void)
{
  g_test_summary ("Locking again through the same object fails with PENDING and does not hang.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("again");

  test_mutex_lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  test_mutex_fail_to_lock (mutex, G_USEC_PER_SEC, G_IO_ERROR_PENDING);
  test_mutex_fail_to_lock (mutex, -1, G_IO_ERROR_PENDING);
  test_mutex_unlock (mutex);  /* locks are not counted */
  test_mutex_fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);
}

static void
test_foreign_unlock (void)
{
  g_test_summary ("An object that does not own the mutex cannot unlock it.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("foreign"), other = test_mutex_create ("foreign");
  g_autoptr(TestChild) child = test_locker_new ("foreign");

  test_mutex_fail_to_unlock (other, G_IO_ERROR_PERMISSION_DENIED);
  test_child_ask (child, "unlock", "permission-denied");
  test_child_ask (child, "lock 0", "would-block");
  test_mutex_fail_to_lock (other, 0, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_unlock (owner);
}

static void
test_unlock_twice (void)
{
  g_test_summary ("Unlocking a mutex twice fails.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create_owned ("twice"), other = test_mutex_create ("twice");

  test_mutex_unlock (mutex);
  test_mutex_lock (other, 0, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_unlock (other);
}

static void
test_cancelled_before (void)
{
  g_test_summary ("A lock that was cancelled beforehand fails and does not lock.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("cancelled");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  const gint64 timeouts[] = { 0, G_USEC_PER_SEC, -1 };

  g_cancellable_cancel (cancellable);
  for (gsize i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (shmooze_mutex_lock (mutex, timeouts[i], cancellable, &error), ==, SHMOOZE_LOCK_FAILED);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
    }
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_cancellable_unused (void)
{
  g_test_summary ("Cancelling after the lock has no effect.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("unused");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (shmooze_mutex_lock (mutex, -1, cancellable, &error), ==, SHMOOZE_LOCK_ACQUIRED);
  g_cancellable_cancel (cancellable);  /* too late to have an effect */
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  test_mutex_unlock (mutex);
}

/* -- Threads ------------------------------------------------------------------------------- */

/* A thread that waits for the mutex */
typedef struct
{
  pthread_t          thread;
  ShmoozeMutex      *mutex;
  gint64             timeout_usec;
  GCancellable      *cancellable;
  ShmoozeLockResult  result;
  GError            *error;
} Waiter;

static void *
wait_in_thread (void *data)
{
  Waiter *self = data;

  /* The attempts in waiter_start() can collide with this one. */
  do
    {
      g_clear_error (&self->error);
      self->result = shmooze_mutex_lock (self->mutex, self->timeout_usec, self->cancellable, &self->error);
    }
  while (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_PENDING));
  return NULL;
}

/* Returns once the thread is waiting. Another object must own the mutex. */
static void
waiter_start (Waiter       *self,
              ShmoozeMutex *mutex,
              gint64        timeout_usec,
              GCancellable *cancellable)
{
  gboolean waiting = FALSE;

  *self = (Waiter) { .mutex = mutex, .timeout_usec = timeout_usec, .cancellable = cancellable };
  g_assert_cmpint (pthread_create (&self->thread, NULL, wait_in_thread, self), ==, 0);
  while (!waiting)
    {
      g_autoptr(GError) error = NULL;

      shmooze_mutex_lock (mutex, 0, NULL, &error);
      waiting = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING);
      if (!waiting)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      sched_yield ();
    }
}

static void
waiter_join (Waiter *self)
{
  pthread_join (self->thread, NULL);
}

static void
test_wait_for_process (void)
{
  g_test_summary ("A waiting thread gets the mutex when another process unlocks it.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("wait");
  g_autoptr(TestChild) child = test_locker_new ("wait");
  Waiter waiter;

  test_child_ask (child, "lock 0", "acquired");
  waiter_start (&waiter, mutex, -1, NULL);
  test_child_ask (child, "unlock", "done");
  waiter_join (&waiter);
  g_assert_no_error (waiter.error);
  g_assert_cmpint (waiter.result, ==, SHMOOZE_LOCK_ACQUIRED);
  test_child_ask (child, "lock 0", "would-block");
  test_mutex_unlock (mutex);
}

static void
test_wait_for_death (void)
{
  g_test_summary ("A waiting thread gets the mutex when its owner dies.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("wait-death");
  g_autoptr(TestChild) child = test_locker_new ("wait-death");
  Waiter waiter;

  test_child_ask (child, "lock 0", "acquired");
  waiter_start (&waiter, mutex, -1, NULL);
  test_child_kill (child);
  waiter_join (&waiter);
  g_assert_no_error (waiter.error);
  g_assert_cmpint (waiter.result, ==, SHMOOZE_LOCK_ABANDONED);
  test_mutex_unlock (mutex);
}

static void
test_cancel_during (void)
{
  g_test_summary ("A wait can be cancelled from another thread.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("cancel"), mutex = test_mutex_create ("cancel");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Waiter waiter;

  waiter_start (&waiter, mutex, -1, cancellable);
  g_cancellable_cancel (cancellable);
  waiter_join (&waiter);
  g_assert_cmpint (waiter.result, ==, SHMOOZE_LOCK_FAILED);
  g_assert_error (waiter.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&waiter.error);

  /* The cancelled wait has not changed the mutex. */
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_unlock (owner);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_pending_while_waiting (void)
{
  g_test_summary ("While one thread waits for a lock, another call on the object fails with PENDING.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("waiting"), mutex = test_mutex_create ("waiting");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestMutexAnswer answer = { 0 };
  Waiter waiter;

  waiter_start (&waiter, mutex, -1, cancellable);
  test_mutex_fail_to_lock (mutex, -1, G_IO_ERROR_PENDING);
  shmooze_mutex_lock_async (mutex, -1, NULL, test_mutex_on_answer, &answer);
  test_mutex_check_failure (&answer, G_IO_ERROR, G_IO_ERROR_PENDING);
  test_mutex_fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);  /* waiting is not owning */
  g_cancellable_cancel (cancellable);
  waiter_join (&waiter);
  g_clear_error (&waiter.error);
  test_mutex_unlock (owner);
}

static void *
be_second (void *data)
{
  ShmoozeMutex *mutex = data;

  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  test_mutex_fail_to_lock (mutex, -1, G_IO_ERROR_PENDING);
  return NULL;
}

static void *
unlock_in_thread (void *data)
{
  test_mutex_unlock (data);
  return NULL;
}

static void
test_pending_in_thread (void)
{
  g_test_summary ("Another thread that locks the same object fails with PENDING.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create_owned ("thread");

  test_mutex_run_threads (1, be_second, mutex);
  test_mutex_unlock (mutex);
}

static void
test_unlock_in_thread (void)
{
  g_test_summary ("Another thread can unlock the mutex through the object that locked it.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create_owned ("handed"), other = test_mutex_create ("handed");

  test_mutex_run_threads (1, unlock_in_thread, mutex);
  test_mutex_pass (other, SHMOOZE_LOCK_ACQUIRED);
}

static void *
lock_in_thread (void *data)
{
  test_mutex_lock (data, -1, SHMOOZE_LOCK_ACQUIRED);
  return NULL;
}

static void
test_thread_ends (void)
{
  g_test_summary ("The end of the thread that locked the mutex does not abandon it.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("ended"), other = test_mutex_create ("ended");

  test_mutex_run_threads (1, lock_in_thread, mutex);
  test_mutex_fail_to_lock (other, 0, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_unlock (mutex);
  test_mutex_pass (other, SHMOOZE_LOCK_ACQUIRED);
}

#define N_THREADS 6
#define N_THREAD_ROUNDS (TEST_SLOW ? 100 : 500)

static guint64 plain_counter;

static void *
count_in_thread (void *data)
{
  g_autoptr(ShmoozeMutex) mutex = test_mutex_create (data);

  for (guint i = 0; i < N_THREAD_ROUNDS; i++)
    {
      guint64 value;

      test_mutex_lock (mutex, -1, SHMOOZE_LOCK_ACQUIRED);
      value = plain_counter;
      if (i % 16 == 0)
        sched_yield ();
      plain_counter = value + 1;
      test_mutex_unlock (mutex);
    }
  return NULL;
}

/* With the thread sanitizer, this checks that the mutex orders the accesses to the counter. */
static void
test_threads_exclude (void)
{
  g_test_summary ("Threads exclude each other, so that no update is lost.");

  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = test_mutex_create ("threads");

  plain_counter = 0;
  test_mutex_run_threads (N_THREADS, count_in_thread, (void *) "threads");
  g_assert_cmpuint (plain_counter, ==, N_THREADS * N_THREAD_ROUNDS);
}

static void *
snatch_in_thread (void *data)
{
  ShmoozeMutex *mutex = data;

  for (guint i = 0; i < N_THREAD_ROUNDS;)
    {
      g_autoptr(GError) error = NULL;

      if (shmooze_mutex_lock (mutex, 0, NULL, &error) == SHMOOZE_LOCK_FAILED)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
          sched_yield ();
          continue;
        }
      plain_counter++;
      test_mutex_unlock (mutex);
      i++;
    }
  return NULL;
}

static void
test_threads_share_object (void)
{
  g_test_summary ("Of many threads that lock one object, one gets the mutex and the others fail with PENDING.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("shared");

  plain_counter = 0;
  test_mutex_run_threads (N_THREADS, snatch_in_thread, mutex);
  g_assert_cmpuint (plain_counter, ==, N_THREADS * N_THREAD_ROUNDS);
}

/* -- Processes ----------------------------------------------------------------------------- */

static volatile guint64 *
counter_in (ShmoozeView *view)
{
  return shmooze_view_get_data (view);
}

static void
counter_role (int    argc,
              char **argv)
{
  g_autoptr(ShmoozeMutex) mutex = test_mutex_create (argv[0]);
  g_autoptr(ShmoozeRegion) region = open_region (argv[0]);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  guint n = (guint) atoi (argv[1]);

  test_say ("ready");
  g_free (test_hear ());
  for (guint i = 0; i < n; i++)
    {
      guint64 value;

      test_mutex_lock (mutex, -1, SHMOOZE_LOCK_ACQUIRED);
      value = *counter_in (view);
      if (i % 16 == 0)
        sched_yield ();
      *counter_in (view) = value + 1;
      test_mutex_unlock (mutex);
    }
  test_say ("done");
}

static void
test_processes_exclude (void)
{
  g_test_summary ("Processes exclude each other, so that no update is lost.");

  const guint n_rounds = TEST_SLOW ? 200 : 2000;
  g_autofree char *rounds = g_strdup_printf ("%u", n_rounds);
  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = test_mutex_create ("count");
  g_autoptr(ShmoozeRegion) region = create ("count", sizeof (guint64));
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  TestChild *children[8];

  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    {
      children[i] = test_child_new ("counter", "count", rounds, NULL);
      test_child_expect (children[i], "ready");
    }
  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    test_child_tell (children[i], "go");
  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    {
      test_child_expect (children[i], "done");
      g_assert_cmpint (test_child_wait (children[i]), ==, 0);
      test_child_free (children[i]);
    }
  g_assert_cmpuint (*counter_in (view), ==, G_N_ELEMENTS (children) * n_rounds);
}

static void
test_stopped_owner (void)
{
  g_test_summary ("A stopped owner keeps the mutex.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("stopped");
  g_autoptr(TestChild) child = test_locker_new ("stopped");

  test_child_ask (child, "lock 0", "acquired");
  test_child_stop (child);
  test_mutex_fail_to_lock (mutex, 20 * MSEC, G_IO_ERROR_TIMED_OUT);
  test_child_go_on (child);
  test_child_ask (child, "unlock", "done");
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("locker", test_locker_role);
  test_child_role ("counter", counter_role);
  test_init (&argc, &argv);

  test_add ("/mutex-lock/unlock", test_lock_unlock);
  test_add ("/mutex-lock/try", test_try);
  test_add ("/mutex-lock/timed-out", test_timed_out);
  test_add ("/mutex-lock/huge-timeout-is-for-ever", test_huge_timeout);
  test_add ("/mutex-lock/two-objects-exclude", test_two_objects);
  test_add ("/mutex-lock/drop-beside-owner", test_drop_beside_owner);
  test_add ("/mutex-lock/no-recursion", test_recursion);
  test_add ("/mutex-lock/foreign-unlock-refused", test_foreign_unlock);
  test_add ("/mutex-lock/unlock-twice-refused", test_unlock_twice);
  test_add ("/mutex-lock/cancelled-before", test_cancelled_before);
  test_add ("/mutex-lock/cancelled-after", test_cancellable_unused);
  test_add ("/mutex-lock/cancelled-while-waiting", test_cancel_during);
  test_add ("/mutex-lock/wait-for-process", test_wait_for_process);
  test_add ("/mutex-lock/wait-ends-with-owner-death", test_wait_for_death);
  test_add ("/mutex-lock/pending-while-waiting", test_pending_while_waiting);
  test_add ("/mutex-lock/pending-in-other-thread", test_pending_in_thread);
  test_add ("/mutex-lock/unlock-in-other-thread", test_unlock_in_thread);
  test_add ("/mutex-lock/thread-end-abandons-nothing", test_thread_ends);
  test_add ("/mutex-lock/threads-exclude", test_threads_exclude);
  test_add ("/mutex-lock/threads-share-object", test_threads_share_object);
  test_add ("/mutex-lock/processes-exclude", test_processes_exclude);
  test_add ("/mutex-lock/stopped-owner-keeps-it", test_stopped_owner);

  return test_run ();
}
