/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/test-deny.h"
#include "lib/testlib.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 4096
#define N_FORKS (TEST_SLOW ? 100 : 1000)

static char *
bells_path (void)
{
  return test_path ("bells");
}

static guint
count_bells (char **path)
{
  g_autofree char *folder = bells_path ();
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint count = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      count++;
      if (path != NULL)
        *path = g_build_filename (folder, name, NULL);
    }
  return count;
}

static gboolean
on_news (ShmoozeReader *reader,
         gpointer       user_data)
{
  GString *seen = user_data;
  GBytes *bytes;

  while ((bytes = shmooze_reader_read (reader, NULL)) != NULL)
    {
      g_string_append_len (seen, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes));
      g_string_append_c (seen, ';');
      g_bytes_unref (bytes);
    }
  g_free (shmooze_reader_read_draft (reader, NULL, NULL));
  return G_SOURCE_CONTINUE;
}

static GSource *
listen (ShmoozeReader *reader,
        GString       *seen)
{
  GSource *source = shmooze_reader_create_source (reader, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_news), seen, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

/* Reads with a source and prints each message. */
static void
role_reader (int    argc,
             char **argv)
{
  g_autoptr(TestLane) lane = test_lane_open (argv[0]);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  g_autoptr(GString) seen = g_string_new (NULL);
  g_autoptr(GSource) source = listen (reader, seen);
  char *line;

  test_settle ();
  test_say ("ready");
  while ((line = test_hear ()) != NULL)
    {
      test_wait (strstr (seen->str, line) != NULL);
      test_say ("%s", seen->str);
      g_string_truncate (seen, 0);
      g_free (line);
    }
  g_source_destroy (source);
}

/* Writes each line of its input. */
static void
role_writer (int    argc,
             char **argv)
{
  g_autoptr(TestLane) lane = test_lane_open (argv[0]);
  char *line;

  lane->writer = shmooze_writer_new (lane->view, 4, 100, NULL);
  g_assert_nonnull (lane->writer);
  test_say ("ready");
  while ((line = test_hear ()) != NULL)
    {
      test_lane_write (lane, line);
      test_say ("written");
      g_free (line);
    }
}

static void
test_file (void)
{
  g_test_summary ("Each reader with a bell has a FIFO of mode 0600, whatever the umask, and closing the reader "
                  "removes it.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autofree char *folder = bells_path (), *path = NULL;
  g_autoptr(ShmoozeReader) reader = NULL, second = NULL;
  mode_t former = umask (0);
  struct stat st;

  g_assert_cmpuint (count_bells (NULL), ==, 0);
  reader = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  umask (0377);
  g_assert_cmpuint (count_bells (&path), ==, 1);
  second = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  umask (former);
  g_assert_cmpuint (count_bells (NULL), ==, 2);
  g_assert_cmpint (lstat (path, &st), ==, 0);
  g_assert_true (S_ISFIFO (st.st_mode));
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
  g_assert_cmpint (stat (folder, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0700);
  shmooze_reader_close (reader);
  g_assert_cmpuint (count_bells (NULL), ==, 1);
  g_clear_object (&second);
  g_assert_cmpuint (count_bells (NULL), ==, 0);
}

static void
test_none_needed (void)
{
  g_test_summary ("A reader that polls or spins makes no bell.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autoptr(ShmoozeReader) polls = test_lane_read (lane, SHMOOZE_WAIT_POLL), spins = test_lane_read (lane, SHMOOZE_WAIT_SPIN);

  g_assert_cmpuint (count_bells (NULL), ==, 0);
}

static void
test_impossible (void)
{
  g_test_summary ("If a bell cannot be created, AUTO polls, and BELL fails with the path in the message.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autofree char *folder = bells_path ();
  g_autoptr(ShmoozeReader) none = NULL, polls = NULL;
  g_autoptr(GString) seen = g_string_new (NULL);
  g_autoptr(GSource) source = NULL;

  g_rmdir (folder);
  g_assert_true (g_file_set_contents (folder, "", 0, NULL));  /* a file in place of the directory */
  none = shmooze_reader_new (lane->view, SHMOOZE_WAIT_BELL, &error);
  g_assert_null (none);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, folder));

  polls = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  source = listen (polls, seen);
  test_settle ();
  test_lane_write (lane, "polled");
  test_wait (strcmp (seen->str, "polled;") == 0);
  g_source_destroy (source);
  g_assert_cmpint (g_unlink (folder), ==, 0);
}

/* A sleeper in another process, without any timer, is woken for every message. */
static void
test_wakes (void)
{
  g_test_summary ("A bell wakes a sleeping reader, with no timer.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autoptr(TestChild) child = test_child_new ("reader", "lane", NULL);

  test_child_expect (child, "ready");
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *text = g_strdup_printf ("message %u", i), *heard = NULL;

      test_child_tell (child, "%s", text);
      test_lane_write (lane, text);
      heard = test_child_hear (child);
      g_assert_nonnull (heard);
      g_assert_nonnull (strstr (heard, text));
    }
  g_assert_cmpint (test_child_wait (child), ==, 0);
}

static guint n_polls;

static gint
count_polls (GPollFD *fds,
             guint    n_fds,
             gint     timeout)
{
  n_polls++;
  return g_poll (fds, n_fds, timeout);
}

/* While nothing is written, the reader's main loop sleeps. */
static void
test_idle (void)
{
  g_test_summary ("While nothing is written, the main loop of a reader does not wake up.");

  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  g_autoptr(GString) seen = g_string_new (NULL);
  g_autoptr(GSource) source = NULL;

  g_main_context_push_thread_default (context);
  source = listen (reader, seen);
  test_lane_write (lane, "one");
  test_wait (seen->len > 0);
  test_settle ();

  g_main_context_set_poll_func (context, count_polls);
  n_polls = 0;
  test_let_run (1000);
  g_assert_cmpuint (n_polls, <=, 2);  /* for the timer that ends the loop: it may fire a little too early */
  g_assert_cmpstr (seen->str, ==, "one;");

  g_source_destroy (source);
  g_main_context_pop_thread_default (context);
}

static void
test_idle_process (void)
{
  g_test_summary ("A process that waits at its bell is not scheduled until a message arrives.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autoptr(TestChild) child = test_child_new ("reader", "lane", NULL);
  guint64 before;

  test_child_expect (child, "ready");
  test_let_run (200);  /* it falls asleep after it has printed that */
  before = test_count_switches (test_child_get_pid (child));
  test_let_run (1000);
#if !TEST_SLOW  /* sanitizers have threads of their own */
  g_assert_cmpuint (test_count_switches (test_child_get_pid (child)), ==, before);
#else
  g_test_message ("%" G_GUINT64_FORMAT, before);
#endif
  test_child_tell (child, "awake");
  test_lane_write (lane, "awake");
  test_child_expect (child, "awake;");
}

/* The writer is killed while the reader sleeps; the next one wakes it. */
static void
test_killed_writer (void)
{
  g_test_summary ("After a writer was killed, the next writer still wakes the sleeping reader.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  g_autoptr(GString) seen = g_string_new (NULL);
  g_autoptr(GSource) source = listen (reader, seen);

  shmooze_writer_close (lane->writer);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr(TestChild) child = test_child_new ("writer", "lane", NULL);

      test_child_expect (child, "ready");
      test_child_tell (child, "before");
      test_wait (strcmp (seen->str, "before;") == 0);
      g_string_truncate (seen, 0);
      test_settle ();
      test_child_kill (child);
      test_settle ();
    }
  g_source_destroy (source);
}

/* Writing to a bell whose owner is dead raises SIGPIPE, which must not reach the writer. */
static void
role_ring_dead (int    argc,
                char **argv)
{
  g_autoptr(TestLane) lane = test_lane_open (argv[0]);
  g_autofree char *line = NULL;
  sigset_t set, pending;

  if (argc > 1)
    test_deny_call (SYS_pwritev2, EOPNOTSUPP);  /* as before Linux 6.18: there is no flag that prevents the signal */
  g_assert_true (signal (SIGPIPE, SIG_DFL) != SIG_ERR);
  lane->writer = shmooze_writer_new (lane->view, 4, 100, NULL);
  test_lane_write (lane, "first");  /* opens the bell */
  test_say ("written");
  line = test_hear ();
  test_lane_write (lane, "into the void");
  test_lane_write (lane, "again");

  /* A pending signal from elsewhere remains pending. */
  sigemptyset (&set);
  sigaddset (&set, SIGPIPE);
  sigprocmask (SIG_BLOCK, &set, NULL);
  sigpending (&pending);
  g_assert_false (sigismember (&pending, SIGPIPE));
  raise (SIGPIPE);
  test_lane_draft (lane, "third");
  sigpending (&pending);
  g_assert_true (sigismember (&pending, SIGPIPE));
  test_say ("alive");
}

static void
ring_dead (const char *kernel)
{
  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autoptr(TestChild) reader = test_child_new ("reader", "lane", NULL), writer = NULL;
  g_autofree char *heard = NULL;

  shmooze_writer_close (lane->writer);
  test_child_expect (reader, "ready");
  writer = test_child_new ("ring-dead", "lane", kernel, NULL);
  test_child_expect (writer, "written");
  test_child_tell (reader, "first");
  test_child_expect (reader, "first;");
  test_let_run (50);  /* it sleeps again */
  test_child_kill (reader);
  test_child_tell (writer, "go");
  heard = test_child_hear (writer);
  g_assert_cmpstr (heard, ==, "alive");
  g_assert_cmpint (test_child_wait (writer), ==, 0);
}

static void
test_sigpipe (void)
{
  g_test_summary ("Ringing the bell of a dead owner raises no signal, and keeps pending signals from elsewhere.");

  ring_dead (NULL);
}

static void
test_sigpipe_old_kernel (void)
{
  g_test_summary ("Kernels without a flag that prevents SIGPIPE behave the same.");

  ring_dead ("old");
}

static void
test_replaced_bell (void)
{
  g_test_summary ("A writer never writes into a file that was put in the bell's place.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  g_autoptr(GString) seen = g_string_new (NULL);
  g_autoptr(GSource) source = listen (reader, seen);
  g_autofree char *path = NULL, *precious = test_path ("precious"), *contents = NULL;

  test_settle ();  /* asleep */
  g_assert_cmpuint (count_bells (&path), ==, 1);
  g_assert_true (g_file_set_contents (precious, "precious", -1, NULL));
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (symlink (precious, path), ==, 0);
  test_lane_write (lane, "x");
  test_settle ();
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (link (precious, path), ==, 0);
  test_lane_write (lane, "y");
  g_assert_true (g_file_get_contents (precious, &contents, NULL, NULL));
  g_assert_cmpstr (contents, ==, "precious");
  g_assert_cmpint (g_unlink (precious), ==, 0);
  g_source_destroy (source);
  g_clear_object (&reader);
  g_unlink (path);
}

static void
test_leftovers (void)
{
  g_test_summary ("The bell of a killed reader is taken over by the next reader, and removed with the region.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  g_autoptr(ShmoozeRegion) next = NULL;

  for (guint i = 0; i < 6; i++)
    {
      g_autoptr(TestChild) child = test_child_new ("reader", "lane", NULL);

      test_child_expect (child, "ready");
      test_child_kill (child);
      g_assert_cmpuint (count_bells (NULL), ==, 1);  /* the next reader takes over its slot and its bell */
    }
  g_clear_pointer (&lane, test_lane_free);
  g_assert_cmpuint (count_bells (NULL), ==, 0);
}

static gpointer
sleep_in_poll (gpointer data)
{
  g_autoptr(GError) error = NULL;
  ShmoozeReader *reader = data;

  for (guint i = 0; i < 500; )
    {
      GBytes *bytes;

      g_assert_true (shmooze_reader_wait (reader, -1, NULL, &error));
      g_assert_no_error (error);
      while ((bytes = shmooze_reader_read (reader, &error)) != NULL)
        {
          g_bytes_unref (bytes);
          i++;
        }
      g_free (shmooze_reader_read_draft (reader, NULL, &error));
    }
  return NULL;
}

static void
test_several_sleepers (void)
{
  g_test_summary ("Several readers that sleep in poll() are each woken for every message.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", 8 * SIZE, 8, 100);
  ShmoozeReader *readers[6];
  GThread *threads[6];

  for (guint i = 0; i < 6; i++)
    {
      readers[i] = test_lane_read (lane, SHMOOZE_WAIT_BELL);
      threads[i] = g_thread_new ("sleeper", sleep_in_poll, readers[i]);
    }
  for (guint i = 0; i < 500; )
    {
      if (shmooze_writer_write (lane->writer, &i, sizeof i, NULL))
        i++;
      else
        g_thread_yield ();
    }
  for (guint i = 0; i < 6; i++)
    {
      g_thread_join (threads[i]);
      g_object_unref (readers[i]);
    }
}

static atomic_bool making;

static gpointer
make_many (gpointer data)
{
  TestLane *lane = data;

  while (atomic_load (&making))
    g_object_unref (test_lane_read (lane, SHMOOZE_WAIT_BELL));
  return NULL;
}

/* Without an allocation: the other thread may have been stopped in the middle of one. */
static void
in_child_look_for_bells (gpointer data)
{
  for (int fd = 0; fd < 64; fd++)
    {
      char link[32], path[PATH_MAX] = "";

      g_snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
      if (readlink (link, path, sizeof path - 1) > 0 && strstr (path, "/bells/") != NULL)
        _exit (1);
    }
}

/* A child that kept a bell of its parent would make the dead parent look alive. */
static void
test_fork_while_making (void)
{
  g_test_summary ("A child forked while another thread creates bells does not keep any of them.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SIZE, 4, 100);
  GThread *thread;

  atomic_store (&making, TRUE);
  thread = g_thread_new ("maker", make_many, lane);
  for (guint i = 0; i < N_FORKS; i++)
    g_assert_cmpint (test_in_fork (in_child_look_for_bells, NULL), ==, 0);
  atomic_store (&making, FALSE);
  g_thread_join (thread);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("reader", role_reader);
  test_child_role ("writer", role_writer);
  test_child_role ("ring-dead", role_ring_dead);
  test_init (&argc, &argv);

  test_add ("/bell/file", test_file);
  test_add ("/bell/none-needed", test_none_needed);
  test_add ("/bell/impossible", test_impossible);
  test_add ("/bell/wakes", test_wakes);
  test_add ("/bell/idle", test_idle);
  test_add ("/bell/idle-process", test_idle_process);
  test_add ("/bell/killed-writer", test_killed_writer);
  test_add ("/bell/sigpipe", test_sigpipe);
  test_add ("/bell/sigpipe/old-kernel", test_sigpipe_old_kernel);
  test_add ("/bell/replaced", test_replaced_bell);
  test_add ("/bell/leftovers", test_leftovers);
  test_add ("/bell/several-sleepers", test_several_sleepers);
  test_add ("/bell/fork-while-making", test_fork_while_making);

  return test_run ();
}
