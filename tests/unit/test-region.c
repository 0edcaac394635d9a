/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Regions with a plain name: creating, contents and listing. */

static void
test_create (void)
{
  g_test_summary ("A region has its name, path, capacity and access, also as properties.");

  g_autofree char *path = test_path ("basic"), *name = NULL, *where = NULL;
  g_autoptr(ShmoozeRegion) region = create ("basic", 1000);
  guint64 capacity;
  ShmoozeAccess access;
  gboolean persisted;

  g_assert_cmpstr (shmooze_region_get_name (region), ==, "basic");
  g_assert_cmpstr (shmooze_region_get_path (region), ==, path);
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 1000);
  g_assert_cmpint (shmooze_region_get_access (region), ==, RW);
  g_assert_false (shmooze_region_get_persisted (region));
  g_assert_cmpint (shmooze_region_get_fd (region), ==, -1);
  g_object_get (region, "name", &name, "path", &where, "capacity", &capacity, "access", &access,
                "persisted", &persisted, NULL);
  g_assert_cmpstr (name, ==, "basic");
  g_assert_cmpstr (where, ==, path);
  g_assert_cmpuint (capacity, ==, 1000);
  g_assert_cmpint (access, ==, RW);
  g_assert_false (persisted);
}

static void
test_zeros (void)
{
  g_test_summary ("A new region is filled with zeros.");

  g_autoptr(ShmoozeRegion) region = create ("zeros", 100003);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);

  check_zeros (shmooze_view_get_data (view), 100003);
}

static void
test_exists (void)
{
  g_test_summary ("Creating a region that exists is an error, and changes nothing.");

  g_autoptr(ShmoozeRegion) region = create ("basic", 1000);

  check_no_creation ("basic", 1000, RW, G_IO_ERROR_EXISTS, "exists");
  check_no_creation ("basic", 1, READ, G_IO_ERROR_EXISTS, "exists");
  g_assert_true (is_there (shmooze_region_get_path (region)));
}

static void
test_open (void)
{
  g_test_summary ("An opened region has the capacity it was created with.");

  g_autoptr(ShmoozeRegion) region = create ("basic", 1000), other = open_as ("basic", READ);

  g_assert_cmpuint (shmooze_region_get_capacity (other), ==, 1000);
  g_assert_cmpint (shmooze_region_get_access (other), ==, READ);
  g_assert_cmpstr (shmooze_region_get_path (other), ==, shmooze_region_get_path (region));
}

static void
test_regions_are_coherent (void)
{
  g_test_summary ("Two regions of one name see each other's bytes at once, both ways.");

  g_autoptr(ShmoozeRegion) region = create ("basic", 1000), other = open_region ("basic");
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), other_view = view_of (other, 0, 0, RW);
  char *one = shmooze_view_get_data (view), *two = shmooze_view_get_data (other_view);

  g_assert_true (one != two);
  strcpy (one + 990, "ninebytes");
  g_assert_cmpstr (two + 990, ==, "ninebytes");
  strcpy (two, "and back");
  g_assert_cmpstr (one, ==, "and back");
}

static void
test_views_are_coherent (void)
{
  g_test_summary ("Overlapping views of one region see each other's bytes at once.");

  gsize page = test_page_size ();
  g_autoptr(ShmoozeRegion) region = create ("basic", 3 * page);
  g_autoptr(ShmoozeView) whole = view_of (region, 0, 0, RW), part = view_of (region, page + 5, 100, RW);

  strcpy ((char *) shmooze_view_get_data (whole) + page + 5, "seen in the part");
  g_assert_cmpstr (shmooze_view_get_data (part), ==, "seen in the part");
  strcpy (shmooze_view_get_data (part), "and in the whole");
  g_assert_cmpstr ((char *) shmooze_view_get_data (whole) + page + 5, ==, "and in the whole");
}

static void
test_later_view_sees (void)
{
  g_test_summary ("A view made later sees what an earlier one wrote.");

  g_autoptr(ShmoozeRegion) region = create ("basic", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  strcpy (shmooze_view_get_data (view), "still there");
  g_clear_object (&view);
  view = view_of (region, 0, 0, READ);
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "still there");
}

