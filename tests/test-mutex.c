/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW SHMOOZE_ACCESS_READ_WRITE
#define MSEC G_GINT64_CONSTANT (1000)

/* -- What the tests are made of ------------------------------------------------------------- */

static ShmoozeMutex *
create (const char *name)
{
  g_autoptr(GError) error = NULL;
  ShmoozeMutex *mutex = shmooze_mutex_create_or_open (name, FALSE, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (SHMOOZE_IS_MUTEX (mutex));
  return mutex;
}

static ShmoozeMutex *
create_owned (const char *name)
{
  g_autoptr(GError) error = NULL;
  gboolean created = FALSE;
  ShmoozeMutex *mutex = shmooze_mutex_create_or_open (name, TRUE, &created, &error);

  g_assert_no_error (error);
  g_assert_true (created);
  return mutex;
}

static void
lock (ShmoozeMutex      *mutex,
      gint64             timeout_usec,
      ShmoozeLockResult  expected)
{
  g_autoptr(GError) error = NULL;
  ShmoozeLockResult result = shmooze_mutex_lock (mutex, timeout_usec, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (result, ==, expected);
}

static void
fail_to_lock (ShmoozeMutex *mutex,
              gint64        timeout_usec,
              GIOErrorEnum  code)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (shmooze_mutex_lock (mutex, timeout_usec, NULL, &error), ==, SHMOOZE_LOCK_FAILED);
  test_check_error (&error, G_IO_ERROR, code, "utex", shmooze_mutex_get_name (mutex), NULL);
}

static void
unlock (ShmoozeMutex *mutex)
{
  g_autoptr(GError) error = NULL;
  gboolean unlocked = shmooze_mutex_unlock (mutex, &error);

  g_assert_no_error (error);
  g_assert_true (unlocked);
}

static void
fail_to_unlock (ShmoozeMutex *mutex,
                GIOErrorEnum  code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_mutex_unlock (mutex, &error));
  test_check_error (&error, G_IO_ERROR, code, "utex", shmooze_mutex_get_name (mutex), NULL);
}

static void
check_absent (const char *name)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_mutex_open (name, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no mutex", name, NULL);
}

static char *
file_of (const char *name)
{
  g_autofree char *relative = g_build_filename ("locks", name, NULL);

  return test_path (relative);
}

/* How an asynchronous lock ended. */
typedef struct
{
  gboolean           done;
  ShmoozeLockResult  result;
  GError            *error;
  GThread           *thread;
} Answer;

static void
on_answer (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Answer *answer = user_data;

  g_assert_false (answer->done);
  answer->result = shmooze_mutex_lock_finish (SHMOOZE_MUTEX (source), result, &answer->error);
  answer->thread = g_thread_self ();
  answer->done = TRUE;
}

static void
check_answer (Answer            *answer,
              ShmoozeLockResult  expected)
{
  test_wait (answer->done);
  g_assert_no_error (answer->error);
  g_assert_cmpint (answer->result, ==, expected);
  *answer = (Answer) { 0 };
}

static void
check_failure (Answer *answer,
               GQuark  domain,
               int     code)
{
  test_wait (answer->done);
  g_assert_cmpint (answer->result, ==, SHMOOZE_LOCK_FAILED);
  g_assert_error (answer->error, domain, code);
  g_clear_error (&answer->error);
  *answer = (Answer) { 0 };
}

/* -- The other processes ------------------------------------------------------------------- */

static const char *
word_of (ShmoozeLockResult  result,
         const GError      *error)
{
  if (result == SHMOOZE_LOCK_FAILED && error->domain == G_IO_ERROR)
    return g_enum_get_value (g_type_class_peek (G_TYPE_IO_ERROR_ENUM), error->code)->value_nick;
  if (result == SHMOOZE_LOCK_FAILED)
    return "failed";
  return result == SHMOOZE_LOCK_ABANDONED ? "abandoned" : "acquired";
}

static void
on_waited (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  ShmoozeLockResult how = shmooze_mutex_lock_finish (SHMOOZE_MUTEX (source), result, &error);

  test_say ("%s", word_of (how, error));
}

/* A process that holds on until its input is closed. */
static void
linger (void)
{
  char byte;

  test_say ("done");
  while (read (STDIN_FILENO, &byte, 1) > 0)
    ;
  _exit (0);
}

/* Does one thing after another with a mutex, and says how each went. */
static void
locker_role (int    argc,
             char **argv)
{
  static ShmoozeMutex *mutex;  /* not dropped at the end: ends of programs are not tidy */
  const char *name = argv[0];
  char *line;

  g_type_class_ref (G_TYPE_IO_ERROR_ENUM);
  while ((line = test_hear ()) != NULL && strcmp (line, "end") != 0)
    {
      g_autoptr(GError) error = NULL;
      gboolean created = FALSE;

      if (g_str_has_prefix (line, "create"))
        {
          mutex = shmooze_mutex_create_or_open (name, strcmp (line, "create-owned") == 0, &created, &error);
          test_say ("%s", mutex == NULL ? error->message : created ? "created" : "opened");
        }
      else if (g_str_has_prefix (line, "lock "))
        {
          ShmoozeLockResult result = shmooze_mutex_lock (mutex, g_ascii_strtoll (line + 5, NULL, 10), NULL, &error);

          test_say ("%s", word_of (result, error));
        }
      else if (strcmp (line, "wait") == 0)
        {
          shmooze_mutex_lock_async (mutex, -1, NULL, on_waited, NULL);
          test_say ("waiting");
        }
      else if (strcmp (line, "unlock") == 0)
        test_say ("%s", shmooze_mutex_unlock (mutex, &error) ? "done" : word_of (SHMOOZE_LOCK_FAILED, error));
      else if (strcmp (line, "drop") == 0)
        {
          g_clear_object (&mutex);
          test_say ("done");
        }
      else if (strcmp (line, "fork") == 0)
        {
          if (fork () == 0)
            linger ();
        }
      else
        g_error ("What is “%s”?", line);
      g_free (line);
    }
  g_free (line);
}

/* The same in a process-id namespace of its own, where it is number 1. */
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
      locker_role (argc, argv);
      _exit (0);
    }
  test_say ("%d", (int) pid);
  waitpid (pid, NULL, 0);
  _exit (0);  /* a namespace without its number 1 allows no more processes, not even the leak checker's */
}

static TestChild *
locker_new (const char *name)
{
  TestChild *child = test_child_new ("locker", name, NULL);

  test_child_tell (child, "create");
  test_child_expect (child, "opened");
  return child;
}

