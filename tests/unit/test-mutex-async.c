/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for a mutex in a main loop */

#include "lib/testlib.h"

#define MSEC G_GINT64_CONSTANT (1000)

static void
test_async (void)
{
  g_test_summary ("An asynchronous lock of a free mutex succeeds.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("async"), other = test_mutex_create ("async");
  TestMutexAnswer answer = { 0 };

  shmooze_mutex_lock_async (mutex, -1, NULL, test_mutex_on_answer, &answer);
  g_assert_false (answer.done);  /* never before the function returns */
  test_mutex_check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_fail_to_lock (other, 0, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_unlock (mutex);
}

static void
test_async_waits (void)
{
  g_test_summary ("An asynchronous lock waits without blocking.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("async-wait");
  g_autoptr(TestChild) child = test_locker_new ("async-wait");
  TestMutexAnswer answer = { 0 };

  test_child_ask (child, "lock 0", "acquired");
  shmooze_mutex_lock_async (mutex, -1, NULL, test_mutex_on_answer, &answer);
  test_let_run (30);
  g_assert_false (answer.done);
  test_child_ask (child, "unlock", "done");
  test_mutex_check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_unlock (mutex);
}

static void
test_async_abandoned (void)
{
  g_test_summary ("An asynchronous lock reports an abandoned mutex.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("async-killed");
  g_autoptr(TestChild) child = test_locker_new ("async-killed");
  TestMutexAnswer answer = { 0 };

  test_child_ask (child, "lock 0", "acquired");
  shmooze_mutex_lock_async (mutex, -1, NULL, test_mutex_on_answer, &answer);
  test_child_kill (child);
  test_mutex_check_answer (&answer, SHMOOZE_LOCK_ABANDONED);
  test_mutex_unlock (mutex);
}

static void
test_async_try (void)
{
  g_test_summary ("An asynchronous lock with time-out 0 fails at once if the mutex is owned.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("async-try"), mutex = test_mutex_create ("async-try");
  TestMutexAnswer answer = { 0 };

  shmooze_mutex_lock_async (mutex, 0, NULL, test_mutex_on_answer, &answer);
  test_mutex_check_failure (&answer, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_unlock (owner);
}

static void
test_async_timed_out (void)
{
  g_test_summary ("An asynchronous lock fails with TIMED_OUT after its time-out.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("async-timed"), mutex = test_mutex_create ("async-timed");
  gint64 begun = g_get_monotonic_time ();
  TestMutexAnswer answer = { 0 };

  shmooze_mutex_lock_async (mutex, 30 * MSEC, NULL, test_mutex_on_answer, &answer);
  test_mutex_check_failure (&answer, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, 30 * MSEC);
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);  /* not PENDING any more */
  test_mutex_unlock (owner);
}

static void
test_async_cancelled_before (void)
{
  g_test_summary ("An asynchronous lock that was cancelled beforehand does not lock.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("async-before");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestMutexAnswer answer = { 0 };

  g_cancellable_cancel (cancellable);
  shmooze_mutex_lock_async (mutex, -1, cancellable, test_mutex_on_answer, &answer);
  test_mutex_check_failure (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_async_cancel (void)
{
  g_test_summary ("Cancelling an asynchronous lock ends it at once.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("async-cancel"), mutex = test_mutex_create ("async-cancel");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestMutexAnswer answer = { 0 };

  shmooze_mutex_lock_async (mutex, -1, cancellable, test_mutex_on_answer, &answer);
  test_let_run (30);
  g_assert_false (answer.done);
  g_cancellable_cancel (cancellable);
  test_settle ();  /* at once, not at the next attempt */
  g_assert_true (answer.done);
  test_mutex_check_failure (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_mutex_unlock (owner);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

/* The caller must learn that the lock was taken, otherwise it would never be unlocked. */
static void
test_async_cancel_late (void)
{
  g_test_summary ("An asynchronous lock that is cancelled after the lock was taken succeeds.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("async-late");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestMutexAnswer answer = { 0 };

  shmooze_mutex_lock_async (mutex, -1, cancellable, test_mutex_on_answer, &answer);
  g_cancellable_cancel (cancellable);
  test_mutex_check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_unlock (mutex);
}

static void
test_async_pending (void)
{
  g_test_summary ("While an asynchronous lock is pending, another call fails with PENDING.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("async-pending");
  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("async-pending");
  TestMutexAnswer first = { 0 }, second = { 0 };

  shmooze_mutex_lock_async (mutex, -1, NULL, test_mutex_on_answer, &first);
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  shmooze_mutex_lock_async (mutex, -1, NULL, test_mutex_on_answer, &second);
  test_mutex_check_failure (&second, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (first.done);
  test_mutex_unlock (owner);
  test_mutex_check_answer (&first, SHMOOZE_LOCK_ACQUIRED);

  shmooze_mutex_lock_async (mutex, -1, NULL, test_mutex_on_answer, &second);
  test_mutex_check_failure (&second, G_IO_ERROR, G_IO_ERROR_PENDING);
  test_mutex_unlock (mutex);
}

static void
on_kept (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  test_mutex_on_answer (source, result, user_data);
  test_mutex_unlock (SHMOOZE_MUTEX (source));
}

static void
test_async_keeps_object (void)
{
  g_test_summary ("A pending asynchronous lock keeps the object alive.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("async-kept");
  ShmoozeMutex *mutex = test_mutex_create ("async-kept");
  TestMutexAnswer answer = { 0 };

  g_object_add_weak_pointer (G_OBJECT (mutex), (gpointer *) &mutex);
  shmooze_mutex_lock_async (mutex, -1, NULL, on_kept, &answer);
  g_object_unref (mutex);
  test_let_run (20);
  g_assert_nonnull (mutex);
  test_mutex_unlock (owner);
  test_mutex_check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  test_wait (mutex == NULL);
  test_mutex_pass (owner, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_async_without_callback (void)
{
  g_test_summary ("An asynchronous lock works without a callback.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("async-mute");

  shmooze_mutex_lock_async (mutex, -1, NULL, NULL, NULL);
  test_settle ();
  test_mutex_unlock (mutex);
}

static void
on_chain (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  ShmoozeMutex *mutex = SHMOOZE_MUTEX (source);
  guint *left = user_data;

  g_assert_cmpint (shmooze_mutex_lock_finish (mutex, result, NULL), ==, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_unlock (mutex);
  if (--*left > 0)
    shmooze_mutex_lock_async (mutex, -1, NULL, on_chain, left);
}

static void
test_async_from_callback (void)
{
  g_test_summary ("A lock can be started in the callback of another one.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("async-chain");
  guint left = 50;

  shmooze_mutex_lock_async (mutex, -1, NULL, on_chain, &left);
  test_wait (left == 0);
}

static guint
count_threads (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

typedef struct
{
  guint    left;
  gboolean inside;
} Crowd;

static void
on_crowd (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Crowd *crowd = user_data;

  g_assert_cmpint (shmooze_mutex_lock_finish (SHMOOZE_MUTEX (source), result, NULL), ==, SHMOOZE_LOCK_ACQUIRED);
  g_assert_false (crowd->inside);
  crowd->inside = TRUE;
  crowd->left--;
  crowd->inside = FALSE;
  test_mutex_unlock (SHMOOZE_MUTEX (source));
}

static void
test_async_many (void)
{
  g_test_summary ("Forty pending asynchronous locks need no thread.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("async-many");
  g_autoptr(GPtrArray) mutexes = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_threads = count_threads ();
  Crowd crowd = { .left = 40 };

  for (guint i = 0; i < crowd.left; i++)
    {
      g_ptr_array_add (mutexes, test_mutex_create ("async-many"));
      shmooze_mutex_lock_async (mutexes->pdata[i], -1, NULL, on_crowd, &crowd);
    }
  test_let_run (20);
  g_assert_cmpuint (crowd.left, ==, 40);
  g_assert_cmpuint (count_threads (), ==, n_threads);
  test_mutex_unlock (owner);
  test_wait (crowd.left == 0);
}

static gboolean
on_over (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_async_is_quiet (void)
{
  g_test_summary ("A pending asynchronous lock wakes the main loop at most every 16 ms in the long run.");

  g_autoptr(ShmoozeMutex) owner = test_mutex_create_owned ("async-quiet"), mutex = test_mutex_create ("async-quiet");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  gboolean over = FALSE;
  TestMutexAnswer answer = { 0 };
  guint n_rounds = 0;

  shmooze_mutex_lock_async (mutex, -1, cancellable, test_mutex_on_answer, &answer);
  g_timeout_add (320, on_over, &over);
  while (!over)
    {
      g_main_context_iteration (NULL, TRUE);
      n_rounds++;
    }
  g_assert_cmpuint (n_rounds, <, 60);  /* 4 + 320 / 16, and a margin */
  g_cancellable_cancel (cancellable);
  test_mutex_check_failure (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_mutex_unlock (owner);
}

static guint64 plain_counter;

static void *
async_in_thread (void *data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(ShmoozeMutex) mutex = NULL;

  g_main_context_push_thread_default (context);
  mutex = test_mutex_create (data);
  for (guint i = 0; i < 30; i++)
    {
      TestMutexAnswer answer = { 0 };

      shmooze_mutex_lock_async (mutex, -1, NULL, test_mutex_on_answer, &answer);
      test_wait (answer.done);
      g_assert_true (answer.thread == g_thread_self ());
      g_assert_no_error (answer.error);
      plain_counter++;
      test_mutex_unlock (mutex);
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_async_contexts (void)
{
  g_test_summary ("Asynchronous locks complete in the main context in which they were started.");

  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = test_mutex_create ("async-contexts");

  plain_counter = 0;
  test_mutex_run_threads (4, async_in_thread, (void *) "async-contexts");
  g_assert_cmpuint (plain_counter, ==, 4 * 30);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("locker", test_locker_role);
  test_init (&argc, &argv);

  test_add ("/mutex-async/unowned", test_async);
  test_add ("/mutex-async/waits", test_async_waits);
  test_add ("/mutex-async/abandoned", test_async_abandoned);
  test_add ("/mutex-async/try", test_async_try);
  test_add ("/mutex-async/timed-out", test_async_timed_out);
  test_add ("/mutex-async/cancelled-before", test_async_cancelled_before);
  test_add ("/mutex-async/cancelled-at-once", test_async_cancel);
  test_add ("/mutex-async/cancelled-too-late", test_async_cancel_late);
  test_add ("/mutex-async/pending", test_async_pending);
  test_add ("/mutex-async/keeps-object", test_async_keeps_object);
  test_add ("/mutex-async/without-callback", test_async_without_callback);
  test_add ("/mutex-async/from-callback", test_async_from_callback);
  test_add ("/mutex-async/many-without-threads", test_async_many);
  test_add ("/mutex-async/is-quiet", test_async_is_quiet);
  test_add ("/mutex-async/in-several-contexts", test_async_contexts);

  return test_run ();
}
