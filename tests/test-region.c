/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW SHMOOZE_ACCESS_READ_WRITE
#define READ SHMOOZE_ACCESS_READ

static ShmoozeRegion *
create (const char *name,
        guint64     capacity)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRegion *region = shmooze_region_create (name, capacity, RW, &error);

  g_assert_no_error (error);
  g_assert_nonnull (region);
  return region;
}

static ShmoozeRegion *
open_region (const char *name)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRegion *region = shmooze_region_open (name, RW, &error);

  g_assert_no_error (error);
  g_assert_nonnull (region);
  return region;
}

static ShmoozeView *
view_of (ShmoozeRegion *region,
         guint64        offset,
         guint64        size,
         ShmoozeAccess  access)
{
  g_autoptr(GError) error = NULL;
  ShmoozeView *view = shmooze_region_create_view (region, offset, size, access, &error);

  g_assert_no_error (error);
  g_assert_nonnull (view);
  return view;
}

static void
check_absent (const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_open (name, READ, &error);

  g_assert_null (region);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, name, NULL);
}

static void
check_zeros (const char *data,
             gsize       size)
{
  for (gsize i = 0; i < size; i++)
    g_assert_cmpint (data[i], ==, 0);
}

static void
test_create (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = test_path ("basic");
  g_autoptr(ShmoozeRegion) region = create ("basic", 1000);
  g_autoptr(ShmoozeRegion) other = NULL;
  g_autoptr(ShmoozeView) view = NULL, other_view = NULL;
  g_autofree char *name = NULL, *where = NULL;
  guint64 capacity;
  ShmoozeAccess access;

  g_assert_cmpstr (shmooze_region_get_name (region), ==, "basic");
  g_assert_cmpstr (shmooze_region_get_path (region), ==, path);
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 1000);
  g_assert_cmpint (shmooze_region_get_access (region), ==, RW);
  g_object_get (region, "name", &name, "path", &where, "capacity", &capacity, "access", &access, NULL);
  g_assert_cmpstr (name, ==, "basic");
  g_assert_cmpstr (where, ==, path);
  g_assert_cmpuint (capacity, ==, 1000);
  g_assert_cmpint (access, ==, RW);

  other = shmooze_region_create ("basic", 1000, RW, &error);
  g_assert_null (other);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS, "basic", NULL);

  other = shmooze_region_open ("basic", READ, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (shmooze_region_get_capacity (other), ==, 1000);
  g_assert_cmpint (shmooze_region_get_access (other), ==, READ);

  view = view_of (region, 0, 0, RW);
  other_view = view_of (other, 0, 0, READ);
  check_zeros (shmooze_view_get_data (view), 1000);
  memcpy ((char *) shmooze_view_get_data (view) + 990, "ninebytes", 10);
  g_assert_cmpstr ((char *) shmooze_view_get_data (other_view) + 990, ==, "ninebytes");
}

static void
test_capacities (void)
{
  gsize page = test_page_size ();
  const guint64 capacities[] = { 1, 2, 7, 4095, page - 1, page, page + 1, 3 * page, 1000003 };

  for (gsize i = 0; i < G_N_ELEMENTS (capacities); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = create ("size", capacities[i]);
      g_autoptr(ShmoozeRegion) other = open_region ("size");
      g_autoptr(ShmoozeView) view = view_of (other, 0, 0, READ), none = NULL;
      g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, capacities[i]);
      struct stat st;

      g_assert_cmpuint (shmooze_region_get_capacity (other), ==, capacities[i]);
      g_assert_cmpuint (shmooze_view_get_size (view), ==, capacities[i]);
      check_zeros (shmooze_view_get_data (view), capacities[i]);

      g_assert_cmpint (stat (shmooze_region_get_path (region), &st), ==, 0);
      g_assert_cmpint (st.st_size % (off_t) page, ==, 0);
      g_assert_cmpuint ((guint64) st.st_size, ==, (capacities[i] + page - 1) / page * page + page);
      /* The memory is there already. */
      g_assert_cmpint (st.st_blocks * 512, >=, st.st_size);

      none = shmooze_region_create_view (other, 0, capacities[i] + 1, READ, &error);
      g_assert_null (none);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "size", digits, NULL);
    }
}

static void
test_contents (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) hello = g_bytes_new_static ("hello", 5), none = g_bytes_new_static ("", 0);
  g_autoptr(ShmoozeRegion) region = NULL, exact = NULL, empty = NULL, too_long = NULL;
  g_autoptr(ShmoozeView) view = NULL;

  region = shmooze_region_create_with_contents ("contents", 100, RW, hello, &error);
  g_assert_no_error (error);
  view = view_of (region, 0, 0, READ);
  g_assert_cmpmem (shmooze_view_get_data (view), 5, "hello", 5);
  check_zeros ((char *) shmooze_view_get_data (view) + 5, 95);

  exact = shmooze_region_create_with_contents ("exact", 5, READ, hello, &error);
  g_assert_no_error (error);
  empty = shmooze_region_create_with_contents ("empty", 5, READ, none, &error);
  g_assert_no_error (error);

  too_long = shmooze_region_create_with_contents ("too-long", 4, RW, hello, &error);
  g_assert_null (too_long);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "too-long", "5", "4", NULL);
  check_absent ("too-long");

  too_long = shmooze_region_create_with_contents ("contents", 5, RW, hello, &error);
  g_assert_null (too_long);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS, "contents", NULL);
}