static void
ask (TestChild  *child,
     const char *what,
     const char *answer)
{
  test_child_tell (child, "%s", what);
  test_child_expect (child, answer);
}

/* -- Birth, names -------------------------------------------------------------------------- */

static void
test_create (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  gboolean created = FALSE;
  g_autoptr(ShmoozeMutex) mutex = shmooze_mutex_create_or_open ("made", FALSE, &created, &error);

  g_assert_no_error (error);
  g_assert_true (created);
  g_assert_cmpstr (shmooze_mutex_get_name (mutex), ==, "made");
  g_object_get (mutex, "name", &name, NULL);
  g_assert_cmpstr (name, ==, "made");
  fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);  /* nobody asked to own it */
}

static void
test_create_again (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) first = create ("twice"), second = NULL;
  gboolean created = TRUE;

  second = shmooze_mutex_create_or_open ("twice", FALSE, &created, &error);
  g_assert_no_error (error);
  g_assert_false (created);
  g_assert_true (first != second);
}

static void
test_open (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) maker = create_owned ("known"), mutex = shmooze_mutex_open ("known", &error);

  g_assert_no_error (error);
  fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  unlock (maker);
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

static void
test_open_missing (void)
{
  check_absent ("nobody-made-it");
}

static void
test_names_refused (void)
{
  g_autofree char *long_name = g_strnfill (256, 'n');
  const char *const names[] = { "", ".", "..", "/posix", "a/b", "line\nend", "not \xff UTF-8", long_name };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (shmooze_mutex_create_or_open (names[i], FALSE, NULL, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "cannot be a name", NULL);
      g_assert_null (shmooze_mutex_open (names[i], &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "cannot be a name", NULL);
    }
}

static void
test_names_allowed (void)
{
  g_autofree char *long_name = g_strnfill (255, 'n');
  const char *const names[] = { "a", "with space", "…Ünïcode", ".hidden", "bells", long_name };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(ShmoozeMutex) mutex = create (names[i]);

      g_assert_cmpstr (shmooze_mutex_get_name (mutex), ==, names[i]);
      lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
      unlock (mutex);
    }
}

static void
test_names_are_apart (void)
{
  g_autoptr(ShmoozeMutex) one = create_owned ("one"), two = create ("two"), case_matters = create ("One");

  lock (two, 0, SHMOOZE_LOCK_ACQUIRED);
  lock (case_matters, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (one);
  unlock (two);
  unlock (case_matters);
}

/* A region of the same name is another thing. */
static void
test_beside_region (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) mutex = create_owned ("same");
  g_autoptr(ShmoozeRegion) region G_GNUC_UNUSED = shmooze_region_create ("same", 100, RW, &error);

  g_assert_no_error (error);
  unlock (mutex);
  g_clear_object (&mutex);
  check_absent ("same");
  g_assert_no_error (error);
}

static void
test_private_file (void)
{
  g_autofree char *path = file_of ("private");
  mode_t mask = umask (0);
  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = create ("private");
  struct stat st;

  umask (mask);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
}

