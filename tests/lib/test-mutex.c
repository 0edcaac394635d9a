/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "testlib.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

ShmoozeMutex *
test_mutex_create (const char *name)
{
  g_autoptr(GError) error = NULL;
  ShmoozeMutex *mutex = shmooze_mutex_create_or_open (name, FALSE, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (SHMOOZE_IS_MUTEX (mutex));
  return mutex;
}

ShmoozeMutex *
test_mutex_create_owned (const char *name)
{
  g_autoptr(GError) error = NULL;
  gboolean created = FALSE;
  ShmoozeMutex *mutex = shmooze_mutex_create_or_open (name, TRUE, &created, &error);

  g_assert_no_error (error);
  g_assert_true (created);
  return mutex;
}

void
test_mutex_lock (ShmoozeMutex      *mutex,
                 gint64             timeout_usec,
                 ShmoozeLockResult  expected)
{
  g_autoptr(GError) error = NULL;
  ShmoozeLockResult result = shmooze_mutex_lock (mutex, timeout_usec, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (result, ==, expected);
}

void
test_mutex_fail_to_lock (ShmoozeMutex *mutex,
                         gint64        timeout_usec,
                         GIOErrorEnum  code)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (shmooze_mutex_lock (mutex, timeout_usec, NULL, &error), ==, SHMOOZE_LOCK_FAILED);
  test_check_error (&error, G_IO_ERROR, code, "utex", shmooze_mutex_get_name (mutex), NULL);
}

void
test_mutex_unlock (ShmoozeMutex *mutex)
{
  g_autoptr(GError) error = NULL;
  gboolean unlocked = shmooze_mutex_unlock (mutex, &error);

  g_assert_no_error (error);
  g_assert_true (unlocked);
}

void
test_mutex_pass (ShmoozeMutex      *mutex,
                 ShmoozeLockResult  expected)
{
  test_mutex_lock (mutex, 0, expected);
  test_mutex_unlock (mutex);
}

void
test_mutex_fail_to_unlock (ShmoozeMutex *mutex,
                           GIOErrorEnum  code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_mutex_unlock (mutex, &error));
  test_check_error (&error, G_IO_ERROR, code, "utex", shmooze_mutex_get_name (mutex), NULL);
}

void
test_mutex_check_absent (const char *name)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_mutex_open (name, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Mutex “", name, "does not exist", NULL);
}

void
test_mutex_run_threads (guint   n,
                        void *(*func) (void *),
                        void   *data)
{
  g_autofree pthread_t *threads = g_new (pthread_t, n);

  for (guint i = 0; i < n; i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, func, data), ==, 0);
  for (guint i = 0; i < n; i++)
    pthread_join (threads[i], NULL);
}

char *
test_mutex_file (const char *name)
{
  g_autofree char *relative = g_build_filename ("locks", name, NULL);

  return test_path (relative);
}

void
test_mutex_on_answer (GObject      *source,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  TestMutexAnswer *answer = user_data;

  g_assert_false (answer->done);
  answer->result = shmooze_mutex_lock_finish (SHMOOZE_MUTEX (source), result, &answer->error);
  answer->thread = g_thread_self ();
  answer->done = TRUE;
}

void
test_mutex_check_answer (TestMutexAnswer   *answer,
                         ShmoozeLockResult  expected)
{
  test_wait (answer->done);
  g_assert_no_error (answer->error);
  g_assert_cmpint (answer->result, ==, expected);
  *answer = (TestMutexAnswer) { 0 };
}

void
test_mutex_check_failure (TestMutexAnswer *answer,
                          GQuark           domain,
                          int              code)
{
  test_wait (answer->done);
  g_assert_cmpint (answer->result, ==, SHMOOZE_LOCK_FAILED);
  g_assert_error (answer->error, domain, code);
  g_clear_error (&answer->error);
  *answer = (TestMutexAnswer) { 0 };
}

const char *
test_mutex_word (ShmoozeLockResult  result,
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

  test_say ("%s", test_mutex_word (how, error));
}

/* Waits until the standard input is closed, and exits. */
static void
linger (void)
{
  char byte;

  test_say ("done");
  while (read (STDIN_FILENO, &byte, 1) > 0)
    ;
  _exit (0);
}

/* The role of a process that carries out commands on a mutex and prints their results. */
void
test_locker_role (int    argc,
                  char **argv)
{
  static ShmoozeMutex *mutex;  /* not dropped at the end, like in most programs */
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

          test_say ("%s", test_mutex_word (result, error));
        }
      else if (strcmp (line, "wait") == 0)
        {
          shmooze_mutex_lock_async (mutex, -1, NULL, on_waited, NULL);
          test_say ("waiting");
        }
      else if (strcmp (line, "unlock") == 0)
        test_say ("%s", shmooze_mutex_unlock (mutex, &error) ? "done" : test_mutex_word (SHMOOZE_LOCK_FAILED, error));
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
        g_error ("Unknown command “%s”", line);
      g_free (line);
    }
  g_free (line);
}

TestChild *
test_locker_new (const char *name)
{
  TestChild *child = test_child_new ("locker", name, NULL);

  test_child_tell (child, "create");
  test_child_expect (child, "opened");
  return child;
}