static void
test_other_regions_do_not_see (void)
{
  g_test_summary ("Regions of other names are not affected.");

  g_autoptr(ShmoozeRegion) one = create ("one", 100), two = create ("two", 100);
  g_autoptr(ShmoozeView) view = view_of (one, 0, 0, RW), other = view_of (two, 0, 0, READ);

  memset (shmooze_view_get_data (view), 'x', 100);
  check_zeros (shmooze_view_get_data (other), 100);
}

static void
test_many (void)
{
  g_test_summary ("A hundred regions can be open at once, each with its own bytes.");

  g_autoptr(GPtrArray) regions = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("many-%u", i);
      g_autoptr(ShmoozeRegion) region = create (name, 4096);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

      *(guint *) shmooze_view_get_data (view) = i;
      g_ptr_array_add (regions, g_steal_pointer (&region));
    }
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(ShmoozeView) view = view_of (g_ptr_array_index (regions, i), 0, 0, READ);

      g_assert_cmpuint (*(guint *) shmooze_view_get_data (view), ==, i);
    }
}

static void
test_create_or_open_creates (void)
{
  g_test_summary ("Create-or-open creates a missing region, and reports that.");

  g_autoptr(GError) error = NULL;
  gboolean created = FALSE;
  g_autoptr(ShmoozeRegion) region = shmooze_region_create_or_open ("either", 10, RW, &created, &error);

  g_assert_no_error (error);
  g_assert_true (created);
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 10);
}

static void
test_create_or_open_opens (void)
{
  g_test_summary ("Create-or-open opens an existing region, which keeps its capacity.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) one = create ("either", 10), two = NULL, three = NULL;
  gboolean created = TRUE;

  two = shmooze_region_create_or_open ("either", 999, RW, &created, &error);
  g_assert_no_error (error);
  g_assert_false (created);
  g_assert_cmpuint (shmooze_region_get_capacity (two), ==, 10);

  three = shmooze_region_create_or_open ("either", 1, READ, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (three);
}

static ShmoozeRegion *
create_with (const char *name,
             guint64     capacity,
             const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  ShmoozeRegion *region = shmooze_region_create_with_contents (name, capacity, RW, bytes, &error);

  g_assert_no_error (error);
  return region;
}

static void
test_contents (void)
{
  g_test_summary ("A region created with contents has them as soon as it has its name.");

  g_autoptr(ShmoozeRegion) region = create_with ("contents", 100, "hello"), other = open_as ("contents", READ);
  g_autoptr(ShmoozeView) view = view_of (other, 0, 0, READ);

  g_assert_cmpmem (shmooze_view_get_data (view), 5, "hello", 5);
  check_zeros ((char *) shmooze_view_get_data (view) + 5, 95);
}

static void
test_contents_exact (void)
{
  g_test_summary ("Contents may fill the region exactly, or be empty.");

  g_autoptr(ShmoozeRegion) exact = create_with ("exact", 5, "hello"), empty = create_with ("empty", 5, "");
  g_autoptr(ShmoozeView) view = view_of (exact, 0, 0, READ), none = view_of (empty, 0, 0, READ);

  g_assert_cmpmem (shmooze_view_get_data (view), shmooze_view_get_size (view), "hello", 5);
  check_zeros (shmooze_view_get_data (none), 5);
}

static void
test_contents_too_long (void)
{
  g_test_summary ("Contents that do not fit are refused, and leave no name.");

  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) hello = g_bytes_new_static ("hello", 5);

  g_assert_null (shmooze_region_create_with_contents ("too-long", 4, RW, hello, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "too-long", "5", "4", NULL);
  check_absent ("too-long");
}

static void
test_contents_name_taken (void)
{
  g_test_summary ("Contents are not written into a region that exists.");

  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) other = g_bytes_new_static ("other", 5);
  g_autoptr(ShmoozeRegion) region = create_with ("contents", 100, "hello");
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);

  g_assert_null (shmooze_region_create_with_contents ("contents", 5, RW, other, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_EXISTS, "contents", NULL);
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "hello");
}

