/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALICE 65533
#define BOB 65534
#define SKIPPED 77
#define SMALL (64 * 1024)

static char *
posix_path (const char *name)
{
  return g_build_filename ("/dev/shm", name, NULL);
}

/* The name belongs to a file that is not a region: every function reports it and leaves it unchanged. */
static void
check_refused (const char *name,
               GQuark      domain,
               int         code,
               const char *word)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_open (name, RW, &error));
  test_check_error (&error, domain, code, name, word, NULL);
  g_assert_null (shmooze_region_open (name, READ, &error));
  test_check_error (&error, domain, code, name, word, NULL);
  g_assert_null (shmooze_region_create_or_open (name, 10, RW, NULL, &error));
  test_check_error (&error, domain, code, name, word, NULL);
  g_assert_false (shmooze_region_remove (name, &error));
  test_check_error (&error, domain, code, name, word, NULL);
  check_no_creation (name, 10, RW, G_IO_ERROR_EXISTS, "exists");
}

static void
check_stays (const char *path,
             mode_t      kind)
{
  struct stat st;

  g_assert_cmpint (lstat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & S_IFMT, ==, kind);
  g_assert_cmpint (remove (path), ==, 0);
}

static void
test_posix_symlink (void)
{
  g_test_summary ("A symbolic link with the name of a POSIX object is not followed.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = posix_path (name);
  g_autofree char *precious = g_build_filename (test_home (), "precious", NULL), *text = NULL;

  g_assert_true (g_file_set_contents (precious, "precious", -1, NULL));
  g_assert_cmpint (symlink (precious, path), ==, 0);
  check_refused (name, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "symbolic link");
  check_stays (path, S_IFLNK);
  g_assert_true (g_file_get_contents (precious, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "precious");
  g_unlink (precious);
}

static void
test_plain_directory (void)
{
  g_test_summary ("A directory with the name of a region is refused.");

  g_autofree char *path = test_path ("folder");
  g_autoptr(ShmoozeRegion) makes_directory = create ("other", 1);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  check_refused ("folder", SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "remove it");
  check_stays (path, S_IFDIR);
}

static void
test_posix_directory (void)
{
  g_test_summary ("A directory with the name of a POSIX object is refused.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = posix_path (name);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  check_refused (name, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "remove it");
  check_stays (path, S_IFDIR);
}

static void
test_posix_fifo (void)
{
  g_test_summary ("A FIFO with the name of a POSIX object is refused without blocking.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = posix_path (name);

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  check_refused (name, SHMOOZE_ERROR, SHMOOZE_ERROR_LAYOUT, "not a regular file");
  check_stays (path, S_IFIFO);
}

static void
check_socket (const char *name,
              const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autoptr(GError) error = NULL;
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpuint (g_strlcpy (address.sun_path, path, sizeof address.sun_path), <, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_null (shmooze_region_open (name, RW, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, name));
  g_clear_error (&error);
  check_no_creation (name, 10, RW, G_IO_ERROR_EXISTS, "exists");
  check_stays (path, S_IFSOCK);
  close (fd);
}

static void
test_plain_socket (void)
{
  g_test_summary ("A socket with the name of a region is refused.");

  g_autofree char *path = test_path ("socket");
  g_autoptr(ShmoozeRegion) makes_directory = create ("other", 1);

  check_socket ("socket", path);
}

static void
test_posix_socket (void)
{
  g_test_summary ("A socket with the name of a POSIX object is refused.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *path = posix_path (name);

  check_socket (name, path);
}

static void
test_hard_link (void)
{
  g_test_summary ("A second hard link to a region is the same region, and both names are removed with their holders.");

  g_autofree char *twin_path = test_path ("twin");
  ShmoozeRegion *region = create ("object", 100), *twin;
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  strcpy (shmooze_view_get_data (view), "one");
  g_assert_cmpint (link (shmooze_region_get_path (region), twin_path), ==, 0);
  twin = open_region ("twin");
  {
    g_autoptr(ShmoozeView) seen = view_of (twin, 0, 0, READ);

    g_assert_cmpstr (shmooze_view_get_data (seen), ==, "one");
  }
  check_no_creation ("twin", 10, RW, G_IO_ERROR_EXISTS, "exists");
  g_object_unref (twin);
  g_object_unref (open_region ("object"));  /* still held under this name */
  g_clear_object (&view);
  g_object_unref (region);
  check_absent ("object");
  check_absent ("twin");
  g_assert_false (is_there (twin_path));
}

/* The file of another region was moved over the name. The holder of the first region must not remove it. */
static void
test_replaced (void)
{
  g_test_summary ("A file that replaces that of a held region is neither taken for it nor removed with it.");

  g_autofree char *path = test_path ("name");
  ShmoozeRegion *former = create ("name", 100);
  ShmoozeRegion *later = create ("later", 200), *found;
  g_autoptr(ShmoozeView) view = view_of (former, 0, 0, RW);

  g_assert_cmpint (rename (shmooze_region_get_path (later), path), ==, 0);
  strcpy (shmooze_view_get_data (view), "goes on");
  found = open_region ("name");
  g_assert_cmpuint (shmooze_region_get_capacity (found), ==, 200);
  g_assert_cmpstr (shmooze_view_get_data (view), ==, "goes on");
  g_clear_object (&view);
  g_object_unref (former);
  g_object_unref (later);
  g_assert_true (is_there (path));
  g_object_unref (open_region ("name"));
  g_object_unref (found);
  check_absent ("name");
}

/* Changes user, group and supplementary groups, and becomes readable in /proc like any process of that user. */
static void
become (const char *user)
{
  uid_t uid = (uid_t) g_ascii_strtoull (user, NULL, 10);

  g_assert_cmpint (setresgid (uid, uid, uid), ==, 0);
  g_assert_cmpint (setresuid (uid, uid, uid), ==, 0);
  g_assert_cmpint (prctl (PR_SET_DUMPABLE, 1), ==, 0);
}

/* Holds a region as another user. */
static void
role_squatter (int    argc,
               char **argv)
{
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;

  become (argv[0]);
  region = create (argv[1], 10);
  view = view_of (region, 0, 0, RW);
  test_say ("holding");
  g_free (test_hear ());
  check_zeros (shmooze_view_get_data (view), 10);
}

/* Uses a name of another user, which must be refused with the given words. */
static void
role_asker (int    argc,
            char **argv)
{
  g_autoptr(GError) error = NULL;
  gboolean plain = argv[1][0] != '/';

  become (argv[0]);
  if (argv[3][0] == '-')
    g_unsetenv ("XDG_RUNTIME_DIR");
  g_assert_null (shmooze_region_open (argv[1], RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, argv[2], NULL);
  g_assert_null (shmooze_region_open (argv[1], READ, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, argv[2], NULL);
  g_assert_false (shmooze_region_remove (argv[1], &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, argv[2], NULL);
  g_assert_null (shmooze_region_create (argv[1], 10, RW, &error));
  test_check_error (&error, G_IO_ERROR, plain ? G_IO_ERROR_PERMISSION_DENIED : G_IO_ERROR_EXISTS,
                    plain ? argv[2] : argv[1], NULL);
}

/* Returns TRUE if the rest of the test is skipped. */
static gboolean
skip_unless_root (void)
{
  if (geteuid () != 0)
    g_test_skip ("requires root");
  return geteuid () != 0;
}

static void
check_asker (uid_t       uid,
             const char *name,
             const char *word,
             const char *runtime)
{
  g_autofree char *user = g_strdup_printf ("%u", (guint) uid);
  g_autoptr(TestChild) child = test_child_new ("asker", user, name, word, runtime, NULL);

  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static TestChild *
squatter_new (uid_t       uid,
              const char *name)
{
  g_autofree char *user = g_strdup_printf ("%u", (guint) uid);
  TestChild *child = test_child_new ("squatter", user, name, NULL);

  test_child_expect (child, "holding");
  return child;
}

/* Root could use the file of another user, but does not. */
static void
test_squatted (void)
{
  g_test_summary ("A name that another user has taken is refused by every function.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(TestChild) child = NULL;

  if (skip_unless_root ())
    return;
  child = squatter_new (BOB, name);
  check_refused (name, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "");
  g_assert_cmpint (test_child_wait (child), ==, 0);
  g_object_unref (create (name, 10));  /* the name is free again */
}

static void
test_squatted_says_what_to_do (void)
{
  g_test_summary ("The error for a name that another user has taken says what to do.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(TestChild) child = NULL;
  g_autoptr(GError) error = NULL;

  if (skip_unless_root ())
    return;
  child = squatter_new (BOB, name);
  g_assert_null (shmooze_region_open (name, RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, name, "another user", "65534",
                    "choose another name", NULL);
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static void
test_users_apart (void)
{
  g_test_summary ("Two users can have regions of the same plain name.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(TestChild) child = NULL;

  if (skip_unless_root ())
    return;
  child = squatter_new (BOB, name);
  check_asker (ALICE, name, name, "+");
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

/* As after su, which keeps the environment. */
static void
test_runtime_directory_of_another (void)
{
  g_test_summary ("A runtime directory that belongs to another user is refused.");

  g_autoptr(ShmoozeRegion) region = create ("theirs", 10);

  if (skip_unless_root ())
    return;
  g_assert_cmpint (chmod (test_home (), 0755), ==, 0);
  check_asker (ALICE, "theirs", "XDG_RUNTIME_DIR", "+");
  g_assert_cmpint (chmod (test_home (), 0700), ==, 0);
}

/* Another user has created the directory first. */
static void
test_squatted_directory (void)
{
  g_test_summary ("A runtime directory of the library that another user has created is refused.");

  g_autofree char *path = g_strdup_printf ("/dev/shm/shmooze-%u", ALICE);

  if (skip_unless_root ())
    return;
  if (g_mkdir (path, 0777) != 0)
    {
      g_test_skip ("the directory already exists");
      return;
    }
  g_assert_cmpint (chown (path, BOB, BOB), ==, 0);
  g_assert_cmpint (chmod (path, 0777), ==, 0);
  check_asker (ALICE, "mine", "set XDG_RUNTIME_DIR to a directory of your own", "-");
  g_assert_cmpint (g_rmdir (path), ==, 0);  /* still empty */
}

#define PROTECTED_REGULAR "/proc/sys/fs/protected_regular"

static gboolean
set_protected_regular (const char *value)
{
  int fd = open (PROTECTED_REGULAR, O_WRONLY | O_CLOEXEC);
  gboolean done = fd >= 0 && write (fd, value, strlen (value)) == (gssize) strlen (value);

  if (fd >= 0)
    close (fd);
  return done;
}

/* Uses a name that another user holds and, if the kernel allows it, a free one. */
static void
role_protected (int    argc,
                char **argv)
{
  g_autofree char *own = g_strconcat (argv[0], "-own", NULL);
  g_autoptr(ShmoozeRegion) region = NULL, same = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_create_or_open (argv[0], 10, RW, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, argv[0], "another user", "choose another name",
                    NULL);
  check_no_creation (argv[0], 10, RW, G_IO_ERROR_EXISTS, "exists");

  region = shmooze_region_create_or_open (own, 10, RW, NULL, &error);
  g_assert_no_error (error);
  same = shmooze_region_create_or_open (own, 10, RW, NULL, &error);
  g_assert_no_error (error);
}

/* The process that restores the setting must not fail an assertion before that. */
static void
test_protected_regular (void)
{
  g_test_summary ("With `fs.protected_regular=2` a name that another user has taken is refused in the same way.");

  g_autofree char *name = test_unique_name ("/shmooze-test"), *former = NULL;
  g_autoptr(TestChild) squatter = NULL, child = NULL;
  gboolean restored;
  int status;

  if (skip_unless_root ())
    return;
  if (!g_file_get_contents (PROTECTED_REGULAR, &former, NULL, NULL) || !set_protected_regular (former))
    {
      g_test_skip ("fs.protected_regular cannot be set here");
      return;
    }
  squatter = squatter_new (BOB, name);
  set_protected_regular ("2");
  child = test_child_new ("protected", name, NULL);
  status = test_child_wait (child);
  restored = set_protected_regular (former);
  g_assert_true (restored);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpint (test_child_wait (squatter), ==, 0);
}

static void
write_text (const char *path,
            const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd >= 0 && write (fd, text, strlen (text)) < 0)
    g_printerr ("# %s: %s\n", path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
}

/* Mounts a tmpfs of 64 KiB over a directory, for this process alone. */
static gboolean
mount_small (const char *path)
{
  g_autofree char *user_map = g_strdup_printf ("%u %u 1", (guint) geteuid (), (guint) geteuid ());
  g_autofree char *group_map = g_strdup_printf ("%u %u 1", (guint) getegid (), (guint) getegid ());

  if (unshare (CLONE_NEWNS) < 0)
    {
      if (unshare (CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return FALSE;
      write_text ("/proc/self/setgroups", "deny");
      write_text ("/proc/self/uid_map", user_map);
      write_text ("/proc/self/gid_map", group_map);
    }
  return mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount ("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=0700") == 0;
}

static void
check_no_space (const char *name,
                guint64     capacity,
                guint64     needed,
                guint64     available)
{
  g_autofree char *needed_digits = g_strdup_printf ("%" G_GUINT64_FORMAT " bytes", needed);
  g_autofree char *free_digits = g_strdup_printf ("%" G_GUINT64_FORMAT " free", available);
  g_autoptr(GBytes) contents = g_bytes_new_static ("hello", 5);
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_create (name, capacity, RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, name, needed_digits, free_digits, NULL);
  g_assert_null (shmooze_region_create_or_open (name, capacity, RW, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, name, needed_digits, free_digits, NULL);
  g_assert_null (shmooze_region_create_with_contents (name, capacity, RW, contents, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, name, needed_digits, free_digits, NULL);
  check_absent (name);
}

/* A region that does not fit leaves no file and no memory in use. */
static void
check_too_much (const char *name)
{
  guint64 page = test_page_size ();

  check_no_space (name, 2 * SMALL, 2 * SMALL + page, SMALL);
  check_no_space (name, SMALL, SMALL + page, SMALL);
  check_no_space (name, SMALL - page + 1, SMALL + page, SMALL);
}

/* A region that just fits is usable to its last byte, and leaves no space. */
static void
check_just_enough (const char *name,
                   const char *other)
{
  gsize page = test_page_size ();
  g_autoptr(ShmoozeRegion) region = create (name, SMALL - page), same = open_region (name);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), seen = view_of (same, 0, 0, READ);

  memset (shmooze_view_get_data (view), 'x', SMALL - page);
  for (gsize i = 0; i < SMALL - page; i++)
    g_assert_cmpint (((char *) shmooze_view_get_data (seen))[i], ==, 'x');
  check_no_space (other, 5, 2 * page, 0);
}

static void
leave_stale (gpointer data)
{
  gsize page = test_page_size ();
  g_autoptr(ShmoozeRegion) region G_GNUC_UNUSED = create ("stale", SMALL - 4 * page);
  g_autoptr(ShmoozeMutex) mutex = shmooze_mutex_create_or_open ("stale", FALSE, NULL, NULL);

  g_assert_nonnull (mutex);
  raise (SIGKILL);
}

/* A stale region and a stale mutex use the whole file system but for one page. */
static void
check_stale (const char *name)
{
  int status = test_in_fork (leave_stale, NULL);
  g_autoptr(ShmoozeRegion) region = NULL;

  g_assert_true (WIFSIGNALED (status));
  region = create (name, SMALL - test_page_size ());
}

static void
role_small (int    argc,
            char **argv)
{
  gboolean posix = argv[0][0] == '/';
  const char *name = argv[0], *other = posix ? "/other" : "other";
  g_autoptr(GDir) dir = NULL;

  if (!mount_small (posix ? "/dev/shm" : test_home ()))
    exit (SKIPPED);

  if (strcmp (argv[1], "too-much") == 0)
    check_too_much (name);
  else if (strcmp (argv[1], "stale") == 0)
    check_stale (name);
  else
    {
      check_just_enough (name, other);
      check_just_enough (other, name);  /* all of it was released */
    }

  test_check_nothing_left ();
  dir = g_dir_open (posix ? "/dev/shm" : test_home (), 0, NULL);
  if (posix)
    g_assert_null (g_dir_read_name (dir));
}

static void
check_small (const char *name,
             const char *what)
{
  g_autoptr(TestChild) child = test_child_new ("small", name, what, NULL);
  int status = test_child_wait (child);

  if (WIFEXITED (status) && WEXITSTATUS (status) == SKIPPED)
    g_test_skip ("no file system can be mounted here");
  else
    g_assert_cmpint (status, ==, 0);
}

static void
test_posix_too_much (void)
{
  g_test_summary ("A POSIX object that does not fit into `/dev/shm` fails with NO_SPACE, the bytes needed and the "
                  "bytes free.");

  check_small ("/small", "too-much");
}

static void
test_posix_just_enough (void)
{
  g_test_summary ("A POSIX object that just fits into `/dev/shm` is usable to its last byte.");

  check_small ("/small", "just-enough");
}

static void
test_plain_too_much (void)
{
  g_test_summary ("A region that does not fit into the file system fails with NO_SPACE and leaves nothing behind.");

  check_small ("small", "too-much");
}

static void
test_plain_just_enough (void)
{
  g_test_summary ("A region that just fits into the file system is usable to its last byte.");

  check_small ("small", "just-enough");
}

static void
test_plain_stale (void)
{
  g_test_summary ("On a full file system, creating a region first removes the files of killed holders.");

  check_small ("small", "stale");
}

/* Holds a region and, on request, forks a child that inherits its mapping and stays alive. The child answers, because
 * it still has the descriptors of its parent until it runs. */
static void
role_owner (int    argc,
            char **argv)
{
  g_autoptr(ShmoozeRegion) region = create (argv[0], 10);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);

  if (argc < 2 || fork () == 0)
    test_say ("holding");
  g_free (test_hear ());
}

static void
test_posix_zombie (void)
{
  g_test_summary ("A zombie does not keep a POSIX object's name alive.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(TestChild) child = test_child_new ("owner", name, NULL);
  g_autoptr(ShmoozeRegion) region = NULL;
  siginfo_t info;

  test_child_expect (child, "holding");
  g_assert_cmpint (kill (test_child_get_pid (child), SIGKILL), ==, 0);
  g_assert_cmpint (waitid (P_PID, (id_t) test_child_get_pid (child), &info, WEXITED | WNOWAIT), ==, 0);
  check_absent (name);
  region = create (name, 10);
  g_assert_cmpint (kill (test_child_get_pid (child), 0), ==, 0);  /* still a zombie */
}

static void
test_posix_heir (void)
{
  g_test_summary ("A child that inherited the mapping of a dead holder does not keep the name alive.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(TestChild) child = test_child_new ("owner", name, "fork", NULL);
  g_autoptr(ShmoozeRegion) region = NULL;

  test_child_expect (child, "holding");
  test_child_kill (child);
  check_absent (name);
  region = create (name, 10);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("squatter", role_squatter);
  test_child_role ("asker", role_asker);
  test_child_role ("protected", role_protected);
  test_child_role ("small", role_small);
  test_child_role ("owner", role_owner);
  test_init (&argc, &argv);

  test_add ("/hostile/symlink/posix", test_posix_symlink);
  test_add ("/hostile/directory/plain", test_plain_directory);
  test_add ("/hostile/directory/posix", test_posix_directory);
  test_add ("/hostile/fifo/posix", test_posix_fifo);
  test_add ("/hostile/socket/plain", test_plain_socket);
  test_add ("/hostile/socket/posix", test_posix_socket);
  test_add ("/hostile/hard-link", test_hard_link);
  test_add ("/hostile/replaced-under-holder", test_replaced);
  test_add ("/hostile/squatted/refused", test_squatted);
  test_add ("/hostile/squatted/says-what-to-do", test_squatted_says_what_to_do);
  test_add ("/hostile/squatted/directory", test_squatted_directory);
  test_add ("/hostile/squatted/protected-regular", test_protected_regular);
  test_add ("/hostile/users-are-apart", test_users_apart);
  test_add ("/hostile/runtime-directory-of-another", test_runtime_directory_of_another);
  test_add ("/hostile/small/posix/too-much", test_posix_too_much);
  test_add ("/hostile/small/posix/just-enough", test_posix_just_enough);
  test_add ("/hostile/small/plain/too-much", test_plain_too_much);
  test_add ("/hostile/small/plain/just-enough", test_plain_just_enough);
  test_add ("/hostile/small/plain/stale", test_plain_stale);
  test_add ("/hostile/dead-owner/zombie", test_posix_zombie);
  test_add ("/hostile/dead-owner/heir-of-its-mapping", test_posix_heir);

  return test_run ();
}
