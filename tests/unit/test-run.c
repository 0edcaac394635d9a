/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs: messages of one size that are written and read many at a time. */

#include "lib/testlib.h"

#include "lane/shmooze-lane-private.h"

#include <string.h>
#include <unistd.h>

#define SMALL 4096   /* a queue of 2 KiB */
#define LARGE 200000
#define N_WRITTEN 20000

static char *
reserve (ShmoozeWriter *writer,
         gsize          size,
         guint          n_wanted,
         guint         *n_messages,
         gsize         *stride)
{
  g_autoptr(GError) error = NULL;
  char *place;

  *n_messages = n_wanted;
  place = shmooze_writer_reserve_run (writer, size, n_messages, stride, &error);
  g_assert_no_error (error);
  g_assert_nonnull (place);
  g_assert_cmpuint (*n_messages, >=, 1);
  g_assert_cmpuint (*n_messages, <=, n_wanted);
  g_assert_cmpuint (*stride, >=, size);
  return place;
}

/* Each message of a run is a letter, again and again. */
static void
fill (char  *place,
      gsize  size,
      gsize  stride,
      guint  n_messages)
{
  for (guint i = 0; i < n_messages; i++)
    memset (place + i * stride, 'a' + (int) (i % 26), size);
}

/* Reserves a run and fills it, and does not commit it. */
static void
fill_run (ShmoozeWriter *writer,
          gsize          size,
          guint          n_messages)
{
  gsize stride;
  guint n;
  char *place = reserve (writer, size, n_messages, &n, &stride);

  g_assert_cmpuint (n, ==, n_messages);
  fill (place, size, stride, n);
}

static void
write_run (ShmoozeWriter *writer,
           gsize          size,
           guint          n_messages)
{
  fill_run (writer, size, n_messages);
  shmooze_writer_commit_run (writer, n_messages);
}

static void
expect_run (ShmoozeReader *reader,
            guint          n_asked,
            gsize          size,
            guint          n_messages,
            char           first)
{
  g_autoptr(GError) error = NULL;
  guint n = n_asked;
  gsize length, stride;
  const char *place = shmooze_reader_peek_run (reader, &length, &n, &stride, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, n_messages);
  if (n_messages == 0)
    {
      g_assert_null (place);
      return;
    }
  g_assert_nonnull (place);
  g_assert_cmpuint (length, ==, size);
  for (guint i = 0; i < n; i++)
    for (gsize at = 0; at < size; at++)
      g_assert_cmpint (place[i * stride + at], ==, first + (int) i);
}