#define N_CAPACITIES 9

static guint64
capacity_at (guint i)
{
  gsize page = test_page_size ();
  const guint64 capacities[N_CAPACITIES] = { 1, 2, 7, 4095, page - 1, page, page + 1, 3 * page, 1000003 };

  return capacities[i];
}

static void
test_capacity_is_exact (void)
{
  g_test_summary ("A region has exactly the requested capacity, not that of whole pages, for its creator and for "
                  "openers.");

  for (guint i = 0; i < N_CAPACITIES; i++)
    {
      g_autoptr(ShmoozeRegion) region = create ("size", capacity_at (i)), other = open_region ("size");
      g_autoptr(ShmoozeView) view = view_of (other, 0, 0, READ);

      g_assert_cmpuint (shmooze_region_get_capacity (region), ==, capacity_at (i));
      g_assert_cmpuint (shmooze_region_get_capacity (other), ==, capacity_at (i));
      g_assert_cmpuint (shmooze_view_get_size (view), ==, capacity_at (i));
      check_zeros (shmooze_view_get_data (view), capacity_at (i));
    }
}

static void
test_capacity_bounds (void)
{
  g_test_summary ("A view one byte larger than the capacity is refused, although the page continues.");

  for (guint i = 0; i < N_CAPACITIES; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeRegion) region = create ("size", capacity_at (i));
      g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, capacity_at (i));

      g_assert_null (shmooze_region_create_view (region, 0, capacity_at (i) + 1, READ, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "size", digits, NULL);
    }
}

/* Whole pages and one more: the control page. */
static void
test_capacity_of_file (void)
{
  g_test_summary ("The file consists of whole pages and the control page, and its memory is reserved at once.");

  for (guint i = 0; i < N_CAPACITIES; i++)
    {
      gsize page = test_page_size ();
      g_autoptr(ShmoozeRegion) region = create ("size", capacity_at (i));
      struct stat st;

      g_assert_cmpint (stat (shmooze_region_get_path (region), &st), ==, 0);
      g_assert_cmpint (st.st_size % (off_t) page, ==, 0);
      g_assert_cmpuint ((guint64) st.st_size, ==, (capacity_at (i) + page - 1) / page * page + page);
      /* The memory is there already. */
      g_assert_cmpint (st.st_blocks * 512, >=, st.st_size);
    }
}

static void
check_impossible (guint64 capacity)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, capacity);

  check_no_creation ("huge", capacity, RW, G_IO_ERROR_INVALID_ARGUMENT, digits);
  g_assert_null (shmooze_region_create_or_open ("huge", capacity, RW, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "huge", digits, NULL);
  check_absent ("huge");
}

static void
test_capacity_zero (void)
{
  g_test_summary ("A capacity of 0 is refused before the name is touched.");

  check_impossible (0);
}

static void
test_capacity_not_addressable (void)
{
  g_test_summary ("A capacity beyond the address space is refused before the name is touched.");

  check_impossible (G_GUINT64_CONSTANT (1) << 63);
  check_impossible (G_MAXUINT64);
  check_impossible (G_MAXUINT64 - test_page_size () + 1);
  check_impossible ((guint64) G_MAXINT64);
  check_impossible ((guint64) G_MAXINT64 - test_page_size ());
}

static void
test_capacity_beyond_memory (void)
{
  g_test_summary ("A capacity beyond the free memory fails with \"no space\" and the numbers of bytes, and leaves the "
                  "name free.");

  check_no_creation ("vast", G_GUINT64_CONSTANT (1) << 45, RW, G_IO_ERROR_NO_SPACE, "35184372");
  check_absent ("vast");
  g_object_unref (create ("vast", 1));  /* the name is free */
}