static void
test_squatted (void)
{
  g_autoptr(ShmoozeMutex) beside G_GNUC_UNUSED = create ("beside");  /* so that the directory is there */
  g_autoptr(GError) error = NULL;
  g_autofree char *path = file_of ("squatted");

  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  g_assert_null (shmooze_mutex_create_or_open ("squatted", FALSE, NULL, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "Mutex “squatted”", path, NULL);
  g_assert_null (shmooze_mutex_open ("squatted", &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "Mutex “squatted”", path, NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
test_symlink (void)
{
  g_autoptr(ShmoozeMutex) target G_GNUC_UNUSED = create ("target");
  g_autoptr(GError) error = NULL;
  g_autofree char *path = file_of ("link");

  g_assert_cmpint (symlink ("target", path), ==, 0);
  g_assert_null (shmooze_mutex_open ("link", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "Mutex “link”", "symbolic link", NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* -- Initially owned ----------------------------------------------------------------------- */

static void
test_initially_owned (void)
{
  g_autoptr(ShmoozeMutex) mutex = create_owned ("mine");
  g_autoptr(TestChild) child = locker_new ("mine");

  ask (child, "lock 0", "would-block");
  fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  unlock (mutex);
  ask (child, "lock 0", "acquired");
  ask (child, "unlock", "done");
}

static void
test_initially_owned_late (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) first = create ("late"), second = NULL;
  gboolean created = TRUE;

  second = shmooze_mutex_create_or_open ("late", TRUE, &created, &error);
  g_assert_no_error (error);
  g_assert_false (created);
  fail_to_unlock (second, G_IO_ERROR_PERMISSION_DENIED);
  lock (first, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (first);
}

/* Opens the mutex as soon as it is there, and snatches at it. */
static void
snatcher_role (int    argc,
               char **argv)
{
  char *name;

  g_type_class_ref (G_TYPE_IO_ERROR_ENUM);
  while ((name = test_hear ()) != NULL)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeMutex) mutex = NULL;
      ShmoozeLockResult result;

      test_say ("ready");
      while ((mutex = shmooze_mutex_open (name, NULL)) == NULL)
        ;
      result = shmooze_mutex_lock (mutex, 0, NULL, &error);
      test_say ("%s", word_of (result, error));
      g_free (name);
    }
}

static void
test_initially_owned_race (void)
{
  g_autoptr(TestChild) snatcher = test_child_new ("snatcher", NULL);

  for (guint i = 0; i < (TEST_SLOW ? 50 : 300); i++)
    {
      g_autofree char *name = test_unique_name ("snatch");
      g_autoptr(ShmoozeMutex) mutex = NULL;

      ask (snatcher, name, "ready");
      mutex = create_owned (name);
      test_child_expect (snatcher, "would-block");
      unlock (mutex);
    }
  g_assert_cmpint (test_child_wait (snatcher), ==, 0);
}

static void
test_creators_race (void)
{
  TestChild *children[6];

  for (guint round = 0; round < (TEST_SLOW ? 3 : 15); round++)
    {
      g_autofree char *name = test_unique_name ("creators");
      guint n_created = 0, n_owners = 0;

      for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
        children[i] = test_child_new ("locker", name, NULL);
      for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
        test_child_tell (children[i], "create-owned");
      for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
        {
          g_autofree char *how = test_child_hear (children[i]);

          if (strcmp (how, "created") == 0)
            n_created++;
          else
            g_assert_cmpstr (how, ==, "opened");
        }
      g_assert_cmpuint (n_created, ==, 1);
      for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
        {
          g_autofree char *how = NULL;

          test_child_tell (children[i], "lock 0");
          how = test_child_hear (children[i]);
          if (strcmp (how, "pending") == 0)
            n_owners++;
          else
            g_assert_cmpstr (how, ==, "would-block");
        }
      g_assert_cmpuint (n_owners, ==, 1);
      for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
        {
          test_child_wait (children[i]);
          test_child_free (children[i]);
        }
    }
}

/* -- Locking ------------------------------------------------------------------------------- */

static void
test_lock_unlock (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("plain");

  for (guint i = 0; i < 100; i++)
    {
      lock (mutex, i % 3 == 0 ? -1 : i % 3 == 1 ? 0 : G_USEC_PER_SEC, SHMOOZE_LOCK_ACQUIRED);
      unlock (mutex);
    }
}

static void
test_try (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("try");
  g_autoptr(TestChild) child = locker_new ("try");

  ask (child, "lock 0", "acquired");
  fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  ask (child, "unlock", "done");
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  ask (child, "lock 0", "would-block");
  unlock (mutex);
}

static void
test_timed_out (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("timed"), mutex = create ("timed");
  const gint64 timeouts[] = { 1, 999, 1000, 1001, 40 * MSEC };

  for (gsize i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      gint64 begun = g_get_monotonic_time ();

      fail_to_lock (mutex, timeouts[i], G_IO_ERROR_TIMED_OUT);
      g_assert_cmpint (g_get_monotonic_time () - begun, >=, timeouts[i]);
    }
  unlock (owner);
  lock (mutex, 1, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

/* A time-out beyond the end of time is for ever, not over at once. */
static void
test_huge_timeout (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("huge"), mutex = create ("huge");
  Answer answer = { 0 };

  shmooze_mutex_lock_async (mutex, G_MAXINT64, NULL, on_answer, &answer);
  test_let_run (40);
  g_assert_false (answer.done);
  unlock (owner);
  check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

static void
test_two_objects (void)
{
  g_autoptr(ShmoozeMutex) one = create ("objects"), two = create ("objects");

  lock (one, 0, SHMOOZE_LOCK_ACQUIRED);
  fail_to_lock (two, 0, G_IO_ERROR_WOULD_BLOCK);
  fail_to_lock (two, 2 * MSEC, G_IO_ERROR_TIMED_OUT);
  unlock (one);
  lock (two, 0, SHMOOZE_LOCK_ACQUIRED);
  fail_to_lock (one, 0, G_IO_ERROR_WOULD_BLOCK);
  unlock (two);
}

/* To drop an object that does not own the mutex takes nothing from the one that does. */
static void
test_drop_beside_owner (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("beside"), other = create ("beside");
  g_autoptr(TestChild) child = locker_new ("beside");

  g_clear_object (&other);
  ask (child, "lock 0", "would-block");
  unlock (owner);
  ask (child, "lock 0", "acquired");
}

static void
test_recursion (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("again");

  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  fail_to_lock (mutex, G_USEC_PER_SEC, G_IO_ERROR_PENDING);
  fail_to_lock (mutex, -1, G_IO_ERROR_PENDING);
  unlock (mutex);  /* once is enough: nothing was counted */
  fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);
}

static void
test_foreign_unlock (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("foreign"), other = create ("foreign");
  g_autoptr(TestChild) child = locker_new ("foreign");

  fail_to_unlock (other, G_IO_ERROR_PERMISSION_DENIED);
  ask (child, "unlock", "permission-denied");
  ask (child, "lock 0", "would-block");
  fail_to_lock (other, 0, G_IO_ERROR_WOULD_BLOCK);
  unlock (owner);
}

static void
test_unlock_twice (void)
{
  g_autoptr(ShmoozeMutex) mutex = create_owned ("twice"), other = create ("twice");

  unlock (mutex);
  lock (other, 0, SHMOOZE_LOCK_ACQUIRED);
  fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);
  fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  unlock (other);
}

static void
test_cancelled_before (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("cancelled");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  const gint64 timeouts[] = { 0, G_USEC_PER_SEC, -1 };

  g_cancellable_cancel (cancellable);
  for (gsize i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (shmooze_mutex_lock (mutex, timeouts[i], cancellable, &error), ==, SHMOOZE_LOCK_FAILED);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
    }
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

static void
test_cancellable_unused (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("unused");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (shmooze_mutex_lock (mutex, -1, cancellable, &error), ==, SHMOOZE_LOCK_ACQUIRED);
  g_cancellable_cancel (cancellable);  /* too late to matter */
  fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  unlock (mutex);
}

/* -- Threads ------------------------------------------------------------------------------- */

/* A thread that waits for the mutex. */
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

  /* Whoever looks whether it waits may just be in its way. */
  do
    {
      g_clear_error (&self->error);
      self->result = shmooze_mutex_lock (self->mutex, self->timeout_usec, self->cancellable, &self->error);
    }
  while (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_PENDING));
  return NULL;
}

/* Comes back when the thread is waiting. Somebody else must own the mutex. */
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
  g_autoptr(ShmoozeMutex) mutex = create ("wait");
  g_autoptr(TestChild) child = locker_new ("wait");
  Waiter waiter;

  ask (child, "lock 0", "acquired");
  waiter_start (&waiter, mutex, -1, NULL);
  ask (child, "unlock", "done");
  waiter_join (&waiter);
  g_assert_no_error (waiter.error);
  g_assert_cmpint (waiter.result, ==, SHMOOZE_LOCK_ACQUIRED);
  ask (child, "lock 0", "would-block");
  unlock (mutex);
}

static void
test_wait_for_death (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("wait-death");
  g_autoptr(TestChild) child = locker_new ("wait-death");
  Waiter waiter;

  ask (child, "lock 0", "acquired");
  waiter_start (&waiter, mutex, -1, NULL);
  test_child_kill (child);
  waiter_join (&waiter);
  g_assert_no_error (waiter.error);
  g_assert_cmpint (waiter.result, ==, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
}

static void
test_cancel_during (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("cancel"), mutex = create ("cancel");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Waiter waiter;

  waiter_start (&waiter, mutex, -1, cancellable);
  g_cancellable_cancel (cancellable);
  waiter_join (&waiter);
  g_assert_cmpint (waiter.result, ==, SHMOOZE_LOCK_FAILED);
  g_assert_error (waiter.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&waiter.error);

  /* It takes nothing with it. */
  fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  unlock (owner);
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

static void
test_pending_while_waiting (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("waiting"), mutex = create ("waiting");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };
  Waiter waiter;

  waiter_start (&waiter, mutex, -1, cancellable);
  fail_to_lock (mutex, -1, G_IO_ERROR_PENDING);
  shmooze_mutex_lock_async (mutex, -1, NULL, on_answer, &answer);
  check_failure (&answer, G_IO_ERROR, G_IO_ERROR_PENDING);
  fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);  /* who waits does not own */
  g_cancellable_cancel (cancellable);
  waiter_join (&waiter);
  g_clear_error (&waiter.error);
  unlock (owner);
}

static void *
be_second (void *data)
{
  ShmoozeMutex *mutex = data;

  fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  fail_to_lock (mutex, -1, G_IO_ERROR_PENDING);
  return NULL;
}

static void *
unlock_in_thread (void *data)
{
  unlock (data);
  return NULL;
}

static void
in_thread (void *(*func) (void *),
           void   *data)
{
  pthread_t thread;

  g_assert_cmpint (pthread_create (&thread, NULL, func, data), ==, 0);
  pthread_join (thread, NULL);
}

static void
test_pending_in_thread (void)
{
  g_autoptr(ShmoozeMutex) mutex = create_owned ("thread");

  in_thread (be_second, mutex);
  unlock (mutex);
}

/* The owner is the object, not the thread. */
static void
test_unlock_in_thread (void)
{
  g_autoptr(ShmoozeMutex) mutex = create_owned ("handed"), other = create ("handed");

  in_thread (unlock_in_thread, mutex);
  lock (other, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (other);
}

/* A thread that ends is no owner that died: the object lives. */
static void *
lock_in_thread (void *data)
{
  lock (data, -1, SHMOOZE_LOCK_ACQUIRED);
  return NULL;
}

static void
test_thread_ends (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("ended"), other = create ("ended");

  in_thread (lock_in_thread, mutex);
  fail_to_lock (other, 0, G_IO_ERROR_WOULD_BLOCK);
  unlock (mutex);
  lock (other, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (other);
}

#define N_THREADS 6
#define N_THREAD_ROUNDS (TEST_SLOW ? 100 : 500)

static guint64 plain_counter;

static void *
count_in_thread (void *data)
{
  g_autoptr(ShmoozeMutex) mutex = create (data);

  for (guint i = 0; i < N_THREAD_ROUNDS; i++)
    {
      guint64 value;

      lock (mutex, -1, SHMOOZE_LOCK_ACQUIRED);
      value = plain_counter;
      if (i % 16 == 0)
        sched_yield ();
      plain_counter = value + 1;
      unlock (mutex);
    }
  return NULL;
}

/* The thread sanitizer sees here that the mutex orders what it guards. */
static void
test_threads_exclude (void)
{
  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = create ("threads");
  pthread_t threads[N_THREADS];

  plain_counter = 0;
  for (guint i = 0; i < N_THREADS; i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, count_in_thread, (void *) "threads"), ==, 0);
  for (guint i = 0; i < N_THREADS; i++)
    pthread_join (threads[i], NULL);
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
      unlock (mutex);
      i++;
    }
  return NULL;
}

/* Many threads through one object: one of them has it, the others are told PENDING. */
static void
test_threads_share_object (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("shared");
  pthread_t threads[N_THREADS];

  plain_counter = 0;
  for (guint i = 0; i < N_THREADS; i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, snatch_in_thread, mutex), ==, 0);
  for (guint i = 0; i < N_THREADS; i++)
    pthread_join (threads[i], NULL);
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
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) mutex = create (argv[0]);
  g_autoptr(ShmoozeRegion) region = shmooze_region_open (argv[0], RW, &error);
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, RW, &error);
  guint n = (guint) atoi (argv[1]);

  test_say ("ready");
  g_free (test_hear ());
  for (guint i = 0; i < n; i++)
    {
      guint64 value;

      lock (mutex, -1, SHMOOZE_LOCK_ACQUIRED);
      value = *counter_in (view);
      if (i % 16 == 0)
        sched_yield ();
      *counter_in (view) = value + 1;
      unlock (mutex);
    }
  test_say ("done");
}

static void
test_processes_exclude (void)
{
  const guint n_rounds = TEST_SLOW ? 200 : 2000;
  g_autoptr(GError) error = NULL;
  g_autofree char *rounds = g_strdup_printf ("%u", n_rounds);
  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = create ("count");
  g_autoptr(ShmoozeRegion) region = shmooze_region_create ("count", sizeof (guint64), RW, &error);
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, RW, &error);
  TestChild *children[8];

  g_assert_no_error (error);
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

/* What stands in a region for those who take turns, and would find there whoever is inside with them. */
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
  unlock (mutex);
}

