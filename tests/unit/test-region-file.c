/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixconnection.h>
#include <gio/gunixfdmessage.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Mapped files and unnamed regions. */

typedef struct
{
  char  *path;
  GFile *file;
} TestFile;

static TestFile *
test_file_new (const char *contents)
{
  static guint n;
  g_autofree char *name = g_strdup_printf ("file-%u", ++n);
  g_autoptr(GError) error = NULL;
  TestFile *self = g_new0 (TestFile, 1);

  self->path = g_build_filename (test_home (), name, NULL);
  self->file = g_file_new_for_path (self->path);
  if (contents != NULL)
    g_file_set_contents (self->path, contents, -1, &error);
  g_assert_no_error (error);
  return self;
}

static void
test_file_free (TestFile *self)
{
  if (g_unlink (self->path) != 0)
    g_assert_cmpint (errno, ==, ENOENT);
  g_object_unref (self->file);
  g_free (self->path);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestFile, test_file_free)

static ShmoozeRegion *
map_file (TestFile      *file,
          guint64        capacity,
          ShmoozeAccess  access)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRegion *region = shmooze_region_map_file (file->file, capacity, access, &error);

  g_assert_no_error (error);
  g_assert_nonnull (region);
  return region;
}

static void
check_refused (TestFile      *file,
               guint64        capacity,
               ShmoozeAccess  access,
               int            code,
               const char    *word)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_map_file (file->file, capacity, access, &error));
  test_check_error (&error, G_IO_ERROR, code, file->path, word, NULL);
}

static void
check_contents (TestFile   *file,
                const char *start,
                gsize       length)
{
  g_autofree char *contents = NULL;
  g_autoptr(GError) error = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (file->path, &contents, &size, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, length);
  g_assert_true (g_str_has_prefix (contents, start));
}

static void
test_file_as_it_is (void)
{
  g_test_summary ("Capacity 0 maps the file in its size.");

  g_autoptr(TestFile) file = test_file_new ("twelve bytes");
  g_autoptr(ShmoozeRegion) region = map_file (file, 0, RW);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 12);
  g_assert_true (shmooze_region_get_persisted (region));
  g_assert_null (shmooze_region_get_name (region));
  g_assert_cmpstr (shmooze_region_get_path (region), ==, file->path);
  g_assert_cmpint (shmooze_region_get_fd (region), ==, -1);
  g_assert_cmpmem (shmooze_view_get_data (view), 12, "twelve bytes", 12);
}

static void
test_file_persists (void)
{
  g_test_summary ("Bytes that are written to the region are in the file afterwards.");

  g_autoptr(TestFile) file = test_file_new ("before");
  g_autoptr(ShmoozeRegion) region = map_file (file, 0, RW);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  memcpy (shmooze_view_get_data (view), "behind", 6);
  g_clear_object (&view);
  g_clear_object (&region);
  check_contents (file, "behind", 6);
}