static void
test_create_or_open (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) one = NULL, two = NULL, three = NULL;
  gboolean created = FALSE;

  one = shmooze_region_create_or_open ("either", 10, RW, &created, &error);
  g_assert_no_error (error);
  g_assert_true (created);

  two = shmooze_region_create_or_open ("either", 999, RW, &created, &error);
  g_assert_no_error (error);
  g_assert_false (created);
  g_assert_cmpuint (shmooze_region_get_capacity (two), ==, 10);

  three = shmooze_region_create_or_open ("either", 1, READ, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (three);
}

static void
test_names (void)
{
  g_autofree char *longest = g_strnfill (255, 'x'), *too_long = g_strnfill (256, 'x');
  g_autofree char *posix_too_long = g_strdup_printf ("/%s", too_long);
  const char *const good[] = { "a", "chat", ".hidden", "...", "a b", " ", "Gespräch", "聊天", "دردشة", "👋🏽", "-n", longest,
                               "a\\b", "%s%n", "~" };
  const struct
  {
    const char *name;
    const char *rule;
  } bad[] = {
    { "", "empty" }, { "/", "empty" }, { "a/b", "slash" }, { "a/", "slash" }, { "//a", "slash" }, { "/a/b", "slash" },
    { ".", "directory" }, { "..", "directory" }, { "/..", "directory" }, { "/.", "directory" },
    { "a\nb", "control" }, { "\t", "control" }, { "a\x7f", "control" }, { "\xc2\x85", "control" }, { "/a\x01", "control" },
    { "\xff\xfe", "UTF-8" }, { "a\xc3", "UTF-8" }, { "/\xed\xa0\x80", "UTF-8" },
    { too_long, "255" }, { posix_too_long, "255" }, { "bells", "reserved" }, { "locks", "reserved" }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr(ShmoozeRegion) region = create (good[i], 1);
      g_autoptr(ShmoozeRegion) other = open_region (good[i]);

      g_assert_cmpstr (shmooze_region_get_name (other), ==, good[i]);
      g_assert_true (g_file_test (shmooze_region_get_path (region), G_FILE_TEST_IS_REGULAR));
    }

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = shmooze_region_create (bad[i].name, 1, RW, &error);

      g_test_message ("name %" G_GSIZE_FORMAT, i);
      g_assert_null (region);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, bad[i].rule, NULL);
      region = shmooze_region_open (bad[i].name, RW, &error);
      g_assert_null (region);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, bad[i].rule, NULL);
      region = shmooze_region_create_or_open (bad[i].name, 1, RW, NULL, &error);
      g_assert_null (region);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, bad[i].rule, NULL);
      g_assert_false (shmooze_region_remove (bad[i].name, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, bad[i].rule, NULL);
    }
}

static void
test_not_found (void)
{
  g_autoptr(GError) error = NULL;

  check_absent ("nobody");
  g_assert_false (shmooze_region_remove ("nobody", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "nobody", NULL);
}

static void
test_impossible_sizes (void)
{
  const guint64 sizes[] = { 0, G_GUINT64_CONSTANT (1) << 63, G_MAXUINT64, G_MAXUINT64 - test_page_size () + 1,
                            (guint64) G_MAXINT64, (guint64) G_MAXINT64 - test_page_size () };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, sizes[i]);
      g_autoptr(ShmoozeRegion) region = shmooze_region_create ("huge", sizes[i], RW, &error);

      g_assert_null (region);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "huge", digits, NULL);
      region = shmooze_region_create_or_open ("huge", sizes[i], RW, NULL, &error);
      g_assert_null (region);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "huge", digits, NULL);
      check_absent ("huge");
    }
}

static void
test_no_space (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL, posix = NULL, small = NULL;
  g_autofree char *name = test_unique_name ("/shmooze-test");
  struct statvfs before, after;

  region = shmooze_region_create ("vast", G_GUINT64_CONSTANT (1) << 45, RW, &error);
  g_assert_null (region);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "vast", "35184372", NULL);
  check_absent ("vast");

  /* A little more than there is, and nothing of it is kept. */
  g_assert_cmpint (statvfs ("/dev/shm", &before), ==, 0);
  posix = shmooze_region_create (name, (guint64) before.f_blocks * before.f_frsize + 1, RW, &error);
  g_assert_null (posix);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, name, "/dev/shm", NULL);
  check_absent (name);
  g_assert_cmpint (statvfs ("/dev/shm", &after), ==, 0);
  g_assert_cmpuint (after.f_bfree + 1000, >=, before.f_bfree);

  small = create ("vast", 1);
}

