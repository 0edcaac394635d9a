/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A mutex whose file is damaged */

#include "lib/testlib.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
fail_lost (ShmoozeMutex *mutex)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (shmooze_mutex_lock (mutex, -1, NULL, &error), ==, SHMOOZE_LOCK_FAILED);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "Mutex “", shmooze_mutex_get_name (mutex),
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

/* An owner that unlocks writes 0. */
static void
test_word_tampered (void)
{
  g_test_summary ("A free mutex whose lock word is not 0 counts as abandoned.");

  const guint32 words[] = { 1, 2, 0x80000000, 0xffffffff };
  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("tampered");
  g_autofree char *path = test_mutex_file ("tampered");

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      write_at (path, &words[i], sizeof words[i], 0);
      test_mutex_pass (mutex, SHMOOZE_LOCK_ABANDONED);
      test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
    }
}

static void
test_truncated (void)
{
  g_test_summary ("A mutex whose file was truncated is LOST, and no caller hangs.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("cut"), other = test_mutex_create ("cut");
  g_autofree char *path = test_mutex_file ("cut");

  g_assert_cmpint (truncate (path, 0), ==, 0);
  fail_lost (mutex);
  fail_lost (mutex);  /* permanently */
  fail_lost (other);
  test_mutex_fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);
}

static void
test_truncated_and_regrown (void)
{
  g_test_summary ("A mutex whose file was truncated and grown again is LOST.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("regrown");
  g_autofree char *path = test_mutex_file ("regrown");
  struct stat st;

  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_cmpint (truncate (path, st.st_size), ==, 0);
  fail_lost (mutex);
}

static void
test_overwritten (void)
{
  g_test_summary ("A mutex whose file was overwritten is LOST.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("overwritten");
  g_autofree char *path = test_mutex_file ("overwritten");
  g_autofree char *noise = g_malloc (2 * test_page_size ());

  memset (noise, 0xff, 2 * test_page_size ());
  write_at (path, noise, 2 * test_page_size (), 0);
  fail_lost (mutex);
}

static void
test_truncated_while_owned (void)
{
  g_test_summary ("Unlocking a mutex that was truncated while it was owned fails with LOST.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) mutex = test_mutex_create_owned ("cut-owned");
  g_autofree char *path = test_mutex_file ("cut-owned");

  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_false (shmooze_mutex_unlock (mutex, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "cut-owned", NULL);
  test_mutex_fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);  /* no longer owned */
  fail_lost (mutex);
}

static void
test_truncated_while_waiting (void)
{
  g_test_summary ("Waiting for a mutex fails with LOST if it is truncated meanwhile.");

  g_autoptr(ShmoozeMutex) owner G_GNUC_UNUSED = test_mutex_create_owned ("cut-wait");
  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("cut-wait");
  g_autofree char *path = test_mutex_file ("cut-wait");
  TestMutexAnswer answer = { 0 };

  shmooze_mutex_lock_async (mutex, -1, NULL, test_mutex_on_answer, &answer);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  test_mutex_check_failure (&answer, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
}

static void
test_anew_after_loss (void)
{
  g_test_summary ("After a loss, a new mutex of the same name can be created.");

  g_autoptr(ShmoozeMutex) lost = test_mutex_create_owned ("anew"), mutex = NULL;
  g_autofree char *path = test_mutex_file ("anew");

  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_false (shmooze_mutex_unlock (lost, NULL));
  mutex = test_mutex_create_owned ("anew");
  test_mutex_unlock (mutex);
  fail_lost (lost);
  g_clear_object (&lost);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/mutex-lost/word-tampered-is-abandoned", test_word_tampered);
  test_add ("/mutex-lost/truncated-is-lost", test_truncated);
  test_add ("/mutex-lost/truncated-and-regrown-is-lost", test_truncated_and_regrown);
  test_add ("/mutex-lost/overwritten-is-lost", test_overwritten);
  test_add ("/mutex-lost/truncated-while-owned", test_truncated_while_owned);
  test_add ("/mutex-lost/truncated-while-waiting", test_truncated_while_waiting);
  test_add ("/mutex-lost/anew-after-loss", test_anew_after_loss);

  return test_run ();
}