static void
test_file_created (void)
{
  g_test_summary ("A missing file is created if a capacity is given, accessible to the user only.");

  g_autoptr(TestFile) file = test_file_new (NULL);
  mode_t former = umask (0);
  g_autoptr(ShmoozeRegion) region = map_file (file, 5000, RW);
  struct stat st;

  umask (former);
  g_assert_cmpint (stat (file->path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
  g_assert_cmpint (st.st_size, ==, 5000);
  g_clear_object (&region);
  check_contents (file, "", 5000);
}

static void
test_file_grows (void)
{
  g_test_summary ("A file grows to the capacity.");

  g_autoptr(TestFile) file = test_file_new ("start");
  g_autoptr(ShmoozeRegion) region = map_file (file, 10000, RW);

  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 10000);
  check_contents (file, "start", 10000);
}

static void
test_file_smaller (void)
{
  g_test_summary ("A capacity below the file's size is refused, and the file is not truncated.");

  g_autoptr(TestFile) file = test_file_new ("twelve bytes");

  check_refused (file, 11, RW, G_IO_ERROR_INVALID_ARGUMENT, "12");
  check_contents (file, "twelve bytes", 12);
}

static void
test_file_empty (void)
{
  g_test_summary ("An empty file without a capacity is refused.");

  g_autoptr(TestFile) file = test_file_new ("");

  check_refused (file, 0, RW, G_IO_ERROR_INVALID_ARGUMENT, "empty");
}

static void
test_file_missing (void)
{
  g_test_summary ("Without a capacity a missing file is \"not found\", and is not created.");

  g_autoptr(TestFile) file = test_file_new (NULL);

  check_refused (file, 0, RW, G_IO_ERROR_NOT_FOUND, NULL);
  check_refused (file, 100, READ, G_IO_ERROR_NOT_FOUND, NULL);
  g_assert_false (g_file_test (file->path, G_FILE_TEST_EXISTS));
}

static void
test_file_grow_without_writing (void)
{
  g_test_summary ("Growing a file requires write access.");

  const ShmoozeAccess accesses[] = { READ, SHMOOZE_ACCESS_COPY_ON_WRITE };
  g_autoptr(TestFile) file = test_file_new ("start");

  for (gsize i = 0; i < G_N_ELEMENTS (accesses); i++)
    check_refused (file, 100, accesses[i], G_IO_ERROR_PERMISSION_DENIED, "100");
  check_contents (file, "start", 5);
}

static void
test_file_impossible (void)
{
  g_test_summary ("An invalid capacity leaves no file.");

  g_autoptr(TestFile) file = test_file_new (NULL);

  check_refused (file, G_MAXUINT64, RW, G_IO_ERROR_INVALID_ARGUMENT, NULL);
  check_refused (file, G_GUINT64_CONSTANT (1) << 46, RW, G_IO_ERROR_NO_SPACE, "free");
  g_assert_false (g_file_test (file->path, G_FILE_TEST_EXISTS));
}

static void
test_file_not_regular (void)
{
  g_test_summary ("Only regular files are mapped.");

  g_autoptr(TestFile) fifo = test_file_new (NULL), folder = test_file_new (NULL);
  g_autoptr(GFile) web = g_file_new_for_uri ("http://example.org/region");
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (mkfifo (fifo->path, 0600), ==, 0);
  check_refused (fifo, 100, RW, G_IO_ERROR_NOT_REGULAR_FILE, "regular");
  g_assert_cmpint (g_mkdir (folder->path, 0700), ==, 0);
  check_refused (folder, 0, READ, G_IO_ERROR_NOT_REGULAR_FILE, "regular");
  g_assert_cmpint (g_rmdir (folder->path), ==, 0);

  g_assert_null (shmooze_region_map_file (web, 0, READ, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "example.org", "local", NULL);
}

static void
test_file_read_only (void)
{
  g_test_summary ("A read-only file can be mapped for reading.");

  g_autoptr(TestFile) file = test_file_new ("to be read");
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL;

  g_assert_cmpint (chmod (file->path, 0400), ==, 0);
  region = map_file (file, 0, READ);
  g_assert_null (shmooze_region_create_view (region, 0, 0, RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "reading", NULL);
  if (geteuid () != 0)
    check_refused (file, 0, RW, G_IO_ERROR_PERMISSION_DENIED, NULL);
}

static void
test_file_copy_on_write (void)
{
  g_test_summary ("Private writes do not reach the file.");

  g_autoptr(TestFile) file = test_file_new ("original");
  g_autoptr(ShmoozeRegion) region = map_file (file, 0, SHMOOZE_ACCESS_COPY_ON_WRITE);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, SHMOOZE_ACCESS_COPY_ON_WRITE);

  memcpy (shmooze_view_get_data (view), "scribble", 8);
  g_clear_object (&view);
  g_clear_object (&region);
  check_contents (file, "original", 8);
}

static void
test_file_two_see_each_other (void)
{
  g_test_summary ("Two mappings of a file see each other's bytes.");

  g_autoptr(TestFile) file = test_file_new ("........");
  g_autoptr(ShmoozeRegion) one = map_file (file, 0, RW), two = map_file (file, 0, READ);
  g_autoptr(ShmoozeView) written = view_of (one, 0, 0, RW), seen = view_of (two, 0, 0, READ);

  memcpy (shmooze_view_get_data (written), "coherent", 8);
  g_assert_cmpmem (shmooze_view_get_data (seen), 8, "coherent", 8);
}

static void
test_file_flush (void)
{
  g_test_summary ("Flushing writes the file to the disk, and can be cancelled.");

  g_autoptr(TestFile) file = test_file_new ("........");
  g_autoptr(ShmoozeRegion) region = map_file (file, 0, RW);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  memcpy (shmooze_view_get_data (view), "flushed!", 8);
  g_assert_true (shmooze_region_flush (region, cancellable, &error));
  g_assert_no_error (error);
  check_contents (file, "flushed!", 8);

  g_cancellable_cancel (cancellable);
  g_assert_false (shmooze_region_flush (region, cancellable, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  shmooze_region_close (region);
  g_assert_false (shmooze_region_flush (region, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, file->path, NULL);
}

static void
test_file_truncated (void)
{
  g_test_summary ("A mapped file that is truncated is lost, and is kept.");

  g_autoptr(TestFile) file = test_file_new (NULL);
  g_autoptr(ShmoozeRegion) region = map_file (file, 3 * test_page_size (), RW);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(GError) error = NULL;
  char *data = shmooze_view_get_data (view);

  data[0] = 'x';
  g_assert_cmpint (truncate (file->path, 10), ==, 0);
  g_assert_cmpint (data[2 * test_page_size ()], ==, 0);  /* no SIGBUS */
  g_assert_null (shmooze_region_create_view (region, 0, 0, READ, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, file->path, NULL);
  g_assert_true (g_file_test (file->path, G_FILE_TEST_EXISTS));  /* a mapped file is kept */
}

static void
test_file_no_descriptor_leaks (void)
{
  g_test_summary ("A failed attempt to map a file leaves no descriptor open.");

  g_autoptr(TestFile) file = test_file_new ("some"), missing = test_file_new (NULL);
  guint before = test_count_fds ();

  for (int i = 0; i < 20; i++)
    {
      g_autoptr(ShmoozeRegion) region = map_file (file, 0, RW);
      g_autoptr(ShmoozeRegion) unnamed = shmooze_region_create_unnamed (100, NULL);
      g_autoptr(ShmoozeRegion) other = shmooze_region_new_from_fd (shmooze_region_get_fd (unnamed), READ, NULL);

      check_refused (file, 1, RW, G_IO_ERROR_INVALID_ARGUMENT, NULL);
      check_refused (missing, 0, RW, G_IO_ERROR_NOT_FOUND, NULL);
      g_assert_null (shmooze_region_new_from_fd (STDIN_FILENO, SHMOOZE_ACCESS_READ_WRITE_EXECUTE, NULL));
    }
  g_assert_cmpuint (test_count_fds (), ==, before);
}

static ShmoozeRegion *
create_unnamed (guint64 capacity)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRegion *region = shmooze_region_create_unnamed (capacity, &error);

  g_assert_no_error (error);
  return region;
}

static ShmoozeRegion *
from_fd (int           fd,
         ShmoozeAccess access)
{
  g_autoptr(GError) error = NULL;
  ShmoozeRegion *region = shmooze_region_new_from_fd (fd, access, &error);

  g_assert_no_error (error);
  return region;
}

static void
test_unnamed (void)
{
  g_test_summary ("An unnamed region has no name and no path, and is filled with zeros.");

  g_autoptr(ShmoozeRegion) region = create_unnamed (1234);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  g_assert_null (shmooze_region_get_name (region));
  g_assert_null (shmooze_region_get_path (region));
  g_assert_false (shmooze_region_get_persisted (region));
  g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 1234);
  for (int i = 0; i < 1234; i++)
    g_assert_cmpint (((char *) shmooze_view_get_data (view))[i], ==, 0);
  g_assert_true (shmooze_region_flush (region, NULL, NULL));
}

static void
test_unnamed_sealed (void)
{
  g_test_summary ("An unnamed region cannot be resized by any process.");

  g_autoptr(ShmoozeRegion) region = create_unnamed (1234);
  int fd = shmooze_region_get_fd (region);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, 10), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  g_assert_cmpint (ftruncate (fd, 10000), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  g_assert_true (fcntl (fd, F_GETFD) & FD_CLOEXEC);
}

static void
test_unnamed_sizes (void)
{
  g_test_summary ("An unnamed region of an invalid size is refused.");

  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_create_unnamed (0, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "0", NULL);
  g_assert_null (shmooze_region_create_unnamed (G_MAXUINT64, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, NULL);
  g_assert_null (shmooze_region_create_unnamed (G_GUINT64_CONSTANT (1) << 45, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "35184372088832", "free", NULL);
}

static void
test_fd_shares (void)
{
  g_test_summary ("Two regions of one descriptor share their bytes.");

  g_autoptr(ShmoozeRegion) region = create_unnamed (100);
  g_autoptr(ShmoozeRegion) other = from_fd (shmooze_region_get_fd (region), READ);
  g_autoptr(ShmoozeView) written = view_of (region, 0, 0, RW), seen = view_of (other, 0, 0, READ);

  g_assert_cmpuint (shmooze_region_get_capacity (other), ==, 100);
  strcpy (shmooze_view_get_data (written), "by descriptor");
  g_assert_cmpstr (shmooze_view_get_data (seen), ==, "by descriptor");
}

static void
test_fd_is_duplicated (void)
{
  g_test_summary ("The caller keeps the descriptor.");

  g_autoptr(ShmoozeRegion) region = create_unnamed (100), other = NULL;
  int mine = dup (shmooze_region_get_fd (region));

  other = from_fd (mine, RW);
  g_assert_cmpint (shmooze_region_get_fd (other), !=, mine);
  g_clear_object (&other);
  g_assert_cmpint (fcntl (mine, F_GETFD), >=, 0);  /* still open */
  other = from_fd (mine, RW);
  g_assert_cmpint (close (mine), ==, 0);
  g_object_unref (view_of (other, 0, 0, RW));
}

static void
test_fd_refused (void)
{
  g_test_summary ("A descriptor that does not allow the access is refused, with the reason.");

  g_autoptr(ShmoozeRegion) region = create_unnamed (100);
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", shmooze_region_get_fd (region));
  int read_only = open (link, O_RDONLY | O_CLOEXEC), empty = memfd_create ("empty", MFD_CLOEXEC), ends[2];
  g_autoptr(ShmoozeRegion) reader = from_fd (read_only, READ);
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_new_from_fd (read_only, RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "descriptor", NULL);
  g_assert_null (shmooze_region_new_from_fd (empty, READ, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "size", NULL);
  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_null (shmooze_region_new_from_fd (ends[0], READ, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "descriptor", NULL);
  close (ends[0]);
  close (ends[1]);
  g_assert_null (shmooze_region_new_from_fd (ends[0], READ, &error));
  g_assert_nonnull (error);

  /* Sealed against writing by its creator. */
  g_assert_cmpint (fcntl (shmooze_region_get_fd (region), F_ADD_SEALS, F_SEAL_FUTURE_WRITE), ==, 0);
  g_clear_error (&error);
  g_assert_null (shmooze_region_new_from_fd (shmooze_region_get_fd (region), RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, NULL);
  close (read_only);
  close (empty);
}

/* A file that is not sealed can shrink while it is mapped. */
static void
test_fd_truncated (void)
{
  g_test_summary ("A region whose file shrinks is lost, without SIGBUS.");

  int fd = memfd_create ("shrinks", MFD_CLOEXEC);
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (ftruncate (fd, 8192), ==, 0);
  region = from_fd (fd, RW);
  view = view_of (region, 0, 0, RW);
  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  g_assert_cmpint (((char *) shmooze_view_get_data (view))[5000], ==, 0);
  g_assert_null (shmooze_region_create_view (region, 0, 0, READ, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, NULL);
  close (fd);
}

/* The child inherits the descriptor by number. */
static void
answer_in_region (int    argc,
                  char **argv)
{
  g_autoptr(ShmoozeRegion) region = from_fd (atoi (argv[0]), RW);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  g_assert_cmpstr (shmooze_view_get_data (view), ==, "question");
  strcpy (shmooze_view_get_data (view), "answer");
  test_say ("answered");
  g_free (test_hear ());
}

static void
test_fd_to_child (void)
{
  g_test_summary ("A descriptor can be passed to a child.");

  g_autoptr(ShmoozeRegion) region = create_unnamed (100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { program, "--child", "answer-in-region", "5", NULL };
  const int source = shmooze_region_get_fd (region), target = 5;
  g_autoptr(GError) error = NULL;
  int status;
  GPid pid;

  strcpy (shmooze_view_get_data (view), "question");
  g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                                    NULL, NULL, -1, -1, -1, &source, &target, 1, &pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  while (waitpid (pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "answer");
}

static void
test_fd_over_socket (void)
{
  g_test_summary ("A descriptor can be sent over a socket, and the memory outlives its creator.");

  g_autoptr(ShmoozeRegion) region = create_unnamed (100), other = NULL;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), seen = NULL;
  g_autoptr(GSocket) near = NULL, far = NULL;
  g_autoptr(GUnixConnection) sender = NULL, receiver = NULL;
  g_autoptr(GError) error = NULL;
  int ends[2], fd;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  near = g_socket_new_from_fd (ends[0], &error);
  far = g_socket_new_from_fd (ends[1], &error);
  g_assert_no_error (error);
  sender = G_UNIX_CONNECTION (g_socket_connection_factory_create_connection (near));
  receiver = G_UNIX_CONNECTION (g_socket_connection_factory_create_connection (far));

  strcpy (shmooze_view_get_data (view), "over a socket");
  g_assert_true (g_unix_connection_send_fd (sender, shmooze_region_get_fd (region), NULL, &error));
  g_assert_no_error (error);
  fd = g_unix_connection_receive_fd (receiver, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&view);
  g_clear_object (&region);  /* the memory exists as long as a descriptor refers to it */

  other = from_fd (fd, READ);
  close (fd);
  seen = view_of (other, 0, 0, READ);
  g_assert_cmpstr (shmooze_view_get_data (seen), ==, "over a socket");
}

/* Lanes work without a name: bells are identified by the inode. */
static void
test_unnamed_lane (void)
{
  g_test_summary ("A lane works in an unnamed region that is shared by descriptor.");

  g_autoptr(ShmoozeRegion) one = create_unnamed (65536), two = from_fd (shmooze_region_get_fd (one), RW);
  g_autoptr(ShmoozeView) writing = view_of (one, 0, 0, RW), reading = view_of (two, 0, 0, RW);
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeWriter) writer = shmooze_writer_new (writing, 1, 1024, &error);
  g_autoptr(ShmoozeReader) reader = NULL;
  g_autoptr(GBytes) got = NULL;

  g_assert_no_error (error);
  reader = shmooze_reader_new (reading, SHMOOZE_WAIT_BELL, &error);
  g_assert_no_error (error);
  g_assert_true (shmooze_writer_write (writer, "hello", 5, &error));
  g_assert_no_error (error);
  g_assert_true (shmooze_reader_wait (reader, G_MAXINT64, NULL, &error));
  g_assert_no_error (error);
  got = shmooze_reader_read (reader, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (got, NULL), g_bytes_get_size (got), "hello", 5);

  /* A message calls it something. */
  g_assert_null (shmooze_writer_new (reading, 1, 1024, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_BUSY, "unnamed", NULL);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("answer-in-region", answer_in_region);
  if (test_child_is_child (argc, argv))
    return 0;

  test_init (&argc, &argv);
  test_add ("/file/as-it-is", test_file_as_it_is);
  test_add ("/file/persists", test_file_persists);
  test_add ("/file/created-when-missing", test_file_created);
  test_add ("/file/grows", test_file_grows);
  test_add ("/file/never-shrinks", test_file_smaller);
  test_add ("/file/empty-is-refused", test_file_empty);
  test_add ("/file/missing", test_file_missing);
  test_add ("/file/grow-without-writing", test_file_grow_without_writing);
  test_add ("/file/impossible-size", test_file_impossible);
  test_add ("/file/not-a-regular-file", test_file_not_regular);
  test_add ("/file/read-only", test_file_read_only);
  test_add ("/file/copy-on-write", test_file_copy_on_write);
  test_add ("/file/two-see-each-other", test_file_two_see_each_other);
  test_add ("/file/flush", test_file_flush);
  test_add ("/file/truncated", test_file_truncated);
  test_add ("/file/no-descriptor-leaks", test_file_no_descriptor_leaks);
  test_add ("/unnamed/zeros", test_unnamed);
  test_add ("/unnamed/sealed", test_unnamed_sealed);
  test_add ("/unnamed/sizes", test_unnamed_sizes);
  test_add ("/unnamed/lane", test_unnamed_lane);
  test_add ("/fd/shares", test_fd_shares);
  test_add ("/fd/is-duplicated", test_fd_is_duplicated);
  test_add ("/fd/refused", test_fd_refused);
  test_add ("/fd/truncated", test_fd_truncated);
  test_add ("/fd/to-a-child", test_fd_to_child);
  test_add ("/fd/over-a-socket", test_fd_over_socket);
  return test_run ();
}