static void
check_modes (void)
{
  g_autoptr(ShmoozeRegion) region = create ("modes", 10);
  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(ShmoozeRegion) posix = create (name, 10);
  g_autofree char *folder = g_path_get_dirname (shmooze_region_get_path (region));
  struct stat st;

  g_assert_cmpint (stat (shmooze_region_get_path (region), &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 01600);  /* sticky: not to be cleaned away */
  g_assert_cmpint (st.st_uid, ==, geteuid ());
  g_assert_cmpint (stat (shmooze_region_get_path (posix), &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
  g_assert_cmpint (stat (folder, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0700);
}

static void
test_modes (void)
{
  const mode_t masks[] = { 0, 022, 077, 0377 };

  for (gsize i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      mode_t former = umask (masks[i]);

      check_modes ();
      umask (former);
    }
}

/* A directory that somebody opened to the world is closed again. */
static void
test_directory_is_closed (void)
{
  g_autofree char *folder = test_path (NULL);

  g_autoptr(ShmoozeRegion) first = create ("first", 1);
  g_assert_cmpint (chmod (folder, 0777), ==, 0);
  check_modes ();
}

static void
test_domain (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename (test_home (), "app", "org.example.Test", "shmooze", "d", NULL);
  g_autofree char *flatpak = g_build_filename (test_home (), "app", "org.example.Flat", "shmooze", "d", NULL);
  g_autoptr(ShmoozeRegion) plain = create ("d", 1);
  g_autoptr(ShmoozeRegion) in_domain = NULL, in_flatpak = NULL, bad = NULL;

  g_setenv ("SHMOOZE_DOMAIN", "org.example.Test", TRUE);
  in_domain = create ("d", 2);
  g_assert_cmpstr (shmooze_region_get_path (in_domain), ==, path);
  g_setenv ("FLATPAK_ID", "org.example.Flat", TRUE);
  in_flatpak = create ("d", 3);
  g_assert_cmpstr (shmooze_region_get_path (in_flatpak), ==, flatpak);
  g_unsetenv ("FLATPAK_ID");

  g_setenv ("SHMOOZE_DOMAIN", "../../escape", TRUE);
  bad = shmooze_region_create ("d", 1, RW, &error);
  g_assert_null (bad);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "../../escape", NULL);
  g_unsetenv ("SHMOOZE_DOMAIN");
}

static void
test_close (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("closed", 10);
  g_autoptr(ShmoozeView) none = NULL;
  g_autofree char *path = g_strdup (shmooze_region_get_path (region));

  shmooze_region_close (region);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  shmooze_region_close (region);

  none = shmooze_region_create_view (region, 0, 0, READ, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed", NULL);
  g_assert_cmpstr (shmooze_region_get_name (region), ==, "closed");
}

static void
test_last_holder (void)
{
  g_autoptr(ShmoozeRegion) one = create ("last", 10);
  g_autoptr(ShmoozeRegion) two = open_region ("last"), again = NULL;
  g_autofree char *path = g_strdup (shmooze_region_get_path (one));

  g_clear_object (&one);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  one = open_region ("last");
  g_clear_object (&two);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_object (&one);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  check_absent ("last");

  again = create ("last", 20);
  g_assert_cmpuint (shmooze_region_get_capacity (again), ==, 20);
}

static void
test_view_outlives (void)
{
  g_autoptr(ShmoozeRegion) region = create ("outlived", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), second = view_of (region, 50, 10, READ);
  g_autoptr(ShmoozeRegion) other = NULL;
  g_autoptr(ShmoozeView) other_view = NULL;

  shmooze_region_close (region);
  g_clear_object (&region);
  strcpy (shmooze_view_get_data (view), "still here");

  other = open_region ("outlived");
  other_view = view_of (other, 0, 0, READ);
  g_assert_cmpstr (shmooze_view_get_data (other_view), ==, "still here");
  g_clear_object (&other_view);
  g_clear_object (&other);

  shmooze_view_close (view);
  g_assert_null (shmooze_view_get_data (view));
  shmooze_view_close (view);
  other = open_region ("outlived");
  g_clear_object (&other);
  g_clear_object (&second);
  check_absent ("outlived");
}

static void
test_view_bounds (void)
{
  gsize page = test_page_size ();
  guint64 capacity = 3 * page + 10;
  g_autoptr(ShmoozeRegion) region = create ("bounds", capacity);
  g_autoptr(ShmoozeView) whole = view_of (region, 0, 0, RW);
  char *data = shmooze_view_get_data (whole);
  const struct
  {
    guint64 offset, size, expected;
  } good[] = {
    { 0, 1, 1 }, { 0, capacity, capacity }, { 1, 0, capacity - 1 }, { capacity - 1, 1, 1 }, { capacity - 1, 0, 1 },
    { page, page, page }, { page - 1, 2, 2 }, { page + 1, 2 * page, 2 * page }
  };
  const struct
  {
    guint64 offset, size;
  } bad[] = {
    { 0, capacity + 1 }, { capacity, 1 }, { capacity, 0 }, { capacity + 1, 0 }, { 1, capacity }, { 0, G_MAXUINT64 },
    { G_MAXUINT64, 1 }, { G_MAXUINT64, 0 }, { 1, G_MAXUINT64 }, { G_MAXUINT64, G_MAXUINT64 }, { capacity - 1, 2 },
    { 0, 4 * page }, { 3 * page, page }
  };

  for (guint64 i = 0; i < capacity; i++)
    data[i] = (char) (i * 7);
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr(ShmoozeView) view = view_of (region, good[i].offset, good[i].size, READ);

      g_assert_cmpuint (shmooze_view_get_size (view), ==, good[i].expected);
      g_assert_cmpmem (shmooze_view_get_data (view), good[i].expected, data + good[i].offset, good[i].expected);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, bad[i].offset, bad[i].size, READ, &error);
      g_autofree char *offset = g_strdup_printf ("%" G_GUINT64_FORMAT, bad[i].offset);
      g_autofree char *all = g_strdup_printf ("%" G_GUINT64_FORMAT, capacity);

      g_assert_null (view);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "bounds", offset, all, NULL);
    }
}

static void
die_of_faults (void)
{
  /* The sanitizers have handlers of their own. */
  signal (SIGSEGV, SIG_DFL);
  signal (SIGBUS, SIG_DFL);
}

static void
store (gpointer data)
{
  die_of_faults ();
  *(volatile char *) data = 1;
}

static void
load (gpointer data)
{
  die_of_faults ();
  if (*(volatile char *) data != 0)
    _exit (1);
}

static gboolean
faults (void   (*func) (gpointer),
        gpointer data)
{
  int status = test_in_fork (func, data);

  g_assert_true (WIFSIGNALED (status) || (WIFEXITED (status) && WEXITSTATUS (status) == 0));
  return WIFSIGNALED (status) && WTERMSIG (status) == SIGSEGV;
}

static void
test_view_protection (void)
{
  g_autoptr(ShmoozeRegion) region = create ("protected", 100);
  g_autoptr(ShmoozeView) reading = view_of (region, 0, 0, READ), writing = view_of (region, 0, 0, RW);
  g_autoptr(ShmoozeView) copy = view_of (region, 0, 0, SHMOOZE_ACCESS_COPY_ON_WRITE);
  g_autoptr(ShmoozeRegion) reader = NULL;
  g_autoptr(ShmoozeView) reader_view = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_false (faults (load, shmooze_view_get_data (reading)));
  g_assert_true (faults (store, shmooze_view_get_data (reading)));
  g_assert_false (faults (store, shmooze_view_get_data (writing)));
  g_assert_false (faults (store, shmooze_view_get_data (copy)));

  /* Nor can the protection be raised afterwards. */
  reader = shmooze_region_open ("protected", READ, &error);
  g_assert_no_error (error);
  reader_view = view_of (reader, 0, 0, READ);
  g_assert_cmpint (mprotect (shmooze_view_get_data (reader_view), test_page_size (), PROT_READ | PROT_WRITE), ==, -1);
}

static void
test_copy_on_write (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("copied", 100), reader = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), copy = NULL, second = NULL;

  strcpy (shmooze_view_get_data (view), "original");
  reader = shmooze_region_open ("copied", READ, &error);
  g_assert_no_error (error);
  copy = view_of (reader, 0, 0, SHMOOZE_ACCESS_COPY_ON_WRITE);
  second = view_of (reader, 0, 0, SHMOOZE_ACCESS_COPY_ON_WRITE);
  g_assert_cmpstr (shmooze_view_get_data (copy), ==, "original");
  strcpy (shmooze_view_get_data (copy), "mine");
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "original");
  g_assert_cmpstr (shmooze_view_get_data (second), ==, "original");
}

