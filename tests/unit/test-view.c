/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-view.h"

#include <fcntl.h>
#include <float.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITE SHMOOZE_ACCESS_WRITE
#define COPY SHMOOZE_ACCESS_COPY_ON_WRITE

#define GIB (G_GUINT64_CONSTANT (1) << 30)

static guint64
get_uint64 (ShmoozeView *view,
            guint64      position)
{
  g_autoptr(GError) error = NULL;
  guint64 value = 0x5a5a5a5a5a5a5a5a;

  g_assert_true (shmooze_view_read_uint64 (view, position, &value, &error));
  g_assert_no_error (error);
  return value;
}

static void
set_uint64 (ShmoozeView *view,
            guint64      position,
            guint64      value)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_view_write_uint64 (view, position, value, &error));
  g_assert_no_error (error);
}

/* Another process, which opens the region and carries out commands. */
static void
peer (int    argc,
      char **argv)
{
  ShmoozeAccess access = g_str_equal (argv[1], "copy") ? COPY : RW;
  g_autoptr(ShmoozeRegion) region = open_as (argv[0], access);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, access);
  char *line;

  test_say ("ready");
  for (; (line = test_hear ()) != NULL; g_free (line))
    {
      g_auto(GStrv) words = g_strsplit (line, " ", 3);
      guint64 position = g_ascii_strtoull (words[1], NULL, 10);

      if (g_str_equal (words[0], "get"))
        test_say ("%" G_GUINT64_FORMAT, get_uint64 (view, position));
      else if (g_str_equal (words[0], "set"))
        {
          set_uint64 (view, position, g_ascii_strtoull (words[2], NULL, 10));
          test_say ("done");
        }
      else
        {
          char *next = NULL;

          g_assert_cmpstr (words[0], ==, "flip");
          test_say ("done");
          while (next == NULL)
            {
              for (guint i = 0; i < 10000; i++)
                set_uint64 (view, position, i % 2 ? 0 : G_MAXUINT64);
              next = test_hear_now ();
            }
          g_free (next);
          test_say ("done");
        }
    }
}

static TestChild *
start_peer (const char *name,
            const char *access)
{
  TestChild *child = test_child_new ("peer", name, access, NULL);

  test_child_expect (child, "ready");
  return child;
}

/* Access */

static void
check_allowed (gboolean   worked,
               gboolean   allowed,
               GError   **error)
{
  g_assert_cmpint (worked, ==, allowed);
  if (allowed)
    g_assert_no_error (*error);
  else
    test_check_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, NULL);
}

static void
test_access_matrix (void)
{
  g_test_summary ("The access of a view alone decides which operations it allows.");

  static const struct
  {
    gboolean reads, writes, executes;
  } accesses[] = {
    [SHMOOZE_ACCESS_READ_WRITE] = { TRUE, TRUE, FALSE },
    [SHMOOZE_ACCESS_READ] = { TRUE, FALSE, FALSE },
    [SHMOOZE_ACCESS_WRITE] = { FALSE, TRUE, FALSE },
    [SHMOOZE_ACCESS_COPY_ON_WRITE] = { TRUE, TRUE, FALSE },
    [SHMOOZE_ACCESS_READ_EXECUTE] = { TRUE, FALSE, TRUE },
    [SHMOOZE_ACCESS_READ_WRITE_EXECUTE] = { TRUE, TRUE, TRUE }
  };
  g_autoptr(ShmoozeRegion) owner = create ("matrix", 16);
  struct statvfs fs;

  g_assert_cmpint (statvfs (test_home (), &fs), ==, 0);
  for (guint access = 0; access < G_N_ELEMENTS (accesses); access++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = NULL;
      g_autoptr(ShmoozeView) view = NULL;
      gboolean reads = accesses[access].reads, writes = accesses[access].writes;
      char byte = 'x';

      if (accesses[access].executes && (fs.f_flag & ST_NOEXEC))
        continue;

      g_test_message ("access %u", access);
      region = open_as ("matrix", access);
      view = view_of (region, 0, 0, access);
      check_allowed (shmooze_view_read (view, 0, &byte, 1, &error) == 1, reads, &error);
      check_allowed (shmooze_view_write (view, 0, &byte, 1, &error), writes, &error);
      check_allowed (shmooze_view_read (view, 16, &byte, 0, &error) == 0, reads, &error);
      check_allowed (shmooze_view_write (view, 16, &byte, 0, &error), writes, &error);
      for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
        {
          check_allowed (types[i].load (view, 8, &error), reads, &error);
          check_allowed (types[i].store (view, 8, &error), writes, &error);
        }
      g_assert_true (shmooze_view_flush (view, NULL, &error));
      g_assert_no_error (error);
    }
}

