/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-region.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void
on_lost (ShmoozeRegion *region,
         GError        *error,
         guint         *count)
{
  g_assert_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  g_assert_nonnull (strstr (error->message, shmooze_region_get_name (region)));
  ++*count;
}

static void
check_lost (ShmoozeRegion *region)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, SHMOOZE_ACCESS_READ, &error);

  g_assert_null (view);
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, shmooze_region_get_name (region),
                    shmooze_region_get_path (region), NULL);
}

static void
check_zero_view (ShmoozeView *view)
{
  const volatile char *data = shmooze_view_get_data (view);

  for (gsize i = 0; i < shmooze_view_get_size (view); i++)
    g_assert_cmpint (data[i], ==, 0);
}

#define N_CUTS 5

/* Sizes that leave at most a part of four pages */
static off_t
cut_at (guint i)
{
  off_t page = (off_t) test_page_size ();
  const off_t sizes[N_CUTS] = { 0, 1, 100, page, page + 1 };

  return sizes[i];
}

/* The last page is gone in every case. After a fault the whole region reads as zeros, in every view. */
static void
test_truncated (void)
{
  g_test_summary ("A truncated region reads as zeros in every view, without SIGBUS.");

  gsize page = test_page_size ();

  for (guint i = 0; i < N_CUTS; i++)
    {
      g_autoptr(ShmoozeRegion) region = create ("cut", 4 * page);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), reading = view_of (region, 3 * page, 0, SHMOOZE_ACCESS_READ);

      memset (shmooze_view_get_data (view), 'x', 4 * page);
      g_assert_cmpint (truncate (shmooze_region_get_path (region), cut_at (i)), ==, 0);
      check_zero_view (reading);
      check_zero_view (view);
      memset (shmooze_view_get_data (view), 'z', 4 * page);
      check_lost (region);
      g_assert_cmpuint (shmooze_region_get_capacity (region), ==, 4 * page);
    }
}

/* Only the control page behind the bytes of the region is gone. */
static void
test_control_page_cut (void)
{
  g_test_summary ("A region of which only the control page was truncated is lost.");

  gsize page = test_page_size ();
  g_autoptr(ShmoozeRegion) region = create ("cut", 4 * page);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  guint n_lost = 0;

  g_signal_connect (region, "lost", G_CALLBACK (on_lost), &n_lost);
  g_assert_cmpint (truncate (shmooze_region_get_path (region), (off_t) (4 * page)), ==, 0);
  check_lost (region);
  test_wait (n_lost == 1);
}

static void
test_told_once (void)
{
  g_test_summary ("The “lost” signal is emitted once.");

  for (guint i = 0; i < N_CUTS; i++)
    {
      g_autoptr(ShmoozeRegion) region = create ("cut", 4 * test_page_size ());
      guint n_lost = 0;

      g_signal_connect (region, "lost", G_CALLBACK (on_lost), &n_lost);
      g_assert_cmpint (truncate (shmooze_region_get_path (region), cut_at (i)), ==, 0);
      check_lost (region);
      check_lost (region);
      test_wait (n_lost > 0);
      test_settle ();
      check_lost (region);
      test_settle ();
      g_assert_cmpuint (n_lost, ==, 1);
    }
}

static void
test_neighbour (void)
{
  g_test_summary ("The loss of a region does not affect other regions.");

  gsize page = test_page_size ();
  g_autoptr(ShmoozeRegion) region = create ("cut", 4 * page), other = create ("whole", 4 * page);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), other_view = view_of (other, 0, 0, RW);

  memset (shmooze_view_get_data (other_view), 'y', 4 * page);
  g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
  check_zero_view (view);
  check_lost (region);
  for (gsize i = 0; i < 4 * page; i++)
    g_assert_cmpint (((char *) shmooze_view_get_data (other_view))[i], ==, 'y');
  g_clear_object (&other_view);
  other_view = view_of (other, 0, 0, RW);
}

/* The name can be taken while objects of the lost region still exist. */
static void
test_name_is_free (void)
{
  g_test_summary ("The name of a lost region can be used for a new region.");

  g_autoptr(ShmoozeRegion) region = create ("cut", 100), again = NULL, third = NULL;

  g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
  check_lost (region);
  again = create ("cut", 200);
  g_clear_object (&region);
  third = shmooze_region_open ("cut", RW, NULL);
  g_assert_cmpuint (shmooze_region_get_capacity (third), ==, 200);
}

static void
test_every_holder (void)
{
  g_test_summary ("Each object of a lost region emits “lost”.");

  g_autoptr(ShmoozeRegion) one = create ("cut", 100), two = shmooze_region_open ("cut", RW, NULL);
  guint n_lost = 0;

  g_signal_connect (one, "lost", G_CALLBACK (on_lost), &n_lost);
  g_signal_connect (two, "lost", G_CALLBACK (on_lost), &n_lost);
  g_assert_cmpint (truncate (shmooze_region_get_path (one), 0), ==, 0);
  check_lost (one);
  check_lost (two);
  test_wait (n_lost == 2);
}