static gboolean
is_noexec (const char *path)
{
  struct statvfs fs;

  return statvfs (path, &fs) == 0 && (fs.f_flag & ST_NOEXEC);
}

static void
test_accesses (void)
{
  /* What a region of each access (row) allows a view (column) to be. */
  static const gboolean allowed[6][6] = {
    /*                    RW     R      W      COW    RX     RWX */
    /* READ_WRITE  */ { TRUE,  TRUE,  TRUE,  TRUE,  FALSE, FALSE },
    /* READ        */ { FALSE, TRUE,  FALSE, TRUE,  FALSE, FALSE },
    /* WRITE       */ { FALSE, FALSE, TRUE,  FALSE, FALSE, FALSE },
    /* COPY_O_W    */ { FALSE, TRUE,  FALSE, TRUE,  FALSE, FALSE },
    /* READ_EXEC   */ { FALSE, TRUE,  FALSE, TRUE,  TRUE,  FALSE },
    /* READ_WR_EX  */ { TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE }
  };
  g_autoptr(ShmoozeRegion) owner = create ("accesses", 100);
  gboolean noexec = is_noexec (test_home ());

  for (guint access = 0; access < 6; access++)
    {
      gboolean executes = access >= SHMOOZE_ACCESS_READ_EXECUTE;
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = shmooze_region_open ("accesses", access, &error);

      if (executes && noexec)
        {
          g_assert_null (region);
          test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "accesses", NULL);
          continue;
        }
      g_assert_no_error (error);
      for (guint i = 0; i < 6; i++)
        {
          g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, i, &error);

          g_test_message ("region %u, view %u", access, i);
          if (allowed[access][i])
            {
              g_assert_no_error (error);
              g_assert_nonnull (view);
            }
          else
            {
              g_assert_null (view);
              test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "accesses", NULL);
            }
        }
    }
}