static void
test_access_narrower_view (void)
{
  g_test_summary ("A read-only view of a writable region refuses to write, and nothing changes.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("narrower", 16);
  g_autoptr(ShmoozeView) whole = view_of (region, 0, 0, RW);
  g_autoptr(ShmoozeView) reading = view_of (region, 0, 0, READ), writing = view_of (region, 0, 0, WRITE);
  char byte = '-';

  write_bytes (whole, 0, "whole", 5);
  g_assert_false (shmooze_view_write (reading, 0, "X", 1, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "read-only", NULL);
  g_assert_cmpint (shmooze_view_read (writing, 0, &byte, 1, &error), ==, -1);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "write-only", NULL);
  g_assert_cmpint (byte, ==, '-');
  check_bytes (whole, 0, "whole", 5);
  write_bytes (writing, 0, "W", 1);
  check_bytes (reading, 0, "Whole", 5);
}

/* Copy-on-write */

static void
test_copy_hides_own_writes (void)
{
  g_test_summary ("Writes through a copy-on-write view are invisible to others.");

  g_autoptr(ShmoozeRegion) region = create ("copy", 16);
  g_autoptr(ShmoozeView) shared = view_of (region, 0, 0, RW), copy = view_of (region, 0, 0, COPY);

  set_uint64 (shared, 0, 1);
  g_assert_cmpuint (get_uint64 (copy, 0), ==, 1);
  set_uint64 (copy, 0, 2);
  g_assert_cmpuint (get_uint64 (copy, 0), ==, 2);
  g_assert_cmpuint (get_uint64 (shared, 0), ==, 1);
}

static void
test_copy_is_cut_off (void)
{
  g_test_summary ("Once a copy-on-write view has copied a page, it does not show what others write to it.");

  g_autoptr(ShmoozeRegion) region = create ("cut-off", 16);
  g_autoptr(ShmoozeView) shared = view_of (region, 0, 0, RW), copy = view_of (region, 0, 0, COPY);

  set_uint64 (copy, 0, 1);
  set_uint64 (shared, 0, 2);
  set_uint64 (shared, 8, 3);
  g_assert_cmpuint (get_uint64 (copy, 0), ==, 1);
  g_assert_cmpuint (get_uint64 (copy, 8), ==, 0);
}

static void
test_copies_are_apart (void)
{
  g_test_summary ("Two copy-on-write views do not see each other's writes.");

  g_autoptr(ShmoozeRegion) region = create ("copies", 16);
  g_autoptr(ShmoozeView) shared = view_of (region, 0, 0, RW);
  g_autoptr(ShmoozeView) one = view_of (region, 0, 0, COPY), two = view_of (region, 0, 0, COPY);

  set_uint64 (one, 0, 1);
  set_uint64 (two, 0, 2);
  g_assert_cmpuint (get_uint64 (one, 0), ==, 1);
  g_assert_cmpuint (get_uint64 (two, 0), ==, 2);
  g_assert_cmpuint (get_uint64 (shared, 0), ==, 0);
}

static void
test_copy_goes_with_view (void)
{
  g_test_summary ("The changes of a copy-on-write view are gone when it is closed.");

  g_autoptr(ShmoozeRegion) region = create ("gone", 16);
  g_autoptr(ShmoozeView) copy = view_of (region, 0, 0, COPY);

  set_uint64 (copy, 0, 1);
  g_assert_true (shmooze_view_flush (copy, NULL, NULL));
  shmooze_view_close (copy);
  g_clear_object (&copy);
  copy = view_of (region, 0, 0, COPY);
  g_assert_cmpuint (get_uint64 (copy, 0), ==, 0);
}

static void
test_copy_between_processes (void)
{
  g_test_summary ("Processes do not see each other's writes through copy-on-write views.");

  g_autoptr(ShmoozeRegion) region = create ("copy", 16);
  g_autoptr(ShmoozeView) shared = view_of (region, 0, 0, RW), copy = view_of (region, 0, 0, COPY);
  g_autoptr(TestChild) copier = NULL, sharer = NULL;

  set_uint64 (shared, 0, 1);
  copier = start_peer ("copy", "copy");
  sharer = start_peer ("copy", "share");
  test_child_tell (copier, "set 0 2");
  test_child_expect (copier, "done");
  set_uint64 (copy, 0, 3);
  test_child_tell (sharer, "get 0");
  test_child_expect (sharer, "1");
  g_assert_cmpuint (get_uint64 (shared, 0), ==, 1);

  test_child_tell (sharer, "set 0 4");
  test_child_expect (sharer, "done");
  test_child_tell (copier, "get 0");
  test_child_expect (copier, "2");
  g_assert_cmpuint (get_uint64 (copy, 0), ==, 3);
  g_assert_cmpuint (get_uint64 (shared, 0), ==, 4);
  g_assert_cmpint (test_child_wait (copier), ==, 0);
  g_assert_cmpint (test_child_wait (sharer), ==, 0);
}

static void
write_in_fork (gpointer data)
{
  if (!shmooze_view_write_uint64 (data, 0, 7, NULL))
    _exit (1);
}

static void
test_copy_in_fork (void)
{
  g_test_summary ("A forked child gets its own copy of a copy-on-write view.");

  g_autoptr(ShmoozeRegion) region = create ("forked", 16);
  g_autoptr(ShmoozeView) copy = view_of (region, 0, 0, COPY), shared = view_of (region, 0, 0, RW);

  set_uint64 (copy, 0, 1);
  g_assert_cmpint (test_in_fork (write_in_fork, copy), ==, 0);
  g_assert_cmpuint (get_uint64 (copy, 0), ==, 1);
  g_assert_cmpuint (get_uint64 (shared, 0), ==, 0);
}

/* Lifetime */

static void
test_life_outlives_region_object (void)
{
  g_test_summary ("A view works after its region object is closed and finalized.");

  g_autoptr(ShmoozeRegion) region = create ("outlived", 100), other = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 10, 20, RW), other_view = NULL;

  shmooze_region_close (region);
  g_clear_object (&region);
  set_uint64 (view, 6, 42);
  g_assert_cmpuint (get_uint64 (view, 6), ==, 42);
  other = open_as ("outlived", RW);
  other_view = view_of (other, 16, 8, READ);
  g_assert_cmpuint (get_uint64 (other_view, 0), ==, 42);
}

