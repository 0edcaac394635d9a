/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* POSIX shared memory objects, which are shared with other programs, and files in the place of regions. */

/* An object with a name of its own that this test creates as any program would. */
typedef struct
{
  char *name;
  char *path;
  int   fd;
} Object;

static Object *
object_new (off_t size)
{
  Object *self = g_new0 (Object, 1);

  self->name = test_unique_name ("/shmooze-test");
  self->path = g_strconcat ("/dev/shm", self->name, NULL);
  self->fd = shm_open (self->name, O_RDWR | O_CREAT | O_EXCL, 0600);
  g_assert_cmpint (self->fd, >=, 0);
  if (size > 0)
    g_assert_cmpint (ftruncate (self->fd, size), ==, 0);
  return self;
}

static void
object_free (Object *self)
{
  if (shm_unlink (self->name) != 0)
    g_assert_cmpint (errno, ==, ENOENT);
  close (self->fd);
  g_free (self->name);
  g_free (self->path);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Object, object_free)

static void
test_posix_path (void)
{
  g_test_summary ("`/name` is the POSIX object of exactly that name.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = g_strconcat ("/dev/shm", name, NULL);
  g_autoptr(ShmoozeRegion) region = create (name, 100);

  g_assert_cmpstr (shmooze_region_get_name (region), ==, name);
  g_assert_cmpstr (shmooze_region_get_path (region), ==, path);
}

static void
test_posix_shm_open (void)
{
  g_test_summary ("`shm_open` opens an object of the library, and both sides see each other's bytes.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(ShmoozeRegion) region = create (name, 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  char *mapping;
  int fd;

  strcpy (shmooze_view_get_data (view), "from the library");
  fd = shm_open (name, O_RDWR, 0);
  g_assert_cmpint (fd, >=, 0);
  mapping = mmap (NULL, 100, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close (fd);
  g_assert_cmpstr (mapping, ==, "from the library");
  strcpy (mapping, "from shm_open");
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "from shm_open");
  munmap (mapping, 100);
}

static void
test_posix_lifetime (void)
{
  g_test_summary ("Between programs with the library a POSIX object has its exact capacity, and is removed with the "
                  "last holder.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = g_strconcat ("/dev/shm", name, NULL);
  g_autoptr(ShmoozeRegion) region = create (name, 100), other = open_region (name);

  g_assert_cmpuint (shmooze_region_get_capacity (other), ==, 100);
  g_clear_object (&region);
  g_assert_true (is_there (path));
  g_clear_object (&other);
  g_assert_false (is_there (path));
}

static void
test_posix_not_listed (void)
{
  g_test_summary ("POSIX objects are not in the list.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(ShmoozeRegion) region = create (name, 100);
  g_autoptr(Object) object = object_new (10);
  g_autoptr(GPtrArray) infos = shmooze_region_list (NULL);

  g_assert_cmpuint (infos->len, ==, 0);
}

/* As Python does after it opened an object of the library. */
static void
test_posix_unlinked (void)
{
  g_test_summary ("When another program unlinks an object of the library, holders keep it and the name is free.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = g_strconcat ("/dev/shm", name, NULL);
  g_autoptr(ShmoozeRegion) region = create (name, 100), again = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  g_assert_cmpint (shm_unlink (name), ==, 0);
  strcpy (shmooze_view_get_data (view), "goes on");
  check_absent (name);
  again = create (name, 20);
  g_clear_object (&view);
  g_clear_object (&region);
  g_assert_true (is_there (path));
}

static void
hold (int    argc,
      char **argv)
{
  g_autoptr(ShmoozeRegion) region = shmooze_region_create_or_open (argv[0], 100, RW, NULL, NULL);

  test_say ("holding");
  g_free (test_hear ());
}

static void
test_posix_killed (void)
{
  g_test_summary ("The POSIX object of a killed holder is not found, and its stale file is removed.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = g_strconcat ("/dev/shm", name, NULL);
  g_autoptr(TestChild) child = test_child_new ("hold", name, NULL);

  test_child_expect (child, "holding");
  test_child_kill (child);
  g_assert_true (is_there (path));
  check_absent (name);
  g_assert_false (is_there (path));
}

static void
test_not_sized (void)
{
  g_test_summary ("An object whose creator has not set its size yet is not reported as missing.");

  g_autoptr(Object) object = object_new (0);
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_open (object->name, RW, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, object->name, "still empty", NULL);
  g_assert_true (is_there (object->path));
}

static void
test_size (void)
{
  g_test_summary ("The capacity of a foreign object is exactly the size of its file.");

  const off_t sizes[] = { 1, 10, 4096, 5000, 3 * 4096 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(Object) object = object_new (sizes[i]);
      g_autoptr(ShmoozeRegion) region = open_region (object->name);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);

      g_assert_cmpuint (shmooze_region_get_capacity (region), ==, (guint64) sizes[i]);
      g_assert_cmpuint (shmooze_view_get_size (view), ==, (guint64) sizes[i]);
    }
}

static void
test_bytes (void)
{
  g_test_summary ("Bytes of a foreign object are read and written in place.");

  g_autoptr(Object) object = object_new (5000);
  g_autoptr(ShmoozeRegion) region = open_region (object->name);
  g_autoptr(ShmoozeView) view = view_of (region, 4990, 0, RW);
  char bytes[7];

  g_assert_cmpint (pwrite (object->fd, "theirs", 7, 4990), ==, 7);
  g_assert_cmpuint (shmooze_view_get_size (view), ==, 10);
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "theirs");
  strcpy (shmooze_view_get_data (view), "oursss");
  g_assert_cmpint (pread (object->fd, bytes, 7, 4990), ==, 7);
  g_assert_cmpstr (bytes, ==, "oursss");
}

static void
test_create_over (void)
{
  g_test_summary ("Creating a region with the name of a foreign object is an error, and does not change it.");

  g_autoptr(Object) object = object_new (5000);

  check_no_creation (object->name, 10, RW, G_IO_ERROR_EXISTS, NULL);
  g_assert_true (is_there (object->path));
}

static void
test_create_or_open (void)
{
  g_test_summary ("Create-or-open opens a foreign object.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Object) object = object_new (5000);
  gboolean created = TRUE;
  g_autoptr(ShmoozeRegion) region = shmooze_region_create_or_open (object->name, 10, RW, &created, &error);

  g_assert_no_error (error);
  g_assert_false (created);
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 5000);
}

static void
test_never_removed (void)
{
  g_test_summary ("The library never removes or resizes a foreign object, or changes its mode.");

  g_autoptr(Object) object = object_new (5000);
  g_autoptr(ShmoozeRegion) region = open_region (object->name);
  g_autoptr(TestChild) child = test_child_new ("hold", object->name, NULL);
  struct stat st;

  test_child_expect (child, "holding");
  test_child_kill (child);
  g_object_unref (open_region (object->name));
  g_assert_true (is_there (object->path));
  shmooze_region_close (region);
  g_assert_true (is_there (object->path));
  g_clear_object (&region);
  g_assert_true (is_there (object->path));
  g_assert_cmpint (fstat (object->fd, &st), ==, 0);
  g_assert_cmpint (st.st_size, ==, 5000);
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
}

static void
test_removed_when_asked (void)
{
  g_test_summary ("A foreign object is removed by `shmooze_region_remove()`.");

  g_autoptr(GError) error = NULL;
  g_autoptr(Object) object = object_new (5000);
  g_autoptr(ShmoozeRegion) region = open_region (object->name);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  g_assert_true (shmooze_region_remove (object->name, &error));
  g_assert_no_error (error);
  g_assert_false (is_there (object->path));
  strcpy (shmooze_view_get_data (view), "goes on");
}

/* As boost::interprocess does it: open or create, truncate, map, and an offset pointer at the start. */
static void
test_like_boost (void)
{
  g_test_summary ("A segment as Boost creates it can be read and written, and is kept.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = g_strconcat ("/dev/shm", name, NULL);
  int fd = shm_open (name, O_RDWR | O_CREAT | O_EXCL, 0644);
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;
  char *theirs;

  g_assert_cmpint (ftruncate (fd, 65536), ==, 0);
  theirs = mmap (NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close (fd);
  *(guint64 *) theirs = 4096;
  strcpy (theirs + 4096, "an object in a segment");

  region = open_region (name);
  view = view_of (region, 0, 0, RW);
  g_assert_cmpstr ((char *) shmooze_view_get_data (view) + *(guint64 *) shmooze_view_get_data (view), ==,
                   "an object in a segment");
  strcpy ((char *) shmooze_view_get_data (view) + 4096, "changed");
  g_assert_cmpstr (theirs + 4096, ==, "changed");
  g_clear_object (&view);
  g_clear_object (&region);
  g_assert_true (is_there (path));
  g_assert_cmpstr (theirs + 4096, ==, "changed");
  munmap (theirs, 65536);
  g_assert_cmpint (shm_unlink (name), ==, 0);
}

/* The capacity remains that of the opening. */
static void
test_grown (void)
{
  g_test_summary ("A foreign object that grows keeps working.");

  g_autoptr(Object) object = object_new (5000);
  g_autoptr(ShmoozeRegion) region = open_region (object->name), later = NULL;
  g_autoptr(ShmoozeView) view = NULL;

  g_assert_cmpint (ftruncate (object->fd, 9000), ==, 0);
  view = view_of (region, 0, 0, RW);
  g_assert_cmpuint (shmooze_view_get_size (view), ==, 5000);
  later = open_region (object->name);
  g_assert_cmpuint (shmooze_region_get_capacity (later), ==, 9000);
}

/* Far beyond 4 GiB; bytes that were not written use no memory. */
static void
test_vast (void)
{
  g_test_summary ("A foreign object of 10 GiB can be mapped whole.");

  const guint64 size = G_GUINT64_CONSTANT (10) << 30;
  g_autoptr(Object) object = object_new ((off_t) size);
  g_autoptr(ShmoozeRegion) region = open_region (object->name);
  g_autoptr(ShmoozeView) whole = view_of (region, 0, 0, RW), end = view_of (region, size - 10, 0, READ);
  guint64 first = 0;

  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, size);
  g_assert_cmpuint (shmooze_view_get_size (whole), ==, size);
  g_assert_true (shmooze_view_write_uint64 (whole, 0, 1, NULL));
  g_assert_true (shmooze_view_write (whole, size - 9, "the end.", 9, NULL));
  g_assert_cmpstr ((char *) shmooze_view_get_data (end) + 1, ==, "the end.");
  g_assert_true (shmooze_view_read_uint64 (whole, 0, &first, NULL));
  g_assert_cmpuint (first, ==, 1);
}

/* A file of another program in the private directory. */
static void
check_layout (const char *name,
              const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) infos = NULL;

  g_assert_null (shmooze_region_open (name, RW, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, name, path, NULL);
  g_assert_null (shmooze_region_create_or_open (name, 1, RW, NULL, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, name, path, NULL);
  check_no_creation (name, 1, RW, G_IO_ERROR_EXISTS, NULL);
  infos = shmooze_region_list (&error);
  g_assert_no_error (error);
  g_assert_true (is_there (path));
}

static void
test_private_file (void)
{
  g_test_summary ("A file that is not a region is not opened, replaced or removed.");

  g_autofree char *path = test_path ("letter"), *text = g_strnfill (2 * test_page_size (), 'x');
  g_autoptr(ShmoozeRegion) makes_directory = create ("other", 1);
  const gssize sizes[] = { 0, 10, (gssize) test_page_size (), (gssize) (2 * test_page_size ()) };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_true (g_file_set_contents (path, text, sizes[i], NULL));
      check_layout ("letter", path);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
}

static void
test_private_fifo (void)
{
  g_test_summary ("Opening a FIFO in a region's place does not block.");

  g_autofree char *path = test_path ("letter");
  g_autoptr(ShmoozeRegion) makes_directory = create ("other", 1);

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  check_layout ("letter", path);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
test_symlink_to_region (void)
{
  g_test_summary ("A symbolic link to a region is not followed.");

  g_autoptr(GError) error = NULL;
  g_autofree char *link_path = test_path ("link");
  g_autoptr(ShmoozeRegion) region = create ("target", 10);

  g_assert_cmpint (symlink (shmooze_region_get_path (region), link_path), ==, 0);
  g_assert_null (shmooze_region_open ("link", RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "link", "symbolic", NULL);
  check_no_creation ("link", 10, RW, G_IO_ERROR_EXISTS, NULL);
  g_assert_null (shmooze_region_create_or_open ("link", 10, RW, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "link", NULL);
  g_assert_cmpint (g_unlink (link_path), ==, 0);
}

static void
test_symlink_to_nothing (void)
{
  g_test_summary ("Nothing is created through a dangling symbolic link.");

  g_autofree char *link_path = test_path ("link"), *fresh_path = test_path ("fresh");
  g_autoptr(ShmoozeRegion) makes_directory = create ("other", 1);

  g_assert_cmpint (symlink (fresh_path, link_path), ==, 0);
  check_no_creation ("link", 10, RW, G_IO_ERROR_EXISTS, NULL);
  g_assert_false (is_there (fresh_path));
  g_assert_cmpint (g_unlink (link_path), ==, 0);
}

static void
test_symlinked_directory (void)
{
  g_test_summary ("A symbolic link in the path to the directory is not followed.");

  g_autoptr(GError) error = NULL;
  g_autofree char *elsewhere = g_build_filename (test_home (), "elsewhere", NULL);
  g_autofree char *domain = g_build_filename (test_home (), "app", "org.example.Led", NULL);
  g_autoptr(ShmoozeRegion) makes_directory = create ("other", 1);
  g_autoptr(GDir) dir = NULL;

  g_assert_cmpint (g_mkdir (elsewhere, 0700), ==, 0);
  g_assert_cmpint (symlink (elsewhere, domain), ==, 0);
  g_setenv ("SHMOOZE_DOMAIN", "org.example.Led", TRUE);
  g_assert_null (shmooze_region_create ("led", 10, RW, &error));
  g_unsetenv ("SHMOOZE_DOMAIN");
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "org.example.Led"));

  dir = g_dir_open (elsewhere, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
  g_unlink (domain);
}

/* TRUE: the rest of the test is skipped. */
static gboolean
skip_unless_root (void)
{
  if (geteuid () != 0)
    g_test_skip ("only root can give something away");
  return geteuid () != 0;
}

static void
check_theirs (const char *name,
              const char *word)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_open (name, RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, word, "65534", NULL);
}

/* As with sudo -E */
static void
test_runtime_directory_of_another (void)
{
  g_test_summary ("Another user's runtime directory is refused, with the owner in the message.");

  g_autofree char *theirs = g_build_filename (test_home (), "theirs", NULL), *former = g_strdup (test_home ());
  g_autoptr(GError) error = NULL;

  if (skip_unless_root ())
    return;
  g_assert_cmpint (g_mkdir (theirs, 0700), ==, 0);
  g_assert_cmpint (chown (theirs, 65534, 65534), ==, 0);
  g_setenv ("XDG_RUNTIME_DIR", theirs, TRUE);
  g_assert_null (shmooze_region_create ("x", 10, RW, &error));
  g_setenv ("XDG_RUNTIME_DIR", former, TRUE);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, theirs, "65534", NULL);
  g_assert_cmpint (g_rmdir (theirs), ==, 0);  /* still empty */
}

static void
test_directory_of_another (void)
{
  g_test_summary ("Another user's directory in the path is refused.");

  g_autofree char *folder = test_path (NULL);
  g_autoptr(ShmoozeRegion) region = create ("owned", 10);

  if (skip_unless_root ())
    return;
  g_assert_cmpint (chown (folder, 65534, 65534), ==, 0);
  check_theirs ("owned", folder);
  g_assert_cmpint (chown (folder, 0, 0), ==, 0);
}

static void
test_region_of_another (void)
{
  g_test_summary ("Another user's region is refused.");

  g_autoptr(ShmoozeRegion) region = create ("owned", 10);

  if (skip_unless_root ())
    return;
  g_assert_cmpint (chown (shmooze_region_get_path (region), 65534, 65534), ==, 0);
  check_theirs ("owned", "owned");
}

static void
test_object_of_another (void)
{
  g_test_summary ("Another user's POSIX object is refused.");

  g_autoptr(Object) object = object_new (10);

  if (skip_unless_root ())
    return;
  g_assert_cmpint (fchown (object->fd, 65534, 65534), ==, 0);
  check_theirs (object->name, object->name);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("hold", hold);
  test_init (&argc, &argv);

  test_add ("/posix/path", test_posix_path);
  test_add ("/posix/shm-open", test_posix_shm_open);
  test_add ("/posix/lifetime", test_posix_lifetime);
  test_add ("/posix/not-listed", test_posix_not_listed);
  test_add ("/posix/unlinked", test_posix_unlinked);
  test_add ("/posix/killed", test_posix_killed);
  test_add ("/foreign/not-sized", test_not_sized);
  test_add ("/foreign/size", test_size);
  test_add ("/foreign/bytes", test_bytes);
  test_add ("/foreign/create-over", test_create_over);
  test_add ("/foreign/create-or-open", test_create_or_open);
  test_add ("/foreign/never-removed", test_never_removed);
  test_add ("/foreign/removed-when-asked", test_removed_when_asked);
  test_add ("/foreign/like-boost", test_like_boost);
  test_add ("/foreign/grown", test_grown);
  test_add ("/foreign/vast", test_vast);
  test_add ("/strangers/file", test_private_file);
  test_add ("/strangers/fifo", test_private_fifo);
  test_add ("/strangers/symlink-to-region", test_symlink_to_region);
  test_add ("/strangers/symlink-to-nothing", test_symlink_to_nothing);
  test_add ("/strangers/symlinked-directory", test_symlinked_directory);
  test_add ("/strangers/runtime-directory-of-another", test_runtime_directory_of_another);
  test_add ("/strangers/directory-of-another", test_directory_of_another);
  test_add ("/strangers/region-of-another", test_region_of_another);
  test_add ("/strangers/object-of-another", test_object_of_another);

  return test_run ();
}