/* A store to a page that was truncated */
static void
test_store (void)
{
  g_test_summary ("A store to a truncated page does not terminate the process.");

  g_autoptr(ShmoozeRegion) region = create ("cut", 10000);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  volatile char *data = shmooze_view_get_data (view);

  g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
  data[9999] = 'x';
  g_assert_cmpint (data[9999], ==, 'x');
  g_assert_cmpint (data[0], ==, 0);
  check_lost (region);
}

static void
test_regrown (void)
{
  g_test_summary ("A region that was truncated and grown again is lost, although no access faults.");

  g_autoptr(ShmoozeRegion) region = create ("regrown", 10000);
  g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW);
  GStatBuf st;

  g_assert_cmpint (g_stat (shmooze_region_get_path (region), &st), ==, 0);
  g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
  g_assert_cmpint (truncate (shmooze_region_get_path (region), st.st_size), ==, 0);
  check_zero_view (view);
  check_lost (region);
}

static void
test_foreign (void)
{
  g_test_summary ("A foreign object that shrinks is lost; one that grows is not.");

  g_autofree char *name = test_unique_name ("/shmooze-test");
  g_autoptr(ShmoozeRegion) region = NULL;
  g_autoptr(ShmoozeView) view = NULL;
  int fd = shm_open (name, O_RDWR | O_CREAT | O_EXCL, 0600);

  g_assert_cmpint (ftruncate (fd, 10000), ==, 0);
  region = shmooze_region_open (name, RW, NULL);
  view = view_of (region, 0, 0, RW);
  g_assert_cmpint (ftruncate (fd, 20000), ==, 0);  /* growing is harmless */
  g_clear_object (&view);
  view = view_of (region, 0, 0, RW);
  g_assert_cmpuint (shmooze_view_get_size (view), ==, 10000);
  g_assert_cmpint (ftruncate (fd, 9999), ==, 0);
  check_lost (region);
  g_assert_cmpint (ftruncate (fd, 10), ==, 0);
  check_zero_view (view);
  shm_unlink (name);
  close (fd);
}

static void
test_unlinked_is_not_lost (void)
{
  g_test_summary ("A region whose name was unlinked is not lost.");

  g_autoptr(ShmoozeRegion) region = create ("unlinked", 100);
  g_autoptr(ShmoozeView) view = NULL;

  g_assert_cmpint (g_unlink (shmooze_region_get_path (region)), ==, 0);
  view = view_of (region, 0, 0, RW);
  strcpy (shmooze_view_get_data (view), "still whole");
}

static gpointer
lose_in_thread (gpointer data)
{
  ShmoozeRegion *region = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(ShmoozeView) view = shmooze_region_create_view (region, 0, 0, RW, &error);

  g_assert_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST);
  return NULL;
}

static GThread *lost_in;

static void
note_thread (ShmoozeRegion *region,
             GError        *error,
             gpointer       data)
{
  lost_in = g_thread_self ();
}

static void
test_lost_context (void)
{
  g_test_summary ("The “lost” signal is emitted in the main context in which the region was created, whichever thread "
                  "finds the loss.");

  g_autoptr(ShmoozeRegion) region = create ("context", 100);

  lost_in = NULL;
  g_signal_connect (region, "lost", G_CALLBACK (note_thread), NULL);
  g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
  g_thread_join (g_thread_new ("loser", lose_in_thread, region));
  g_assert_null (lost_in);
  test_wait (lost_in != NULL);
  g_assert_true (lost_in == g_thread_self ());
}

static sigjmp_buf back;
static volatile sig_atomic_t n_handled;

static void
on_bus (int signum)
{
  n_handled++;
  siglongjmp (back, 1);
}

static void
on_bus_info (int        signum,
             siginfo_t *info,
             void      *context)
{
  if (info->si_addr == NULL || context == NULL)
    _exit (2);
  n_handled++;
  siglongjmp (back, 1);
}

/* A mapping beyond the end of its file that does not belong to the library */
static volatile char *
map_beyond (void)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "shmooze-test-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  char *data;

  g_unlink (path);
  g_assert_cmpint (ftruncate (fd, 1), ==, 0);
  data = mmap (NULL, 2 * test_page_size (), PROT_READ, MAP_SHARED, fd, 0);
  close (fd);
  g_assert_true (data != MAP_FAILED);
  return data;
}

static void
role_chain (int    argc,
            char **argv)
{
  struct sigaction action = { 0 };
  volatile char *beyond = map_beyond ();
  volatile char *data;
  ShmoozeRegion *region;
  ShmoozeView *view;

  if (strcmp (argv[0], "default") == 0)
    action.sa_handler = SIG_DFL;
  else if (strcmp (argv[0], "plain") == 0)
    action.sa_handler = on_bus;
  else
    {
      action.sa_sigaction = on_bus_info;
      action.sa_flags = SA_SIGINFO;
    }
  sigaction (SIGBUS, &action, NULL);
  if (strcmp (argv[1], "disabled") == 0)
    shmooze_disable_fault_guard ();

  region = create ("chain", 10000);
  view = view_of (region, 0, 0, RW);
  data = shmooze_view_get_data (view);
  truncate (shmooze_region_get_path (region), 0);
  g_unlink (shmooze_region_get_path (region));
  if (strcmp (argv[1], "disabled") != 0)
    {
      if (data[5000] != 0 || n_handled != 0)
        _exit (3);
      data = beyond + test_page_size ();
    }

  for (volatile int i = 0; i < 2; i++)
    if (sigsetjmp (back, 1) == 0)
      {
        (void) *data;
        _exit (4);
      }
  _exit (n_handled == 2 ? 0 : 5);
}