static void
test_life_view_holds_name (void)
{
  g_test_summary ("A view keeps the region's name alive.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("held", 16), again = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);
  g_autoptr(TestChild) child = NULL;

  shmooze_region_close (region);
  g_assert_null (shmooze_region_create ("held", 16, RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS, "held", NULL);
  child = start_peer ("held", "share");
  test_child_tell (child, "set 8 5");
  test_child_expect (child, "done");
  g_assert_cmpuint (get_uint64 (view, 8), ==, 5);
  g_assert_cmpint (test_child_wait (child), ==, 0);
  g_assert_cmpuint (get_uint64 (view, 8), ==, 5);

  shmooze_view_close (view);
  check_absent ("held");
  again = create ("held", 16);
  g_clear_object (&view);
  g_assert_true (g_file_test (shmooze_region_get_path (again), G_FILE_TEST_EXISTS));
}

/* Checks that every operation on the view fails. */
static void
check_failing (ShmoozeView *view,
               GQuark       domain,
               int          code,
               const char  *name)
{
  g_autoptr(GError) error = NULL;
  char byte = 0;

  g_assert_cmpint (shmooze_view_read (view, 0, &byte, 1, &error), ==, -1);
  test_check_error (&error, domain, code, name, NULL);
  g_assert_cmpint (shmooze_view_read (view, 1000, NULL, 0, &error), ==, -1);
  test_check_error (&error, domain, code, name, NULL);
  g_assert_false (shmooze_view_write (view, 0, &byte, 1, &error));
  test_check_error (&error, domain, code, name, NULL);
  g_assert_false (shmooze_view_write (view, 0, NULL, 0, &error));
  test_check_error (&error, domain, code, name, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_assert_false (types[i].load (view, 0, &error));
      test_check_error (&error, domain, code, name, NULL);
      g_assert_false (types[i].store (view, 0, &error));
      test_check_error (&error, domain, code, name, NULL);
    }
  g_assert_false (shmooze_view_flush (view, NULL, &error));
  test_check_error (&error, domain, code, name, NULL);
  g_assert_null (shmooze_view_open_stream (view, &error));
  test_check_error (&error, domain, code, name, NULL);
}

static void
check_closed (ShmoozeView *view,
              const char  *name)
{
  check_failing (view, G_IO_ERROR, G_IO_ERROR_CLOSED, name);
  g_assert_null (shmooze_view_get_data (view));
}

static void
test_life_closed (void)
{
  g_test_summary ("Every operation on a closed view fails with CLOSED.");

  g_autoptr(ShmoozeRegion) region = create ("closed", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), other = view_of (region, 0, 0, RW);

  g_assert_nonnull (shmooze_view_get_data (view));
  shmooze_view_close (view);
  check_closed (view, "closed");
  shmooze_view_close (view);
  check_closed (view, "closed");
  g_assert_cmpuint (shmooze_view_get_size (view), ==, 100);

  set_uint64 (other, 0, 1);  /* the other view still works */
  g_clear_object (&other);
  other = view_of (region, 0, 0, RW);
  g_assert_cmpuint (get_uint64 (other, 0), ==, 1);
}

static void
test_life_closed_twice_is_once (void)
{
  g_test_summary ("Closing a view twice releases one hold.");

  g_autoptr(ShmoozeRegion) region = create ("twice", 100);
  g_autoptr(ShmoozeView) one = view_of (region, 0, 0, RW), two = view_of (region, 0, 0, RW);

  shmooze_region_close (region);
  shmooze_view_close (one);
  shmooze_view_close (one);
  g_clear_object (&one);
  set_uint64 (two, 0, 1);
  g_object_unref (open_as ("twice", READ));
  shmooze_view_close (two);
  check_absent ("twice");
}

/* Lost */

typedef gboolean (*Access) (ShmoozeView  *view,
                            GError      **error);

static gboolean
bulk_read (ShmoozeView  *view,
           GError      **error)
{
  char bytes[3];

  return shmooze_view_read (view, 5, bytes, sizeof bytes, error) >= 0;
}

static gboolean
bulk_write (ShmoozeView  *view,
            GError      **error)
{
  return shmooze_view_write (view, 5, "###", 3, error);
}

static gboolean
typed_read (ShmoozeView  *view,
            GError      **error)
{
  gdouble value;

  return shmooze_view_read_double (view, 5, &value, error);
}

static gboolean
typed_write (ShmoozeView  *view,
             GError      **error)
{
  return shmooze_view_write_uint16 (view, 5, 1, error);
}

static gboolean
flush (ShmoozeView  *view,
       GError      **error)
{
  return shmooze_view_flush (view, NULL, error);
}

static void
count_lost (ShmoozeRegion *region,
            GError        *error,
            guint         *count)
{
  ++*count;
}

/* Each operation is the first to notice, for each kind of truncation. */
static void
test_lost (void)
{
  g_test_summary ("Every operation on a view reports that the region is lost.");

  static const Access first[] = { bulk_read, bulk_write, typed_read, typed_write, flush };
  gsize page = test_page_size ();
  const off_t cuts[] = { 0, 3, (off_t) page, (off_t) page + 3, (off_t) (2 * page) };

  for (gsize i = 0; i < G_N_ELEMENTS (first); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (cuts); j++)
      {
        g_autoptr(GError) error = NULL;
        g_autoptr(ShmoozeRegion) region = create ("cut", 2 * page);
        g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), other = view_of (region, 7, 100, COPY);
        guint n_lost = 0;

        g_signal_connect (region, "lost", G_CALLBACK (count_lost), &n_lost);
        set_uint64 (view, 0, 1);
        set_uint64 (other, 0, 1);
        g_assert_cmpint (truncate (shmooze_region_get_path (region), cuts[j]), ==, 0);
        g_assert_false (first[i] (view, &error));
        test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "cut", NULL);
        check_failing (view, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "cut");
        check_failing (other, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "cut");
        test_wait (n_lost > 0);
        test_settle ();
        g_assert_cmpuint (n_lost, ==, 1);

        shmooze_view_close (view);  /* emitted before the check below */
        g_assert_false (first[i] (view, &error));
        test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "cut", NULL);
      }
}