static void
test_creators_access (void)
{
  for (guint access = 0; access < SHMOOZE_ACCESS_READ_EXECUTE; access++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = shmooze_region_create ("creator", 100, access, &error), other = NULL;
      g_autoptr(ShmoozeView) view = NULL;

      if (access == SHMOOZE_ACCESS_WRITE)
        {
          g_assert_null (region);
          test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "creator", NULL);
          check_absent ("creator");
          continue;
        }
      g_assert_no_error (error);
      /* What access the creator asked does not bind others. */
      other = open_region ("creator");
      view = view_of (other, 0, 0, RW);
      strcpy (shmooze_view_get_data (view), "x");
    }
}

/* A mount that forbids to execute is found when the region is opened. */
static void
test_noexec (void)
{
  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_create (name, 10, SHMOOZE_ACCESS_READ_WRITE_EXECUTE, &error);
  g_autoptr(ShmoozeView) view = NULL;

  if (is_noexec ("/dev/shm"))
    {
      g_assert_null (region);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, name, "/dev/shm", NULL);
      check_absent (name);
      return;
    }
  g_assert_no_error (error);
  view = view_of (region, 0, 0, SHMOOZE_ACCESS_READ_EXECUTE);
}

static void
test_posix (void)
{
  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autofree char *path = g_strconcat ("/dev/shm", name, NULL);
  g_autoptr(ShmoozeRegion) region = create (name, 100), other = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(GPtrArray) infos = NULL;
  char *mapping;
  int fd;

  g_assert_cmpstr (shmooze_region_get_path (region), ==, path);
  strcpy (shmooze_view_get_data (view), "from the library");

  fd = shm_open (name, O_RDWR, 0);
  g_assert_cmpint (fd, >=, 0);
  mapping = mmap (NULL, 100, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close (fd);
  g_assert_cmpstr (mapping, ==, "from the library");
  strcpy (mapping, "from shm_open");
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "from shm_open");
  munmap (mapping, 100);

  infos = shmooze_region_list (NULL);
  g_assert_cmpuint (infos->len, ==, 0);

  other = open_region (name);
  g_assert_cmpuint (shmooze_region_get_capacity (other), ==, 100);
  g_clear_object (&view);
  g_clear_object (&region);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_clear_object (&other);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* Shared memory that another program has made. */
static void
test_foreign (void)
{
  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autofree char *path = g_strconcat ("/dev/shm", name, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL, none = NULL;
  g_autoptr(ShmoozeView) view = NULL;
  gboolean created = TRUE;
  int fd = shm_open (name, O_RDWR | O_CREAT | O_EXCL, 0600);

  g_assert_cmpint (fd, >=, 0);
  none = shmooze_region_open (name, RW, &error);
  g_assert_null (none);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, name, "no size", NULL);

  g_assert_cmpint (ftruncate (fd, 5000), ==, 0);
  g_assert_cmpint (pwrite (fd, "theirs", 7, 4990), ==, 7);
  region = open_region (name);
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 5000);
  view = view_of (region, 4990, 0, RW);
  g_assert_cmpuint (shmooze_view_get_size (view), ==, 10);
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "theirs");

  none = shmooze_region_create (name, 10, RW, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS, name, NULL);
  none = shmooze_region_create_or_open (name, 10, RW, &created, &error);
  g_assert_no_error (error);
  g_assert_false (created);
  g_clear_object (&none);

  g_clear_object (&view);
  g_clear_object (&region);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));

  g_assert_true (shmooze_region_remove (name, &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  close (fd);
}

static void
check_layout (const char *name,
              const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_open (name, RW, &error);
  g_autoptr(GPtrArray) infos = NULL;

  g_assert_null (region);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, name, path, NULL);
  region = shmooze_region_create_or_open (name, 1, RW, NULL, &error);
  g_assert_null (region);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, name, path, NULL);
  region = shmooze_region_create (name, 1, RW, &error);
  g_assert_null (region);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS, name, NULL);
  infos = shmooze_region_list (&error);
  g_assert_no_error (error);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));  /* nor swept by any of these */
}

