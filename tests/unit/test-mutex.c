/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <sys/stat.h>
#include <unistd.h>


/* -- Creation and names -------------------------------------------------------------------- */

static void
test_create (void)
{
  g_test_summary ("A mutex that does not exist is created, and the caller learns it.");

  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  gboolean created = FALSE;
  g_autoptr(ShmoozeMutex) mutex = shmooze_mutex_create_or_open ("made", FALSE, &created, &error);

  g_assert_no_error (error);
  g_assert_true (created);
  g_assert_cmpstr (shmooze_mutex_get_name (mutex), ==, "made");
  g_object_get (mutex, "name", &name, NULL);
  g_assert_cmpstr (name, ==, "made");
  test_mutex_fail_to_unlock (mutex, G_IO_ERROR_PERMISSION_DENIED);  /* no initial owner was requested */
}

static void
test_create_again (void)
{
  g_test_summary ("Creating a mutex that exists opens it, and the caller learns it.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) first = test_mutex_create ("twice"), second = NULL;
  gboolean created = TRUE;

  second = shmooze_mutex_create_or_open ("twice", FALSE, &created, &error);
  g_assert_no_error (error);
  g_assert_false (created);
  g_assert_true (first != second);
}

static void
test_open (void)
{
  g_test_summary ("An existing mutex can be opened.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) maker = test_mutex_create_owned ("known"), mutex = shmooze_mutex_open ("known", &error);

  g_assert_no_error (error);
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_WOULD_BLOCK);
  test_mutex_unlock (maker);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_open_missing (void)
{
  g_test_summary ("Opening a mutex that does not exist fails with NOT_FOUND.");

  test_mutex_check_absent ("never-made");
}

static void
test_names_refused (void)
{
  g_test_summary ("Invalid names are refused.");

  g_autofree char *long_name = g_strnfill (256, 'n');
  const char *const names[] = { "", ".", "..", "/posix", "a/b", "line\nend", "not \xff UTF-8", long_name };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (shmooze_mutex_create_or_open (names[i], FALSE, NULL, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "is not a valid name", NULL);
      g_assert_null (shmooze_mutex_open (names[i], &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "is not a valid name", NULL);
    }
}

static void
test_names_allowed (void)
{
  g_test_summary ("Every valid name of a region is a valid name of a mutex.");

  g_autofree char *long_name = g_strnfill (255, 'n');
  const char *const names[] = { "a", "with space", "…Ünïcode", ".hidden", "bells", long_name };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(ShmoozeMutex) mutex = test_mutex_create (names[i]);

      g_assert_cmpstr (shmooze_mutex_get_name (mutex), ==, names[i]);
      test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
    }
}

static void
test_names_are_apart (void)
{
  g_test_summary ("Mutexes with different names are independent.");

  g_autoptr(ShmoozeMutex) one = test_mutex_create_owned ("one"), two = test_mutex_create ("two");
  g_autoptr(ShmoozeMutex) case_matters = test_mutex_create ("One");

  test_mutex_lock (two, 0, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_lock (case_matters, 0, SHMOOZE_LOCK_ACQUIRED);
  test_mutex_unlock (one);
  test_mutex_unlock (two);
  test_mutex_unlock (case_matters);
}

static void
test_beside_region (void)
{
  g_test_summary ("A region and a mutex may have the same name.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create_owned ("same");
  g_autoptr(ShmoozeRegion) region G_GNUC_UNUSED = create ("same", 100);

  test_mutex_unlock (mutex);
  g_clear_object (&mutex);
  test_mutex_check_absent ("same");
}

static void
test_private_file (void)
{
  g_test_summary ("The file of a mutex has mode 0600.");

  g_autofree char *path = test_mutex_file ("private");
  mode_t mask = umask (0);
  g_autoptr(ShmoozeMutex) mutex G_GNUC_UNUSED = test_mutex_create ("private");
  struct stat st;

  umask (mask);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
}

static void
test_squatted (void)
{
  g_test_summary ("A file that is not a mutex is refused.");

  g_autoptr(ShmoozeMutex) beside G_GNUC_UNUSED = test_mutex_create ("beside");  /* creates the directory */
  g_autoptr(GError) error = NULL;
  g_autofree char *path = test_mutex_file ("squatted");

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
  g_test_summary ("A symbolic link with the name of a mutex is not followed.");

  g_autoptr(ShmoozeMutex) target G_GNUC_UNUSED = test_mutex_create ("target");
  g_autoptr(GError) error = NULL;
  g_autofree char *path = test_mutex_file ("link");

  g_assert_cmpint (symlink ("target", path), ==, 0);
  g_assert_null (shmooze_mutex_open ("link", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "Mutex “link”", "symbolic link", NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* -- Initially owned ----------------------------------------------------------------------- */

static void
test_initially_owned (void)
{
  g_test_summary ("The creator of a mutex can own it from the start.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create_owned ("mine");
  g_autoptr(TestChild) child = test_locker_new ("mine");

  test_child_ask (child, "lock 0", "would-block");
  test_mutex_fail_to_lock (mutex, 0, G_IO_ERROR_PENDING);
  test_mutex_unlock (mutex);
  test_child_ask (child, "lock 0", "acquired");
  test_child_ask (child, "unlock", "done");
}

static void
test_initially_owned_late (void)
{
  g_test_summary ("Opening an existing mutex does not make the caller its owner, even if it asked for that.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeMutex) first = test_mutex_create ("late"), second = NULL;
  gboolean created = TRUE;

  second = shmooze_mutex_create_or_open ("late", TRUE, &created, &error);
  g_assert_no_error (error);
  g_assert_false (created);
  test_mutex_fail_to_unlock (second, G_IO_ERROR_PERMISSION_DENIED);
  test_mutex_pass (first, SHMOOZE_LOCK_ACQUIRED);
}

/* Opens the mutex as soon as it exists, and tries to lock it. */
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
      test_say ("%s", test_mutex_word (result, error));
      g_free (name);
    }
}

static void
test_initially_owned_race (void)
{
  g_test_summary ("No process can lock a new mutex before its initial owner.");

  g_autoptr(TestChild) snatcher = test_child_new ("snatcher", NULL);

  for (guint i = 0; i < (TEST_SLOW ? 50 : 300); i++)
    {
      g_autofree char *name = test_unique_name ("snatch");
      g_autoptr(ShmoozeMutex) mutex = NULL;

      test_child_ask (snatcher, name, "ready");
      mutex = test_mutex_create_owned (name);
      test_child_expect (snatcher, "would-block");
      test_mutex_unlock (mutex);
    }
  g_assert_cmpint (test_child_wait (snatcher), ==, 0);
}

static void
test_creators_race (void)
{
  g_test_summary ("If many processes create a mutex at the same time, one of them creates and owns it.");

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

/* -- Lifetime of the name ------------------------------------------------------------------ */

static void
test_name_goes (void)
{
  g_test_summary ("The name is removed with the last object.");

  g_autofree char *path = test_mutex_file ("gone");
  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("gone"), other = test_mutex_create ("gone");

  g_clear_object (&mutex);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_object (&other);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  test_mutex_check_absent ("gone");
}

static void
test_name_goes_across (void)
{
  g_test_summary ("The name is removed with the last object of the last process.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create ("across");
  g_autoptr(TestChild) child = test_locker_new ("across");

  g_clear_object (&mutex);
  mutex = shmooze_mutex_open ("across", NULL);
  g_assert_nonnull (mutex);
  g_clear_object (&mutex);
  test_child_ask (child, "drop", "done");
  test_mutex_check_absent ("across");
}

static void
test_fresh_is_not_abandoned (void)
{
  g_test_summary ("A new mutex is not abandoned.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestChild) child = test_child_new ("locker", "fresh", NULL);
  g_autoptr(ShmoozeMutex) mutex = NULL;
  gboolean created = FALSE;

  test_child_ask (child, "create-owned", "created");
  test_child_kill (child);
  test_mutex_check_absent ("fresh");
  mutex = shmooze_mutex_create_or_open ("fresh", FALSE, &created, &error);
  g_assert_no_error (error);
  g_assert_true (created);
  test_mutex_pass (mutex, SHMOOZE_LOCK_ACQUIRED);
}

static void
test_drop_held (void)
{
  g_test_summary ("Dropping the last object removes the name, even if the mutex is locked.");

  g_autoptr(ShmoozeMutex) mutex = test_mutex_create_owned ("held");

  g_clear_object (&mutex);
  test_mutex_check_absent ("held");
  mutex = test_mutex_create_owned ("held");
  test_mutex_unlock (mutex);
}

static void
test_many (void)
{
  g_test_summary ("Forty mutexes can be open and locked at the same time.");

  ShmoozeMutex *mutexes[40];

  for (gsize i = 0; i < G_N_ELEMENTS (mutexes); i++)
    {
      g_autofree char *name = g_strdup_printf ("many-%zu", i);

      mutexes[i] = test_mutex_create_owned (name);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (mutexes); i++)
    {
      if (i % 2 == 0)
        test_mutex_unlock (mutexes[i]);
      g_object_unref (mutexes[i]);
    }
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("locker", test_locker_role);
  test_child_role ("snatcher", snatcher_role);
  test_init (&argc, &argv);

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
  test_add ("/mutex/name-goes-with-last-object", test_name_goes);
  test_add ("/mutex/name-goes-with-last-process", test_name_goes_across);
  test_add ("/mutex/fresh-is-not-abandoned", test_fresh_is_not_abandoned);
  test_add ("/mutex/drop-held-removes-name", test_drop_held);
  test_add ("/mutex/many", test_many);

  return test_run ();
}
