/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <sys/stat.h>
#include <unistd.h>

/* Valid names, and where the files of names are. */

static void
check_allowed (const char *name)
{
  g_autofree char *path = test_path (name);
  g_autoptr(ShmoozeRegion) region = create (name, 1);
  g_autoptr(ShmoozeRegion) other = open_region (name);

  g_assert_cmpstr (shmooze_region_get_name (region), ==, name);
  g_assert_cmpstr (shmooze_region_get_name (other), ==, name);
  g_assert_cmpstr (shmooze_region_get_path (region), ==, path);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
}

static void
test_plain (void)
{
  g_test_summary ("A plain name makes a file of that name in the user's own directory.");

  check_allowed ("chat");
  check_allowed ("a");
}

static void
test_any_script (void)
{
  g_test_summary ("A name can be in any script.");

  check_allowed ("Gespräch");
  check_allowed ("聊天");
  check_allowed ("دردشة");
  check_allowed ("👋🏽");
}

static void
test_odd (void)
{
  g_test_summary ("Spaces, dots, backslashes and format characters are ordinary characters.");

  const char *const names[] = { "...", "a b", " ", "-n", "a\\b", "%s%n", "~" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    check_allowed (names[i]);
}

static void
test_hidden (void)
{
  g_test_summary ("A name may begin with a dot.");

  check_allowed (".hidden");
}

static void
test_longest (void)
{
  g_test_summary ("A name may have 255 bytes.");

  g_autofree char *longest = g_strnfill (255, 'x');

  check_allowed (longest);
}

/* Every function that takes a name reports the same error. */
static void
check_refused (const char *name,
               const char *rule)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (shmooze_region_create (name, 1, RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, rule, NULL);
  g_assert_null (shmooze_region_open (name, RW, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, rule, NULL);
  g_assert_null (shmooze_region_create_or_open (name, 1, RW, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, rule, NULL);
  g_assert_false (shmooze_region_remove (name, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, rule, NULL);
}

static void
test_empty (void)
{
  g_test_summary ("The empty name is refused by every call.");

  check_refused ("", "empty");
  check_refused ("/", "empty");
}

static void
test_slash (void)
{
  g_test_summary ("A slash anywhere but first is refused by every call.");

  const char *const names[] = { "a/b", "a/", "//a", "/a/b", "../a", "a/../b" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    check_refused (names[i], "slash");
}

static void
test_directory (void)
{
  g_test_summary ("A name of a directory (`.`, `..`) is refused.");

  const char *const names[] = { ".", "..", "/..", "/." };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    check_refused (names[i], "directory");
}

static void
test_control (void)
{
  g_test_summary ("A control character is refused.");

  const char *const names[] = { "a\nb", "\t", "a\x7f", "\xc2\x85", "/a\x01" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    check_refused (names[i], "control");
}

static void
test_not_utf8 (void)
{
  g_test_summary ("What is not UTF-8 is refused.");

  const char *const names[] = { "\xff\xfe", "a\xc3", "/\xed\xa0\x80" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    check_refused (names[i], "UTF-8");
}

static void
test_too_long (void)
{
  g_test_summary ("A name that is too long is refused, with the limit in the message.");

  g_autofree char *too_long = g_strnfill (256, 'x'), *posix = g_strconcat ("/", too_long, NULL);

  check_refused (too_long, "255");
  check_refused (posix, "255");
}

static void
test_reserved (void)
{
  g_test_summary ("Names that the library reserves cannot be names of regions.");

  check_refused ("bells", "reserved");
  check_refused ("locks", "reserved");
}

/* Names that look alike to some systems. */
static void
test_apart (void)
{
  g_test_summary ("Names that look alike (case, accents, spaces) are different regions.");

  const char *const names[] = { "key", "key1", "Key", "KEY", "ke1y", "Noël", "Noe\xcc\x88l", "Nol", "key ", " key" };
  g_autoptr(GPtrArray) regions = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_ptr_array_add (regions, create (names[i], i + 1));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(ShmoozeRegion) region = open_region (names[i]);

      g_assert_cmpuint (shmooze_region_get_capacity (region), ==, i + 1);
    }
}

static void
test_plain_and_posix_are_apart (void)
{
  g_test_summary ("`name` and `/name` are different regions.");

  g_autofree char *plain = test_unique_name ("shmooze-test"), *posix = g_strconcat ("/", plain, NULL);
  g_autoptr(ShmoozeRegion) one = create (plain, 1), two = create (posix, 2);

  g_assert_cmpstr (shmooze_region_get_path (one), !=, shmooze_region_get_path (two));
}

static void
test_not_found (void)
{
  g_test_summary ("Opening a region that does not exist fails with \"not found\".");

  check_absent ("nobody");
}

static void
test_remove_not_found (void)
{
  g_test_summary ("Removing a region that does not exist fails with \"not found\".");

  g_autoptr(GError) error = NULL;

  g_assert_false (shmooze_region_remove ("nobody", &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "nobody", NULL);
}

static void
test_asking_makes_nothing (void)
{
  g_test_summary ("Opening a region that does not exist creates nothing, not even a directory.");

  g_autofree char *app = g_build_filename (test_home (), "app", "org.example.Asked", NULL);

  g_setenv ("SHMOOZE_DOMAIN", "org.example.Asked", TRUE);
  check_absent ("nobody");
  g_unsetenv ("SHMOOZE_DOMAIN");
  g_assert_false (is_there (app));
}

static void
test_domain (void)
{
  g_test_summary ("`SHMOOZE_DOMAIN` separates a group of programs from others.");

  g_autofree char *path = g_build_filename (test_home (), "app", "org.example.Test", "shmooze", "d", NULL);
  g_autoptr(ShmoozeRegion) plain = create ("d", 1), in_domain = NULL;

  g_setenv ("SHMOOZE_DOMAIN", "org.example.Test", TRUE);
  in_domain = create ("d", 2);
  g_unsetenv ("SHMOOZE_DOMAIN");
  g_assert_cmpstr (shmooze_region_get_path (in_domain), ==, path);
}

static void
test_flatpak (void)
{
  g_test_summary ("In a Flatpak sandbox the application's ID is the domain, even if `SHMOOZE_DOMAIN` is set.");

  g_autofree char *path = g_build_filename (test_home (), "app", "org.example.Flat", "shmooze", "d", NULL);
  g_autoptr(ShmoozeRegion) in_flatpak = NULL;

  g_setenv ("SHMOOZE_DOMAIN", "org.example.Test", TRUE);  /* a sandbox's id comes first */
  g_setenv ("FLATPAK_ID", "org.example.Flat", TRUE);
  in_flatpak = create ("d", 3);
  g_unsetenv ("FLATPAK_ID");
  g_unsetenv ("SHMOOZE_DOMAIN");
  g_assert_cmpstr (shmooze_region_get_path (in_flatpak), ==, path);
}

static void
test_private (void)
{
  g_test_summary ("In a Flatpak sandbox a name with a slash is private, and a plain one is not.");

  g_assert_false (shmooze_region_name_is_private ("/table"));
  g_setenv ("FLATPAK_ID", "org.example.Flat", TRUE);
  g_assert_true (shmooze_region_name_is_private ("/table"));
  g_assert_false (shmooze_region_name_is_private ("table"));
  g_unsetenv ("FLATPAK_ID");
}

/* A sandbox as Flatpak makes it: a runtime directory in which "app" is a link. */
static char *
make_sandbox (char **link_path)
{
  g_autofree char *elsewhere = g_build_filename (test_home (), "flatpak", "app", NULL);
  char *sandbox = g_build_filename (test_home (), "sandbox", NULL);

  *link_path = g_build_filename (sandbox, "app", NULL);
  g_assert_cmpint (g_mkdir_with_parents (elsewhere, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (sandbox, 0700), ==, 0);
  g_assert_cmpint (symlink ("../flatpak/app", *link_path), ==, 0);
  return sandbox;
}

static void
test_flatpak_link (void)
{
  g_test_summary ("The link that Flatpak puts into its sandboxes is followed.");

  g_autofree char *path = g_build_filename (test_home (), "flatpak", "app", "org.example.Flat", "shmooze", "d", NULL);
  g_autofree char *former = g_strdup (test_home ()), *link_path = NULL, *sandbox = make_sandbox (&link_path);
  g_autoptr(ShmoozeRegion) region = NULL;

  g_setenv ("FLATPAK_ID", "org.example.Flat", TRUE);
  g_setenv ("XDG_RUNTIME_DIR", sandbox, TRUE);
  region = create ("d", 3);
  g_setenv ("XDG_RUNTIME_DIR", former, TRUE);
  g_unsetenv ("FLATPAK_ID");
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_unlink (link_path), ==, 0);
}

static void
test_foreign_link (void)
{
  g_test_summary ("A link of another user in its place is not followed.");

  g_autofree char *former = g_strdup (test_home ()), *link_path = NULL, *sandbox = NULL;
  g_autoptr(GError) error = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can give something away");
      return;
    }

  sandbox = make_sandbox (&link_path);
  g_assert_cmpint (lchown (link_path, 65534, 65534), ==, 0);
  g_setenv ("XDG_RUNTIME_DIR", sandbox, TRUE);
  g_assert_null (shmooze_region_create ("d", 1, RW, &error));
  g_setenv ("XDG_RUNTIME_DIR", former, TRUE);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, link_path));
  g_assert_cmpint (g_unlink (link_path), ==, 0);
}

static void
test_bad_domain (void)
{
  g_test_summary ("A domain cannot lead out of the directory.");

  g_autoptr(GError) error = NULL;

  g_setenv ("SHMOOZE_DOMAIN", "../../escape", TRUE);
  g_assert_null (shmooze_region_create ("d", 1, RW, &error));
  g_unsetenv ("SHMOOZE_DOMAIN");
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "../../escape", NULL);
}

static mode_t
mode_of (const char *path)
{
  struct stat st;

  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_uid, ==, geteuid ());
  return st.st_mode & 07777;
}

static const mode_t masks[] = { 0, 022, 077, 0377 };

static void
test_mode (void)
{
  g_test_summary ("A region is accessible to the user only, whatever the umask.");

  for (gsize i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      mode_t former = umask (masks[i]);
      g_autoptr(ShmoozeRegion) region = create ("modes", 10);

      umask (former);
      g_assert_cmpint (mode_of (shmooze_region_get_path (region)), ==, 01600);  /* sticky: not to be cleaned away */
    }
}

static void
test_posix_mode (void)
{
  g_test_summary ("A POSIX object is accessible to the user only, whatever the umask.");

  for (gsize i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      g_autofree char *name = test_unique_name ("/shmooze-test");
      mode_t former = umask (masks[i]);
      g_autoptr(ShmoozeRegion) region = create (name, 10);

      umask (former);
      g_assert_cmpint (mode_of (shmooze_region_get_path (region)), ==, 0600);
    }
}

static void
test_directory_mode (void)
{
  g_test_summary ("The directories are accessible to the user only, whatever the umask.");

  for (gsize i = 0; i < G_N_ELEMENTS (masks) - 1; i++)
    {
      g_autofree char *domain = test_unique_name ("org.example.Mask");
      mode_t former = umask (masks[i]);
      g_autoptr(ShmoozeRegion) region = NULL;
      g_autofree char *folder = NULL;

      g_setenv ("SHMOOZE_DOMAIN", domain, TRUE);
      region = create ("first", 10);
      g_unsetenv ("SHMOOZE_DOMAIN");
      umask (former);
      folder = g_path_get_dirname (shmooze_region_get_path (region));
      g_assert_cmpint (mode_of (folder), ==, 0700);
    }
}

static void
test_directory_is_closed (void)
{
  g_test_summary ("A directory whose mode gave others access is made private again.");

  g_autofree char *folder = test_path (NULL);
  g_autoptr(ShmoozeRegion) first = create ("first", 1), second = NULL;

  g_assert_cmpint (chmod (folder, 0777), ==, 0);
  second = create ("second", 1);
  g_assert_cmpint (mode_of (folder), ==, 0700);
}

static void
test_no_runtime_directory (void)
{
  g_test_summary ("Without a runtime directory the names are in a private directory under `/dev/shm`.");

  const char *const values[] = { NULL, "", "relative/path" };
  g_autofree char *domain = test_unique_name ("org.example.Test");
  g_autofree char *user = g_strdup_printf ("/dev/shm/shmooze-%u", (guint) geteuid ());
  g_autofree char *folder = g_build_filename (user, domain, NULL), *path = g_build_filename (folder, "fallback", NULL);
  g_autofree char *former = g_strdup (test_home ());

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
      g_assert_cmpint (mode_of (user), ==, 0700);
      g_assert_cmpint (mode_of (folder), ==, 0700);
    }
  g_setenv ("XDG_RUNTIME_DIR", former, TRUE);
  g_unsetenv ("SHMOOZE_DOMAIN");
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_rmdir (user);  /* stays when a program of the user's is there too */
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);

  test_add ("/names/plain", test_plain);
  test_add ("/names/any-script", test_any_script);
  test_add ("/names/odd", test_odd);
  test_add ("/names/hidden", test_hidden);
  test_add ("/names/longest", test_longest);
  test_add ("/names/refused/empty", test_empty);
  test_add ("/names/refused/slash", test_slash);
  test_add ("/names/refused/directory", test_directory);
  test_add ("/names/refused/control", test_control);
  test_add ("/names/refused/not-utf8", test_not_utf8);
  test_add ("/names/refused/too-long", test_too_long);
  test_add ("/names/refused/reserved", test_reserved);
  test_add ("/names/apart", test_apart);
  test_add ("/names/plain-and-posix-are-apart", test_plain_and_posix_are_apart);
  test_add ("/names/not-found", test_not_found);
  test_add ("/names/remove-not-found", test_remove_not_found);
  test_add ("/names/asking-makes-nothing", test_asking_makes_nothing);
  test_add ("/names/domain", test_domain);
  test_add ("/names/flatpak", test_flatpak);
  test_add ("/names/private", test_private);
  test_add ("/names/flatpak-link", test_flatpak_link);
  test_add ("/names/foreign-link", test_foreign_link);
  test_add ("/names/bad-domain", test_bad_domain);
  test_add ("/names/mode", test_mode);
  test_add ("/names/posix-mode", test_posix_mode);
  test_add ("/names/directory-mode", test_directory_mode);
  test_add ("/names/directory-is-closed", test_directory_is_closed);
  test_add ("/names/no-runtime-directory", test_no_runtime_directory);

  return test_run ();
}