/* A little more than there is, and nothing of it is kept. */
static void
test_capacity_beyond_file_system (void)
{
  g_test_summary ("A capacity beyond the file system fails with \"no space\", and nothing remains reserved.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  struct statvfs before, after;

  g_assert_cmpint (statvfs ("/dev/shm", &before), ==, 0);
  check_no_creation (name, (guint64) before.f_blocks * before.f_frsize + 1, RW, G_IO_ERROR_NO_SPACE, "/dev/shm");
  check_absent (name);
  g_assert_cmpint (statvfs ("/dev/shm", &after), ==, 0);
  g_assert_cmpuint (after.f_bfree + 1000, >=, before.f_bfree);
}

static guint64
available_bytes (void)
{
  g_autofree char *info = NULL;
  const char *found;
  struct statvfs fs;
  guint64 bytes;

  g_assert_true (g_file_get_contents ("/proc/meminfo", &info, NULL, NULL));
  found = strstr (info, "MemAvailable:");
  bytes = found != NULL ? g_ascii_strtoull (found + strlen ("MemAvailable:"), NULL, 10) * 1024 : 0;
  g_assert_cmpint (statvfs (test_home (), &fs), ==, 0);
  return MIN (bytes, (guint64) fs.f_bavail * fs.f_frsize);
}

static void
test_big (void)
{
  g_test_summary ("Both ends of a region of 2.5 GiB can be written and read.");

  const guint64 capacity = G_GUINT64_CONSTANT (5) << 29;  /* 2.5 GiB */
  g_autoptr(ShmoozeRegion) region = NULL, other = NULL;
  g_autoptr(ShmoozeView) whole = NULL, seen = NULL, end = NULL;
  guint64 value = 0;

  if (available_bytes () < capacity + (G_GUINT64_CONSTANT (1) << 29))
    {
      g_test_skip ("there are not 3 GiB free");
      return;
    }
  region = create ("big", capacity);
  other = open_region ("big");
  whole = view_of (region, 0, 0, RW);
  seen = view_of (other, 0, 0, READ);
  end = view_of (other, capacity - 8, 0, READ);
  g_assert_cmpuint (shmooze_region_get_capacity (other), ==, capacity);
  g_assert_cmpuint (shmooze_view_get_size (seen), ==, capacity);

  g_assert_true (shmooze_view_write_uint64 (whole, 0, 111, NULL));
  g_assert_true (shmooze_view_write_uint64 (whole, (G_GUINT64_CONSTANT (1) << 31) - 4, 222, NULL));
  g_assert_true (shmooze_view_write_uint64 (whole, capacity - 8, 333, NULL));
  g_assert_false (shmooze_view_write_uint64 (whole, capacity - 7, 444, NULL));
  g_assert_true (shmooze_view_read_uint64 (seen, 0, &value, NULL));
  g_assert_cmpuint (value, ==, 111);
  g_assert_true (shmooze_view_read_uint64 (seen, (G_GUINT64_CONSTANT (1) << 31) - 4, &value, NULL));
  g_assert_cmpuint (value, ==, 222);
  g_assert_true (shmooze_view_read_uint64 (end, 0, &value, NULL));
  g_assert_cmpuint (value, ==, 333);
}

static void
test_list_nothing (void)
{
  g_test_summary ("Without regions the list is empty.");

  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) none = shmooze_region_list (&error);

  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
}