static void
check_chain (const char *handler,
             const char *guard,
             gboolean    survives)
{
  g_autoptr(TestChild) child = test_child_new ("chain", handler, guard, NULL);
  int status = test_child_wait (child);

  if (survives)
    g_assert_cmpint (status, ==, 0);
  else
    {
      g_assert_true (WIFSIGNALED (status));
      g_assert_cmpint (WTERMSIG (status), ==, SIGBUS);
    }
}

static void
test_chain (void)
{
  g_test_summary ("Faults outside of the library's mappings are passed to the previous handler.");

  check_chain ("plain", "guarded", TRUE);
  check_chain ("info", "guarded", TRUE);
}

static void
test_chain_default (void)
{
  g_test_summary ("Without a previous handler, such a fault terminates the process.");

  check_chain ("default", "guarded", FALSE);
}

static void
test_disabled (void)
{
  g_test_summary ("The handler can be disabled.");

  check_chain ("plain", "disabled", TRUE);  /* the test's handler gets the fault of the region */
  check_chain ("default", "disabled", FALSE);
}

/* Maps, truncates, faults and unmaps in a loop, while address ranges are reused. */
static gpointer
cut_and_close (gpointer data)
{
  gsize size = 4 * test_page_size ();

  for (guint i = 0; i < (TEST_SLOW ? 100 : 1000); i++)
    {
      g_autofree char *name = g_strdup_printf ("race-%u", GPOINTER_TO_UINT (data));
      g_autoptr(ShmoozeRegion) region = create (name, size);
      g_autoptr(ShmoozeView) view = view_of (region, 0, 0, RW), second = view_of (region, test_page_size (), 0, RW);
      volatile char *bytes = shmooze_view_get_data (view);
      char *own;

      bytes[0] = 'x';
      g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
      g_assert_cmpint (bytes[size - 1], ==, 0);
      shmooze_view_close (second);
      shmooze_view_close (view);
      own = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      memset (own, 'o', size);
      check_lost (region);
      g_clear_object (&view);
      g_clear_object (&region);
      for (gsize j = 0; j < size; j += 64)
        g_assert_cmpint (own[j], ==, 'o');  /* no late handler has mapped zeros there */
      munmap (own, size);
    }
  return NULL;
}

static void
test_munmap_race (void)
{
  g_test_summary ("Memory that is mapped at the address of a former lost view stays untouched.");

  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("cutter", cut_and_close, GUINT_TO_POINTER (i));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static gpointer
read_on (gpointer data)
{
  const volatile char *bytes = data;
  guint sum = 0;

  for (guint i = 0; i < 200000 && bytes[i % 10000] != '\1'; i++)
    sum += (guint) bytes[i % 10000];
  return GUINT_TO_POINTER (sum);
}

static void
test_faults_in_threads (void)
{
  g_test_summary ("Threads that access a region while it is truncated all continue.");

  for (guint round = 0; round < 30; round++)
    {
      g_autoptr(ShmoozeRegion) region = create ("crowded", 10000);
      g_autoptr(ShmoozeView) one = view_of (region, 0, 0, RW), two = view_of (region, 0, 0, SHMOOZE_ACCESS_READ);
      GThread *threads[4];

      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("reader", read_on, shmooze_view_get_data (i % 2 == 0 ? one : two));
      g_assert_cmpint (truncate (shmooze_region_get_path (region), 0), ==, 0);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      check_zero_view (one);
      check_zero_view (two);
      check_lost (region);
    }
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("chain", role_chain);
  test_init (&argc, &argv);

  test_add ("/guard/truncated", test_truncated);
  test_add ("/guard/control-page-cut", test_control_page_cut);
  test_add ("/guard/told-once", test_told_once);
  test_add ("/guard/neighbour", test_neighbour);
  test_add ("/guard/name-is-free", test_name_is_free);
  test_add ("/guard/every-holder", test_every_holder);
  test_add ("/guard/store", test_store);
  test_add ("/guard/regrown", test_regrown);
  test_add ("/guard/foreign", test_foreign);
  test_add ("/guard/unlinked-is-not-lost", test_unlinked_is_not_lost);
  test_add ("/guard/lost-context", test_lost_context);
  test_add ("/guard/chain", test_chain);
  test_add ("/guard/chain-default", test_chain_default);
  test_add ("/guard/disabled", test_disabled);
  test_add ("/guard/munmap-race", test_munmap_race);
  test_add ("/guard/faults-in-threads", test_faults_in_threads);

  return test_run ();
}