static void
test_foreign_in_private (void)
{
  g_autofree char *path = test_path ("letter"), *text = g_strnfill (2 * test_page_size (), 'x');
  g_autoptr(ShmoozeRegion) makes_directory = create ("other", 1);
  const gssize sizes[] = { 0, 10, (gssize) test_page_size (), (gssize) (2 * test_page_size ()) };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_true (g_file_set_contents (path, text, sizes[i], NULL));
      check_layout ("letter", path);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  check_layout ("letter", path);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
test_symlink (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *link_path = test_path ("link"), *fresh_path = test_path ("fresh");
  g_autoptr(ShmoozeRegion) region = create ("target", 10), none = NULL;

  g_assert_cmpint (symlink (shmooze_region_get_path (region), link_path), ==, 0);
  none = shmooze_region_open ("link", RW, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "link", "symbolic", NULL);
  none = shmooze_region_create ("link", 10, RW, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS, "link", NULL);
  none = shmooze_region_create_or_open ("link", 10, RW, NULL, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "link", NULL);
  g_assert_cmpint (g_unlink (link_path), ==, 0);

  g_assert_cmpint (symlink (fresh_path, link_path), ==, 0);
  none = shmooze_region_create ("link", 10, RW, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS, "link", NULL);
  g_assert_false (g_file_test (fresh_path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_unlink (link_path), ==, 0);
}

/* A directory on the way that leads elsewhere is not followed. */
static void
test_symlinked_directory (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *elsewhere = g_build_filename (test_home (), "elsewhere", NULL);
  g_autofree char *app = g_build_filename (test_home (), "app", NULL);
  g_autofree char *domain = g_build_filename (app, "org.example.Led", NULL);
  g_autoptr(ShmoozeRegion) none = NULL, makes_directory = create ("other", 1);
  g_autoptr(GDir) dir = NULL;

  g_assert_cmpint (g_mkdir (elsewhere, 0700), ==, 0);
  g_assert_cmpint (symlink (elsewhere, domain), ==, 0);
  g_setenv ("SHMOOZE_DOMAIN", "org.example.Led", TRUE);
  none = shmooze_region_create ("led", 10, RW, &error);
  g_unsetenv ("SHMOOZE_DOMAIN");
  g_assert_null (none);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "org.example.Led"));

  dir = g_dir_open (elsewhere, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
  g_unlink (domain);
}

static void
test_another_users (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) none = NULL, region = create ("owned", 10);
  g_autofree char *folder = test_path (NULL), *name = test_unique_name ("/shmooze-test");
  g_autofree char *theirs = g_build_filename (test_home (), "theirs", NULL), *former = g_strdup (test_home ());
  int fd;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can give a directory away");
      return;
    }

  /* As with sudo -E */
  g_assert_cmpint (g_mkdir (theirs, 0700), ==, 0);
  g_assert_cmpint (chown (theirs, 65534, 65534), ==, 0);
  g_setenv ("XDG_RUNTIME_DIR", theirs, TRUE);
  none = shmooze_region_create ("x", 10, RW, &error);
  g_setenv ("XDG_RUNTIME_DIR", former, TRUE);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, theirs, "65534", NULL);
  g_assert_cmpint (g_rmdir (theirs), ==, 0);  /* still empty */

  g_assert_cmpint (chown (folder, 65534, 65534), ==, 0);
  none = shmooze_region_open ("owned", RW, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, folder, "65534", NULL);
  g_assert_cmpint (chown (folder, 0, 0), ==, 0);

  g_assert_cmpint (chown (shmooze_region_get_path (region), 65534, 65534), ==, 0);
  none = shmooze_region_open ("owned", RW, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "owned", "65534", NULL);

  fd = shm_open (name, O_RDWR | O_CREAT | O_EXCL, 0600);
  g_assert_cmpint (ftruncate (fd, 10), ==, 0);
  g_assert_cmpint (fchown (fd, 65534, 65534), ==, 0);
  none = shmooze_region_open (name, RW, &error);
  g_assert_cmpint (shm_unlink (name), ==, 0);
  close (fd);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, name, "65534", NULL);
}

static void
test_no_runtime_directory (void)
{
  const char *const values[] = { NULL, "", "relative/path" };
  g_autofree char *domain = test_unique_name ("org.example.Test");
  g_autofree char *user = g_strdup_printf ("/dev/shm/shmooze-%u", (guint) geteuid ());
  g_autofree char *folder = g_build_filename (user, domain, NULL), *path = g_build_filename (folder, "fallback", NULL);
  g_autofree char *former = g_strdup (test_home ());
  struct stat st;

  g_setenv ("SHMOOZE_DOMAIN", domain, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr(ShmoozeRegion) region = NULL;

      if (values[i] == NULL)
        g_unsetenv ("XDG_RUNTIME_DIR");
      else
        g_setenv ("XDG_RUNTIME_DIR", values[i], TRUE);
      region = create ("fallback", 10);
      g_assert_cmpstr (shmooze_region_get_path (region), ==, path);
      g_assert_cmpint (stat (user, &st), ==, 0);
      g_assert_cmpint (st.st_mode & 07777, ==, 0700);
      g_assert_cmpint (stat (folder, &st), ==, 0);
      g_assert_cmpint (st.st_mode & 07777, ==, 0700);
    }
  g_setenv ("XDG_RUNTIME_DIR", former, TRUE);
  g_unsetenv ("SHMOOZE_DOMAIN");
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_rmdir (user);  /* stays when a program of the user's is there too */
}