/* By name, with all there is to know. */
static void
test_list (void)
{
  g_test_summary ("The list is sorted by name and has path, capacity and whether the region is held.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) b = create ("b", 20), a = create ("a", 10), c = create ("ć", 30);
  g_autoptr(GPtrArray) infos = shmooze_region_list (&error);
  const char *const names[] = { "a", "b", "ć" };

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
}

static void
test_list_copy (void)
{
  g_test_summary ("A copied entry outlives its list.");

  g_autoptr(ShmoozeRegion) region = create ("b", 20);
  g_autoptr(GPtrArray) infos = shmooze_region_list (NULL);
  g_autoptr(ShmoozeRegionInfo) copy = shmooze_region_info_copy (g_ptr_array_index (infos, 0));

  g_clear_pointer (&infos, g_ptr_array_unref);
  g_assert_cmpstr (copy->name, ==, "b");
  g_assert_cmpstr (copy->path, ==, shmooze_region_get_path (region));
  g_assert_cmpuint (copy->capacity, ==, 20);
  g_assert_true (copy->held);
}

static void
hold (int    argc,
      char **argv)
{
  g_autoptr(ShmoozeRegion) region = create (argv[0], 100);

  test_say ("holding");
  g_free (test_hear ());
}

static void
test_list_others (void)
{
  g_test_summary ("The list shows which regions other processes hold.");

  g_autoptr(TestChild) child = test_child_new ("hold", "theirs", NULL);
  g_autoptr(GPtrArray) infos = NULL;

  test_child_expect (child, "holding");
  infos = shmooze_region_list (NULL);
  g_assert_cmpuint (infos->len, ==, 1);
  g_assert_cmpstr (((ShmoozeRegionInfo *) g_ptr_array_index (infos, 0))->name, ==, "theirs");
  g_assert_true (((ShmoozeRegionInfo *) g_ptr_array_index (infos, 0))->held);
  test_child_wait (child);
}

static void
test_list_sweeps (void)
{
  g_test_summary ("Listing removes stale regions and keeps those that are held.");

  g_autofree char *path = test_path ("dead");
  g_autoptr(TestChild) child = test_child_new ("hold", "dead", NULL);
  g_autoptr(ShmoozeRegion) alive = NULL;
  g_autoptr(GPtrArray) infos = NULL;

  test_child_expect (child, "holding");
  alive = create ("alive", 1);
  test_child_kill (child);
  g_assert_true (is_there (path));
  infos = shmooze_region_list (NULL);
  g_assert_cmpuint (infos->len, ==, 1);
  g_assert_cmpstr (((ShmoozeRegionInfo *) g_ptr_array_index (infos, 0))->name, ==, "alive");
  g_assert_false (is_there (path));
}

/* Neither listed nor touched. */
static void
test_list_ignores (void)
{
  g_test_summary ("Files of other programs are neither listed nor changed by listing.");

  g_autoptr(ShmoozeRegion) region = create ("ours", 1);
  g_autofree char *letter = test_path ("letter"), *folder = test_path ("folder"), *link = test_path ("link");
  g_autoptr(GPtrArray) infos = NULL;

  g_assert_true (g_file_set_contents (letter, "Dear reader", -1, NULL));
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_cmpint (symlink (shmooze_region_get_path (region), link), ==, 0);
  infos = shmooze_region_list (NULL);
  g_assert_cmpuint (infos->len, ==, 1);
  g_assert_cmpstr (((ShmoozeRegionInfo *) g_ptr_array_index (infos, 0))->name, ==, "ours");
  g_assert_cmpint (g_unlink (letter), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_assert_cmpint (g_unlink (link), ==, 0);
}

static void
on_lost (ShmoozeRegion *region,
         GError        *error,
         guint         *count)
{
  g_assert_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  ++*count;
}

/* Another program writes into the control page, which follows the last page of the contents. */
static void
tamper (ShmoozeRegion *region,
        goffset        offset,
        guint          size,
        guint64        value)
{
  gsize page = test_page_size ();
  guint64 end = (shmooze_region_get_capacity (region) + page - 1) / page * page;
  int fd = g_open (shmooze_region_get_path (region), O_RDWR | O_CLOEXEC, 0);

  g_assert_cmpint (pwrite (fd, &value, size, (off_t) end + offset), ==, size);
  close (fd);
}

static void
check_no_opener_believes (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_open ("tampered", RW, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "tampered", NULL);
}

static void
check_lost (goffset offset,
            guint   size,
            guint64 value)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("tampered", 2 * test_page_size () + 5);
  guint n_lost = 0;

  g_signal_connect (region, "lost", G_CALLBACK (on_lost), &n_lost);
  tamper (region, offset, size, value);
  check_no_opener_believes ();
  g_assert_null (shmooze_region_create_view (region, 0, 0, RW, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "tampered", NULL);
  test_wait (n_lost == 1);
}

/* A holder keeps the values that it read when it opened the region. */
static void
check_not_followed (goffset offset,
                    guint   size,
                    guint64 value)
{
  g_autoptr(GError) error = NULL;
  guint64 capacity = 2 * test_page_size () + 5;
  g_autoptr(ShmoozeRegion) region = create ("tampered", capacity);
  g_autoptr(ShmoozeView) view = NULL;

  tamper (region, offset, size, value);
  check_no_opener_believes ();
  view = view_of (region, 0, 0, RW);
  g_assert_cmpuint (shmooze_view_get_size (view), ==, capacity);
  g_assert_null (shmooze_region_create_view (region, 0, capacity + 1, RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "tampered", NULL);
}

static void
test_tampered_magic (void)
{
  g_test_summary ("A region with a damaged magic is lost for holders, and is not a region for openers.");

  check_lost (0, 8, 0);
  check_lost (0, 1, 0);
  check_lost (0, 8, G_MAXUINT64);
}

static void
test_tampered_version (void)
{
  g_test_summary ("Changing the version in the control page does not affect holders.");

  check_not_followed (8, 4, 0);
  check_not_followed (8, 4, 2);
  check_not_followed (8, 4, G_MAXUINT32);
}

static void
test_tampered_page_size (void)
{
  g_test_summary ("Changing the page size in the control page does not affect holders.");

  check_not_followed (12, 4, 0);
  check_not_followed (12, 4, 1);
  check_not_followed (12, 4, (guint64) test_page_size () * 2);
}

static void
test_tampered_capacity (void)
{
  g_test_summary ("Changing the capacity in the control page does not affect holders.");

  guint64 page = test_page_size ();

  check_not_followed (16, 8, 0);
  check_not_followed (16, 8, G_MAXUINT64);
  check_not_followed (16, 8, 3 * page + 1);
  check_not_followed (16, 8, 2 * page);
  check_not_followed (16, 8, G_GUINT64_CONSTANT (1) << 63);
  check_not_followed (16, 8, G_MAXUINT64 - page + 2);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("hold", hold);
  test_init (&argc, &argv);

  test_add ("/region/create", test_create);
  test_add ("/region/zeros", test_zeros);
  test_add ("/region/exists", test_exists);
  test_add ("/region/open", test_open);
  test_add ("/region/coherent/regions", test_regions_are_coherent);
  test_add ("/region/coherent/views", test_views_are_coherent);
  test_add ("/region/coherent/later-view", test_later_view_sees);
  test_add ("/region/coherent/not-others", test_other_regions_do_not_see);
  test_add ("/region/many", test_many);
  test_add ("/region/create-or-open/creates", test_create_or_open_creates);
  test_add ("/region/create-or-open/opens", test_create_or_open_opens);
  test_add ("/region/contents/begin", test_contents);
  test_add ("/region/contents/exact", test_contents_exact);
  test_add ("/region/contents/too-long", test_contents_too_long);
  test_add ("/region/contents/name-taken", test_contents_name_taken);
  test_add ("/region/capacity/exact", test_capacity_is_exact);
  test_add ("/region/capacity/bounds", test_capacity_bounds);
  test_add ("/region/capacity/of-file", test_capacity_of_file);
  test_add ("/region/capacity/zero", test_capacity_zero);
  test_add ("/region/capacity/not-addressable", test_capacity_not_addressable);
  test_add ("/region/capacity/beyond-memory", test_capacity_beyond_memory);
  test_add ("/region/capacity/beyond-file-system", test_capacity_beyond_file_system);
  test_add ("/region/capacity/big", test_big);
  test_add ("/region/list/nothing", test_list_nothing);
  test_add ("/region/list/sorted", test_list);
  test_add ("/region/list/copy", test_list_copy);
  test_add ("/region/list/others", test_list_others);
  test_add ("/region/list/sweeps-dead", test_list_sweeps);
  test_add ("/region/list/ignores-strangers", test_list_ignores);
  test_add ("/region/tampered/magic", test_tampered_magic);
  test_add ("/region/tampered/version", test_tampered_version);
  test_add ("/region/tampered/page-size", test_tampered_page_size);
  test_add ("/region/tampered/capacity", test_tampered_capacity);

  return test_run ();
}
