/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "lib/testlib.h"

#include "lane/shmooze-lane-private.h"

#include <string.h>

#define SMALL 4096   /* a queue of 1 or 2 KiB */
#define LARGE 200000
#define N_WRITTEN 20000

static void
write_number (ShmoozeWriter *writer,
              guint          number)
{
  g_autoptr(GError) error = NULL;
  char text[64] = "";

  g_snprintf (text, sizeof text, "%u", number);
  g_assert_true (shmooze_writer_write (writer, text, 1 + number * 7 % sizeof text, &error));
  g_assert_no_error (error);
}

static void
fill (ShmoozeWriter *writer)
{
  while (shmooze_writer_write (writer, "a message", 9, NULL))
    continue;
}

static gpointer
read_one (gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_reader_wait (user_data, TEST_PATIENCE_USEC, NULL, &error));
  g_assert_no_error (error);
  test_lane_expect (user_data, "now");
  return NULL;
}

static void
test_sleepers (void)
{
  g_test_summary ("A reader that may sleep records this in the lane, and only such a reader.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 3, 100);
  ShmoozeWord *sleepers = shmooze_view_get_data (lane->view);
  g_autoptr(ShmoozeReader) spins = test_lane_read (lane, SHMOOZE_WAIT_SPIN);
  g_autoptr(ShmoozeReader) sleeps = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  g_autoptr(ShmoozeReader) may = test_lane_read (lane, SHMOOZE_WAIT_AUTO);

  sleepers += SHMOOZE_LANE_SLEEPERS / sizeof *sleepers;
  g_assert_cmpuint (atomic_load (sleepers), ==, 6);
  shmooze_reader_close (sleeps);
  g_assert_cmpuint (atomic_load (sleepers), ==, 4);
  shmooze_reader_close (may);
  g_assert_cmpuint (atomic_load (sleepers), ==, 0);
}

static void
test_sleepers_again (void)
{
  g_test_summary ("If that record is cleared by another process, a reader restores it before it sleeps.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  ShmoozeWord *words = shmooze_view_get_data (lane->view);
  GThread *thread;

  atomic_store (&words[SHMOOZE_LANE_SLEEPERS / sizeof *words], 0);
  thread = g_thread_new ("reader", read_one, reader);
  while (atomic_load (&words[SHMOOZE_LANE_ASLEEP / sizeof *words]) != 1)
    g_thread_yield ();
  g_assert_cmpuint (atomic_load (&words[SHMOOZE_LANE_SLEEPERS / sizeof *words]), ==, 1);
  test_lane_write (lane, "now");
  g_thread_join (thread);
}

static gpointer
write_on (gpointer user_data)
{
  gpointer *data = user_data;
  atomic_uint *wanted = data[1];
  guint written = 0, now;

  while ((now = atomic_load (wanted)) != G_MAXUINT)
    if (now == written)
      g_thread_yield ();
    else
      write_number (data[0], written++);
  return NULL;
}

static void
test_newcomer (void)
{
  g_test_summary ("A reader that attaches during a write does not miss the wake-up.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", LARGE, 1, 100);
  atomic_uint wanted = 0;
  gpointer data[] = { lane->writer, &wanted };
  GThread *thread = g_thread_new ("writer", write_on, data);

  for (guint i = 0; i < 300; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ShmoozeReader) reader = NULL;
      guint seen = 0;

      atomic_store (&wanted, i + 1);
      reader = test_lane_read (lane, i % 2 == 0 ? SHMOOZE_WAIT_BELL : SHMOOZE_WAIT_AUTO);
      while (seen < i + 1)
        {
          g_autoptr(GBytes) bytes = shmooze_reader_read (reader, &error);

          g_assert_no_error (error);
          if (bytes != NULL)
            seen++;
          else
            g_assert_true (shmooze_reader_wait (reader, TEST_PATIENCE_USEC, NULL, &error));
        }
      g_assert_no_error (error);
    }
  atomic_store (&wanted, G_MAXUINT);
  g_thread_join (thread);
}

static void
test_wait_for_room (void)
{
  g_test_summary ("A writer waits until there is space, until a time-out, or until it is cancelled.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  g_assert_true (shmooze_writer_wait (lane->writer, 100, 0, NULL, &error));
  g_assert_no_error (error);
  fill (lane->writer);
  g_assert_false (shmooze_writer_wait (lane->writer, 100, 0, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "full", NULL);
  g_assert_false (shmooze_writer_wait (lane->writer, 100, 20000, cancellable, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "full", NULL);
  g_cancellable_cancel (cancellable);
  g_assert_false (shmooze_writer_wait (lane->writer, 100, -1, cancellable, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  g_assert_false (shmooze_writer_wait (lane->writer, LARGE, -1, NULL, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, "200000", NULL);

  shmooze_reader_close (reader);
  g_assert_true (shmooze_writer_wait (lane->writer, 100, -1, NULL, &error));
  g_assert_no_error (error);
  shmooze_writer_close (lane->writer);
  g_assert_false (shmooze_writer_wait (lane->writer, 100, -1, NULL, &error));
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed", NULL);
}

static gpointer
read_all (gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < N_WRITTEN; i++)
    {
      g_autoptr(GBytes) bytes = NULL;

      while ((bytes = shmooze_reader_read (user_data, &error)) == NULL)
        g_assert_true (shmooze_reader_wait (user_data, TEST_PATIENCE_USEC, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (bytes), ==, 1 + i * 7 % 64);
    }
  return NULL;
}

static void
test_wait_for_reader (void)
{
  g_test_summary ("A writer that waits for space continues as soon as there is some, however the reader waits.");

  const ShmoozeWait waits[] = { SHMOOZE_WAIT_AUTO, SHMOOZE_WAIT_BELL, SHMOOZE_WAIT_SPIN };

  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
      g_autoptr(ShmoozeReader) reader = test_lane_read (lane, waits[i]);
      GThread *thread = g_thread_new ("reader", read_all, reader);

      for (guint j = 0; j < N_WRITTEN; j++)
        {
          g_assert_true (shmooze_writer_wait (lane->writer, 64, TEST_PATIENCE_USEC, NULL, &error));
          g_assert_no_error (error);
          write_number (lane->writer, j);
        }
      g_thread_join (thread);
    }
}

static void
attach (int    argc,
        char **argv)
{
  g_autoptr(TestLane) lane = test_lane_open (argv[0]);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  g_autofree char *line = NULL;

  test_say ("attached");
  line = test_hear ();
}

static void
test_wait_for_dead (void)
{
  g_test_summary ("A writer that waits for space does not wait for a reader that was killed.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(TestChild) child = test_child_new ("attach", "lane", NULL);

  test_child_expect (child, "attached");
  fill (lane->writer);
  test_child_kill (child);
  g_assert_true (shmooze_writer_wait (lane->writer, 100, TEST_PATIENCE_USEC, NULL, &error));
  g_assert_no_error (error);
  test_lane_write (lane, "there is room");
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("attach", attach);
  test_init (&argc, &argv);

  test_add ("/writer/sleepers", test_sleepers);
  test_add ("/writer/sleepers/again", test_sleepers_again);
  test_add ("/writer/newcomer", test_newcomer);
  test_add ("/writer/wait", test_wait_for_room);
  test_add ("/writer/wait/reader", test_wait_for_reader);
  test_add ("/writer/wait/dead", test_wait_for_dead);

  return test_run ();
}
