/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITE SHMOOZE_ACCESS_WRITE
#define COPY_ON_WRITE SHMOOZE_ACCESS_COPY_ON_WRITE
#define READ_EXECUTE SHMOOZE_ACCESS_READ_EXECUTE
#define READ_WRITE_EXECUTE SHMOOZE_ACCESS_READ_WRITE_EXECUTE
#define N_ACCESSES 6

/* The accesses of regions and views, and the bounds of views. */

/* The views (columns) that a region of each access (row) allows. */
static const gboolean allowed[N_ACCESSES][N_ACCESSES] = {
  /*                    RW     R      W      COW    RX     RWX */
  /* READ_WRITE  */ { TRUE,  TRUE,  TRUE,  TRUE,  FALSE, FALSE },
  /* READ        */ { FALSE, TRUE,  FALSE, TRUE,  FALSE, FALSE },
  /* WRITE       */ { FALSE, FALSE, TRUE,  FALSE, FALSE, FALSE },
  /* COPY_O_W    */ { FALSE, TRUE,  FALSE, TRUE,  FALSE, FALSE },
  /* READ_EXEC   */ { FALSE, TRUE,  FALSE, TRUE,  TRUE,  FALSE },
  /* READ_WR_EX  */ { TRUE,  TRUE,  TRUE,  TRUE,  TRUE,  TRUE }
};

static gboolean
is_noexec (const char *path)
{
  struct statvfs fs;

  return statvfs (path, &fs) == 0 && (fs.f_flag & ST_NOEXEC);
}

/* TRUE: the rest of the test is skipped. */
static gboolean
skip_without_exec (void)
{
  if (is_noexec (test_home ()))
    g_test_skip ("the directory for temporary files is mounted noexec");
  return is_noexec (test_home ());
}