/* No access faults after the file has grown again. */
static void
test_lost_regrown (void)
{
  g_test_summary ("A view whose file was truncated and grown again is LOST.");

  static const Access first[] = { bulk_read, bulk_write, typed_read, typed_write, flush };

  for (gsize i = 0; i < G_N_ELEMENTS (first); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = create ("regrown", 100);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
      GStatBuf st;

      set_uint64 (view, 0, 1);
      g_assert_cmpint (g_stat (shmooze_region_get_path (region), &st), ==, 0);
      g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
      g_assert_cmpint (truncate (shmooze_region_get_path (region), st.st_size), ==, 0);
      g_assert_false (first[i] (view, &error));
      test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "regrown", NULL);
      check_failing (view, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "regrown");
    }
}

/* No access faults if a file is truncated within its only page. */
static void
test_lost_file_cut_within_page (void)
{
  g_test_summary ("A view of a file that was truncated within its last page is LOST.");

  g_autoptr(GError) error = NULL;
  g_autoptr(GFile) file = NULL;
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;
  g_autofree char *path = g_build_filename (test_home (), "cut-file", NULL);

  file = g_file_new_for_path (path);
  region = shmooze_region_map_file (file, 100, RW, &error);
  g_assert_no_error (error);
  view = view_of (region, 0, 50, RW);
  set_uint64 (view, 0, 1);
  g_assert_cmpint (truncate (path, 99), ==, 0);
  check_failing (view, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "cut-file");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* Coherence */

static void
test_coherence_two_views (void)
{
  g_test_summary ("Two views of a region show the same bytes.");

  g_autoptr(ShmoozeRegion) region = create ("coherent", 20000), other = open_as ("coherent", RW);
  g_autoptr(ShmoozeView) one = view_of (region, 3, 15000, RW), two = view_of (other, 4099, 15000, RW);

  for (guint64 i = 0; i < 10000; i += 997)
    {
      set_uint64 (one, i + 4096, i);
      g_assert_cmpuint (get_uint64 (two, i), ==, i);
      set_uint64 (two, i, ~i);
      g_assert_cmpuint (get_uint64 (one, i + 4096), ==, ~i);
    }
}

static void
test_coherence_processes (void)
{
  g_test_summary ("Views in two processes show the same bytes.");

  g_autoptr(ShmoozeRegion) region = create ("processes", 20000);
  g_autoptr(ShmoozeView) view = view_of (region, 1, 0, RW);
  g_autoptr(TestChild) child = start_peer ("processes", "share");

  for (guint64 i = 0; i < 19000; i += 1999)
    {
      g_autofree char *expected = g_strdup_printf ("%" G_GUINT64_FORMAT, i * i);

      set_uint64 (view, i, i * i);
      test_child_tell (child, "get %" G_GUINT64_FORMAT, i + 1);
      test_child_expect (child, expected);
      test_child_tell (child, "set %" G_GUINT64_FORMAT " 123456789", i + 1);
      test_child_expect (child, "done");
      g_assert_cmpuint (get_uint64 (view, i), ==, 123456789);
    }
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_coherence_untorn_between_processes (void)
{
  g_test_summary ("An aligned value is never torn when another process reads it.");

  g_autoptr(ShmoozeRegion) region = create ("untorn", 64);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);
  g_autoptr(TestChild) child = start_peer ("untorn", "share");
  gboolean zeros = FALSE, ones = FALSE;

  test_child_tell (child, "flip 8");
  test_child_expect (child, "done");
  for (guint i = 0; i < 100000 || !zeros || !ones; i++)
    {
      guint64 value = get_uint64 (view, 8);

      g_assert_true (value == 0 || value == G_MAXUINT64);
      zeros |= value == 0;
      ones |= value != 0;
    }
  test_child_tell (child, "stop");
  test_child_expect (child, "done");
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_page_borders (void)
{
  g_test_summary ("Values and bytes that cross a page boundary are read and written correctly.");

  gsize page = test_page_size ();
  g_autoptr(ShmoozeRegion) region = create ("borders", 4 * page);
  g_autoptr(ShmoozeView) whole = view_of (region, 0, 0, RW);
  g_autofree char *bytes = g_malloc (4 * page);

  test_pattern_fill (bytes, 4 * page, 3);
  for (gsize lead = 1; lead < 12; lead++)
    {
      g_autoptr(ShmoozeView) view = view_of (region, page - lead, 2 * page + 2 * lead, RW);
      guint64 value;

      memset (shmooze_view_get_data (whole), '-', 4 * page);
      write_bytes (view, 0, bytes, 2 * page + 2 * lead);
      check_bytes (view, 0, bytes, 2 * page + 2 * lead);
      check_bytes (whole, page - lead, bytes, 2 * page + 2 * lead);
      check_bytes (whole, page - lead - 1, "-", 1);
      check_bytes (whole, 3 * page + lead, "-", 1);
      for (guint64 i = 0; i <= lead; i++)
        {
          memcpy (&value, bytes + i, 8);
          g_assert_cmpuint (get_uint64 (view, i), ==, value);
          set_uint64 (view, i, ~value);
          g_assert_cmpuint (get_uint64 (whole, page - lead + i), ==, ~value);
          set_uint64 (view, i, value);
        }
    }
}

/* Threads */

typedef struct
{
  ShmoozeView *view;
  atomic_bool  stop;
  atomic_uint  n_reads;
  GError      *error;
} Shared;

static gpointer
flip (gpointer data)
{
  Shared *shared = data;

  for (guint i = 0; !atomic_load (&shared->stop); i++)
    {
      set_uint64 (shared->view, 8, i % 2 ? 0 : G_MAXUINT64);
      g_assert_true (shmooze_view_write_int32 (shared->view, 20, i % 2 ? 0 : -1, NULL));
      g_assert_true (shmooze_view_write_uint16 (shared->view, 30, i % 2 ? 0 : G_MAXUINT16, NULL));
      g_assert_true (shmooze_view_write_double (shared->view, 32, i % 2 ? 0 : DBL_MAX, NULL));
    }
  return NULL;
}

static void
test_threads_untorn (void)
{
  g_test_summary ("An aligned value is never torn when another thread reads it.");

  g_autoptr(ShmoozeView) view = lone_view ("untorn", 64);
  Shared shared = { .view = view };
  g_autoptr(GThread) thread = g_thread_new ("flip", flip, &shared);
  gboolean zeros = FALSE, ones = FALSE;

  for (guint i = 0; i < 20000 || !zeros || !ones; i++)
    {
      guint64 value = get_uint64 (view, 8);
      gint32 four = 1;
      guint16 two = 1;
      gdouble number = 1;

      g_assert_true (value == 0 || value == G_MAXUINT64);
      g_assert_true (shmooze_view_read_int32 (view, 20, &four, NULL));
      g_assert_true (four == 0 || four == -1);
      g_assert_true (shmooze_view_read_uint16 (view, 30, &two, NULL));
      g_assert_true (two == 0 || two == G_MAXUINT16);
      g_assert_true (shmooze_view_read_double (view, 32, &number, NULL));
      g_assert_true (number >= DBL_MAX || number <= 0);
      zeros |= value == 0;
      ones |= value != 0;
    }
  atomic_store (&shared.stop, TRUE);
  g_thread_join (g_steal_pointer (&thread));
}

static gpointer
read_until_error (gpointer data)
{
  Shared *shared = data;
  guint64 value;
  char bytes[100];

  while (shmooze_view_read_uint64 (shared->view, 8, &value, &shared->error) &&
         shmooze_view_read (shared->view, 4000, bytes, sizeof bytes, &shared->error) == sizeof bytes)
    if (atomic_fetch_add (&shared->n_reads, 1) == 20)
      g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_threads_close_while_reading (void)
{
  g_test_summary ("A view can be closed while another thread reads values from it.");

  for (guint round = 0; round < 20; round++)
    {
      g_autoptr(ShmoozeRegion) region = create ("closing", 8192);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
      Shared shared[2] = { { .view = view }, { .view = view } };
      GThread *threads[2];

      for (guint i = 0; i < 2; i++)
        threads[i] = g_thread_new ("read", read_until_error, &shared[i]);
      test_wait (atomic_load (&shared[0].n_reads) > 20 && atomic_load (&shared[1].n_reads) > 20);
      shmooze_view_close (view);
      for (guint i = 0; i < 2; i++)
        {
          g_thread_join (threads[i]);
          test_check_error (&shared[i].error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closing", NULL);
        }
    }
}

static gpointer
close_view (gpointer data)
{
  shmooze_view_close (data);
  return NULL;
}

static void
test_threads_close_at_once (void)
{
  g_test_summary ("Two threads can close the same view at the same time, which releases one hold.");

  for (guint round = 0; round < 50; round++)
    {
      g_autoptr(ShmoozeRegion) region = create ("at-once", 100);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), other = view_of (region, 0, 0, RW);
      GThread *threads[2];

      shmooze_region_close (region);
      for (guint i = 0; i < 2; i++)
        threads[i] = g_thread_new ("close", close_view, view);
      for (guint i = 0; i < 2; i++)
        g_thread_join (threads[i]);
      g_object_unref (open_as ("at-once", READ));
      set_uint64 (other, 0, 1);
    }
}

static gpointer
ask_until_closed (gpointer data)
{
  Shared *shared = data;

  while (shmooze_view_get_data (shared->view) != NULL)
    if (atomic_fetch_add (&shared->n_reads, 1) == 20)
      g_main_context_wakeup (NULL);
  g_assert_cmpuint (shmooze_view_get_size (shared->view), ==, 100);
  return NULL;
}

static void
test_threads_ask_while_closing (void)
{
  g_test_summary ("A view can be closed while another thread copies bytes from it.");

  g_autoptr(ShmoozeView) view = lone_view ("asking", 100);
  Shared shared = { .view = view };
  g_autoptr(GThread) thread = g_thread_new ("ask", ask_until_closed, &shared);

  test_wait (atomic_load (&shared.n_reads) > 20);
  shmooze_view_close (view);
  g_thread_join (g_steal_pointer (&thread));
}

/* Sizes */

static void
check_far_positions (ShmoozeView   *view,
                     const guint64 *positions,
                     gsize          n)
{
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("at %" G_GUINT64_FORMAT, positions[i]);

      set_uint64 (view, positions[i], ~positions[i]);
      write_bytes (view, positions[i] + 8, text, strlen (text));
    }
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("at %" G_GUINT64_FORMAT, positions[i]);

      g_assert_cmpuint (get_uint64 (view, positions[i]), ==, ~positions[i]);
      check_bytes (view, positions[i] + 8, text, strlen (text));
    }
}

static void
test_beyond_2_gib (void)
{
  g_test_summary ("A view can be larger than 2 GiB.");

  const guint64 size = 2 * GIB + GIB / 2 + 1;
  const guint64 positions[] = { 0, 2 * GIB - 4, 2 * GIB + 100, size - 40 };
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL, far = NULL;
  struct statfs fs;

  g_assert_cmpint (statfs (test_home (), &fs), ==, 0);
  if ((guint64) fs.f_bavail * (guint64) fs.f_bsize < 4 * GIB)
    {
      g_test_skip ("the runtime directory has less than 4 GiB of free space");
      return;
    }
  region = create ("big", size);
  view = view_of (region, 0, 0, RW);
  g_assert_cmpuint (shmooze_view_get_size (view), ==, size);
  check_far_positions (view, positions, G_N_ELEMENTS (positions));
  far = view_of (region, 2 * GIB + 100, 0, READ);
  g_assert_cmpuint (shmooze_view_get_size (far), ==, GIB / 2 + 1 - 100);
  g_assert_cmpuint (get_uint64 (far, 0), ==, ~positions[2]);
  g_assert_false (types[0].load (view, size, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "big", NULL);
}

/* The file is sparse and needs neither memory nor disk space. */
static void
test_beyond_4_gib (void)
{
  g_test_summary ("A view can be larger than 4 GiB.");

  const guint64 size = 4 * GIB + GIB / 2 + 3;
  const guint64 positions[] = { 0, 100, 2 * GIB, 4 * GIB - 4, 4 * GIB + 100, size - 40 };
  g_autofree char *path = g_build_filename (test_home (), "holes", NULL);
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL, far = NULL;
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  gboolean holes = ftruncate (fd, (off_t) size) == 0;
  char byte = 0;

  close (fd);
  if (holes)
    {
      region = shmooze_region_map_file (file, 0, RW, &error);
      g_assert_no_error (error);
      view = view_of (region, 0, 0, RW);
      g_assert_cmpuint (shmooze_view_get_size (view), ==, size);
      check_far_positions (view, positions, G_N_ELEMENTS (positions));
      far = view_of (region, 4 * GIB + 101, 20, READ);
      check_bytes (far, 7, "at 4294967396", 13);
      g_assert_cmpint (shmooze_view_read (view, size - 1, &byte, 5, &error), ==, 1);
      g_assert_cmpint (shmooze_view_read (view, size, &byte, 1, &error), ==, 0);
      g_assert_no_error (error);
      g_assert_cmpint (shmooze_view_read (view, size + 1, &byte, 1, &error), ==, -1);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, NULL);
    }
  else
    g_test_skip ("the file system does not support files of 4.5 GiB");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* Flush */

/* How many KiB of the mapping at @address are dirty */
static guint64
dirty_at (gpointer address)
{
  g_autofree char *smaps = NULL;
  g_auto(GStrv) lines = NULL;
  gboolean here = FALSE;
  guint64 dirty = 0;

  g_assert_true (g_file_get_contents ("/proc/self/smaps", &smaps, NULL, NULL));
  lines = g_strsplit (smaps, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      char *end;
      guint64 from = g_ascii_strtoull (*line, &end, 16);

      if (end > *line && *end == '-')
        here = (guintptr) address >= from && (guintptr) address < g_ascii_strtoull (end + 1, NULL, 16);
      else if (here && (g_str_has_prefix (*line, "Shared_Dirty:") || g_str_has_prefix (*line, "Private_Dirty:")))
        dirty += g_ascii_strtoull (strchr (*line, ':') + 1, NULL, 10);
    }
  return dirty;
}

static void
test_flush_file (void)
{
  g_test_summary ("Flushing a view writes its part of the file.");

  gsize page = test_page_size ();
  g_autofree char *path = g_build_filename (test_home (), "flushed", NULL);
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = shmooze_region_map_file (file, 4 * page, RW, &error);
  g_autoptr(ShmoozeView) view = NULL;
  g_autofree char *contents = NULL;
  struct statfs fs;

  g_assert_no_error (error);
  g_assert_cmpint (statfs (path, &fs), ==, 0);
  view = view_of (region, page + 5, 2 * page, RW);
  write_bytes (view, 1, "on disk", 7);
  write_bytes (view, 2 * page - 1, "!", 1);
  if (fs.f_type != TMPFS_MAGIC)
    g_assert_cmpuint (dirty_at (shmooze_view_get_data (view)), >, 0);
  g_assert_true (shmooze_view_flush (view, NULL, &error));
  g_assert_no_error (error);
  if (fs.f_type != TMPFS_MAGIC)  /* which has no dirty pages */
    g_assert_cmpuint (dirty_at (shmooze_view_get_data (view)), ==, 0);
  g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
  g_assert_cmpmem (contents + page + 6, 7, "on disk", 7);
  g_assert_cmpint (contents[3 * page + 4], ==, '!');
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
test_flush_copy (void)
{
  g_test_summary ("Flushing a copy-on-write view writes nothing.");

  g_autofree char *path = g_build_filename (test_home (), "original", NULL);
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;
  g_autofree char *contents = NULL;

  g_assert_true (g_file_set_contents (path, "original", 8, NULL));
  region = shmooze_region_map_file (file, 0, READ, &error);
  g_assert_no_error (error);
  view = view_of (region, 0, 0, COPY);
  write_bytes (view, 0, "my own", 6);
  g_assert_true (shmooze_view_flush (view, NULL, &error));
  g_assert_no_error (error);
  check_bytes (view, 0, "my ownal", 8);
  g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
  g_assert_cmpstr (contents, ==, "original");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
test_flush_cancelled (void)
{
  g_test_summary ("A cancelled flush fails with CANCELLED.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeView) view = lone_view ("cancelled", 100);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  g_assert_true (shmooze_view_flush (view, cancellable, &error));
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);
  g_assert_false (shmooze_view_flush (view, cancellable, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  set_uint64 (view, 0, 1);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("peer", peer);
  test_init (&argc, &argv);

  test_add ("/view/access/matrix", test_access_matrix);
  test_add ("/view/access/narrower-view", test_access_narrower_view);
  test_add ("/view/copy-on-write/hides-own-writes", test_copy_hides_own_writes);
  test_add ("/view/copy-on-write/is-cut-off", test_copy_is_cut_off);
  test_add ("/view/copy-on-write/two-are-apart", test_copies_are_apart);
  test_add ("/view/copy-on-write/goes-with-view", test_copy_goes_with_view);
  test_add ("/view/copy-on-write/between-processes", test_copy_between_processes);
  test_add ("/view/copy-on-write/in-a-fork", test_copy_in_fork);
  test_add ("/view/life/outlives-region-object", test_life_outlives_region_object);
  test_add ("/view/life/holds-name", test_life_view_holds_name);
  test_add ("/view/life/closed", test_life_closed);
  test_add ("/view/life/closed-twice-is-once", test_life_closed_twice_is_once);
  test_add ("/view/lost/truncated", test_lost);
  test_add ("/view/lost/regrown", test_lost_regrown);
  test_add ("/view/lost/file-cut-within-page", test_lost_file_cut_within_page);
  test_add ("/view/coherence/two-views", test_coherence_two_views);
  test_add ("/view/coherence/two-processes", test_coherence_processes);
  test_add ("/view/coherence/untorn-between-processes", test_coherence_untorn_between_processes);
  test_add ("/view/page-borders", test_page_borders);
  test_add ("/view/threads/untorn", test_threads_untorn);
  test_add ("/view/threads/close-while-reading", test_threads_close_while_reading);
  test_add ("/view/threads/close-at-once", test_threads_close_at_once);
  test_add ("/view/threads/ask-while-closing", test_threads_ask_while_closing);
  test_add ("/view/beyond-2-gib", test_beyond_2_gib);
  test_add ("/view/beyond-4-gib", test_beyond_4_gib);
  test_add ("/view/flush/file", test_flush_file);
  test_add ("/view/flush/copy-on-write", test_flush_copy);
  test_add ("/view/flush/cancelled", test_flush_cancelled);

  return test_run ();
}