static void
intruder_role (int    argc,
               char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) mutex = create (argv[0]);
  g_autoptr(ShmoozeRegion) region = shmooze_region_open (argv[0], RW, &error);
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, RW, &error);

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
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);  /* and not of an assertion */
  test_child_free (child);
}

/* Whoever is told ACQUIRED finds that nobody was killed inside, and nobody is ever inside with another. */
static void
test_killed_anywhere (void)
{
  const guint n_rounds = TEST_SLOW ? 20 : 150;
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) mutex = create ("fire");
  g_autoptr(ShmoozeRegion) region = shmooze_region_create ("fire", sizeof (Turns), RW, &error);
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, RW, &error);
  volatile Turns *turns;
  TestChild *children[4];

  g_assert_no_error (error);
  turns = shmooze_view_get_data (view);
  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    children[i] = intruder_new ();
  for (guint round = 0; round < n_rounds; round++)
    {
      gsize victim = round % G_N_ELEMENTS (children);

      /* Half of them anywhere, half of them inside, or on their way out. */
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

static void
test_stopped_owner (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("stopped");
  g_autoptr(TestChild) child = locker_new ("stopped");

  ask (child, "lock 0", "acquired");
  test_child_stop (child);
  fail_to_lock (mutex, 20 * MSEC, G_IO_ERROR_TIMED_OUT);
  test_child_go_on (child);
  ask (child, "unlock", "done");
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

/* -- Abandoned ----------------------------------------------------------------------------- */

static void
test_abandoned_by_kill (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("killed");
  g_autoptr(TestChild) child = locker_new ("killed");

  ask (child, "lock 0", "acquired");
  test_child_kill (child);
  lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);  /* it is owned indeed */
  unlock (mutex);
}

static void
test_abandoned_by_drop (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("dropped"), owner = create ("dropped");

  lock (owner, 0, SHMOOZE_LOCK_ACQUIRED);
  g_clear_object (&owner);
  lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
}

static void
test_abandoned_by_exit (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("left");
  g_autoptr(TestChild) child = locker_new ("left");

  ask (child, "lock 0", "acquired");
  test_child_tell (child, "end");
  g_assert_cmpint (test_child_wait (child), ==, 0);
  lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
}

static void
test_abandoned_by_creator (void)
{
  g_autoptr(TestChild) creator = test_child_new ("locker", "creator", NULL);
  g_autoptr(ShmoozeMutex) mutex = NULL;

  ask (creator, "create-owned", "created");
  mutex = create ("creator");
  fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  test_child_kill (creator);
  lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
}

static void
test_abandoned_once (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("once"), other = create ("once");
  g_autoptr(TestChild) child = locker_new ("once");

  ask (child, "lock 0", "acquired");
  test_child_kill (child);
  lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
  lock (other, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (other);
}

/* Who inherits an abandoned mutex and dies too abandons it again. */
static void
test_abandoned_again (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("again");
  g_autoptr(TestChild) first = locker_new ("again"), second = locker_new ("again");

  ask (first, "lock 0", "acquired");
  test_child_kill (first);
  ask (second, "lock 0", "abandoned");
  test_child_kill (second);
  lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
}

static void
test_not_abandoned_after_unlock (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("tidy");
  g_autoptr(TestChild) child = locker_new ("tidy");

  ask (child, "lock 0", "acquired");
  ask (child, "unlock", "done");
  test_child_kill (child);
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

static void
test_killed_waiter (void)
{
  g_autoptr(ShmoozeMutex) mutex = create_owned ("waiter"), other = create ("waiter");
  g_autoptr(TestChild) child = locker_new ("waiter");

  ask (child, "wait", "waiting");
  test_child_kill (child);
  fail_to_lock (other, 0, G_IO_ERROR_WOULD_BLOCK);
  unlock (mutex);
  lock (other, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (other);
}

/* Of many who wait for a dead owner's mutex one is told, the others get it in order. */
static void
test_abandoned_to_one (void)
{
  g_autoptr(TestChild) owner = NULL;
  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = create ("heirs");
  TestChild *heirs[4];
  guint n_abandoned = 0;

  owner = locker_new ("heirs");
  ask (owner, "lock 0", "acquired");
  for (gsize i = 0; i < G_N_ELEMENTS (heirs); i++)
    {
      heirs[i] = locker_new ("heirs");
      ask (heirs[i], "lock 0", "would-block");
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
      ask (heirs[i], "unlock", "done");
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
  g_autoptr(ShmoozeMutex) mutex = create ("zombie");
  g_autoptr(TestChild) child = locker_new ("zombie");
  siginfo_t info;

  ask (child, "lock 0", "acquired");
  kill (test_child_get_pid (child), SIGKILL);
  g_assert_cmpint (waitid (P_PID, (id_t) test_child_get_pid (child), &info, WEXITED | WNOWAIT), ==, 0);
  lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
}

/* -- The name's life ----------------------------------------------------------------------- */

static void
test_name_goes (void)
{
  g_autofree char *path = file_of ("gone");
  g_autoptr(ShmoozeMutex) mutex = create ("gone"), other = create ("gone");

  g_clear_object (&mutex);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_object (&other);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  check_absent ("gone");
}

static void
test_name_goes_across (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("across");
  g_autoptr(TestChild) child = locker_new ("across");

  g_clear_object (&mutex);
  mutex = shmooze_mutex_open ("across", NULL);
  g_assert_nonnull (mutex);
  g_clear_object (&mutex);
  ask (child, "drop", "done");
  check_absent ("across");
}

static void
test_fresh_is_not_abandoned (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TestChild) child = test_child_new ("locker", "fresh", NULL);
  g_autoptr(ShmoozeMutex) mutex = NULL;
  gboolean created = FALSE;

  ask (child, "create-owned", "created");
  test_child_kill (child);
  check_absent ("fresh");
  mutex = shmooze_mutex_create_or_open ("fresh", FALSE, &created, &error);
  g_assert_no_error (error);
  g_assert_true (created);
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

static void
test_drop_held (void)
{
  g_autoptr(ShmoozeMutex) mutex = create_owned ("held");

  g_clear_object (&mutex);
  check_absent ("held");
  mutex = create_owned ("held");
  unlock (mutex);
}

static void
test_many (void)
{
  ShmoozeMutex *mutexes[40];

  for (gsize i = 0; i < G_N_ELEMENTS (mutexes); i++)
    {
      g_autofree char *name = g_strdup_printf ("many-%zu", i);

      mutexes[i] = create_owned (name);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (mutexes); i++)
    {
      if (i % 2 == 0)
        unlock (mutexes[i]);
      g_object_unref (mutexes[i]);
    }
}

/* -- Forked children ----------------------------------------------------------------------- */

static void
misuse_in_fork (gpointer data)
{
  ShmoozeMutex *mutex = data;
  g_autoptr(ShmoozeMutex) own = NULL;

  fail_to_unlock (mutex, G_IO_ERROR_NOT_SUPPORTED);
  fail_to_lock (mutex, 0, G_IO_ERROR_NOT_SUPPORTED);
  fail_to_lock (mutex, -1, G_IO_ERROR_NOT_SUPPORTED);

  own = create (shmooze_mutex_get_name (mutex));
  fail_to_lock (own, 0, G_IO_ERROR_WOULD_BLOCK);
  g_object_unref (mutex);
}

static void
test_fork_detached (void)
{
  g_autoptr(ShmoozeMutex) mutex = create_owned ("forked");
  g_autoptr(TestChild) child = locker_new ("forked");

  g_assert_cmpint (test_in_fork (misuse_in_fork, mutex), ==, 0);
  ask (child, "lock 0", "would-block");
  unlock (mutex);
  ask (child, "lock 0", "acquired");
  ask (child, "unlock", "done");
}

static void
idle_in_fork (gpointer data)
{
  ShmoozeMutex *mutex = data;

  fail_to_lock (mutex, 0, G_IO_ERROR_NOT_SUPPORTED);
  g_object_unref (mutex);
}

static void
test_fork_unowned (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("forked-idle");

  g_assert_cmpint (test_in_fork (idle_in_fork, mutex), ==, 0);
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

/* A child that was forked from the owner does not keep the lock. */
static void
test_fork_outlives_owner (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("orphan");
  g_autoptr(TestChild) child = locker_new ("orphan");

  ask (child, "lock 0", "acquired");
  ask (child, "fork", "done");
  test_child_kill (child);
  lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
}

static void
test_fork_keeps_no_name (void)
{
  g_autoptr(TestChild) child = test_child_new ("locker", "orphan-name", NULL);
  g_autoptr(ShmoozeMutex) mutex = NULL;

  ask (child, "create-owned", "created");
  ask (child, "fork", "done");
  test_child_kill (child);
  check_absent ("orphan-name");
  mutex = create_owned ("orphan-name");
  unlock (mutex);
}

/* -- Equal process ids --------------------------------------------------------------------- */

/* The process's number as the test sees it, or 0. It is number 1 to itself. */
static GPid
boxed_start (TestChild **child)
{
  g_autofree char *one = NULL, *two = NULL;

  *child = test_child_new ("boxed", "boxed", NULL);
  one = test_child_hear (*child);
  if (strcmp (one, "cannot") == 0)
    return 0;
  two = test_child_hear (*child);  /* the two come in any order */
  g_assert_true ((strcmp (one, "1") == 0) != (strcmp (two, "1") == 0));
  ask (*child, "create", "opened");
  return atoi (strcmp (one, "1") == 0 ? two : one);
}

static void
boxed_kill (TestChild *child,
            GPid       pid)
{
  kill (pid, SIGKILL);
  g_assert_cmpint (test_child_wait (child), ==, 0);  /* it reaps the boxed one */
}

static void
test_equal_pids (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("boxed");
  g_autoptr(TestChild) owner = NULL, waiter = NULL, other = NULL;
  GPid owner_pid = boxed_start (&owner);
  GPid waiter_pid, other_pid;

  if (owner_pid == 0)
    {
      g_test_skip ("there are no process-id namespaces for this user");
      return;
    }
  waiter_pid = boxed_start (&waiter);
  other_pid = boxed_start (&other);

  ask (owner, "lock 0", "acquired");
  ask (waiter, "lock 0", "would-block");
  ask (waiter, "unlock", "permission-denied");
  ask (other, "lock 1000", "timed-out");

  /* A waiter that dies is not taken for the owner whose number it shares. */
  ask (waiter, "wait", "waiting");
  boxed_kill (waiter, waiter_pid);
  ask (other, "lock 0", "would-block");
  fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  ask (owner, "unlock", "done");
  ask (other, "lock 0", "acquired");
  ask (other, "unlock", "done");

  /* An owner that dies is noticed, though others of its number live. */
  ask (owner, "lock 0", "acquired");
  boxed_kill (owner, owner_pid);
  ask (other, "lock 0", "abandoned");
  boxed_kill (other, other_pid);
  lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
}

/* -- Without waiting ----------------------------------------------------------------------- */

static void
test_async (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("async"), other = create ("async");
  Answer answer = { 0 };

  shmooze_mutex_lock_async (mutex, -1, NULL, on_answer, &answer);
  g_assert_false (answer.done);  /* never before it returns */
  check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  fail_to_lock (other, 0, G_IO_ERROR_WOULD_BLOCK);
  unlock (mutex);
}

static void
test_async_waits (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("async-wait");
  g_autoptr(TestChild) child = locker_new ("async-wait");
  Answer answer = { 0 };

  ask (child, "lock 0", "acquired");
  shmooze_mutex_lock_async (mutex, -1, NULL, on_answer, &answer);
  test_let_run (30);
  g_assert_false (answer.done);
  ask (child, "unlock", "done");
  check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

static void
test_async_abandoned (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("async-killed");
  g_autoptr(TestChild) child = locker_new ("async-killed");
  Answer answer = { 0 };

  ask (child, "lock 0", "acquired");
  shmooze_mutex_lock_async (mutex, -1, NULL, on_answer, &answer);
  test_child_kill (child);
  check_answer (&answer, SHMOOZE_LOCK_ABANDONED);
  unlock (mutex);
}

static void
test_async_try (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("async-try"), mutex = create ("async-try");
  Answer answer = { 0 };

  shmooze_mutex_lock_async (mutex, 0, NULL, on_answer, &answer);
  check_failure (&answer, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  unlock (owner);
}

static void
test_async_timed_out (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("async-timed"), mutex = create ("async-timed");
  gint64 begun = g_get_monotonic_time ();
  Answer answer = { 0 };

  shmooze_mutex_lock_async (mutex, 30 * MSEC, NULL, on_answer, &answer);
  check_failure (&answer, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, 30 * MSEC);
  fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);  /* not PENDING any more */
  unlock (owner);
}

static void
test_async_cancelled_before (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("async-before");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  g_cancellable_cancel (cancellable);
  shmooze_mutex_lock_async (mutex, -1, cancellable, on_answer, &answer);
  check_failure (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

static void
test_async_cancel (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("async-cancel"), mutex = create ("async-cancel");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  shmooze_mutex_lock_async (mutex, -1, cancellable, on_answer, &answer);
  test_let_run (30);
  g_assert_false (answer.done);
  g_cancellable_cancel (cancellable);
  test_settle ();  /* at once, not when it next looks */
  g_assert_true (answer.done);
  check_failure (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  unlock (owner);
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

/* Cancelled after the lock was taken, before the callback: the truth is told, or nobody would ever unlock. */
static void
test_async_cancel_late (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("async-late");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  shmooze_mutex_lock_async (mutex, -1, cancellable, on_answer, &answer);
  g_cancellable_cancel (cancellable);
  check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

static void
test_async_pending (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("async-pending"), mutex = create ("async-pending");
  Answer first = { 0 }, second = { 0 };

  shmooze_mutex_lock_async (mutex, -1, NULL, on_answer, &first);
  fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  shmooze_mutex_lock_async (mutex, -1, NULL, on_answer, &second);
  check_failure (&second, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (first.done);
  unlock (owner);
  check_answer (&first, SHMOOZE_LOCK_ACQUIRED);

  shmooze_mutex_lock_async (mutex, -1, NULL, on_answer, &second);
  check_failure (&second, G_IO_ERROR, G_IO_ERROR_PENDING);
  unlock (mutex);
}

static void
on_kept (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  on_answer (source, result, user_data);
  unlock (SHMOOZE_MUTEX (source));
}

static void
test_async_keeps_object (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("async-kept");
  ShmoozeMutex *mutex = create ("async-kept");
  Answer answer = { 0 };

  g_object_add_weak_pointer (G_OBJECT (mutex), (gpointer *) &mutex);
  shmooze_mutex_lock_async (mutex, -1, NULL, on_kept, &answer);
  g_object_unref (mutex);
  test_let_run (20);
  g_assert_nonnull (mutex);
  unlock (owner);
  check_answer (&answer, SHMOOZE_LOCK_ACQUIRED);
  test_wait (mutex == NULL);
  lock (owner, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (owner);
}

static void
test_async_without_callback (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("async-mute");

  shmooze_mutex_lock_async (mutex, -1, NULL, NULL, NULL);
  test_settle ();
  unlock (mutex);
}

static void
on_chain (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  ShmoozeMutex *mutex = SHMOOZE_MUTEX (source);
  guint *left = user_data;

  g_assert_cmpint (shmooze_mutex_lock_finish (mutex, result, NULL), ==, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
  if (--*left > 0)
    shmooze_mutex_lock_async (mutex, -1, NULL, on_chain, left);
}

static void
test_async_from_callback (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("async-chain");
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
  unlock (SHMOOZE_MUTEX (source));
}

/* As many as one likes wait at once, without a thread. */
static void
test_async_many (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("async-many");
  g_autoptr(GPtrArray) mutexes = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_threads = count_threads ();
  Crowd crowd = { .left = 40 };

  for (guint i = 0; i < crowd.left; i++)
    {
      g_ptr_array_add (mutexes, create ("async-many"));
      shmooze_mutex_lock_async (mutexes->pdata[i], -1, NULL, on_crowd, &crowd);
    }
  test_let_run (20);
  g_assert_cmpuint (crowd.left, ==, 40);
  g_assert_cmpuint (count_threads (), ==, n_threads);
  unlock (owner);
  test_wait (crowd.left == 0);
}

static gboolean
on_over (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Who waits long does not wake more often than every 16 ms. */
static void
test_async_is_quiet (void)
{
  g_autoptr(ShmoozeMutex) owner = create_owned ("async-quiet"), mutex = create ("async-quiet");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  gboolean over = FALSE;
  Answer answer = { 0 };
  guint n_rounds = 0;

  shmooze_mutex_lock_async (mutex, -1, cancellable, on_answer, &answer);
  g_timeout_add (320, on_over, &over);
  while (!over)
    {
      g_main_context_iteration (NULL, TRUE);
      n_rounds++;
    }
  g_assert_cmpuint (n_rounds, <, 60);  /* 4 + 320 / 16, and a few */
  g_cancellable_cancel (cancellable);
  check_failure (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  unlock (owner);
}

static void *
async_in_thread (void *data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(ShmoozeMutex) mutex = NULL;

  g_main_context_push_thread_default (context);
  mutex = create (data);
  for (guint i = 0; i < 30; i++)
    {
      Answer answer = { 0 };

      shmooze_mutex_lock_async (mutex, -1, NULL, on_answer, &answer);
      test_wait (answer.done);
      g_assert_true (answer.thread == g_thread_self ());
      g_assert_no_error (answer.error);
      plain_counter++;
      unlock (mutex);
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_async_contexts (void)
{
  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = create ("async-contexts");
  pthread_t threads[4];

  plain_counter = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, async_in_thread, (void *) "async-contexts"), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    pthread_join (threads[i], NULL);
  g_assert_cmpuint (plain_counter, ==, G_N_ELEMENTS (threads) * 30);
}

/* -- A file that somebody spoils ----------------------------------------------------------- */

static void
fail_lost (ShmoozeMutex *mutex)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (shmooze_mutex_lock (mutex, -1, NULL, &error), ==, SHMOOZE_LOCK_FAILED);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "The mutex “", shmooze_mutex_get_name (mutex),
                    "locks", NULL);
}

static void
write_at (const char *path,
          const void *bytes,
          gsize       size,
          off_t       where)
{
  int fd = open (path, O_RDWR | O_CLOEXEC);

  g_assert_cmpint (pwrite (fd, bytes, size, where), ==, (gssize) size);
  close (fd);
}

/* Whatever stands in the word but nought is not what an unlocking owner writes. */
static void
test_word_tampered (void)
{
  const guint32 words[] = { 1, 2, 0x80000000, 0xffffffff };
  g_autoptr(ShmoozeMutex) mutex = create ("tampered");
  g_autofree char *path = file_of ("tampered");

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      write_at (path, &words[i], sizeof words[i], 0);
      lock (mutex, 0, SHMOOZE_LOCK_ABANDONED);
      unlock (mutex);
      lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
      unlock (mutex);
    }
}

static void
test_truncated (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("cut"), other = create ("cut");
  g_autofree char *path = file_of ("cut");

  g_assert_cmpint (truncate (path, 0), ==, 0);
  fail_lost (mutex);
  fail_lost (mutex);  /* for good */
  fail_lost (other);
  fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);
}

static void
test_truncated_and_regrown (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("regrown");
  g_autofree char *path = file_of ("regrown");
  struct stat st;

  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_cmpint (truncate (path, st.st_size), ==, 0);
  fail_lost (mutex);
}

static void
test_overwritten (void)
{
  g_autoptr(ShmoozeMutex) mutex = create ("overwritten");
  g_autofree char *path = file_of ("overwritten");
  g_autofree char *noise = g_malloc (2 * test_page_size ());

  memset (noise, 0xff, 2 * test_page_size ());
  write_at (path, noise, 2 * test_page_size (), 0);
  fail_lost (mutex);
}

static void
test_truncated_while_owned (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) mutex = create_owned ("cut-owned");
  g_autofree char *path = file_of ("cut-owned");

  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_false (shmooze_mutex_unlock (mutex, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "cut-owned", NULL);
  fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);  /* it is not owned any more */
  fail_lost (mutex);
}

static void
test_truncated_while_waiting (void)
{
  g_autoptr(ShmoozeMutex) owner G_GNUC_UNUSED = create_owned ("cut-wait"), mutex = create ("cut-wait");
  g_autofree char *path = file_of ("cut-wait");
  Answer answer = { 0 };

  shmooze_mutex_lock_async (mutex, -1, NULL, on_answer, &answer);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  check_failure (&answer, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
}

/* The name is free again. */
static void
test_anew_after_loss (void)
{
  g_autoptr(ShmoozeMutex) lost = create_owned ("anew"), mutex = NULL;
  g_autofree char *path = file_of ("anew");

  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_false (shmooze_mutex_unlock (lost, NULL));
  mutex = create_owned ("anew");
  unlock (mutex);
  fail_lost (lost);
  g_clear_object (&lost);
  lock (mutex, 0, SHMOOZE_LOCK_ACQUIRED);
  unlock (mutex);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("locker", locker_role);
  test_child_role ("boxed", boxed_role);
  test_child_role ("snatcher", snatcher_role);
  test_child_role ("counter", counter_role);
  test_child_role ("intruder", intruder_role);
  test_init (&argc, &argv);
  g_type_class_ref (SHMOOZE_TYPE_MUTEX);  /* as in test_init(), before there are threads */

  test_add ("/mutex/create", test_create);
  test_add ("/mutex/create-again-opens", test_create_again);
  test_add ("/mutex/open", test_open);
  test_add ("/mutex/open-missing", test_open_missing);
  test_add ("/mutex/names-refused", test_names_refused);
  test_add ("/mutex/names-allowed", test_names_allowed);
  test_add ("/mutex/names-are-apart", test_names_are_apart);
  test_add ("/mutex/beside-region-of-same-name", test_beside_region);
  test_add ("/mutex/private-file", test_private_file);
  test_add ("/mutex/squatted-name", test_squatted);
  test_add ("/mutex/symlink-in-its-place", test_symlink);

  test_add ("/mutex/initially-owned", test_initially_owned);
  test_add ("/mutex/initially-owned-counts-for-creator-only", test_initially_owned_late);
  test_add ("/mutex/initially-owned-from-first-moment", test_initially_owned_race);
  test_add ("/mutex/one-of-many-creators-owns", test_creators_race);

  test_add ("/mutex/lock-unlock", test_lock_unlock);
  test_add ("/mutex/try", test_try);
  test_add ("/mutex/timed-out", test_timed_out);
  test_add ("/mutex/huge-timeout-is-for-ever", test_huge_timeout);
  test_add ("/mutex/two-objects-exclude", test_two_objects);
  test_add ("/mutex/drop-beside-owner", test_drop_beside_owner);
  test_add ("/mutex/no-recursion", test_recursion);
  test_add ("/mutex/foreign-unlock-refused", test_foreign_unlock);
  test_add ("/mutex/unlock-twice-refused", test_unlock_twice);
  test_add ("/mutex/cancelled-before", test_cancelled_before);
  test_add ("/mutex/cancelled-after", test_cancellable_unused);
  test_add ("/mutex/cancelled-while-waiting", test_cancel_during);

  test_add ("/mutex/wait-for-process", test_wait_for_process);
  test_add ("/mutex/wait-ends-with-owner-death", test_wait_for_death);
  test_add ("/mutex/pending-while-waiting", test_pending_while_waiting);
  test_add ("/mutex/pending-in-other-thread", test_pending_in_thread);
  test_add ("/mutex/unlock-in-other-thread", test_unlock_in_thread);
  test_add ("/mutex/thread-end-abandons-nothing", test_thread_ends);
  test_add ("/mutex/threads-exclude", test_threads_exclude);
  test_add ("/mutex/threads-share-object", test_threads_share_object);
  test_add ("/mutex/processes-exclude", test_processes_exclude);
  test_add ("/mutex/stopped-owner-keeps-it", test_stopped_owner);

  test_add ("/mutex/abandoned-by-kill", test_abandoned_by_kill);
  test_add ("/mutex/abandoned-by-drop", test_abandoned_by_drop);
  test_add ("/mutex/abandoned-by-exit", test_abandoned_by_exit);
  test_add ("/mutex/abandoned-by-creator", test_abandoned_by_creator);
  test_add ("/mutex/abandoned-told-once", test_abandoned_once);
  test_add ("/mutex/abandoned-again", test_abandoned_again);
  test_add ("/mutex/abandoned-told-to-one", test_abandoned_to_one);
  test_add ("/mutex/not-abandoned-after-unlock", test_not_abandoned_after_unlock);
  test_add ("/mutex/killed-waiter-abandons-nothing", test_killed_waiter);
  test_add ("/mutex/killed-anywhere", test_killed_anywhere);
  test_add ("/mutex/zombie-owner-is-dead", test_zombie_owner);

  test_add ("/mutex/name-goes-with-last-object", test_name_goes);
  test_add ("/mutex/name-goes-with-last-process", test_name_goes_across);
  test_add ("/mutex/fresh-is-not-abandoned", test_fresh_is_not_abandoned);
  test_add ("/mutex/drop-held-removes-name", test_drop_held);
  test_add ("/mutex/many", test_many);

  test_add ("/mutex/fork-detaches-owner", test_fork_detached);
  test_add ("/mutex/fork-detaches-idle", test_fork_unowned);
  test_add ("/mutex/fork-does-not-keep-lock", test_fork_outlives_owner);
  test_add ("/mutex/fork-does-not-keep-name", test_fork_keeps_no_name);
  test_add ("/mutex/equal-pids", test_equal_pids);

  test_add ("/mutex/async", test_async);
  test_add ("/mutex/async-waits", test_async_waits);
  test_add ("/mutex/async-abandoned", test_async_abandoned);
  test_add ("/mutex/async-try", test_async_try);
  test_add ("/mutex/async-timed-out", test_async_timed_out);
  test_add ("/mutex/async-cancelled-before", test_async_cancelled_before);
  test_add ("/mutex/async-cancelled-at-once", test_async_cancel);
  test_add ("/mutex/async-cancelled-too-late", test_async_cancel_late);
  test_add ("/mutex/async-pending", test_async_pending);
  test_add ("/mutex/async-keeps-object", test_async_keeps_object);
  test_add ("/mutex/async-without-callback", test_async_without_callback);
  test_add ("/mutex/async-from-callback", test_async_from_callback);
  test_add ("/mutex/async-many-without-threads", test_async_many);
  test_add ("/mutex/async-is-quiet", test_async_is_quiet);
  test_add ("/mutex/async-in-several-contexts", test_async_contexts);

  test_add ("/mutex/word-tampered-is-abandoned", test_word_tampered);
  test_add ("/mutex/truncated-is-lost", test_truncated);
  test_add ("/mutex/truncated-and-regrown-is-lost", test_truncated_and_regrown);
  test_add ("/mutex/overwritten-is-lost", test_overwritten);
  test_add ("/mutex/truncated-while-owned", test_truncated_while_owned);
  test_add ("/mutex/truncated-while-waiting", test_truncated_while_waiting);
  test_add ("/mutex/anew-after-loss", test_anew_after_loss);
  return test_run ();
}