static void
check_views (ShmoozeAccess access)
{
  g_autoptr(ShmoozeRegion) owner = create ("accesses", 100), region = open_as ("accesses", access);

  g_assert_cmpint (shmooze_region_get_access (region), ==, access);
  for (guint i = 0; i < N_ACCESSES; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, i, &error);

      g_test_message ("view %u", i);
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

static void
test_views_of_read_write (void)
{
  g_test_summary ("A region for reading and writing allows views without execution.");

  check_views (RW);
}

static void
test_views_of_read (void)
{
  g_test_summary ("A region for reading allows reading and copying views only.");

  check_views (READ);
}

static void
test_views_of_write (void)
{
  g_test_summary ("A region for writing allows writing views only.");

  check_views (WRITE);
}

static void
test_views_of_copy_on_write (void)
{
  g_test_summary ("A region for copying on write allows reading and copying views only.");

  check_views (COPY_ON_WRITE);
}

static void
test_views_of_read_execute (void)
{
  g_test_summary ("A region for reading and executing allows no shared writing.");

  if (!skip_without_exec ())
    check_views (READ_EXECUTE);
}

static void
test_views_of_read_write_execute (void)
{
  g_test_summary ("A region for reading, writing and executing allows every view.");

  if (!skip_without_exec ())
    check_views (READ_WRITE_EXECUTE);
}

/* The permissions of the mapping in /proc: "rw-s" and the like. */
static void
get_protection (gconstpointer address,
                char          protection[5])
{
  FILE *maps = fopen ("/proc/self/maps", "re");
  char line[4200], mode[5];
  unsigned long start, end;

  protection[0] = '\0';
  while (fgets (line, sizeof line, maps) != NULL)
    if (sscanf (line, "%lx-%lx %4s", &start, &end, mode) == 3 &&
        (guintptr) address >= start && (guintptr) address < end)
      strcpy (protection, mode);
  fclose (maps);
}

/* The same in every region that allows such a view. */
static void
check_protection (ShmoozeAccess  access,
                  const char    *expected)
{
  g_autoptr(ShmoozeRegion) owner = create ("protected", 100);
  guint n = 0;

  for (guint i = 0; i < N_ACCESSES; i++)
    if (allowed[i][access] && (i < READ_EXECUTE || !is_noexec (test_home ())))
      {
        g_autoptr(ShmoozeRegion) region = open_as ("protected", i);
        g_autoptr(ShmoozeView) view = view_of (region, 0, 0, access);
        char protection[5];

        get_protection (shmooze_view_get_data (view), protection);
        g_assert_cmpstr (protection, ==, expected);
        n++;
      }
  if (n == 0)
    g_test_skip ("the directory for temporary files is mounted noexec");
}

static void
test_protection_read_write (void)
{
  g_test_summary ("A view for reading and writing is mapped with these permissions.");

  check_protection (RW, "rw-s");
}

static void
test_protection_read (void)
{
  g_test_summary ("A reading view is mapped without write permission.");

  check_protection (READ, "r--s");
}

static void
test_protection_write (void)
{
  g_test_summary ("A writing view is mapped without read permission.");

  check_protection (WRITE, "-w-s");
}

static void
test_protection_copy_on_write (void)
{
  g_test_summary ("A copying view is mapped privately.");

  check_protection (COPY_ON_WRITE, "rw-p");
}

static void
test_protection_read_execute (void)
{
  g_test_summary ("A view for reading and executing is mapped without write permission.");

  check_protection (READ_EXECUTE, "r-xs");
}

static void
test_protection_read_write_execute (void)
{
  g_test_summary ("A view for reading, writing and executing is mapped with these permissions.");

  check_protection (READ_WRITE_EXECUTE, "rwxs");
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

static int
run_code (gpointer data)
{
  int (*code) (void);

  memcpy (&code, &data, sizeof code);
  return code ();
}

static void
jump (gpointer data)
{
  die_of_faults ();
  _exit (run_code (data) == 42 ? 0 : 1);
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
test_store_faults (void)
{
  g_test_summary ("A store through the pointer of a reading view faults.");

  g_autoptr(ShmoozeRegion) region = create ("protected", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);

  g_assert_false (faults (load, shmooze_view_get_data (view)));
  g_assert_true (faults (store, shmooze_view_get_data (view)));
}

static void
test_store_works (void)
{
  g_test_summary ("A store through the pointer of a writing or copying view works.");

  g_autoptr(ShmoozeRegion) region = create ("protected", 100);
  g_autoptr(ShmoozeView) writing = view_of (region, 0, 0, RW), copy = view_of (region, 0, 0, COPY_ON_WRITE);

  g_assert_false (faults (store, shmooze_view_get_data (writing)));
  g_assert_false (faults (store, shmooze_view_get_data (copy)));
}

static void
test_cannot_be_raised (void)
{
  g_test_summary ("A reading region's mapping cannot be made writable afterwards.");

  g_autoptr(ShmoozeRegion) region = create ("protected", 100), reader = open_as ("protected", READ);
  g_autoptr(ShmoozeView) view = view_of (reader, 0, 0, READ);

  g_assert_cmpint (mprotect (shmooze_view_get_data (view), test_page_size (), PROT_READ | PROT_WRITE), ==, -1);
}

static void
test_execute (void)
{
  g_test_summary ("Machine code in an executing view runs; in another view it does not.");

  #if defined (__x86_64__)
  const guint8 code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };                       /* mov $42, %eax; ret */
#elif defined (__aarch64__)
  const guint8 code[] = { 0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6 };  /* mov w0, #42; ret */
#else
  const guint8 code[] = { 0 };
#endif
  g_autoptr(ShmoozeRegion) region = create ("code", 100), executable = NULL;
  g_autoptr(ShmoozeView) writing = view_of (region, 0, 0, RW), running = NULL;
  char *start;

  if (skip_without_exec ())
    return;
  if (sizeof code == 1)
    {
      g_test_skip ("the language of this machine is unknown to the test");
      return;
    }
  start = shmooze_view_get_data (writing);
  memcpy (start, code, sizeof code);
  __builtin___clear_cache (start, start + sizeof code);
  executable = open_as ("code", READ_EXECUTE);
  running = view_of (executable, 0, 0, READ_EXECUTE);
  g_assert_cmpint (run_code (shmooze_view_get_data (running)), ==, 42);
  g_assert_true (faults (store, shmooze_view_get_data (running)));
  g_assert_true (faults (jump, shmooze_view_get_data (writing)));
}

static void
test_creator (void)
{
  g_test_summary ("The access of the creator does not limit that of openers.");

  for (guint access = 0; access < N_ACCESSES; access++)
    if (access != WRITE && (access < READ_EXECUTE || !is_noexec (test_home ())))
      {
        g_autoptr(GError) error = NULL;
        g_autoptr(ShmoozeRegion) region = shmooze_region_create ("creator", 100, access, &error), other = NULL;
        g_autoptr(ShmoozeView) view = NULL;

        g_assert_no_error (error);
        g_assert_cmpint (shmooze_region_get_access (region), ==, access);
        other = open_region ("creator");
        view = view_of (other, 0, 0, RW);
        strcpy (shmooze_view_get_data (view), "x");
      }
}

static void
test_create_for_writing_only (void)
{
  g_test_summary ("Creating a region for writing only is refused, and leaves no name.");

  g_autoptr(GError) error = NULL;

  check_no_creation ("creator", 100, WRITE, G_IO_ERROR_INVALID_ARGUMENT, "writing");
  check_absent ("creator");
  g_assert_null (shmooze_region_create_or_open ("creator", 100, WRITE, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "creator", NULL);
  check_absent ("creator");
}

static void
test_open_for_writing_only (void)
{
  g_test_summary ("Opening a region for writing only works.");

  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create ("written", 100), writer = open_as ("written", WRITE), either = NULL;
  g_autoptr(ShmoozeView) seen = view_of (region, 0, 0, READ), view = view_of (writer, 10, 0, WRITE);

  g_assert_true (shmooze_view_write (view, 0, "written", 8, &error));
  g_assert_no_error (error);
  g_assert_cmpstr ((char *) shmooze_view_get_data (seen) + 10, ==, "written");
  either = shmooze_region_create_or_open ("written", 100, WRITE, NULL, &error);
  g_assert_no_error (error);
}

static void
test_noexec_create (void)
{
  g_test_summary ("On a noexec mount an executing region cannot be created, and the mount is named.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;

  if (is_noexec ("/dev/shm"))
    {
      check_no_creation (name, 10, READ_WRITE_EXECUTE, G_IO_ERROR_PERMISSION_DENIED, "/dev/shm");
      check_absent (name);
      return;
    }
  region = shmooze_region_create (name, 10, READ_WRITE_EXECUTE, &error);
  g_assert_no_error (error);
  view = view_of (region, 0, 0, READ_EXECUTE);
}

static void
test_noexec_open (void)
{
  g_test_summary ("On a noexec mount an executing region is refused at opening, not later.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeRegion) region = create (name, 10), none = NULL;

  if (!is_noexec ("/dev/shm"))
    {
      g_test_skip ("/dev/shm is not mounted noexec");
      return;
    }
  none = shmooze_region_open (name, READ_EXECUTE, &error);
  g_assert_null (none);
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, name, "/dev/shm", NULL);
}

static gboolean
write_map (const char *path,
           guint       id)
{
  g_autofree char *line = g_strdup_printf ("%u %u 1", id, id);
  int fd = g_open (path, O_WRONLY | O_CLOEXEC, 0);
  gboolean written = fd >= 0 && write (fd, line, strlen (line)) > 0;

  close (fd);
  return written;
}

/* A mount name space. Users other than root need a user name space too, in which they have their own ids. */
static gboolean
enter_name_space (void)
{
  uid_t uid = geteuid ();
  gid_t gid = getegid ();

  if (uid == 0)
    return unshare (CLONE_NEWNS) == 0;
  return unshare (CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
         g_file_set_contents_full ("/proc/self/setgroups", "deny", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL) &&
         write_map ("/proc/self/uid_map", uid) && write_map ("/proc/self/gid_map", gid);
}

static void
in_child_noexec (gpointer data)
{
  const ShmoozeAccess accesses[] = { READ_EXECUTE, READ_WRITE_EXECUTE };
  g_autoptr(ShmoozeRegion) region = NULL;

  if (!enter_name_space () ||
      mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
      mount ("tmpfs", test_home (), "tmpfs", MS_NOEXEC, "mode=0700") < 0)
    _exit (77);

  region = create ("unmoved", 10);
  for (gsize i = 0; i < G_N_ELEMENTS (accesses); i++)
    {
      g_autoptr(GError) error = NULL;

      check_no_creation ("executed", 10, accesses[i], G_IO_ERROR_PERMISSION_DENIED, test_home ());
      check_absent ("executed");
      g_assert_null (shmooze_region_open ("unmoved", accesses[i], &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "unmoved", "noexec", test_home (), NULL);
    }
}

static void
test_noexec_mounted (void)
{
  g_test_summary ("A noexec mount is detected and named wherever it is, and other accesses work.");

  int status = test_in_fork (in_child_noexec, NULL);

  if (WIFEXITED (status) && WEXITSTATUS (status) == 77)
    g_test_skip ("this user cannot mount anything");
  else
    g_assert_cmpint (status, ==, 0);
}

/* A region in which the value of each byte depends on its offset. */
static ShmoozeRegion *
create_numbered (guint64 capacity)
{
  ShmoozeRegion *region = create ("bounds", capacity);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  for (guint64 i = 0; i < capacity; i++)
    ((char *) shmooze_view_get_data (view))[i] = (char) (i * 7);
  return region;
}

static void
check_view (ShmoozeRegion *region,
            guint64        offset,
            guint64        size,
            guint64        expected)
{
  g_autoptr(ShmoozeView) view = view_of (region, offset, size, READ);

  g_assert_cmpuint (shmooze_view_get_size (view), ==, expected);
  for (guint64 i = 0; i < expected; i++)
    g_assert_cmpint (((char *) shmooze_view_get_data (view))[i], ==, (char) ((offset + i) * 7));
}

static void
check_no_view (ShmoozeRegion *region,
               guint64        offset,
               guint64        size)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *where = g_strdup_printf ("%" G_GUINT64_FORMAT, offset);
  g_autofree char *all = g_strdup_printf ("%" G_GUINT64_FORMAT, shmooze_region_get_capacity (region));

  g_assert_null (shmooze_region_create_view (region, offset, size, READ, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "bounds", where, all, NULL);
}

static void
test_whole (void)
{
  g_test_summary ("A view can be the whole region.");

  guint64 capacity = 3 * test_page_size () + 10;
  g_autoptr(ShmoozeRegion) region = create_numbered (capacity);

  check_view (region, 0, capacity, capacity);
}

static void
test_pages (void)
{
  g_test_summary ("A view can begin and end at page boundaries.");

  guint64 page = test_page_size ();
  g_autoptr(ShmoozeRegion) region = create_numbered (3 * page + 10);

  check_view (region, page, page, page);
  check_view (region, 2 * page, page, page);
}

static void
test_not_at_pages (void)
{
  g_test_summary ("A view can begin and end at any byte.");

  guint64 page = test_page_size (), capacity = 3 * page + 10;
  g_autoptr(ShmoozeRegion) region = create_numbered (capacity);

  check_view (region, 1, capacity - 1, capacity - 1);
  check_view (region, 17, 20, 20);
  check_view (region, page - 1, 2, 2);
  check_view (region, page + 1, 2 * page, 2 * page);
}

static void
test_single_bytes (void)
{
  g_test_summary ("A view can be one byte, the first or the last.");

  guint64 capacity = 3 * test_page_size () + 10;
  g_autoptr(ShmoozeRegion) region = create_numbered (capacity);

  check_view (region, 0, 1, 1);
  check_view (region, capacity - 1, 1, 1);
}

static void
test_size_zero (void)
{
  g_test_summary ("Size 0 means up to the end.");

  guint64 capacity = 3 * test_page_size () + 10;
  g_autoptr(ShmoozeRegion) region = create_numbered (capacity);

  check_view (region, 0, 0, capacity);
  check_view (region, 1, 0, capacity - 1);
  check_view (region, capacity - 1, 0, 1);
}

static void
test_beyond (void)
{
  g_test_summary ("A view beyond the end is refused, with offset, size and capacity in the message.");

  guint64 page = test_page_size (), capacity = 3 * page + 10;
  g_autoptr(ShmoozeRegion) region = create_numbered (capacity);

  check_no_view (region, 0, capacity + 1);
  check_no_view (region, 1, capacity);
  check_no_view (region, capacity - 1, 2);
}

static void
test_beyond_within_pages (void)
{
  g_test_summary ("The rest of the last page and the control page are out of bounds.");

  guint64 page = test_page_size ();
  g_autoptr(ShmoozeRegion) region = create_numbered (3 * page + 10);

  check_no_view (region, 0, 4 * page);
  check_no_view (region, 3 * page, page);
  check_no_view (region, 4 * page, 1);
}

static void
test_at_end (void)
{
  g_test_summary ("A view cannot begin at or behind the end.");

  guint64 capacity = 3 * test_page_size () + 10;
  g_autoptr(ShmoozeRegion) region = create_numbered (capacity);

  check_no_view (region, capacity, 1);
  check_no_view (region, capacity, 0);
  check_no_view (region, capacity + 1, 0);
}

static void
test_overflow (void)
{
  g_test_summary ("Offsets and sizes that overflow are refused.");

  g_autoptr(ShmoozeRegion) region = create_numbered (100);

  check_no_view (region, 0, G_MAXUINT64);
  check_no_view (region, 1, G_MAXUINT64);
  check_no_view (region, G_MAXUINT64, 1);
  check_no_view (region, G_MAXUINT64, 0);
  check_no_view (region, G_MAXUINT64, G_MAXUINT64);
}

/* Positions are not truncated to 32 bits before they are checked. */
static void
test_far_positions (void)
{
  g_test_summary ("Positions beyond 32 bits are beyond the end of a small view.");

  const guint64 positions[] = { 101, (guint64) 1 << 31, (guint64) 1 << 32, ((guint64) 1 << 32) + 5,
                                (guint64) 1 << 63, G_MAXUINT64 - 3, G_MAXUINT64 };
  g_autoptr(ShmoozeRegion) region = create ("bounds", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  for (gsize i = 0; i < G_N_ELEMENTS (positions); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, positions[i]);
      guint32 value = 0;

      g_assert_false (shmooze_view_write_uint32 (view, positions[i], G_MAXUINT32, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "bounds", digits, NULL);
      g_assert_false (shmooze_view_read_uint32 (view, positions[i], &value, &error));
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "bounds", digits, NULL);
      g_assert_cmpint (shmooze_view_read (view, positions[i], &value, 4, &error), ==, -1);
      test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "bounds", digits, NULL);
    }
  check_zeros (shmooze_view_get_data (view), 100);
}

static void
test_copy_is_private (void)
{
  g_test_summary ("A copying view shows the contents, and its writes are private.");

  g_autoptr(ShmoozeRegion) region = create ("copied", 100), reader = open_as ("copied", READ);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), copy = NULL;

  strcpy (shmooze_view_get_data (view), "original");
  copy = view_of (reader, 0, 0, COPY_ON_WRITE);
  g_assert_cmpstr (shmooze_view_get_data (copy), ==, "original");
  strcpy (shmooze_view_get_data (copy), "mine");
  g_assert_cmpstr (shmooze_view_get_data (copy), ==, "mine");
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "original");
}

static void
test_copies_are_apart (void)
{
  g_test_summary ("Two copying views do not see each other's writes.");

  g_autoptr(ShmoozeRegion) region = create ("copied", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  g_autoptr(ShmoozeView) one = view_of (region, 0, 0, COPY_ON_WRITE), two = view_of (region, 0, 0, COPY_ON_WRITE);

  strcpy (shmooze_view_get_data (view), "original");
  strcpy (shmooze_view_get_data (one), "mine");
  g_assert_cmpstr (shmooze_view_get_data (two), ==, "original");
  strcpy (shmooze_view_get_data (two), "yours");
  g_assert_cmpstr (shmooze_view_get_data (one), ==, "mine");
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "original");
}

static void
test_copy_goes (void)
{
  g_test_summary ("The private copy is discarded with its view.");

  g_autoptr(ShmoozeRegion) region = create ("copied", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), copy = view_of (region, 0, 0, COPY_ON_WRITE);

  strcpy (shmooze_view_get_data (view), "original");
  strcpy (shmooze_view_get_data (copy), "mine");
  g_clear_object (&copy);
  copy = view_of (region, 0, 0, COPY_ON_WRITE);
  g_assert_cmpstr (shmooze_view_get_data (copy), ==, "original");
}

static void
test_copy_stays (void)
{
  g_test_summary ("Bytes that have been copied are not changed by later writes of others.");

  g_autoptr(ShmoozeRegion) region = create ("copied", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), copy = view_of (region, 0, 0, COPY_ON_WRITE);

  strcpy (shmooze_view_get_data (copy), "mine");
  strcpy (shmooze_view_get_data (view), "changed since");
  g_assert_cmpstr (shmooze_view_get_data (copy), ==, "mine");
}

static void
read_in_child (int    argc,
               char **argv)
{
  g_autoptr(ShmoozeRegion) region = open_region (argv[0]);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, READ);

  test_say ("%s", (char *) shmooze_view_get_data (view));
}

static void
test_copy_across_processes (void)
{
  g_test_summary ("Another process sees the original, not the private copy.");

  g_autoptr(ShmoozeRegion) region = create ("copied", 100);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), copy = view_of (region, 0, 0, COPY_ON_WRITE);
  g_autoptr(TestChild) child = NULL;

  strcpy (shmooze_view_get_data (view), "original");
  strcpy (shmooze_view_get_data (copy), "mine");
  child = test_child_new ("read", "copied", NULL);
  test_child_expect (child, "original");
}

/* An invalid access is a programming error. */
static void
test_no_access (void)
{
  g_test_summary ("With an invalid access, nothing is created or opened.");

  const ShmoozeAccess none[] = { (ShmoozeAccess) -1, (ShmoozeAccess) 6, (ShmoozeAccess) 42 };
  g_autoptr(ShmoozeRegion) region = create ("accessed", 10);

  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    {
      g_test_expect_message ("Shmooze", G_LOG_LEVEL_CRITICAL, "*IS_ACCESS*");
      g_assert_null (shmooze_region_create ("none", 10, none[i], NULL));
      g_test_expect_message ("Shmooze", G_LOG_LEVEL_CRITICAL, "*IS_ACCESS*");
      g_assert_null (shmooze_region_open ("accessed", none[i], NULL));
      g_test_expect_message ("Shmooze", G_LOG_LEVEL_CRITICAL, "*IS_ACCESS*");
      g_assert_null (shmooze_region_create_view (region, 0, 0, none[i], NULL));
      g_test_assert_expected_messages ();
    }
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("read", read_in_child);
  test_init (&argc, &argv);

  test_add ("/access/views-of/read-write", test_views_of_read_write);
  test_add ("/access/views-of/read", test_views_of_read);
  test_add ("/access/views-of/write", test_views_of_write);
  test_add ("/access/views-of/copy-on-write", test_views_of_copy_on_write);
  test_add ("/access/views-of/read-execute", test_views_of_read_execute);
  test_add ("/access/views-of/read-write-execute", test_views_of_read_write_execute);
  test_add ("/access/protection/read-write", test_protection_read_write);
  test_add ("/access/protection/read", test_protection_read);
  test_add ("/access/protection/write", test_protection_write);
  test_add ("/access/protection/copy-on-write", test_protection_copy_on_write);
  test_add ("/access/protection/read-execute", test_protection_read_execute);
  test_add ("/access/protection/read-write-execute", test_protection_read_write_execute);
  test_add ("/access/store-faults", test_store_faults);
  test_add ("/access/store-works", test_store_works);
  test_add ("/access/cannot-be-raised", test_cannot_be_raised);
  test_add ("/access/execute", test_execute);
  test_add ("/access/creator", test_creator);
  test_add ("/access/create-for-writing-only", test_create_for_writing_only);
  test_add ("/access/open-for-writing-only", test_open_for_writing_only);
  test_add ("/access/none", test_no_access);
  test_add ("/access/noexec/create", test_noexec_create);
  test_add ("/access/noexec/open", test_noexec_open);
  test_add ("/access/noexec/mounted", test_noexec_mounted);
  test_add ("/bounds/whole", test_whole);
  test_add ("/bounds/pages", test_pages);
  test_add ("/bounds/not-at-pages", test_not_at_pages);
  test_add ("/bounds/single-bytes", test_single_bytes);
  test_add ("/bounds/size-zero", test_size_zero);
  test_add ("/bounds/beyond", test_beyond);
  test_add ("/bounds/beyond-within-pages", test_beyond_within_pages);
  test_add ("/bounds/at-end", test_at_end);
  test_add ("/bounds/overflow", test_overflow);
  test_add ("/bounds/far-positions", test_far_positions);
  test_add ("/copy-on-write/is-private", test_copy_is_private);
  test_add ("/copy-on-write/copies-are-apart", test_copies_are_apart);
  test_add ("/copy-on-write/goes-with-the-view", test_copy_goes);
  test_add ("/copy-on-write/stays", test_copy_stays);
  test_add ("/copy-on-write/across-processes", test_copy_across_processes);

  return test_run ();
}