static void
test_list (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) none = shmooze_region_list (&error), infos = NULL;
  g_autoptr(ShmoozeRegion) b = create ("b", 20), a = create ("a", 10), c = create ("ć", 30);
  g_autoptr(ShmoozeRegionInfo) copy = NULL;
  const char *const names[] = { "a", "b", "ć" };

  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);

  infos = shmooze_region_list (&error);
  g_assert_no_error (error);
  g_assert_cmpuint (infos->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      ShmoozeRegionInfo *info = g_ptr_array_index (infos, i);
      g_autofree char *path = test_path (names[i]);

      g_assert_cmpstr (info->name, ==, names[i]);
      g_assert_cmpstr (info->path, ==, path);
      g_assert_cmpuint (info->capacity, ==, 10 * (i + 1));
      g_assert_true (info->held);
    }
  copy = shmooze_region_info_copy (g_ptr_array_index (infos, 1));
  g_clear_pointer (&infos, g_ptr_array_unref);
  g_assert_cmpstr (copy->name, ==, "b");
}

/* Creates the region and waits. */
static void
hold (int    argc,
      char **argv)
{
  g_autoptr(ShmoozeRegion) region = create (argv[0], 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  memset (shmooze_view_get_data (view), 'x', 100);
  test_say ("holding");
  g_free (test_hear ());
  if (argc > 1)
    exit (0);  /* without closing anything */
}

static void
test_killed_holder (void)
{
  g_autofree char *path = test_path ("killed"), *second = test_path ("killed too");
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;
  g_autoptr(GPtrArray) infos = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(TestChild) child = test_child_new ("hold", "killed", NULL);
      g_autoptr(TestChild) other = test_child_new ("hold", "killed too", NULL);
      gboolean created = FALSE;

      test_child_expect (child, "holding");
      test_child_expect (other, "holding");
      region = open_region ("killed");
      g_clear_object (&region);
      g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));  /* the child lives */
      test_child_kill (child);
      test_child_kill (other);
      g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
      switch (i)
        {
        case 0:
          check_absent ("killed");
          break;
        case 1:
          infos = shmooze_region_list (NULL);
          g_assert_cmpuint (infos->len, ==, 0);
          break;
        default:
          region = shmooze_region_create_or_open ("killed", 200, RW, &created, NULL);
          g_assert_true (created);
          g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 200);
          view = view_of (region, 0, 0, READ);
          check_zeros (shmooze_view_get_data (view), 200);
        }
      if (i < 2)
        g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
      region = region != NULL ? g_steal_pointer (&region) : create ("sweeper", 1);
      g_assert_false (g_file_test (second, G_FILE_TEST_EXISTS));
      g_clear_object (&view);
      g_clear_object (&region);
    }
}