static void
test_commit (void)
{
  g_test_summary ("A run of messages is seen all at once, and only what was committed of it.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);

  test_lane_write (lane, "before");
  fill_run (lane->writer, 3, 10);
  test_lane_expect (reader, "before");
  test_lane_expect (reader, NULL);

  /* Fewer than were reserved: the rest is as if it had never been. */
  shmooze_writer_commit_run (lane->writer, 4);
  test_lane_expect (reader, "aaa");
  test_lane_expect (reader, "bbb");
  test_lane_expect (reader, "ccc");
  test_lane_expect (reader, "ddd");
  test_lane_expect (reader, NULL);
  test_lane_write (lane, "after");
  test_lane_expect (reader, "after");
  test_lane_expect (reader, NULL);
}

/* What is reserved ends with what is committed, given back, or reserved anew. */
static void
test_reservation (void)
{
  g_test_summary ("What is reserved ends with what is committed, given back, or reserved anew.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);

  fill_run (lane->writer, 5, 10);
  shmooze_writer_commit_run (lane->writer, 0);
  fill_run (lane->writer, 5, 10);
  memcpy (shmooze_writer_reserve (lane->writer, 4, &error), "kept", 4);
  shmooze_writer_commit_run (lane->writer, 1);
  fill_run (lane->writer, 3, 10);
  shmooze_writer_commit (lane->writer, 2);
  test_lane_expect (reader, "kept");
  test_lane_expect (reader, "aa");
  test_lane_expect (reader, NULL);

  g_test_expect_message ("Shmooze", G_LOG_LEVEL_CRITICAL, "*n_reserved*");
  shmooze_writer_commit_run (lane->writer, 1);
  g_test_expect_message ("Shmooze", G_LOG_LEVEL_CRITICAL, "*n_reserved*");
  shmooze_writer_commit (lane->writer, 0);
  fill_run (lane->writer, 3, 2);
  g_test_expect_message ("Shmooze", G_LOG_LEVEL_CRITICAL, "*n_reserved*");
  shmooze_writer_commit_run (lane->writer, 3);
  shmooze_writer_close (lane->writer);
  g_test_expect_message ("Shmooze", G_LOG_LEVEL_CRITICAL, "*n_reserved*");
  shmooze_writer_commit_run (lane->writer, 1);
  g_test_assert_expected_messages ();
  test_lane_expect (reader, NULL);
}

static void
test_peek (void)
{
  g_test_summary ("A run stays until it is released, and nothing more than that is released.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);

  expect_run (reader, 9, 0, 0, 0);
  write_run (lane->writer, 12, 5);

  /* It stays until it is released, and may grow, also by what was written one by one. */
  expect_run (reader, 1, 12, 1, 'a');
  expect_run (reader, 3, 12, 3, 'a');
  expect_run (reader, 2, 12, 2, 'a');
  expect_run (reader, 9, 12, 5, 'a');
  test_lane_write (lane, "ffffffffffff");
  expect_run (reader, 9, 12, 6, 'a');
  shmooze_reader_release (reader);
  expect_run (reader, 9, 0, 0, 0);

  /* Released is what the last look gave. */
  write_run (lane->writer, 12, 4);
  expect_run (reader, 9, 12, 4, 'a');
  expect_run (reader, 2, 12, 2, 'a');
  shmooze_reader_release (reader);
  expect_run (reader, 9, 12, 2, 'c');
  test_lane_expect (reader, "cccccccccccc");
  test_lane_expect (reader, "dddddddddddd");
  test_lane_expect (reader, NULL);

  /* Nothing of what was not looked at is released. */
  write_run (lane->writer, 12, 5);
  expect_run (reader, 2, 12, 2, 'a');
  shmooze_reader_release (reader);
  test_lane_expect (reader, "cccccccccccc");
  expect_run (reader, G_MAXUINT, 12, 2, 'd');
  shmooze_reader_release (reader);
  test_lane_expect (reader, NULL);
}

/* Another size, even one that takes as much room, ends a run. */
static void
test_sizes (void)
{
  g_test_summary ("Another size ends a run.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);

  write_run (lane->writer, 5, 3);
  write_run (lane->writer, 6, 2);
  write_run (lane->writer, 0, 4);
  write_run (lane->writer, 5, 1);
  expect_run (reader, 99, 5, 3, 'a');
  shmooze_reader_release (reader);
  expect_run (reader, 99, 6, 2, 'a');
  shmooze_reader_release (reader);
  expect_run (reader, 99, 0, 4, 'a');
  shmooze_reader_release (reader);
  expect_run (reader, 99, 5, 1, 'a');
  shmooze_reader_release (reader);
  expect_run (reader, 99, 0, 0, 0);
}

/* Numbers, written lap by lap in runs of all lengths and sizes, and one by one, and read likewise. */
static void
test_laps (void)
{
  g_test_summary ("Runs go round the queue, and no old word is taken for a new one.");

  g_autoptr(GError) error = NULL;
  g_autoptr(GRand) rand = g_rand_new_with_seed (7);
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);
  guint written = 0, seen = 0;

  while (seen < N_WRITTEN)
    {
      guint n = (guint) g_rand_int_range (rand, 1, 60), left = 0, number;
      gsize size = sizeof number + (gsize) g_rand_int_range (rand, 0, 30), stride;
      char *place = shmooze_writer_reserve_run (lane->writer, size, &n, &stride, &error);

      if (place == NULL)
        test_check_error (&error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, NULL);
      else
        left = (guint) g_rand_int_range (rand, 0, (gint32) n + 1);
      for (guint i = 0; i < left; i++, written++)
        memcpy (place + i * stride, &written, sizeof written);
      if (place != NULL)
        shmooze_writer_commit_run (lane->writer, left);
      if (shmooze_writer_write (lane->writer, &written, sizeof written, NULL))
        written++;

      for (guint look = 0; look < 2; look++)
        {
          n = (guint) g_rand_int_range (rand, 1, 60);
          place = (char *) shmooze_reader_peek_run (reader, &size, &n, &stride, &error);
          g_assert_no_error (error);
          for (guint i = 0; i < n; i++, seen++)
            {
              memcpy (&number, place + i * stride, sizeof number);
              g_assert_cmpuint (number, ==, seen);
            }
          if (place != NULL)
            shmooze_reader_release (reader);
        }
    }
  g_assert_cmpuint (written - seen, <, SMALL / sizeof (guint64));
}

static gpointer
stream (gpointer user_data)
{
  g_autoptr(GError) error = NULL;
  guint written = 0;

  while (written < N_WRITTEN)
    {
      guint n = N_WRITTEN - written;
      gsize stride;
      char *place = shmooze_writer_reserve_run (user_data, sizeof written, &n, &stride, &error);

      if (place == NULL)
        {
          test_check_error (&error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, NULL);
          g_assert_true (shmooze_writer_wait (user_data, sizeof written, TEST_PATIENCE_USEC, NULL, &error));
          continue;
        }
      for (guint i = 0; i < n; i++, written++)
        memcpy (place + i * stride, &written, sizeof written);
      shmooze_writer_commit_run (user_data, n);
    }
  return NULL;
}

/* From one thread to another, as fast as the lane takes it. */
static void
test_stream (void)
{
  g_test_summary ("Runs pass from thread to thread, whole and in order.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_AUTO);
  GThread *thread = g_thread_new ("stream", stream, lane->writer);
  guint seen = 0;

  while (seen < N_WRITTEN)
    {
      gsize size, stride;
      guint n = 20;
      const char *place = shmooze_reader_peek_run (reader, &size, &n, &stride, &error);

      g_assert_no_error (error);
      for (guint i = 0; i < n; i++, seen++)
        g_assert_cmpmem (place + i * stride, size, &seen, sizeof seen);
      if (place != NULL)
        shmooze_reader_release (reader);
      else
        g_assert_true (shmooze_reader_wait (reader, TEST_PATIENCE_USEC, NULL, &error));
    }
  g_thread_join (thread);
}

/* A run ends with the ring, whatever somebody has written behind that. */
static void
test_ring_end (void)
{
  g_test_summary ("A run ends with the ring, whatever somebody has written behind that.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);
  gsize ring_size = 4 * shmooze_writer_get_max_size (lane->writer), stride;
  guint n;
  char *ring = reserve (lane->writer, 8, 1000, &n, &stride) - sizeof (guint64);

  g_assert_cmpuint (n, ==, ring_size / stride - 1);
  memset (ring + ring_size, 0, stride);
  *(guint64 *) (gpointer) (ring + ring_size) = SHMOOZE_WORD_FRAME | 8;
  fill (ring + sizeof (guint64), 8, stride, n);
  shmooze_writer_commit_run (lane->writer, n);
  while (n-- > 0)
    g_bytes_unref (shmooze_reader_read (reader, NULL));

  write_run (lane->writer, 8, 1);
  expect_run (reader, 9, 8, 1, 'a');
  shmooze_reader_release (reader);
  test_lane_expect (reader, NULL);
  test_lane_write (lane, "at the beginning");
  test_lane_expect (reader, "at the beginning");
}

static void
test_full (void)
{
  g_test_summary ("A run is no longer than there is room for, and a full lane says so.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);
  guint n, n_written = 0;
  gsize stride;

  for (;;)
    {
      char *place;

      n = 1000;
      place = shmooze_writer_reserve_run (lane->writer, 8, &n, &stride, &error);
      if (place == NULL)
        break;
      g_assert_cmpuint (n, <, 1000);
      for (guint i = 0; i < n; i++)
        memcpy (place + i * stride, "12345678", 8);
      shmooze_writer_commit_run (lane->writer, n);
      n_written += n;
    }
  test_check_error (&error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "lane", NULL);
  g_assert_cmpuint (n, ==, 1000);
  g_assert_cmpuint (n_written, >, 100);
  g_assert_null (shmooze_writer_reserve_run (lane->writer, SMALL, &n, &stride, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_TOO_LONG, NULL);
  g_assert_cmpuint (n, ==, 1000);

  for (guint i = 0; i < n_written; i++)
    test_lane_expect (reader, "12345678");
  test_lane_expect (reader, NULL);
  test_lane_write (lane, "there is room");
  test_lane_expect (reader, "there is room");
}

static void
be_killed (int    argc,
           char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_open (argv[0]);
  g_autofree char *line = NULL;

  lane->writer = shmooze_writer_new (lane->view, 1, 100, &error);
  g_assert_no_error (error);
  write_run (lane->writer, 5, 2);
  fill_run (lane->writer, 5, 20);
  test_say ("waiting");
  line = test_hear ();
}

/* What was committed is read, of what was only reserved nothing, and who goes on goes on there. */
static void
test_killed (void)
{
  g_test_summary ("Of a run whose writer was killed nothing is seen, and the next goes on.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr(ShmoozeWriter) next = NULL;
      g_autoptr(TestChild) child = NULL;

      shmooze_writer_close (lane->writer);
      child = test_child_new ("killed", "lane", NULL);
      test_child_expect (child, "waiting");
      test_child_kill (child);
      next = shmooze_writer_new (lane->view, 1, 100, &error);
      g_assert_no_error (error);
      write_run (next, 4, 1);
      test_lane_expect (reader, "aaaaa");
      test_lane_expect (reader, "bbbbb");
      test_lane_expect (reader, "aaaa");
      test_lane_expect (reader, NULL);
      shmooze_writer_close (next);
    }
}

/* The memory goes while a run is written, and while one is read: no signal, and the next call says so. */
static void
test_lost (void)
{
  g_test_summary ("Memory that goes while a run is written or read raises no signal.");

  g_autoptr(GError) error = NULL;
  g_autoptr(TestLane) lane = test_lane_new ("lane", LARGE, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_SPIN);
  gsize size, stride;
  guint n;
  char *place;

  write_run (lane->writer, 5, 3);
  place = reserve (lane->writer, 500, 50, &n, &stride);
  expect_run (reader, 2, 5, 2, 'a');
  g_assert_cmpint (truncate (shmooze_region_get_path (lane->region), 0), ==, 0);
  fill (place, 500, stride, n);
  shmooze_writer_commit_run (lane->writer, n);
  n = 9;
  g_assert_null (shmooze_writer_reserve_run (lane->writer, 5, &n, &stride, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lane", NULL);

  n = 9;
  g_assert_nonnull (shmooze_reader_peek_run (reader, &size, &n, &stride, &error));
  g_assert_cmpuint (n, ==, 1);  /* the one that was at hand; where the other stood is nothing */
  shmooze_reader_release (reader);
  g_assert_null (shmooze_reader_peek_run (reader, &size, &n, &stride, &error));
  test_check_error (&error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST, "lane", NULL);
  g_assert_cmpuint (n, ==, 0);
}

static gpointer
wait_for_run (gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (shmooze_reader_wait (user_data, TEST_PATIENCE_USEC, NULL, &error));
  g_assert_no_error (error);
  expect_run (user_data, 9, 7, 3, 'a');
  shmooze_reader_release (user_data);
  return NULL;
}

static void
test_wakes (void)
{
  g_test_summary ("A run wakes who sleeps.");

  g_autoptr(TestLane) lane = test_lane_new ("lane", SMALL, 1, 100);
  g_autoptr(ShmoozeReader) reader = test_lane_read (lane, SHMOOZE_WAIT_BELL);
  ShmoozeWord *asleep = shmooze_view_get_data (lane->view);
  GThread *thread = g_thread_new ("reader", wait_for_run, reader);

  asleep += SHMOOZE_LANE_ASLEEP / sizeof *asleep;
  while (atomic_load (asleep) != 1)
    g_thread_yield ();
  write_run (lane->writer, 7, 3);
  g_thread_join (thread);
}

int
main (int    argc,
      char **argv)
{
  test_child_role ("killed", be_killed);
  test_init (&argc, &argv);

  test_add ("/run/commit", test_commit);
  test_add ("/run/reservation", test_reservation);
  test_add ("/run/peek", test_peek);
  test_add ("/run/sizes", test_sizes);
  test_add ("/run/laps", test_laps);
  test_add ("/run/stream", test_stream);
  test_add ("/run/ring-end", test_ring_end);
  test_add ("/run/full", test_full);
  test_add ("/run/killed", test_killed);
  test_add ("/run/lost", test_lost);
  test_add ("/run/wakes", test_wakes);

  return test_run ();
}