static void
test_exit_without_close (void)
{
  g_autofree char *path = test_path ("exited");
  g_autoptr(TestChild) child = test_child_new ("hold", "exited", "exit", NULL);

  test_child_expect (child, "holding");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  test_child_wait (child);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_remove (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("removed", 10), again = NULL, third = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), late = NULL, again_view = NULL;

  g_assert_true (shmooze_region_remove ("removed", &error));
  g_assert_no_error (error);
  check_absent ("removed");
  strcpy (shmooze_view_get_data (view), "goes on");
  late = view_of (region, 0, 0, READ);
  g_assert_cmpstr (shmooze_view_get_data (late), ==, "goes on");

  again = create ("removed", 20);
  again_view = view_of (again, 0, 0, READ);
  check_zeros (shmooze_view_get_data (again_view), 20);
  g_clear_object (&view);
  g_clear_object (&late);
  g_clear_object (&region);
  third = open_region ("removed");  /* the old one's end left the new name alone */
  g_assert_cmpuint (shmooze_region_get_capacity (third), ==, 20);
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
test_fork_leaves_parent (void)
{
  g_autoptr(ShmoozeRegion) region = create ("forked", 100), other = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  gpointer both[] = { region, view };

  strcpy (shmooze_view_get_data (view), "inherited");
  g_assert_cmpint (test_in_fork (in_child_close, both), ==, 0);
  other = open_region ("forked");
  g_clear_object (&other);
#if !TEST_SLOW
  g_assert_cmpint (test_in_fork (in_child_exit, NULL), ==, 0);
  other = open_region ("forked");
  g_clear_object (&other);
#endif
  g_assert_true (g_file_test (shmooze_region_get_path (region), G_FILE_TEST_EXISTS));
}

/* A child that inherited everything and lives on is no holder. */
static void
test_fork_is_no_holder (void)
{
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
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
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
  g_autoptr(TestChild) child = test_child_new ("hold-and-fork", "orphaned", NULL);
  g_autoptr(ShmoozeRegion) region = NULL;

  test_child_expect (child, "holding");
  test_child_expect (child, "holding");
  test_child_kill (child);
  check_absent ("orphaned");  /* while the grandchild lives */
  region = create ("orphaned", 10);
}

static void
on_lost (ShmoozeRegion *region,
         GError        *error,
         guint         *count)
{
  g_assert_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  ++*count;
}

/* Whatever somebody writes into the control page: no opener believes it, and who has the region open keeps
 * to what stood there at opening. */
static void
test_tampered (void)
{
  gsize page = test_page_size ();
  guint64 capacity = 2 * page + 5;
  const struct
  {
    goffset offset;   /* in the control page */
    guint   size;
    guint64 value;
    gboolean lost;
  } cases[] = {
    { 0, 8, 0, TRUE }, { 0, 1, 0, TRUE }, { 0, 8, G_MAXUINT64, TRUE },
    { 8, 4, 0, FALSE }, { 8, 4, 2, FALSE }, { 8, 4, G_MAXUINT32, FALSE },
    { 12, 4, 0, FALSE }, { 12, 4, 1, FALSE }, { 12, 4, (guint64) page * 2, FALSE },
    { 16, 8, 0, FALSE }, { 16, 8, G_MAXUINT64, FALSE }, { 16, 8, 3 * page + 1, FALSE }, { 16, 8, 2 * page, FALSE },
    { 16, 8, G_GUINT64_CONSTANT (1) << 63, FALSE }, { 16, 8, G_MAXUINT64 - page + 2, FALSE }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = create ("tampered", capacity), none = NULL;
      g_autoptr(ShmoozeView) view = NULL, beyond = NULL;
      guint n_lost = 0;
      int fd = g_open (shmooze_region_get_path (region), O_RDWR | O_CLOEXEC, 0);

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_signal_connect (region, "lost", G_CALLBACK (on_lost), &n_lost);
      g_assert_cmpint (pwrite (fd, &cases[i].value, cases[i].size, (off_t) (3 * page) + cases[i].offset), ==,
                       cases[i].size);
      close (fd);

      none = shmooze_region_open ("tampered", RW, &error);
      g_assert_null (none);
      test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "tampered", NULL);

      view = shmooze_region_create_view (region, 0, 0, RW, &error);
      if (cases[i].lost)
        {
          g_assert_null (view);
          test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "tampered", NULL);
          test_wait (n_lost == 1);
        }
      else
        {
          g_assert_no_error (error);
          g_assert_cmpuint (shmooze_view_get_size (view), ==, capacity);
          beyond = shmooze_region_create_view (region, 0, capacity + 1, RW, &error);
          g_assert_null (beyond);
          test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "tampered", NULL);
        }
    }
}

static gpointer
churn (gpointer data)
{
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = shmooze_region_create_or_open ("threads", 100, RW, NULL, &error);
      g_autoptr(ShmoozeView) view = NULL;

      g_assert_no_error (error);
      view = view_of (region, 0, 0, RW);
    }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("churn", churn, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("hold", hold);
  test_child_role ("hold-and-fork", hold_and_fork);
  test_init (&argc, &argv);

  test_add ("/region/create", test_create);
  test_add ("/region/capacities", test_capacities);
  test_add ("/region/contents", test_contents);
  test_add ("/region/create-or-open", test_create_or_open);
  test_add ("/region/names", test_names);
  test_add ("/region/not-found", test_not_found);
  test_add ("/region/impossible-sizes", test_impossible_sizes);
  test_add ("/region/no-space", test_no_space);
  test_add ("/region/modes", test_modes);
  test_add ("/region/directory-is-closed", test_directory_is_closed);
  test_add ("/region/domain", test_domain);
  test_add ("/region/close", test_close);
  test_add ("/region/last-holder", test_last_holder);
  test_add ("/region/view/outlives", test_view_outlives);
  test_add ("/region/view/bounds", test_view_bounds);
  test_add ("/region/view/protection", test_view_protection);
  test_add ("/region/view/copy-on-write", test_copy_on_write);
  test_add ("/region/access/views", test_accesses);
  test_add ("/region/access/creator", test_creators_access);
  test_add ("/region/access/noexec", test_noexec);
  test_add ("/region/posix", test_posix);
  test_add ("/region/foreign", test_foreign);
  test_add ("/region/foreign-in-private", test_foreign_in_private);
  test_add ("/region/symlink", test_symlink);
  test_add ("/region/symlinked-directory", test_symlinked_directory);
  test_add ("/region/another-users", test_another_users);
  test_add ("/region/no-runtime-directory", test_no_runtime_directory);
  test_add ("/region/list", test_list);
  test_add ("/region/killed-holder", test_killed_holder);
  test_add ("/region/exit-without-close", test_exit_without_close);
  test_add ("/region/remove", test_remove);
  test_add ("/region/fork/leaves-parent", test_fork_leaves_parent);
  test_add ("/region/fork/no-holder", test_fork_is_no_holder);
  test_add ("/region/fork/of-killed", test_fork_of_killed);
  test_add ("/region/tampered", test_tampered);
  test_add ("/region/threads", test_threads);

  return test_run ();
}
